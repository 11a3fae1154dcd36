"""What one action of the key table is: its keys, its words, and where it works."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from kalshi_desk.tui.layout import Pane


class Where(StrEnum):
    """Where a key works: everywhere on the Desk, in one pane, or only in a replay."""

    DESK = "desk"
    MARKETS = Pane.MARKETS.value
    LADDER = Pane.LADDER.value
    TICKET = Pane.TICKET.value
    POSITIONS = Pane.POSITIONS.value
    ORDERS = Pane.ORDERS.value
    FILLS = Pane.FILLS.value
    EVENTS = Pane.EVENTS.value
    REPLAY = "replay"


class Group(StrEnum):
    """The headings of the help, in order."""

    TRADE = "Trade"
    TICKET = "In the ticket"
    LADDER = "On the ladder"
    LOOK = "Look around"
    MOVE = "Move"
    REPLAY = "Replay"
    DESK = "The desk"


@dataclass(frozen=True, slots=True, kw_only=True)
class DeskAction:
    """One thing a key can do.

    ``keys`` are Textual key names separated by commas; ``footer`` is the rank in the
    bottom line (0 keeps it out).
    """

    id: str
    keys: str
    label: str
    tooltip: str
    group: Group
    where: Where = Where.DESK
    footer: int = 0

    @property
    def key_list(self) -> tuple[str, ...]:
        """The keys one by one."""
        return tuple(key.strip() for key in self.keys.split(","))
