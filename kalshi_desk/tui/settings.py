"""What a person may set about the screen, and how a session of it can end."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from kalshi_desk.desk.commands import LeaveOrders

LOCAL_HZ = 8.0
SSH_HZ = 4.0
DESK_THEME = "desk-dark"


@dataclass(frozen=True, slots=True, kw_only=True)
class TuiSettings:
    """Everything about the screen that a person can choose.

    ``rate_hz`` is how often the screen asks for news, ``keymap`` maps an action id of the
    key table to comma-separated keys, ``flashes`` marks changed numbers for two frames,
    ``presets`` are filters of the Markets screen by name, ``bell`` and ``alert_toast`` say how
    alerts are told.
    """

    rate_hz: float = LOCAL_HZ
    theme: str = DESK_THEME
    keymap: Mapping[str, str] = field(default_factory=dict)
    start_ticker: str = ""
    default_size: str = "10"
    flashes: bool = True
    bell: bool = True
    alert_toast: bool = True
    presets: Mapping[str, str] = field(default_factory=dict)


def rate_for(environment: Mapping[str, str]) -> float:
    """Return the frame rate for a terminal: slower when it is at the end of an SSH link."""
    return SSH_HZ if environment.get("SSH_CONNECTION") else LOCAL_HZ


class ExitChoice(StrEnum):
    """What the person asked for when leaving; whoever started the screen carries it out."""

    DETACH = "detach"
    LEAVE = "leave"
    CANCEL = "cancel"
    FLATTEN = "flatten"

    @property
    def leave_orders(self) -> LeaveOrders | None:
        """Return what a stopping engine does with open orders; None means: do not stop it."""
        return None if self is ExitChoice.DETACH else LeaveOrders(self.value)
