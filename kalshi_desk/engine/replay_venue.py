"""A recording as the shell's venue: it plays, can be steered, tells the time, takes no orders."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

from kalshi_desk.core.ports import EventSink
from kalshi_desk.desk.commands import ReplayControl, ReplayStep
from kalshi_desk.desk.frames import ReplayView
from kalshi_desk.engine.inputs import ReplayMoved
from kalshi_desk.engine.replay_feed import MAX_SPEED, MIN_SPEED, ReplayFeed
from kalshi_desk.engine.venue_actions import VenueActions

TELL_S = 0.1


class ReplayVenue(VenueActions):
    """Feed, clock and controls of one recording."""

    def __init__(self, path: Path) -> None:
        self._feed = ReplayFeed(path)

    def now_ns(self) -> int:
        """Return recorded time."""
        return self._feed.now_ns()

    async def run(self, sink: EventSink) -> None:
        """Play until cancelled.  Raises ``Refuse`` when the file is no recording."""
        await self._feed.load()
        telling = asyncio.create_task(self._tell(sink))
        try:
            await self._feed.run(sink)
        finally:
            telling.cancel()

    async def watch(self, tickers: Sequence[str]) -> None:
        """Do nothing: a recording plays all that it holds."""

    def steer(self, control: ReplayControl) -> None:
        """Play, pause, step, change the speed within its range, or jump to a per cent."""
        feed = self._feed
        if control.step is ReplayStep.PLAY:
            feed.resume()
        elif control.step is ReplayStep.PAUSE:
            feed.pause()
        elif control.step is ReplayStep.STEP:
            feed.step(max(1, int(control.value)))
        elif control.step is ReplayStep.SPEED:
            feed.set_speed(min(max(control.value, MIN_SPEED), MAX_SPEED))
        else:
            feed.jump(control.value / 100)

    async def _tell(self, sink: EventSink) -> None:
        """Say where the recording stands, ten times a second."""
        while True:
            position = self._feed.position
            sink(
                ReplayMoved(
                    ReplayView(
                        name=self._feed.path.name,
                        fraction=position.fraction,
                        speed=position.speed,
                        is_paused=position.paused,
                        frames=position.frames,
                        total_frames=position.total_frames,
                        is_at_end=position.ended,
                    )
                )
            )
            await asyncio.sleep(TELL_S)
