"""One socket's subscriptions, their sequence numbers, and its bounded queue of frames."""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from dataclasses import dataclass, field
from typing import Any

import msgspec

CHANNEL_ERROR, BUFFER_OVERFLOW = 10, 25
_ENDS = {CHANNEL_ERROR: "channel error", BUFFER_OVERFLOW: "subscription buffer overflow"}
SEQUENCED = frozenset({"orderbook_delta", "trade", "market_lifecycle_v2", "order_group_updates"})
_NUMBERED_REPLIES = frozenset({"ok", "unsubscribed"})
"""These carry a number on every channel."""
PRIVATE = frozenset({"fill", "user_orders", "market_positions", "order_group_updates"})
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
    sent: int = 0
    """Frames that have left."""

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
        self.faults: Counter[str] = Counter()
        """How many of the next frames are dropped, sent twice, or sent after their successor."""
        self._held: tuple[int, bytes] | None = None
        self._next_sid = 1
        self._second_s = 0.0
        self._commands = 0

    def open(
        self,
        channel: str,
        tickers: set[str] | None,
        params: dict[str, Any],
        *,
        yes_price_by_default: bool = False,
    ) -> Subscription:
        """Return the channel's subscription, made or widened by these tickers."""
        found = self.by_channel.get(channel)
        if found is None:
            found = self.by_channel[channel] = Subscription(
                self._next_sid,
                channel,
                tickers,
                use_yes_price=params.get("use_yes_price", yes_price_by_default) is True,
                skip_ticker_ack=params.get("skip_ticker_ack") is True,
            )
            self._next_sid += 1
        elif tickers is None:
            found.tickers = None
        elif found.tickers is not None:
            found.tickers |= tickers
        return found

    def is_hasty(self, most: int, now_s: float) -> bool:
        """Count one more command; return whether it is one too many within a second."""
        if now_s - self._second_s >= 1.0:
            self._second_s, self._commands = now_s, 0
        self._commands += 1
        return self._commands > most

    def by_sid(self, sid: object) -> Subscription | None:
        """Return a subscription by its number."""
        return next((sub for sub in self.by_channel.values() if sub.sid == sid), None)

    def send(
        self,
        sub: Subscription,
        kind: str,
        body: bytes,
        command_id: int = 0,
        *,
        takes_seq: bool = True,
    ) -> None:
        """Queue one message of a subscription, numbered when its channel is."""
        head = f'{{"type":"{kind}",'
        if command_id:
            head += f'"id":{command_id},'
        head += f'"sid":{sub.sid}'
        if sub.channel in SEQUENCED or kind in _NUMBERED_REPLIES:
            sub.seq += takes_seq
            head += f',"seq":{sub.seq}'
        frame = head.encode() + (b',"msg":' + body if body else b"")
        message = (sub.sid, frame)
        for sent in self._spoiled(message) if self.faults or self._held else (message,):
            if self.outbox.put(*sent):
                self.end(self.outbox.busiest(), BUFFER_OVERFLOW)

    def reply(self, message: dict[str, Any]) -> None:
        """Queue a control message that belongs to no subscription's sequence."""
        self.outbox.put(0, _encode(message)[:-1])

    def skip(self) -> None:
        """Leave a gap in the sequence of every numbered subscription."""
        for sub in self.by_channel.values():
            if sub.channel in SEQUENCED:
                sub.seq += 1

    def end_channel(self, channel: str, code: int) -> None:
        """End a channel's subscription with an error."""
        sub = self.by_channel.get(channel)
        if sub is not None:
            self.end(sub.sid, code)

    def end(self, sid: int, code: int) -> None:
        """End a subscription with an error; the socket lives on."""
        self.outbox.drop(sid)
        self.by_channel = {name: sub for name, sub in self.by_channel.items() if sub.sid != sid}
        self.reply(
            {
                "type": "error",
                "sid": sid,
                "msg": {"code": code, "msg": _ENDS[code]},
            }
        )

    def _spoiled(self, message: tuple[int, bytes]) -> list[tuple[int, bytes]]:
        """Return what is sent in place of a message while frame faults are ordered."""
        late = [] if self._held is None else [self._held]
        self._held = None
        if self._is_due("drop"):
            return late
        if self._is_due("duplicate"):
            return [message, message, *late]
        if not late and self._is_due("reorder"):
            self._held = message
            return []
        return [message, *late]

    def _is_due(self, kind: str) -> bool:
        if not self.faults[kind]:
            return False
        self.faults -= Counter({kind: 1})
        return True
