"""Records what the engine sees: verbatim frames with their time, and what the markets are."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, get_args

import msgspec

from kalshi_desk.core.errors import DeskError
from kalshi_desk.core.events import (
    BarsKnown,
    BookDelta,
    BookSnapshot,
    BookStale,
    ConnectionChanged,
    CoreEvent,
    ExchangeStatusReported,
    FeedsReported,
    MarketsListed,
    MarketStatusChanged,
    NewsArrived,
    TickerChanged,
    TimerFired,
    TradeHistory,
    TradePrinted,
)
from kalshi_desk.core.ports import EventSink
from kalshi_desk.core.records import Fill, OrderIntent, Settlement
from kalshi_desk.core.strategy import Decision, Observation, ParameterValue
from kalshi_desk.store.recording import FrameRecorder

FLUSH_S = 1.0
SUFFIX = ".jsonl.zst"
KeptEvent = (
    BarsKnown
    | BookStale
    | ConnectionChanged
    | ExchangeStatusReported
    | TradeHistory
    | BookDelta
    | BookSnapshot
    | TickerChanged
    | TradePrinted
    | MarketStatusChanged
    | NewsArrived
    | FeedsReported
)
"""What reaches the core besides recorded frames and listings, and changes what strategies see.

What frames tell is among it: those of the second socket and of later ones are not recorded.
"""
_KEPT = get_args(KeptEvent)
_log = logging.getLogger(__name__)


def decision_facts(
    strategy: str, decision: Decision, parameters: Mapping[str, ParameterValue] | None = None
) -> dict[str, Any]:
    """Return a decision as recordings and backtests keep it: signals, and reasons by code."""
    facts = {
        "strategy": strategy,
        "parameters": dict(parameters or {}),
        "signals": msgspec.to_builtins(decision.signals),
        "reasons": dict(sorted(Counter(why.code for why in decision.reasons).items())),
        "scanned": decision.scanned,
    }
    if decision.endings:
        facts["endings"] = msgspec.to_builtins(decision.endings)
    return facts


class EngineRecorder:
    """One recording per engine run; a disk that is full ends it, never the trading.

    Lines about the engine carry ``recv_ns``, the time at which the core took what they
    tell: ``engine`` first of all, ``markets``, ``beat``, ``event``, ``observation``,
    ``cycle``, ``decision``, ``failure`` and ``own``; ``end`` is the last line of one that
    was closed.
    """

    def __init__(self, folder: Path, venue: str, now_ns: int, cap_mb: int) -> None:
        prune(folder, cap_mb)
        moment = datetime.fromtimestamp(now_ns // 1_000_000_000, UTC)
        self.path = folder / f"{venue}-{moment:%Y%m%dT%H%M%SZ}{SUFFIX}"
        self._recorder: FrameRecorder | None = None
        self._connection = 0
        try:
            self._recorder = FrameRecorder(self.path)
        except DeskError as error:
            _log.warning("%s", error)
        self._note("engine", now_ns, {"venue": venue, "beats": True, "observations": True})

    def _note(self, kind: str, now_ns: int, content: dict[str, Any]) -> None:
        if self._recorder is not None:
            self._recorder.write_meta(kind, {"recv_ns": now_ns, **content})

    def tap(self, recv_ns: int, frame: bytes) -> None:
        """Append one frame verbatim."""
        if self._recorder is not None:
            self._recorder.record(recv_ns, frame, self._connection)

    def begin_connection(self, number: int, recv_ns: int) -> None:
        """Note a new connection; the desk always asks for YES prices."""
        self._connection = number
        if self._recorder is not None:
            self._recorder.begin_connection(number, yes_prices=True, recv_ns=recv_ns)

    def listen(self, event: CoreEvent, now_ns: int, *, of_frame: bool) -> None:
        """Keep what the core took at ``now_ns`` unless a recorded frame tells it anyway."""
        if of_frame or self._recorder is None:
            return
        if isinstance(event, TimerFired):
            self._note("beat", now_ns, {})
        elif isinstance(event, MarketsListed):
            self._recorder.write_markets(event.markets, event.events, recv_ns=now_ns)
        elif isinstance(event, _KEPT):
            self._note("event", now_ns, {"event": msgspec.to_builtins(event)})

    def mark_cycle(
        self,
        now_ns: int,
        names: Sequence[str],
        implications: Sequence[tuple[str, str]] = (),
        since_ns: Mapping[str, int] | None = None,
    ) -> None:
        """Note that these strategies were asked to look at the markets of this moment.

        ``implications`` are the relations between markets that people had confirmed, and
        ``since_ns`` is since when each candidate was named, as it was told to the look.
        """
        content: dict[str, Any] = {"strategies": list(names)}
        if since_ns is not None:
            content["since_ns"] = dict(since_ns)
        if implications:
            content["implications"] = [list(pair) for pair in implications]
        self._note("cycle", now_ns, content)

    def mark_observation(self, now_ns: int, observation: Observation, *, known: bool) -> None:
        """Keep what strategies see measured from now on; ``known`` when they did at the start."""
        content = {"observation": msgspec.to_builtins(observation), "known": known}
        self._note("observation", now_ns, content)

    def mark_failure(self, now_ns: int, strategy: str, why: str, *, unanswered: bool) -> None:
        """Note that a look at ``now_ns`` brought no decision: it was lost, or it raised."""
        self._note("failure", now_ns, {"strategy": strategy, "why": why, "unanswered": unanswered})

    def mark_decision(
        self,
        now_ns: int,
        strategy: str,
        decision: Decision,
        parameters: Mapping[str, ParameterValue] | None = None,
    ) -> None:
        """Keep what a strategy answered to its look at ``now_ns``."""
        self._note("decision", now_ns, decision_facts(strategy, decision, parameters))

    def mark_own(self, now_ns: int, record: OrderIntent | Fill | Settlement) -> None:
        """Keep an order, a fill or a payout of our own."""
        what = {OrderIntent: "order", Fill: "fill", Settlement: "settlement"}[type(record)]
        self._note("own", now_ns, {what: msgspec.to_builtins(record)})

    async def keep_flushing(self) -> None:
        """Hand what gathered to the system each second, so that a kill loses no more."""
        while self._recorder is not None:
            await asyncio.sleep(FLUSH_S)
            self._recorder.flush()

    def close(self) -> None:
        """Write what has gathered, and that this is the end: a killed engine can't say so."""
        if self._recorder is not None:
            self._recorder.write_meta("end", {})
            self._recorder.close()


def prune(folder: Path, cap_mb: int) -> None:
    """Remove the oldest recordings until the folder is below its cap."""
    files = sorted(folder.glob(f"*{SUFFIX}"), key=_age)
    total = sum(file.stat().st_size for file in files)
    while files and total > cap_mb * 1_000_000:
        oldest = files.pop(0)
        total -= oldest.stat().st_size
        oldest.unlink(missing_ok=True)


def _age(path: Path) -> int:
    return path.stat().st_mtime_ns


def fan_out(*sinks: EventSink) -> EventSink:
    """Return a sink that hands each event to all of these, in order."""

    def take(event: CoreEvent) -> None:
        for sink in sinks:
            sink(event)

    return take
