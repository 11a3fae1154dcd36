"""What is subscribed on one socket: commands to send, answers to them, and what is missing."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any

import msgspec

from kalshi_desk.kalshi.decode import FrameReader, Message
from kalshi_desk.kalshi.frames import ErrorFrame, SubscribedFrame

PRIVATE = ("fill", "user_orders", "market_positions")
GROUPS = "order_group_updates"
LIFECYCLE = "market_lifecycle_v2"
BOOK = "orderbook_delta"
TAPE = ("trade", "ticker")

_TICKERS_A_COMMAND = 500
_SNAPSHOTS_A_COMMAND = 100
_REPAIRS_A_TICKER = 3
_CHANNEL_ERROR = 10
_UNSUPPORTED_ACTION = 13
_OVERFLOW = 25
_UNKNOWN_SID = 7
_FULL = 26
_HASTY = 27
_COMMANDS_KEPT = 200
_TERMINAL = frozenset({_CHANNEL_ERROR, _OVERFLOW})
_VITAL = frozenset({*PRIVATE, LIFECYCLE})


class Subscriptions:
    """Keeps channels and tickers in step with what is wanted.

    Methods return the commands to send; nothing here touches the socket.
    ``needs_repair`` is set when books were lost while the socket lives; ``crowded_out``
    holds markets that the exchange has no room for on this socket.  ``most`` is how many
    markets fit, None while the exchange never said that it was full.  ``broken`` says why
    only a new connection helps: a channel of the account ended or was refused, and what
    it would have told meanwhile is lost.
    """

    def __init__(
        self, reader: FrameReader, *, private: bool = True, most: int | None = None
    ) -> None:
        self.crowded_out: set[str] = set()
        self.most = most
        self._private = private
        self._sent: dict[int, tuple[str, bytes, tuple[str, ...]]] = {}
        self._again: list[bytes] = []
        self.watched: set[str] = set()
        self.needs_repair = False
        self.broken = ""
        self.private_open = asyncio.Event()
        self.refusals: list[str] = []
        self._reader = reader
        self._id = 0
        self._sids: dict[str, int] = {}
        self._asked: dict[str, set[str]] = {}
        self._snapshot_ids: set[int] = set()
        self._tries: dict[str, int] = {}

    @property
    def room(self) -> int | None:
        """How many more markets fit, None where no limit is known."""
        return None if self.most is None else max(self.most - len(self.watched), 0)

    def take_crowded_out(self) -> set[str]:
        """Return the markets that must go elsewhere, once."""
        taken, self.crowded_out = self.crowded_out, set()
        return taken

    def begin(self) -> list[bytes]:
        """Return the first commands of a new socket: private channels before all others."""
        self._sids.clear()
        self._asked.clear()
        self._snapshot_ids.clear()
        self._tries.clear()
        self._sent.clear()
        self._again.clear()
        self._id = 0
        self.needs_repair = False
        self.broken = ""
        self.private_open.clear()
        if not self._private:
            self.private_open.set()
            return self._follow(self.watched)
        commands = [
            self._command("subscribe", {"channels": list(PRIVATE)}),
            self._command("subscribe", {"channels": [LIFECYCLE]}),
            self._command("subscribe", {"channels": [GROUPS]}),
        ]
        return commands + self._follow(self.watched)

    def watch(self, tickers: Iterable[str]) -> list[bytes]:
        """Add markets; returns what to send, nothing when all were known."""
        new = set(tickers) - self.watched
        self.watched |= new
        return self._follow(new) if new else []

    def forget(self, tickers: Iterable[str]) -> list[bytes]:
        """Drop markets; returns what to send."""
        old = set(tickers) & self.watched
        self.watched -= old
        commands: list[bytes] = []
        for channel in self._sids.keys() & self._asked.keys():
            commands.extend(self._drop_unwatched(channel))
        return commands

    def answer(self, message: Message) -> list[bytes]:
        """Take a control frame; returns what must be sent because of it."""
        if isinstance(message, SubscribedFrame):
            return self._subscribed(message.msg.channel, message.msg.sid)
        if isinstance(message, ErrorFrame):
            return self._failed(message)
        return []

    def repair(self) -> list[bytes]:
        """Ask for the snapshots that are missing, without a new subscription."""
        self.needs_repair = False
        commands, self._again = self._again, []
        if BOOK not in self._sids:
            return commands
        fresh = self._reader.fresh
        for ticker in self._tries.keys() & fresh:
            del self._tries[ticker]
        missing = [
            ticker
            for ticker in sorted(self._asked.get(BOOK, set()) - fresh)
            if self._tries.get(ticker, 0) < _REPAIRS_A_TICKER
        ]
        for start in range(0, len(missing), _SNAPSHOTS_A_COMMAND):
            part = missing[start : start + _SNAPSHOTS_A_COMMAND]
            commands.append(self._update(BOOK, "get_snapshot", part))
            self._snapshot_ids.add(self._id)
            for ticker in part:
                self._tries[ticker] = self._tries.get(ticker, 0) + 1
        return commands

    def _follow(self, tickers: Iterable[str]) -> list[bytes]:
        """Subscribe channels that are not open yet, extend those that are."""
        commands: list[bytes] = []
        for channel in (BOOK, *TAPE):
            asked = self._asked.setdefault(channel, set())
            new = sorted(set(tickers) - asked)
            if not new or (asked and channel not in self._sids):
                continue
            head, rest = new[:_TICKERS_A_COMMAND], new[_TICKERS_A_COMMAND:]
            if channel in self._sids:
                commands.append(self._update(channel, "add_markets", head))
                while rest:
                    head_of_rest, rest = rest[:_TICKERS_A_COMMAND], rest[_TICKERS_A_COMMAND:]
                    commands.append(self._update(channel, "add_markets", head_of_rest))
                asked.update(new)
            else:
                commands.append(self._subscribe(channel, head))
                asked.update(head)
        return commands

    def _subscribed(self, channel: str, sid: int) -> list[bytes]:
        before = self._sids.get(channel)
        self._sids[channel] = sid
        if before is not None and before != sid:
            return self._end_double(channel, before, sid)
        if all(name in self._sids for name in PRIVATE):
            self.private_open.set()
        if channel not in {BOOK, *TAPE}:
            return []
        return self._drop_unwatched(channel) + self._follow(self.watched)

    def _end_double(self, channel: str, before: int, sid: int) -> list[bytes]:
        """End a subscription that another one of its channel has replaced.

        Left open it would go on sending, and every change of a book would be taken twice;
        so books begin anew, on a third one, once neither of the two sends any more.
        """
        if channel != BOOK:
            return [self._command("unsubscribe", {"sids": [before]})]
        self._reader.drop_subscription(before, f"{channel} was subscribed twice")
        end = self._command("unsubscribe", {"sids": [before, sid]})
        return [end, *self._resubscribe(sid)]

    def _failed(self, error: ErrorFrame) -> list[bytes]:
        code = error.msg.code
        if code in _TERMINAL:
            return self._end_of(error.sid)
        if error.id in self._snapshot_ids and code in {_UNSUPPORTED_ACTION, _UNKNOWN_SID}:
            self._snapshot_ids.discard(error.id)
            sid = self._sids.get(BOOK, 0)
            end = self._command("unsubscribe", {"sids": [sid]})
            return [end, *self._resubscribe(sid)]
        channel, command, tickers = self._sent.get(error.id, ("", b"", ()))
        if code == _FULL and tickers:
            return self._crowd_out(channel, tickers)
        if code == _HASTY and command:
            self._again.append(command)
            return []
        self._refuse(f"error {code}: {error.msg.msg}")
        if channel in _VITAL:
            self.broken = f"the exchange refused the channel {channel} (error {code})"
        return []

    def _crowd_out(self, channel: str, tickers: tuple[str, ...]) -> list[bytes]:
        """A channel took none of these markets: they go elsewhere with all their channels.

        Of the first markets of a socket one half stays and is tried again, since nothing
        says how many would have fitted.
        """
        asked = self._asked.setdefault(channel, set())
        asked.difference_update(tickers)
        left = sorted(self.watched.intersection(tickers))
        if not asked:
            if len(tickers) == 1:
                self._refuse(f"The exchange follows not even one market on {channel}.")
                asked.update(left)
                return []
            del self._asked[channel]
            # Another channel may have been refused the same markets: halve only once.
            left = left[len(left) // 2 :] if len(left) == len(tickers) else []
        if left:
            self.crowded_out.update(left)
            self.most = len(self.watched) - len(left)
        return self.forget(left) + self._follow(self.watched)

    def _drop_unwatched(self, channel: str) -> list[bytes]:
        """Tell an open channel of the markets that were forgotten."""
        asked = self._asked.setdefault(channel, set())
        gone = sorted(asked - self.watched)
        asked &= self.watched
        return [self._update(channel, "delete_markets", gone)] if gone else []

    def _refuse(self, text: str) -> None:
        self.refusals.append(text[:200])
        del self.refusals[:-20]

    def sid_of(self, channel: str) -> int | None:
        """Return the number of a channel's subscription, None while it has none."""
        return self._sids.get(channel)

    def _end_of(self, sid: int) -> list[bytes]:
        """The exchange ended a subscription: books are asked for anew, the account needs more."""
        channel = next((name for name, known in self._sids.items() if known == sid), None)
        if channel is None:
            self.broken = "a subscription ended, and the exchange did not say which"
        elif channel in _VITAL:
            self.broken = f"the subscription of {channel} ended"
        else:
            return self._resubscribe(sid)
        return []

    def _resubscribe(self, sid: int) -> list[bytes]:
        """A subscription is dead, the socket lives: open its channel again."""
        channel = next((name for name, known in self._sids.items() if known == sid), None)
        if channel is None:
            return []
        del self._sids[channel]
        self._reader.drop_subscription(sid, f"the subscription of {channel} ended")
        if channel in {BOOK, *TAPE}:
            self._asked.pop(channel, None)
            return self._follow(self.watched)
        return [self._command("subscribe", {"channels": [channel]})]

    def _subscribe(self, channel: str, tickers: list[str]) -> bytes:
        params: dict[str, Any] = {"channels": [channel], "market_tickers": tickers}
        if channel == BOOK:
            params["use_yes_price"] = True
        if channel == "ticker":
            params["send_initial_snapshot"] = True
        return self._command("subscribe", params)

    def _update(self, channel: str, action: str, tickers: list[str]) -> bytes:
        params: dict[str, Any] = {
            "sids": [self._sids[channel]],
            "action": action,
            "market_tickers": tickers,
        }
        if channel == BOOK and action == "add_markets":
            params["use_yes_price"] = True
        return self._command("update_subscription", params)

    def _command(self, name: str, params: dict[str, Any]) -> bytes:
        self._id += 1
        command = msgspec.json.encode({"id": self._id, "cmd": name, "params": params})
        channel = next(iter(params.get("channels", ())), "") or self._channel_of(params)
        self._sent[self._id] = (channel, command, tuple(params.get("market_tickers", ())))
        self._sent.pop(self._id - _COMMANDS_KEPT, None)
        return command

    def _channel_of(self, params: dict[str, Any]) -> str:
        sids = params.get("sids", ())
        return next((name for name, sid in self._sids.items() if sid in sids), "")
