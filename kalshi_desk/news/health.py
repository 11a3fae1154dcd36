"""How each feed is, as people see it, and when that is worth saying."""

from __future__ import annotations

from dataclasses import dataclass, field

from kalshi_desk.core.news import FeedReport, FeedState, NewsItem
from kalshi_desk.news.sources import Source

SECOND_NS = 1_000_000_000
CHANGE_PAUSE_S = 3.0
"""Least time between two reports when a feed's state changes."""
DETAIL_PAUSE_S = 30.0
"""The same when only times and counts do."""


@dataclass(slots=True)
class Health:
    """One feed's health; times by the desk's clock."""

    source: Source
    asked_ns: int = 0
    ok_ns: int = 0
    latency_ms: int = 0
    lag_s: int | None = None
    items: int = 0
    failures: int = 0
    text: str = ""

    def report(self) -> FeedReport:
        """Return it as faces see it."""
        source = self.source
        return FeedReport(
            name=source.name,
            title=source.title,
            url=source.shown_url,
            kind=source.kind,
            tier=source.tier,
            state=self._state(),
            asked_ns=self.asked_ns,
            ok_ns=self.ok_ns,
            latency_ms=self.latency_ms,
            lag_s=self.lag_s,
            items=self.items,
            failures=self.failures,
            text=source.fault or self.text,
        )

    def note_items(self, items: list[NewsItem], *, is_first_look: bool) -> None:
        """Count items; what was there at the first look says nothing about the delay."""
        self.items += len(items)
        newest = max(items, key=lambda item: item.published_ns, default=None)
        if newest is not None and newest.published_ns and not is_first_look:
            self.lag_s = max(0, (newest.first_seen_ns - newest.published_ns) // SECOND_NS)

    def _state(self) -> FeedState:
        if not self.source.is_on:
            return FeedState.OFF
        if not self.source.url:
            return FeedState.WAITING
        if self.source.fault or self.failures:
            return FeedState.FAILING
        return FeedState.OK if self.ok_ns else FeedState.WAITING


def waiting_report(source: Source, text: str = "") -> FeedReport:
    """Return the report of a feed that nobody reads at the moment, with the reason."""
    return Health(source, text=text).report()


@dataclass(slots=True)
class Herald:
    """Decides when reports are worth sending again; seconds of a monotonic clock."""

    change_pause_s: float = CHANGE_PAUSE_S
    detail_pause_s: float = DETAIL_PAUSE_S
    _sent: tuple[FeedReport, ...] = ()
    _sent_s: float = field(default=float("-inf"))

    def due(self, reports: tuple[FeedReport, ...], now_s: float) -> bool:
        """Whether to send these reports now; if so they count as sent."""
        if reports == self._sent:
            return False
        is_change = _essence(reports) != _essence(self._sent)
        if now_s - self._sent_s < (self.change_pause_s if is_change else self.detail_pause_s):
            return False
        self._sent, self._sent_s = reports, now_s
        return True


def _essence(reports: tuple[FeedReport, ...]) -> list[tuple[str, FeedState, str]]:
    return [(report.name, report.state, report.text) for report in reports]
