"""Tells the desk, rarely, that somebody tried the API who may not use it."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter

from kalshi_desk.api.desk_view import DeskView
from kalshi_desk.api.metrics import Metrics
from kalshi_desk.core.errors import DeskError
from kalshi_desk.desk.client import new_command_id
from kalshi_desk.desk.frames import Level
from kalshi_desk.desk.service import GuestSays

EVERY_S = 600.0
_log = logging.getLogger(__name__)


class Strangers:
    """Counts refused callers; every face hears of each kind at most once in a while."""

    def __init__(self, desk: DeskView, metrics: Metrics) -> None:
        self._desk = desk
        self._metrics = metrics
        self._since: Counter[str] = Counter()
        self._told_s: dict[str, float] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def came(self, what: str) -> None:
        """Count one; ``what`` says in words what happened."""
        self._metrics.strangers += 1
        self._since[what] += 1
        now_s = asyncio.get_running_loop().time()
        if now_s - self._told_s.get(what, float("-inf")) < EVERY_S:
            return
        self._told_s[what] = now_s
        count, self._since[what] = self._since[what], 0
        task = asyncio.create_task(self._tell(what, count))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _tell(self, what: str, count: int) -> None:
        times = "" if count == 1 else f" ({count} times since the last word of it)"
        _log.warning("refused: %s%s", what, times)
        word = GuestSays(
            guest="api",
            level=Level.WARNING,
            title="A call was refused",
            text=f"{what[0].upper()}{what[1:]}{times}. Nothing was told and nothing was done.",
        )
        try:
            await self._desk.submit(word, new_command_id())
        except DeskError as error:
            _log.warning("%s", error)
