"""What the desk asks of the outside: a clock, a feed of events, a broker, a sink."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

from kalshi_desk.core.events import CoreEvent
from kalshi_desk.core.records import OrderIntent


class Clock(Protocol):
    """Time as everything in the desk sees it; it may be scaled."""

    def now_ns(self) -> int:
        """Return nanoseconds since the epoch."""
        ...


class EventSink(Protocol):
    """Where feeds and brokers deliver what happened, in order."""

    def __call__(self, event: CoreEvent) -> None:
        """Take one event; must not block."""
        ...


class Feed(Protocol):
    """A source of market data and account reports."""

    async def run(self, sink: EventSink) -> None:
        """Deliver events until cancelled; reconnects by itself and says so by events."""
        ...

    async def watch(self, tickers: Sequence[str]) -> None:
        """Make these markets' books and trades part of the feed."""
        ...


class Broker(Protocol):
    """Where orders go; answers come back as events, exactly one per call."""

    async def send(self, intent: OrderIntent) -> CoreEvent:
        """Place an order: ``OrderAnswered``, ``OrderRefused`` or ``OrderUnknown``."""
        ...

    async def cancel(self, order_id: str, ticker: str) -> CoreEvent:
        """Cancel an order: ``CancelAnswered`` or ``CancelFailed``."""
        ...

    async def look_up(
        self, client_order_id: str, ticker: str, since_ns: int, until_ns: int
    ) -> CoreEvent | None:
        """Find an order by client id, or by its own where it came without one.

        It was made at ``since_ns`` and may have been on its way until ``until_ns``.  Returns
        ``OrderLookedUp``, or None while the lists may still miss it.
        """
        ...


Tap = Callable[[int, bytes], None]
"""Takes ``(recv_ns, frame bytes)`` of every frame, verbatim."""

Sleep = Callable[[float], Awaitable[None]]
"""Waits for scaled seconds."""
