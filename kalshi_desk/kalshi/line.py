"""One signed socket of the stream: its subscriptions, gap repair and reconnection."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus, InvalidURI

from kalshi_desk.core.errors import DeskError, Retry, Stop
from kalshi_desk.core.events import BookDelta, BookSnapshot, BookStale, CoreEvent
from kalshi_desk.core.ports import Clock, Sleep, Tap
from kalshi_desk.core.text import clean
from kalshi_desk.kalshi.decode import LostBooks, Message
from kalshi_desk.kalshi.environment import Environment
from kalshi_desk.kalshi.errors import TIMESTAMP_EXPIRED, Ask, error_from_answer
from kalshi_desk.kalshi.signing import Signer
from kalshi_desk.kalshi.subscriptions import LIFECYCLE, Subscriptions
from kalshi_desk.kalshi.translate import MarketChanged, Translated, Translator

_MAX_FRAME_BYTES = 64 << 20
_OPEN_S = 10.0
_PING_S = 10.0
_FIRST_BACKOFF_S = 0.25
_LONGEST_BACKOFF_S = 15.0
_STEADY_NS = 10_000_000_000
_MS_NS = 1_000_000
_REPAIR_S = 5.0
# A market that moved to another socket may still be told of here for a moment.
_OF_BOOKS = (BookDelta, BookSnapshot)

StreamSink = Callable[[CoreEvent | MarketChanged], None]
OnOpen = Callable[[], Awaitable[None]]
OnLostLink = Callable[[str], None]
OnConnection = Callable[[int, int], None]


@dataclass(slots=True)
class FrameMoment:
    """When the frame that is being read was received; 0 while none is.

    ``is_tapped`` tells whether the frame itself went to the recording.
    """

    at_ns: int = 0
    is_tapped: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Wiring:
    """What every socket of a stream is made with.

    ``tap`` gets ``(recv_ns, bytes)`` of every frame before it is read; ``on_connection``
    ``(number, recv_ns)`` of every new connection.  ``now_ns`` signs: it is the local
    clock corrected to the exchange's; ``resync`` measures that again when the exchange
    says that the time is off.  ``on_doubt`` hears that a frame may have been lost that
    told of the account.  ``moment`` tells those who take events when their frame came.
    """

    environment: Environment
    signer: Signer
    clock: Clock
    tap: Tap | None
    now_ns: Callable[[], int]
    on_connection: OnConnection | None
    resync: Callable[[], Awaitable[None]] | None
    on_doubt: Callable[[], None]
    sleep: Sleep
    moment: FrameMoment


class Line:
    """Keeps one socket alive and delivers what it says, in order.

    A ``private`` line carries the account's channels and the life cycle of all markets
    besides its books; other lines carry books only.  ``most`` is how many markets the
    exchange takes on one socket, as far as known; ``on_crowded`` hears that it takes no
    more here.
    """

    def __init__(
        self,
        wiring: Wiring,
        *,
        private: bool,
        most: int | None = None,
        on_crowded: Callable[[], None] = lambda: None,
    ) -> None:
        self.connections = 0
        self._private = private
        self._wiring = wiring
        self._on_crowded = on_crowded
        self._socket: ClientConnection | None = None
        self._sink: StreamSink = lambda event: None
        self.translator = Translator(
            yes_prices=True, on_lost=self._on_lost, subaccount=wiring.environment.subaccount
        )
        self.subscriptions = Subscriptions(self.translator.reader, private=private, most=most)
        self._worst_age_ms = 0
        self._opened = asyncio.Event()

    @property
    def is_open(self) -> bool:
        """Whether the socket is open and the private channels were acknowledged."""
        return self._opened.is_set()

    @property
    def gaps(self) -> int:
        """How often frames were missing."""
        return self.translator.counts.gaps

    @property
    def unreadable(self) -> int:
        """How many frames could not be read."""
        return self.translator.counts.unreadable

    def take_message_age_ms(self) -> int:
        """Return the worst age of a market-data frame since the last call."""
        age, self._worst_age_ms = self._worst_age_ms, 0
        return age

    async def run(
        self,
        sink: StreamSink,
        on_open: OnOpen | None = None,
        on_lost_link: OnLostLink | None = None,
    ) -> None:
        """Deliver until cancelled; ``on_open`` runs after every (re)connection.

        Raises ``Stop`` when the exchange refuses the key.
        """
        self._sink = sink
        backoff_s = _FIRST_BACKOFF_S
        while True:
            began_ns = self._wiring.clock.now_ns()
            try:
                why = await self._connection(on_open)
            except Retry as error:
                why = error.what
                if error.code == TIMESTAMP_EXPIRED and self._wiring.resync is not None:
                    await self._wiring.resync()
            self._opened.clear()
            self._lose_books(why)
            if on_lost_link is not None:
                on_lost_link(why)
            if self._wiring.clock.now_ns() - began_ns > _STEADY_NS:
                backoff_s = _FIRST_BACKOFF_S
            await self._wiring.sleep(backoff_s * random.uniform(0.5, 1.5))
            backoff_s = min(backoff_s * 2, _LONGEST_BACKOFF_S)

    async def watch(self, tickers: Iterable[str]) -> None:
        """Follow book, trades and ticker of these markets, now and after reconnecting."""
        await self._send_all(self.subscriptions.watch(tickers))

    async def forget(self, tickers: Iterable[str]) -> None:
        """Stop following these markets."""
        await self._send_all(self.subscriptions.forget(tickers))

    async def _connection(self, on_open: OnOpen | None) -> str:
        """Live through one connection; returns why it ended."""
        try:
            socket = await self._connect()
        except (OSError, TimeoutError, InvalidHandshake, InvalidURI, EOFError) as error:
            raise _handshake_error(error) from None
        self.connections += 1
        if self._wiring.on_connection is not None:
            self._wiring.on_connection(self.connections, self._wiring.clock.now_ns())
        self._socket = socket
        try:
            async with asyncio.TaskGroup() as tasks:
                repairs = tasks.create_task(self._repair_forever())
                opening = tasks.create_task(self._open(on_open))
                why = await self._receive(socket)
                repairs.cancel()
                opening.cancel()
            return why
        except ExceptionGroup as group:
            raise first_desk_error(group) from None
        finally:
            self._socket = None
            await socket.close()

    async def _connect(self) -> ClientConnection:
        timestamp_ms = self._wiring.now_ns() // _MS_NS
        headers = await asyncio.to_thread(
            self._wiring.signer.headers, "GET", self._wiring.environment.ws_path, timestamp_ms
        )
        is_local = self._wiring.environment.name == "practice"
        return await connect(
            self._wiring.environment.ws_url,
            additional_headers=headers,
            max_size=_MAX_FRAME_BYTES,
            open_timeout=_OPEN_S,
            ping_interval=_PING_S,
            ping_timeout=_PING_S * 2,
            close_timeout=1.0,
            compression=None if is_local else "deflate",
            proxy=None if is_local else True,
        )

    async def _open(self, on_open: OnOpen | None) -> None:
        await self._send_all(self.subscriptions.begin())
        await self.subscriptions.private_open.wait()
        self._opened.set()
        if on_open is not None:
            await on_open()

    async def _receive(self, socket: ClientConnection) -> str:
        translator = self.translator
        translator.reader.begin_connection(yes_prices=True)
        subscriptions = self.subscriptions
        while True:
            try:
                data = await socket.recv(decode=False)
            except ConnectionClosed as closed:
                return f"the exchange closed the stream ({clean(str(closed.rcvd or 'wordless'))})"
            unread = translator.counts.unreadable
            message, event = self._take(data)
            if event is None and message is not None:
                await self._send_all(subscriptions.answer(message))
                if subscriptions.crowded_out:
                    moving = tuple(sorted(subscriptions.crowded_out))
                    self._sink(BookStale(moving, "it moves to another socket"))
                    self._on_crowded()
                if subscriptions.broken:
                    return subscriptions.broken
            elif event is None and self._private and translator.counts.unreadable != unread:
                self._wiring.on_doubt()
            if subscriptions.needs_repair:
                await self._send_all(subscriptions.repair())

    def _take(self, data: bytes) -> tuple[Message | None, Translated]:
        """Record and read one frame, and pass on what it means as of when it was received."""
        wiring, translator = self._wiring, self.translator
        recv_ns = wiring.moment.at_ns = wiring.clock.now_ns()
        wiring.moment.is_tapped = wiring.tap is not None
        try:
            if wiring.tap is not None:
                wiring.tap(recv_ns, data)
            before_ms = translator.last_ts_ms
            message, event = translator.translate(data)
            if translator.last_ts_ms != before_ms:
                self._note_age(translator.last_ts_ms)
            if event is not None and (
                not isinstance(event, _OF_BOOKS) or event.ticker in self.subscriptions.watched
            ):
                self._sink(event)
        finally:
            wiring.moment.at_ns = 0
            wiring.moment.is_tapped = False
        return message, event

    def _note_age(self, ts_ms: int) -> None:
        age = self._wiring.now_ns() // _MS_NS - ts_ms
        self._worst_age_ms = max(self._worst_age_ms, age)

    def _on_lost(self, lost: LostBooks) -> None:
        """Frames are missing: nothing of this subscription can be trusted until repaired."""
        mine = lost.tickers & self.subscriptions.watched
        if mine:
            self._sink(BookStale(tuple(sorted(mine)), lost.why))
        if lost.sid == self.subscriptions.sid_of(LIFECYCLE):
            self._sink(MarketChanged(everything=True, why=lost.why))
        self.subscriptions.needs_repair = True

    def _lose_books(self, why: str) -> None:
        watched = self.subscriptions.watched
        if watched:
            self._sink(BookStale(tuple(sorted(watched)), why))

    async def _repair_forever(self) -> None:
        """Ask again for snapshots that never came."""
        while True:
            await asyncio.sleep(_REPAIR_S)
            await self._send_all(self.subscriptions.repair())

    async def _send_all(self, commands: Sequence[bytes]) -> None:
        socket = self._socket
        if socket is None:
            return
        try:
            for command in commands:
                await socket.send(command.decode())
        except ConnectionClosed:
            return


def first_desk_error(group: ExceptionGroup[Exception]) -> Exception:
    """Return the desk's own error of a group, or the group when none is in it."""
    return next((error for error in group.exceptions if isinstance(error, DeskError)), group)


def _handshake_error(error: Exception) -> DeskError:
    """Tell a refused key, which ends everything, from a server that is away."""
    if isinstance(error, InvalidStatus):
        response = error.response
        refusal = error_from_answer(response.status_code, bytes(response.body or b""), ask=Ask.READ)
        if isinstance(refusal, Stop) and response.status_code in {401, 403}:
            return refusal
        return Retry(refusal.what, code=refusal.code)
    if isinstance(error, InvalidURI):
        return Stop(f"The stream's address is not one: {error}.", code="bad_address")
    return Retry("The exchange's stream can't be reached.", code="not_sent")
