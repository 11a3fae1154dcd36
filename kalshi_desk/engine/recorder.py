"""Records what the engine sees: verbatim frames with their time, and what the markets are."""

from __future__ import annotations

import asyncio
import logging
from datetime import UTC, datetime
from pathlib import Path

from kalshi_desk.core.errors import DeskError
from kalshi_desk.core.events import CoreEvent, MarketsListed
from kalshi_desk.core.ports import EventSink
from kalshi_desk.store.recording import FrameRecorder

FLUSH_S = 1.0
SUFFIX = ".jsonl.zst"
_log = logging.getLogger(__name__)


class EngineRecorder:
    """One recording per engine run; a disk that is full ends it, never the trading."""

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

    def tap(self, recv_ns: int, frame: bytes) -> None:
        """Append one frame verbatim."""
        if self._recorder is not None:
            self._recorder.record(recv_ns, frame, self._connection)

    def begin_connection(self, number: int, recv_ns: int) -> None:
        """Note a new connection; the desk always asks for YES prices."""
        self._connection = number
        if self._recorder is not None:
            self._recorder.begin_connection(number, yes_prices=True, recv_ns=recv_ns)

    def listen(self, event: CoreEvent) -> None:
        """Keep what the markets are beside their frames."""
        if self._recorder is not None and isinstance(event, MarketsListed):
            self._recorder.write_markets(event.markets, event.events)

    async def keep_flushing(self) -> None:
        """Hand what gathered to the system each second, so that a kill loses no more."""
        while self._recorder is not None:
            await asyncio.sleep(FLUSH_S)
            self._recorder.flush()

    def close(self) -> None:
        """Write what has gathered."""
        if self._recorder is not None:
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
