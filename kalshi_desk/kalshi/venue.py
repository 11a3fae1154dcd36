"""The exchange as the desk's ``Feed``: listings, account and stream in one order."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterable, Sequence
from typing import TypeVar

from kalshi_desk.core.errors import DeskError, Refuse, Retry, Stop
from kalshi_desk.core.events import (
    AccountRead,
    BalanceReported,
    ConnectionChanged,
    CoreEvent,
    ExchangeStatusReported,
    FillReported,
    LinkState,
    MarketStatusChanged,
    OrderReported,
    QueueReported,
    UsageReported,
)
from kalshi_desk.core.ports import Clock, EventSink, Sleep, Tap
from kalshi_desk.core.types import MarketStatus
from kalshi_desk.kalshi.account import AccountReader
from kalshi_desk.kalshi.canary import Canary
from kalshi_desk.kalshi.environment import Environment
from kalshi_desk.kalshi.listing import Listing
from kalshi_desk.kalshi.rest import RestClient
from kalshi_desk.kalshi.signing import Signer
from kalshi_desk.kalshi.stale_books import TopOf
from kalshi_desk.kalshi.stream import OnConnection, Stream
from kalshi_desk.kalshi.translate import MarketChanged

_RETRY_S = 1.0
_USAGE_S = 1.0
_LISTING_S = 0.25
_QUEUE_S = 2.0
_STATUS_S = 10.0
_DOUBT_S = 2.0
_BALANCE_LAG_S = 0.5
_BALANCE_REST_S = 0.6
_SETTLED_S = (1.0, 3.0, 10.0)
_SECOND_NS = 1_000_000_000

ResultT = TypeVar("ResultT")


class KalshiFeed:
    """Market data and account reports of one exchange environment.

    The order is fixed: status, listings, private channels, one complete reading of the
    account, then LIVE; after every reconnection the account is read again.  A refused
    key ends ``run`` with ``Stop`` after ``ConnectionChanged(REFUSED)``.
    ``account_since_ns`` is up to when the desk knows the account already.  ``top_of``
    and ``mine`` are for the drift canary: the desk's books, the account's markets.
    """

    def __init__(
        self,
        environment: Environment,
        signer: Signer,
        rest: RestClient,
        clock: Clock,
        *,
        tap: Tap | None = None,
        on_connection: OnConnection | None = None,
        account_since_ns: int = 0,
        series: Sequence[str] = (),
        top_of: TopOf | None = None,
        mine: Callable[[], Collection[str]] = tuple,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        if (environment, signer) != (rest.http.environment, rest.http.signer):
            raise Stop(
                "REST and stream of one feed must share environment and key.",
                code="environment_mixed",
            )
        self.stream = Stream(
            environment,
            signer,
            clock,
            tap,
            now_ns=rest.http.exchange_now_ns,
            on_connection=on_connection,
            resync=self._measure_clock,
            on_doubt=self._doubt,
            sleep=sleep,
        )
        self.canary = Canary(
            rest,
            stream=self.stream,
            top_of=top_of,
            mine=mine,
            watched=lambda: self.stream.watched,
            sleep=sleep,
        )
        self._rest = rest
        self._clock = clock
        self._sleep = sleep
        self._account = AccountReader(rest, clock, since_ns=account_since_ns)
        self._listing = Listing(rest, clock, series)
        self._sink: EventSink = lambda event: None
        self._balance_is_old = asyncio.Event()
        self._doubted = asyncio.Event()
        self._doubted_ns = 0
        self._settled: asyncio.Queue[str] = asyncio.Queue()
        self._finished: set[str] = set()

    async def run(self, sink: EventSink) -> None:
        """Deliver events until cancelled.  Raises ``Stop`` when the key is refused."""
        self._sink = sink
        try:
            await self._prepare()
            async with asyncio.TaskGroup() as tasks:
                for work in (
                    self.stream.run(self._take, self._on_open, self._on_lost_link),
                    self._refresh_listing(),
                    self._refresh_balance(),
                    self._settle_doubts(),
                    self._refresh_queue(),
                    self._refresh_status(),
                    self._read_settlements(),
                    self._report_usage(),
                    self.canary.run(sink),
                ):
                    tasks.create_task(work)
        except ExceptionGroup as group:
            stops = group.subgroup(Stop)
            if stops is None:
                raise
            raise self._refused(_leaf(stops)) from None
        except Stop as stop:
            raise self._refused(stop) from None

    async def watch(self, tickers: Sequence[str]) -> None:
        """Follow the books, trades and tickers of these markets."""
        await self.stream.watch(tickers)

    async def describe(self, tickers: Sequence[str]) -> None:
        """Read these markets and list them.  Raises ``Retry`` and ``Refuse``."""
        listed = await self._listing.read(tickers)
        if listed is not None:
            self._sink(listed)

    async def forget(self, tickers: Sequence[str]) -> None:
        """Stop following these markets."""
        await self.stream.forget(tickers)

    async def read_account(self) -> None:
        """Read the whole account again now; the reading arrives as ``AccountRead``."""
        await self._read_account()

    async def _prepare(self) -> None:
        """Read what must be known before the first book: status, limits and listings."""
        self._connection(LinkState.CONNECTING, "reaching the exchange")
        status = await self._insist(self._rest.exchange_status)
        self._sink(ExchangeStatusReported(status))
        await self._insist(self._budget)
        self._connection(LinkState.CONNECTING, "reading the markets")
        self._sink(await self._insist(self._listing.read_all))
        self._connection(LinkState.CONNECTING, "opening the stream")

    async def _budget(self) -> None:
        """Read limits and prices; without them the documented ones of the lowest tier hold."""
        try:
            await self._rest.limits()
            await self._rest.endpoint_costs()
        except Refuse:
            return

    async def _on_open(self) -> None:
        self.canary.begin_connection()
        self._connection(LinkState.CONNECTING, "reading the account")
        joined_ns, opened_ns = self._rest.http.exchange_now_ns(), self._clock.now_ns()
        await self._insist(lambda: self._account.wait_for(joined_ns, self._sleep))
        read = await self._read_account()
        if read.asked_ns < opened_ns:
            # Reads lag by more than one waits for: what came in between shows only later.
            self._doubt(opened_ns)
        if self.stream.connections > 1:
            self._listing.note_all(self._account.touched)
        self.canary.glance(self._sink)
        self._connection(LinkState.LIVE)
        self.canary.begin()

    async def _read_account(self) -> AccountRead:
        read = await self._insist(self._account.read)
        self._sink(read)
        await self._list_unknown(self._account.tickers())
        return read

    def _doubt(self, since_ns: int | None = None) -> None:
        """Something of the account may have been missed up to now, or up to a time."""
        self._doubted_ns = max(self._doubted_ns, since_ns or self._clock.now_ns())
        self._doubted.set()

    async def _settle_doubts(self) -> None:
        """Read the account until a reading is complete up to the last doubt."""
        while True:
            await self._doubted.wait()
            self._doubted.clear()
            wanted_ns = self._doubted_ns
            while (await self._read_account()).asked_ns < wanted_ns:
                await self._sleep(_DOUBT_S)
            await self._sleep(_DOUBT_S)

    async def _list_unknown(self, tickers: Iterable[str]) -> None:
        """Describe markets that the account holds but the open listing does not show."""
        missing = self._listing.unknown(tickers)
        if missing:
            listed = await self._insist(lambda: self._listing.read(missing))
            if listed is not None:
                self._sink(listed)

    def _on_lost_link(self, why: str) -> None:
        self._connection(LinkState.LOST, why)

    def _take(self, event: CoreEvent | MarketChanged) -> None:
        """Pass an event on, and note what must be read because of it."""
        if isinstance(event, MarketChanged):
            self._listing.note_changed(event)
            return
        if isinstance(event, FillReported):
            self._account.note_fill(event.fill)
            self._balance_is_old.set()
        elif isinstance(event, OrderReported):
            self._account.note_order(event.order)
        elif isinstance(event, MarketStatusChanged) and event.status is MarketStatus.FINALIZED:
            self._note_payout(event.ticker)
        self._sink(event)

    def _note_payout(self, ticker: str) -> None:
        """A market is over: its book ends, and our payout must be read."""
        self._finished.add(ticker)
        if ticker in self._account.touched:
            self._settled.put_nowait(ticker)

    async def _refresh_listing(self) -> None:
        """Read markets again that were created, changed, or passed an opening or closing."""
        while True:
            await self._sleep(_LISTING_S)
            finished, self._finished = self._finished, set()
            if finished:
                await self.stream.forget(finished)
            due = self._listing.take_due()
            if not due:
                continue
            try:
                listed = await self._listing.read(due)
            except Retry:
                self._listing.put_back(due)
                continue
            except Refuse:
                continue
            if listed is not None:
                self._sink(listed)

    async def _refresh_balance(self) -> None:
        """Read cash after executions, once they can show in it, about once a second at most."""
        while True:
            await self._balance_is_old.wait()
            await self._sleep(_BALANCE_LAG_S)
            self._balance_is_old.clear()
            balance = await self._insist(self._rest.balance)
            self._sink(BalanceReported(balance))
            await self._sleep(_BALANCE_REST_S)

    async def _refresh_queue(self) -> None:
        while True:
            await self._sleep(_QUEUE_S)
            tickers = sorted(set(self._account.resting.values()))
            if not tickers or not self.stream.is_open:
                continue
            try:
                self._sink(QueueReported(await self._rest.queue_positions(tickers)))
            except (Retry, Refuse):
                continue

    async def _refresh_status(self) -> None:
        while True:
            await self._sleep(_STATUS_S)
            try:
                self._sink(ExchangeStatusReported(await self._rest.exchange_status()))
            except (Retry, Refuse):
                continue

    async def _read_settlements(self) -> None:
        """Read the account again after a payout, until the payout shows in it."""
        while True:
            waiting = {await self._settled.get()}
            for wait_s in _SETTLED_S:
                await self._sleep(wait_s)
                while not self._settled.empty():
                    waiting.add(self._settled.get_nowait())
                await self._read_account()
                waiting -= self._account.settled
                if not waiting:
                    break

    async def _report_usage(self) -> None:
        stream = self.stream
        while True:
            await self._sleep(_USAGE_S)
            read_left, read_capacity, write_left, write_capacity = self._rest.budget.left()
            self._sink(
                UsageReported(
                    read_left=read_left,
                    read_capacity=read_capacity,
                    write_left=write_left,
                    write_capacity=write_capacity,
                    message_age_ms=stream.take_message_age_ms(),
                    reconnects=stream.reconnects,
                    gaps=stream.gaps,
                    unreadable=stream.unreadable,
                )
            )

    async def _insist(self, read: Callable[[], Awaitable[ResultT]]) -> ResultT:
        """Repeat a read until the exchange answers; a refusal of a read is a wrong set-up."""
        while True:
            try:
                return await read()
            except Retry as error:
                if not self.stream.is_open:
                    self._connection(LinkState.CONNECTING, error.what)
            except Refuse as error:
                raise Stop(error.what, code=error.code, todo=error.todo) from None
            await self._sleep(_RETRY_S)

    async def _measure_clock(self) -> None:
        self._rest.http.offset.reset()
        try:
            await self._rest.exchange_status()
        except DeskError:
            return

    def _connection(self, state: LinkState, text: str = "") -> None:
        self._sink(ConnectionChanged(state, text))

    def _refused(self, stop: Stop) -> Stop:
        self._connection(LinkState.REFUSED, str(stop))
        return stop


def _leaf(group: ExceptionGroup[Stop]) -> Stop:
    first = group.exceptions[0]
    return _leaf(first) if isinstance(first, ExceptionGroup) else first
