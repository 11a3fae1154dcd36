"""The stream: the account and all watched markets, over as many sockets as they need."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import replace

from kalshi_desk.core.ports import Clock, Sleep, Tap
from kalshi_desk.kalshi.environment import Environment
from kalshi_desk.kalshi.line import (
    FrameMoment,
    Line,
    OnConnection,
    OnLostLink,
    OnOpen,
    StreamSink,
    Wiring,
    first_desk_error,
)
from kalshi_desk.kalshi.signing import Signer
from kalshi_desk.kalshi.translate import Translator

__all__ = ["OnConnection", "Stream"]


class Stream:
    """Delivers what the exchange says, in the order of each socket.

    One socket carries everything until the exchange says that a subscription is full;
    then the markets that found no room move to another.  The frames of the first socket
    alone are recorded: a recording knows one connection at a time.
    """

    def __init__(
        self,
        environment: Environment,
        signer: Signer,
        clock: Clock,
        tap: Tap | None = None,
        *,
        now_ns: Callable[[], int] | None = None,
        on_connection: OnConnection | None = None,
        resync: Callable[[], Awaitable[None]] | None = None,
        on_doubt: Callable[[], None] = lambda: None,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        self._wiring = Wiring(
            environment=environment,
            signer=signer,
            clock=clock,
            tap=tap,
            now_ns=now_ns or clock.now_ns,
            on_connection=on_connection,
            resync=resync,
            on_doubt=on_doubt,
            sleep=sleep,
            moment=FrameMoment(),
        )
        self._crowded = asyncio.Event()
        self._lines = [Line(self._wiring, private=True, on_crowded=self._crowded.set)]
        self._sink: StreamSink = lambda event: None

    @property
    def is_open(self) -> bool:
        """Whether the first socket is open and the private channels were acknowledged."""
        return self._lines[0].is_open

    @property
    def frame_ns(self) -> int:
        """When the frame was received whose events are being told now; 0 between frames."""
        return self._wiring.moment.at_ns

    @property
    def is_frame_tapped(self) -> bool:
        """Whether the frame whose events are being told now went to the recording itself."""
        return self._wiring.moment.is_tapped

    @property
    def connections(self) -> int:
        """How often the first socket was opened."""
        return self._lines[0].connections

    @property
    def reconnects(self) -> int:
        """How often a connection had to be made again."""
        return sum(max(line.connections - 1, 0) for line in self._lines)

    @property
    def sockets(self) -> int:
        """How many sockets the watched markets need."""
        return len(self._lines)

    @property
    def gaps(self) -> int:
        """How often frames were missing."""
        return sum(line.gaps for line in self._lines)

    @property
    def unreadable(self) -> int:
        """How many frames could not be read."""
        return sum(line.unreadable for line in self._lines)

    @property
    def watched(self) -> frozenset[str]:
        """The markets that are followed."""
        return frozenset().union(*(line.subscriptions.watched for line in self._lines))

    @property
    def translators(self) -> tuple[Translator, ...]:
        """Who reads the frames: one for each socket."""
        return tuple(line.translator for line in self._lines)

    @property
    def refusals(self) -> list[str]:
        """The latest commands that the exchange refused, with its words."""
        return [text for line in self._lines for text in line.subscriptions.refusals]

    def take_message_age_ms(self) -> int:
        """Return the worst age of a market-data frame since the last call."""
        return max(line.take_message_age_ms() for line in self._lines)

    async def run(
        self,
        sink: StreamSink,
        on_open: OnOpen | None = None,
        on_lost_link: OnLostLink | None = None,
    ) -> None:
        """Deliver until cancelled; ``on_open`` runs after every (re)connection of the first.

        Raises ``Stop`` when the exchange refuses the key.
        """
        self._sink = sink
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._lines[0].run(sink, on_open, on_lost_link))
                for line in self._lines[1:]:
                    tasks.create_task(line.run(sink))
                while True:
                    await self._crowded.wait()
                    self._crowded.clear()
                    await self._make_room(tasks)
        except ExceptionGroup as group:
            raise first_desk_error(group) from None

    async def watch(self, tickers: Iterable[str]) -> None:
        """Follow book, trades and ticker of these markets, now and after reconnecting."""
        left = await self._place(sorted(set(tickers) - self.watched))
        if left:
            self._lines[-1].subscriptions.crowded_out.update(left)
            self._crowded.set()

    async def forget(self, tickers: Iterable[str]) -> None:
        """Stop following these markets."""
        gone = set(tickers)
        for line in self._lines:
            line.subscriptions.crowded_out -= gone
            await line.forget(gone & line.subscriptions.watched)

    async def _place(self, tickers: list[str]) -> list[str]:
        """Follow markets on the sockets that have room; returns those that found none."""
        left = tickers
        for line in self._lines:
            room = line.subscriptions.room
            here, left = (left, []) if room is None else (left[:room], left[room:])
            await line.watch(here)
        return left

    async def _make_room(self, tasks: asyncio.TaskGroup) -> None:
        """Move the markets that found no room to a socket that has some, or to new ones."""
        crowded = set().union(*(line.subscriptions.take_crowded_out() for line in self._lines))
        left = await self._place(sorted(crowded - self.watched))
        while left:
            known = [line.subscriptions.most for line in self._lines]
            most = max(min(most for most in known if most is not None), 1)
            wiring = replace(self._wiring, tap=None, on_connection=None)
            line = Line(wiring, private=False, most=most, on_crowded=self._crowded.set)
            self._lines.append(line)
            left = await self._place(left)
            tasks.create_task(line.run(self._sink))
