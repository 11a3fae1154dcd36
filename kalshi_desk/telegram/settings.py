"""What a person can set about the bridge, and the kinds of notifications."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

import msgspec

from kalshi_desk.desk.frames import DeskEvent, EventKind, Level

VIEW, TRADE = "view", "trade"
ON, SILENT, OFF = "on", "silent", "off"
LANGUAGES = ("en", "de")
FREQUENCIES = {"now": 0, "minute": 60, "hour": 3_600}
"""How many seconds notifications are gathered."""
STYLES = ("full", "compact")


class Category(StrEnum):
    """A kind of notification that can be on, silent or off."""

    TRADES = "trades"
    ORDERS = "orders"
    REJECTIONS = "rejections"
    STOPS = "stops"
    RISK_APPROACHED = "risk_approached"
    RISK_BREACHED = "risk_breached"
    PERFORMANCE = "performance"
    OPPORTUNITIES = "opportunities"
    ALERTS = "alerts"
    NEWS = "news"
    STRATEGIES = "strategies"
    SYSTEM = "system"


DEFAULT_LOUDNESS: Mapping[Category, str] = {
    **dict.fromkeys(Category, ON),
    Category.ORDERS: OFF,
    Category.NEWS: OFF,
    Category.STRATEGIES: SILENT,
}
"""Orders that come to rest and single news items come by the hundred: off until asked for."""

_CATEGORY = {
    EventKind.FILL: Category.TRADES,
    EventKind.SETTLEMENT: Category.TRADES,
    EventKind.ORDER: Category.ORDERS,
    EventKind.DENIED: Category.REJECTIONS,
    EventKind.REJECTED: Category.REJECTIONS,
    EventKind.UNRESOLVED: Category.REJECTIONS,
    EventKind.STOP: Category.STOPS,
    EventKind.STRATEGY: Category.STRATEGIES,
    EventKind.ALERT: Category.ALERTS,
    EventKind.NEWS: Category.NEWS,
    EventKind.OPPORTUNITY: Category.OPPORTUNITIES,
    EventKind.MILESTONE: Category.PERFORMANCE,
}
_NEAR = " of the limit"
"""How the desk's word for a limit that comes near ends; other words of risk are the system's."""
_DANGERS = frozenset({EventKind.RISK, EventKind.STOP, EventKind.UNRESOLVED, EventKind.SYSTEM})


class BridgeSettings(msgspec.Struct, frozen=True, kw_only=True):
    """The section ``telegram`` of the settings, as the bridge needs it.

    ``users`` and ``chats`` map ids to ``view`` or ``trade``; ``server`` is the address of the
    Bot API.
    """

    users: dict[str, str] = {}
    chats: dict[str, str] = {}
    notify: dict[str, str] = {}
    frequency: str = "now"
    style: str = "full"
    language: str = "en"
    confirm_s: int = 60
    server: str = "https://api.telegram.org"

    def loudness(self, category: Category) -> str:
        """Return whether a kind of notification is on, silent or off."""
        return self.notify.get(category.value, DEFAULT_LOUDNESS[category])

    def unknown_kinds(self) -> list[str]:
        """Return what ``notify`` names that is no kind of notification."""
        return sorted(set(self.notify) - {category.value for category in Category})


def category_of(event: DeskEvent) -> Category:
    """Return the kind of notification that an event makes."""
    if event.kind is EventKind.RISK and event.level is Level.ERROR:
        return Category.RISK_BREACHED
    if event.kind is EventKind.RISK and event.title.endswith(_NEAR):
        return Category.RISK_APPROACHED
    return _CATEGORY.get(event.kind, Category.SYSTEM)


def is_danger(event: DeskEvent) -> bool:
    """Return whether an event is told at once, however seldom others are gathered."""
    return event.level is Level.ERROR or (event.kind in _DANGERS and event.level is Level.WARNING)
