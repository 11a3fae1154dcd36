"""What one action of the key table is: its keys, its words, and where it works."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from kalshi_desk.tui.layout import Pane, ScreenName


class Where(StrEnum):
    """Where a key works: everywhere, on one screen, in one of its panes, or only in a replay."""

    ANY = "any"
    DESK = ScreenName.DESK.value
    QUOTES = Pane.QUOTES.value
    LADDER = Pane.LADDER.value
    TICKET = Pane.TICKET.value
    POSITIONS = Pane.POSITIONS.value
    ORDERS = Pane.ORDERS.value
    FILLS = Pane.FILLS.value
    EVENTS = Pane.EVENTS.value
    REPLAY = "replay"
    MARKETS = ScreenName.MARKETS.value
    PLACES = "places"
    FOUND = "market list"
    FILTER = "filter"
    ABOUT = "about"
    STRATEGIES = ScreenName.STRATEGIES.value
    STRATEGY = "list"
    PARAMETERS = "parameters"
    SEEN = "sees now"
    WHY = "why not"
    PAIRS = "pairs"
    RISK = ScreenName.RISK.value
    LIMITS = "limits"
    EXPOSURE = "exposure"
    STOPS = "stops"
    TOGETHER = "together"
    PORTFOLIO = ScreenName.PORTFOLIO.value
    BRIDGE = "bridge"
    CURVE = "equity"
    FIGURES = "figures"
    PARTS = "breakdown"
    NEWS = ScreenName.NEWS.value
    HEADLINES = "headlines"
    STORY = "story"
    MATCHES = "matches"
    FEEDS = "feeds"
    LAB = ScreenName.LAB.value
    RUNS = "runs"
    NEW_RUN = "new run"
    REPORT = "report"
    LOG = ScreenName.LOG.value
    LINES = "lines"
    ALERTS = "alerts"
    HEALTH = "health"


PANES: dict[ScreenName, tuple[Where, ...]] = {
    ScreenName.DESK: tuple(Where(pane.value) for pane in Pane),
    ScreenName.MARKETS: (Where.PLACES, Where.FOUND, Where.FILTER, Where.ABOUT),
    ScreenName.STRATEGIES: (
        Where.STRATEGY,
        Where.PARAMETERS,
        Where.SEEN,
        Where.WHY,
        Where.PAIRS,
    ),
    ScreenName.RISK: (Where.LIMITS, Where.EXPOSURE, Where.STOPS, Where.TOGETHER),
    ScreenName.PORTFOLIO: (Where.BRIDGE, Where.CURVE, Where.FIGURES, Where.PARTS),
    ScreenName.NEWS: (Where.HEADLINES, Where.STORY, Where.MATCHES, Where.FEEDS),
    ScreenName.LAB: (Where.RUNS, Where.NEW_RUN, Where.REPORT),
    ScreenName.LOG: (Where.LINES, Where.ALERTS, Where.HEALTH),
}
"""The panes of each screen in reading order."""

_SCREEN_OF = {pane: Where(name.value) for name, panes in PANES.items() for pane in panes}


def screen_of(place: Where) -> Where:
    """Return the screen that a pane belongs to; what is no pane is its own."""
    return _SCREEN_OF.get(place, place)


class Group(StrEnum):
    """The headings of the help, in order."""

    TRADE = "Trade"
    TICKET = "In the ticket"
    LADDER = "On the ladder"
    MACHINE = "Automatic trading"
    LOOK = "Look around"
    MARKETS = "On the Markets screen"
    NEWS = "On the News screen"
    MOVE = "Move"
    SCREENS = "Screens"
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
