"""Where a backtest's events come from: recordings, read as the engine that made them did."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from kalshi_desk.core.events import (
    BookDelta,
    BookSnapshot,
    BookStale,
    ConnectionChanged,
    CoreEvent,
    FillReported,
    LinkState,
    MarketsListed,
    OrderReported,
    TimerFired,
)
from kalshi_desk.core.strategy import Observation
from kalshi_desk.core.types import CENT, Price
from kalshi_desk.engine.replay_index import inferred
from kalshi_desk.engine.tape import implied, kept_event, listing, observed, when
from kalshi_desk.kalshi.decode import LostBooks
from kalshi_desk.kalshi.translate import MarketChanged, Translator
from kalshi_desk.store.recording import RecordedMeta, read_frames

Timed = tuple[int, CoreEvent]
"""An event and the time at which the core takes it, in nanoseconds since the epoch."""
_STEPS = (100, 50, 20, 10, 5, 2, 1)
_LEFT_OUT = (MarketChanged, FillReported, OrderReported)


class LooksRecorded(CoreEvent, frozen=True):
    """Here the recorded engine let these strategies look; the core itself takes no note."""

    strategies: tuple[str, ...]
    implications: tuple[tuple[str, str], ...] = ()


class ObservationRecorded(CoreEvent, frozen=True):
    """From here on the recorded engine's strategies saw this; ``known`` from its start."""

    observation: Observation
    known: bool


class RecordingSource:
    """The events of recordings, one after the other, in the order of their lines.

    Orders and fills of the account that was recorded are left out: the backtest has its
    own.  Nothing is known before its line: markets that no line describes are listed with
    their first book, without a known fee, and again when a finer price shows.
    ``has_beats`` turns true where a recording tells the beats of its engine's clock,
    ``has_observations`` where it tells what strategies saw measured.
    """

    def __init__(self, paths: Iterable[Path]) -> None:
        self.paths = tuple(paths)
        self.has_beats = False
        self.has_observations = False
        self.frames = 0
        self.problems = 0
        self._now_ns = 0

    def __iter__(self) -> Iterator[Timed]:
        """Yield each event with its time, which never goes back."""
        for number, path in enumerate(self.paths):
            if number:
                yield self._now_ns, BookStale((), "the next recording begins")
            yield from _One(path, self).events()

    def at(self, moment_ns: int) -> int:
        """Return a time that is not before the last one."""
        self._now_ns = max(self._now_ns, moment_ns)
        return self._now_ns


class _One:
    """One recording on its way through decoder and listing."""

    def __init__(self, path: Path, source: RecordingSource) -> None:
        self._path = path
        self._source = source
        self._lost: list[CoreEvent] = []
        self._translator = Translator(yes_prices=False, on_lost=self._on_lost)
        self._told: set[str] = set()
        self._steps: dict[str, Price] = {}
        self._is_foreign = True

    def events(self) -> Iterator[Timed]:
        source = self._source
        is_linked = False
        for record in read_frames(self._path):
            if isinstance(record, RecordedMeta):
                at_ns = source.at(when(record))
                for event in self._meta(record):
                    yield at_ns, event
                continue
            if record.problem:
                source.problems += 1
                continue
            if record.is_outgoing:
                continue
            source.frames += 1
            at_ns = source.at(record.recv_ns)
            if self._is_foreign and not is_linked:
                is_linked = True
                yield at_ns, ConnectionChanged(LinkState.LIVE, f"recording {self._path.name}")
            for event in self._frame(record.frame):
                yield at_ns, event

    def _meta(self, record: RecordedMeta) -> Iterator[CoreEvent]:
        if record.kind == "beat":
            yield TimerFired()
        elif record.kind == "engine":
            self._is_foreign = False
            self._source.has_beats = bool(record.content.get("beats"))
            self._source.has_observations = bool(record.content.get("observations"))
        elif record.kind == "markets":
            listed = listing(record)
            if listed is not None:
                self._told.update(market.ticker for market in listed.markets)
                yield listed
        elif record.kind == "connection":
            self._translator.reader.begin_connection(
                yes_prices=bool(record.content.get("yes_prices"))
            )
        elif record.kind == "cycle":
            names = record.content.get("strategies")
            if isinstance(names, list):
                yield LooksRecorded(tuple(str(name) for name in names), implied(record))
        elif record.kind == "observation":
            observation = observed(record)
            if observation is not None:
                yield ObservationRecorded(observation, bool(record.content.get("known")))
        elif record.kind == "event":
            event = kept_event(record)
            if isinstance(event, BookStale):
                fresh = self._translator.reader.fresh
                fresh.difference_update(event.tickers or tuple(fresh))
            if event is not None:
                yield event

    def _frame(self, frame: bytes) -> Iterator[CoreEvent]:
        _, event = self._translator.translate(frame)
        if self._lost:
            yield from self._lost
            self._lost.clear()
        if event is None or isinstance(event, _LEFT_OUT):
            return
        if isinstance(event, BookDelta | BookSnapshot) and event.ticker not in self._told:
            yield from self._describe(event)
        yield event

    def _describe(self, event: BookDelta | BookSnapshot) -> Iterator[CoreEvent]:
        """List a market that nobody described, by the prices seen of it so far."""
        if isinstance(event, BookDelta):
            prices = [event.price]
        else:
            prices = [price for price, _ in (*event.bids, *event.asks)]
        known = self._steps.get(event.ticker)
        step = known or CENT
        for price in prices:
            if price % step:
                step = Price(next(s for s in _STEPS if price % s == 0 and step % s == 0))
        if step != known:
            self._steps[event.ticker] = step
            yield MarketsListed((inferred(event.ticker, step),))

    def _on_lost(self, lost: LostBooks) -> None:
        if lost.tickers:
            self._lost.append(BookStale(tuple(sorted(lost.tickers)), lost.why))


def linked(events: Iterable[Timed]) -> Iterator[Timed]:
    """Lead simulated events with word that the venue is there."""
    for number, (at_ns, event) in enumerate(events):
        if not number:
            yield at_ns, ConnectionChanged(LinkState.LIVE, "simulated events")
        yield at_ns, event


def within(events: Iterable[Timed], until_ns: int) -> Iterator[Timed]:
    """Yield the events up to a time; 0 means all."""
    for at_ns, event in events:
        if until_ns and at_ns > until_ns:
            return
        yield at_ns, event
