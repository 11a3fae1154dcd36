"""Writes the journal on a thread of its own, in order, so that the loop never waits for disk."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from kalshi_desk.core.errors import DeskError
from kalshi_desk.core.records import OrderIntent
from kalshi_desk.core.stops import StopRecord
from kalshi_desk.store.entries import Entry, MetaEntry
from kalshi_desk.store.journal import Journal

RETRY_S = 1.0
_log = logging.getLogger(__name__)
T = TypeVar("T")


class Keeper:
    """One writer; what is asked for first is written first.

    ``on_failure`` is told in words when something could not be written.  Named values,
    HALTED among them, and stops are written again until they stand: the next start relies
    on them.
    """

    def __init__(self, journal: Journal, on_failure: Callable[[str], None]) -> None:
        self._journal = journal
        self._on_failure = on_failure
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="journal")
        self._waiting: list[Entry] = []
        self._running: set[asyncio.Future[None]] = set()
        self._newest: dict[str, Entry] = {}
        self._owed: dict[str, Entry] = {}
        self._retry_at = 0.0

    def intent(self, intent: OrderIntent, at_ns: int) -> asyncio.Future[None]:
        """Make an intent durable; the order may be sent when the future is done.

        The future raises ``Stop`` when the intent could not be written.
        """
        self.flush()
        return self._submit(lambda: self._journal.append_intent(intent, at_ns))

    def add(self, entry: Entry) -> None:
        """Take an entry; it is written with the others of the same step."""
        self._waiting.append(entry)
        name = _lasting(entry)
        if name:
            self._newest[name] = entry
            self._owed.pop(name, None)

    def retry(self) -> None:
        """Write what waits, and again, once a second, what must last and is not written."""
        self.flush()
        if self._owed and asyncio.get_running_loop().time() >= self._retry_at:
            self._write_owed()

    def flush(self) -> None:
        """Hand what waits to the writer."""
        if not self._waiting:
            return
        batch, self._waiting = self._waiting, []
        self._hand_over(batch)

    def _write_owed(self) -> None:
        batch: list[Entry] = list(self._owed.values())
        self._owed.clear()
        if batch:
            self._hand_over(batch)

    def _hand_over(self, batch: list[Entry]) -> None:
        future = self._submit(lambda: self._write(batch))
        self._running.add(future)
        future.add_done_callback(lambda done: self._written(done, batch))

    def _write(self, batch: list[Entry]) -> None:
        self._journal.write(batch)

    def _written(self, future: asyncio.Future[None], batch: list[Entry]) -> None:
        self._running.discard(future)
        error = None if future.cancelled() else future.exception()
        if error is not None:
            _log.error("the journal could not be written: %s", error)
            self._owe(batch)
            words = str(error) if isinstance(error, DeskError) else "The journal failed."
            self._on_failure(words)

    def _owe(self, batch: list[Entry]) -> None:
        """Remember what must last of a failed batch, unless a newer one took their place."""
        for entry in batch:
            name = _lasting(entry)
            if name and self._newest.get(name) is entry:
                self._owed[name] = entry
        self._retry_at = asyncio.get_running_loop().time() + RETRY_S

    def _submit(self, work: Callable[[], T]) -> asyncio.Future[T]:
        return asyncio.get_running_loop().run_in_executor(self._thread, work)

    async def has_stop(self, stop: StopRecord) -> bool:
        """Return whether the journal holds this record of a stop, or a newer one."""
        try:
            found = await self.run(lambda journal: journal.stops(stop.updated_ns))
        except DeskError:
            return False
        return any(s.stop_id == stop.stop_id and s.updated_ns >= stop.updated_ns for s in found)

    async def run(self, work: Callable[[Journal], T]) -> T:
        """Do something with the journal on its thread, after everything asked for before."""
        self.flush()
        return await self._submit(lambda: work(self._journal))

    async def close(self) -> None:
        """Write what waits, and once more what is owed, then close the journal."""
        self.flush()
        while self._running:
            await asyncio.wait(set(self._running))
            # What failed just now is known only after the callbacks of the futures.
            await asyncio.sleep(0)
        self._write_owed()
        await self.run(lambda journal: journal.close())
        self._thread.shutdown(wait=True)


def _lasting(entry: Entry) -> str:
    """Return the name under which an entry must stand in the end, empty for a passing one."""
    if isinstance(entry, MetaEntry):
        return entry.key
    return f"stop/{entry.stop_id}" if isinstance(entry, StopRecord) else ""
