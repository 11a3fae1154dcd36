"""One socket's subscriptions, their sequence numbers, and its bounded queue of frames."""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from dataclasses import dataclass, field
from typing import Any

import msgspec

BUFFER_OVERFLOW = 25
SEQUENCED = frozenset({"orderbook_delta", "trade", "market_lifecycle_v2"})
PRIVATE = frozenset({"fill", "user_orders", "market_positions"})
CHANNELS = SEQUENCED | PRIVATE | {"ticker"}
_encode = msgspec.json.encode


@dataclass(slots=True)
class Subscription:
    """One channel on one socket; ``tickers`` None means every market."""

    sid: int
    channel: str
    tickers: set[str] | None
    use_yes_price: bool = False
    skip_ticker_ack: bool = False
    seq: int = 0

    def wants(self, ticker: str) -> bool:
        """Return whether a market belongs to this subscription."""
        return self.tickers is None or ticker in self.tickers


@dataclass(slots=True)
class Outbox:
    """Frames waiting for one socket; too many end its most talkative subscription."""

    limit: int
    frames: deque[tuple[int, bytes]] = field(default_factory=deque)
    wake: asyncio.Event = field(default_factory=asyncio.Event)

    def put(self, sid: int, frame: bytes) -> bool:
        """Queue a frame; return whether the queue is now over its limit."""
        self.frames.append((sid, frame))
        self.wake.set()
        return len(self.frames) > self.limit

    def busiest(self) -> int:
        """Return the subscription with the most waiting frames."""
        return Counter(sid for sid, _ in self.frames).most_common(1)[0][0]

    def drop(self, sid: int) -> None:
        """Forget the waiting frames of a subscription."""
        self.frames = deque(item for item in self.frames if item[0] != sid)


class Member:
    """One socket: whose it is, what it listens to, what waits for it."""

    def __init__(self, owner: int, queue_limit: int) -> None:
        self.owner = owner
        self.by_channel: dict[str, Subscription] = {}
        self.outbox = Outbox(queue_limit)
        self._next_sid = 1

    def open(self, channel: str, tickers: set[str] | None, params: dict[str, Any]) -> Subscription:
        """Return the channel's subscription, made or widened by these tickers."""
        found = self.by_channel.get(channel)
        if found is None:
            found = self.by_channel[channel] = Subscription(
                self._next_sid,
                channel,
                tickers,
                use_yes_price=params.get("use_yes_price") is True,
                skip_ticker_ack=params.get("skip_ticker_ack") is True,
            )
            self._next_sid += 1
        elif tickers is None:
            found.tickers = None
        elif found.tickers is not None:
            found.tickers |= tickers
        return found

    def by_sid(self, sid: object) -> Subscription | None:
        """Return a subscription by its number."""
        return next((sub for sub in self.by_channel.values() if sub.sid == sid), None)

    def send(self, sub: Subscription, kind: str, body: bytes, command_id: int = 0) -> None:
        """Queue one message of a subscription, numbered when its channel is."""
        head = f'{{"type":"{kind}",'
        if command_id:
            head += f'"id":{command_id},'
        head += f'"sid":{sub.sid}'
        if sub.channel in SEQUENCED:
            sub.seq += 1
            head += f',"seq":{sub.seq}'
        frame = head.encode() + (b',"msg":' + body if body else b"")
        if self.outbox.put(sub.sid, frame):
            self._end(self.outbox.busiest())

    def reply(self, message: dict[str, Any]) -> None:
        """Queue a control message that belongs to no subscription's sequence."""
        self.outbox.put(0, _encode(message)[:-1])

    def skip(self) -> None:
        """Leave a gap in the sequence of every numbered subscription."""
        for sub in self.by_channel.values():
            if sub.channel in SEQUENCED:
                sub.seq += 1

    def overflow(self, channel: str) -> None:
        """End a channel's subscription as if its queue had overflowed."""
        sub = self.by_channel.get(channel)
        if sub is not None:
            self._end(sub.sid)

    def _end(self, sid: int) -> None:
        self.outbox.drop(sid)
        self.by_channel = {name: sub for name, sub in self.by_channel.items() if sub.sid != sid}
        self.reply(
            {
                "type": "error",
                "sid": sid,
                "msg": {"code": BUFFER_OVERFLOW, "msg": "subscription buffer overflow"},
            }
        )
