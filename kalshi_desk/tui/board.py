"""The newest rows as the engine gave them, and what the last frame changed in them."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from kalshi_desk.desk.automation_frames import StopRow, StrategyRow
from kalshi_desk.desk.frames import (
    BookView,
    ChartView,
    DeskEvent,
    FillRow,
    Frame,
    MarketRow,
    OrderRow,
    PositionRow,
    Row,
    StatusView,
)
from kalshi_desk.tui.names import lone_events, short_name

R = TypeVar("R")

MAX_EVENTS = 2_000
ALWAYS = ("status", "positions", "orders", "fills", "strategies")
"""What every screen needs: panic names the orders, AUTO the strategies, leaving what is held."""


@dataclass(slots=True)
class Delta:
    """What changed in one topic: keys with a new row, and keys that are gone."""

    changed: dict[str, Row] = field(default_factory=dict)
    removed: tuple[str, ...] = ()


Changes = dict[str, Delta]


class Board:
    """The screen's copy of what the engine shows; the engine's word is final."""

    def __init__(self, now: Callable[[], int]) -> None:
        self._now = now
        self.topics: dict[str, dict[str, Row]] = {}
        self.events: deque[DeskEvent] = deque(maxlen=MAX_EVENTS)
        self.board_seq = 0
        self.event_seq = 0
        self._lone: set[str] = set()
        self._lone_of = 0

    def restart(self) -> None:
        """Ask for everything again, keeping what is on screen until it comes."""
        self.board_seq = 0
        self.event_seq = 0

    def apply(self, frame: Frame, *, is_extra: bool = False) -> Changes:
        """Take a frame and return what it changed; an extra frame leaves the sequence alone."""
        changes: Changes = {}
        for topic in {*frame.changed, *frame.removed, *frame.full}:
            rows = self.topics.setdefault(topic, {})
            new = frame.changed.get(topic, {})
            gone = set(frame.removed.get(topic, ()))
            if topic in frame.full:
                gone |= rows.keys() - new.keys()
            for key in gone:
                rows.pop(key, None)
            rows.update(new)
            changes[topic] = Delta(dict(new), tuple(gone))
        if not is_extra:
            self.board_seq = frame.board_seq
        return changes

    def take_events(self, frame: Frame) -> list[DeskEvent]:
        """Keep the events not seen before, in order, and return them."""
        fresh = [event for event in frame.events if event.seq > self.event_seq]
        self.events.extend(fresh)
        self.event_seq = max(self.event_seq, frame.event_seq)
        return fresh

    def _one(self, topic: str) -> Row | None:
        return self.topics.get(topic, {}).get("")

    @property
    def status(self) -> StatusView | None:
        """The top line, None before the first frame."""
        row = self._one("status")
        return row if isinstance(row, StatusView) else None

    @property
    def now_ns(self) -> int:
        """The engine's time when there is one (a replay lives in its own), else this clock's."""
        status = self.status
        return status.now_ns if status is not None and status.now_ns else self._now()

    @property
    def markets(self) -> dict[str, MarketRow]:
        """Markets by ticker."""
        return self.rows("markets", MarketRow)

    @property
    def positions(self) -> dict[str, PositionRow]:
        """Positions by ticker."""
        return self.rows("positions", PositionRow)

    @property
    def orders(self) -> dict[str, OrderRow]:
        """Orders by client order id."""
        return self.rows("orders", OrderRow)

    @property
    def fills(self) -> dict[str, FillRow]:
        """Fills by trade id."""
        return self.rows("fills", FillRow)

    @property
    def strategies(self) -> dict[str, StrategyRow]:
        """Strategies by name."""
        return self.rows("strategies", StrategyRow)

    @property
    def stops(self) -> dict[str, StopRow]:
        """Stops by id."""
        return self.rows("stops", StopRow)

    def rows(self, topic: str, kind: type[R]) -> dict[str, R]:
        """Return the rows of a topic by key."""
        found = self.topics.get(topic, {})
        return {key: row for key, row in found.items() if isinstance(row, kind)}

    @property
    def is_auto_on(self) -> bool:
        """Whether the master switch of automatic trading is on."""
        status = self.status
        return status is not None and (status.auto_on or status.auto_running > 0)

    def market(self, ticker: str) -> MarketRow | None:
        """Return one market's row."""
        row = self.topics.get("markets", {}).get(ticker)
        return row if isinstance(row, MarketRow) else None

    def name_of(self, ticker: str, title: str) -> str:
        """Return the short name of a market, from its row when it is listed."""
        row = self.market(ticker)
        if row is None:
            return title or ticker
        if self._lone_of != len(self.topics["markets"]):
            self._lone_of = len(self.topics["markets"])
            self._lone = lone_events(self.markets.values())
        return short_name(row, is_alone=row.event_ticker in self._lone)

    def book(self, ticker: str) -> BookView | None:
        """Return the ladder of a market when it has come."""
        rows = self.topics.get(f"book:{ticker}", {})
        row = rows.get("") or rows.get(ticker)
        return row if isinstance(row, BookView) else None

    def chart(self, ticker: str) -> ChartView | None:
        """Return the chart of a market when it has come."""
        rows = self.topics.get(f"chart:{ticker}", {})
        row = rows.get("") or rows.get(ticker)
        return row if isinstance(row, ChartView) else None

    def forget_books(self, but: str) -> None:
        """Drop ladders and charts of markets that are no longer looked at."""
        for topic in [name for name in self.topics if name.startswith(("book:", "chart:"))]:
            if topic.partition(":")[2] != but:
                del self.topics[topic]
