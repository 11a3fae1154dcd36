"""Which panes are on screen, and how large, for a terminal size: the three width tiers."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

MIN_WIDTH, MIN_HEIGHT = 60, 20
SMALL_WIDTH, SMALL_HEIGHT = 80, 24
WIDE_WIDTH = 120
FULL_WIDTH = 160
_CHART_FROM = 30


class ScreenName(StrEnum):
    """The screens, each with a digit and a place of its own in the key table."""

    DESK = "desk"
    MARKETS = "markets"
    PORTFOLIO = "portfolio"
    STRATEGIES = "strategies"
    RISK = "risk"
    NEWS = "news"
    LAB = "lab"
    LOG = "log"


class Pane(StrEnum):
    """Everything on the Desk that can hold the keyboard, in reading order."""

    QUOTES = "quotes"
    LADDER = "ladder"
    TICKET = "ticket"
    POSITIONS = "positions"
    ORDERS = "orders"
    FILLS = "fills"
    EVENTS = "events"


TABS = (Pane.POSITIONS, Pane.ORDERS, Pane.FILLS, Pane.EVENTS)
LEFT_TABS = TABS[:2]
RIGHT_TABS = TABS[2:]


class Tier(StrEnum):
    """How much room there is."""

    TINY = "tiny"
    ONE = "one"
    SMALL = "small"
    WIDE = "wide"
    FULL = "full"


@dataclass(frozen=True, slots=True)
class Plan:
    """What is shown; widths and heights in cells, 0 for what is hidden."""

    tier: Tier
    shown: frozenset[Pane]
    markets_width: int = 0
    ladder_width: int = 0
    ticket_width: int = 0
    bottom_height: int = 0
    chart_height: int = 0
    left_tabs: tuple[Pane, ...] = ()
    right_tabs: tuple[Pane, ...] = ()


def tier_of(width: int, height: int) -> Tier:
    """Return the tier of a terminal size."""
    if width < MIN_WIDTH or height < MIN_HEIGHT:
        return Tier.TINY
    if width < SMALL_WIDTH or height < SMALL_HEIGHT:
        return Tier.ONE
    if width < WIDE_WIDTH:
        return Tier.SMALL
    return Tier.WIDE if width < FULL_WIDTH else Tier.FULL


def is_too_small(size: tuple[int, int]) -> bool:
    """Return whether a terminal of this width and height hides the Desk."""
    return tier_of(*size) is Tier.TINY


def plan(
    width: int, height: int, *, current: Pane, left_tab: Pane, right_tab: Pane, ticket_open: bool
) -> Plan:
    """Return the layout for a size, the pane in use, and the tabs chosen."""
    tier = tier_of(width, height)
    if tier is Tier.TINY:
        return Plan(tier, frozenset())
    if tier is Tier.ONE:
        return _one_pane(width, height, current)
    bottom = min(max(height // 4, 6), 15)
    main = height - 2 - bottom
    chart = min(max(main // 3, 7), 14) if main >= _CHART_FROM - 6 else 0
    if tier is Tier.SMALL:
        left = Pane.TICKET if ticket_open else Pane.QUOTES
        share = min(36 + (width - SMALL_WIDTH) // 2, 48)
        return Plan(
            tier,
            frozenset({left, Pane.LADDER, left_tab}),
            markets_width=share,
            ticket_width=share,
            ladder_width=width - share,
            bottom_height=bottom,
            chart_height=chart if left is Pane.QUOTES else 0,
            left_tabs=TABS,
        )
    if tier is Tier.WIDE:
        ticket = 27 + (width - WIDE_WIDTH) // 8
        markets = 42 + (width - WIDE_WIDTH) // 2
        return Plan(
            tier,
            frozenset({Pane.QUOTES, Pane.LADDER, Pane.TICKET, left_tab}),
            markets_width=markets,
            ladder_width=width - markets - ticket,
            ticket_width=ticket,
            bottom_height=bottom,
            chart_height=chart,
            left_tabs=TABS,
        )
    ticket = 32 + min((width - FULL_WIDTH) // 8, 8)
    ladder = 60 + min((width - FULL_WIDTH) // 6, 20)
    markets = width - ladder - ticket
    right = right_tab if right_tab in RIGHT_TABS else RIGHT_TABS[0]
    left_one = left_tab if left_tab in LEFT_TABS else LEFT_TABS[0]
    return Plan(
        tier,
        frozenset({Pane.QUOTES, Pane.LADDER, Pane.TICKET, left_one, right}),
        markets_width=markets,
        ladder_width=ladder,
        ticket_width=ticket,
        bottom_height=bottom,
        chart_height=chart,
        left_tabs=LEFT_TABS,
        right_tabs=RIGHT_TABS,
    )


def _one_pane(width: int, height: int, current: Pane) -> Plan:
    is_bottom = current in TABS
    return Plan(
        Tier.ONE,
        frozenset({current}),
        markets_width=width,
        ladder_width=width,
        ticket_width=width,
        bottom_height=height - 3 if is_bottom else 0,
        chart_height=0,
        left_tabs=tuple(Pane),
    )


def neighbour(shown: Plan, current: Pane, step: int, *, ticket_open: bool) -> Pane:
    """Return the pane so many places on: of those in sight, or of all when one fits at a time.

    An idle ticket is passed over where it is in sight anyway.
    """
    panes = list(Pane)
    if shown.tier not in (Tier.ONE, Tier.TINY):
        panes = [
            pane
            for pane in panes
            if pane in shown.shown and (ticket_open or pane is not Pane.TICKET)
        ]
    at = panes.index(current) if current in panes else 0
    return panes[(at + step) % len(panes)]
