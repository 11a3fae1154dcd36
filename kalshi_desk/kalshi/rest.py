"""The exchange's REST routes, each with its typed answer in the desk's records."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from urllib.parse import quote

import httpx

from kalshi_desk.core.events import BookSnapshot, CancelAnswered, OrderAnswered
from kalshi_desk.core.ports import Clock, Sleep
from kalshi_desk.core.records import (
    Balance,
    Event,
    ExchangePosition,
    ExchangeStatus,
    Fill,
    Market,
    Order,
    OrderIntent,
    Settlement,
    Trade,
)
from kalshi_desk.core.types import Count, parse_count
from kalshi_desk.kalshi import convert, wire
from kalshi_desk.kalshi.answers import BAD_NUMBERS, Answers, converted, decoded, present
from kalshi_desk.kalshi.budget import Budget
from kalshi_desk.kalshi.environment import Environment
from kalshi_desk.kalshi.errors import Ask, unreadable_answer
from kalshi_desk.kalshi.filters import MarketTime, TimeRange
from kalshi_desk.kalshi.order_body import encode_intent
from kalshi_desk.kalshi.signing import Signer
from kalshi_desk.kalshi.transport import SignedHttp

ORDERS = "/portfolio/events/orders"
_PAGE = 1000
_EVENTS_PAGE = 200
_BOOKS_PAGE = 100


class RestClient:
    """All routes that the desk uses.  Every method raises ``DeskError`` as its module says.

    ``terms`` gathers the events and series that were read; markets get their fee rule
    from it, so read events and series first.  ``skipped`` counts markets whose numbers
    could not be read.
    """

    def __init__(
        self,
        environment: Environment,
        signer: Signer | None,
        clock: Clock,
        *,
        budget: Budget | None = None,
        sleep: Sleep = asyncio.sleep,
        answer_s: float = 10.0,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self.http = SignedHttp(
            environment,
            signer,
            clock,
            budget=budget,
            sleep=sleep,
            answer_s=answer_s,
            transport=transport,
        )
        self.answers = Answers(self.http)
        self.budget = self.http.budget
        self.subaccount = environment.subaccount
        self.terms = convert.Terms()
        self.skipped = 0
        self._clock = clock

    async def close(self) -> None:
        """Close all connections."""
        await self.http.close()

    # Public data.

    async def exchange_status(self) -> ExchangeStatus:
        """Return whether the exchange is up; it says so also with HTTP 503 and 504."""
        data = await self.http.get("/exchange/status", accept=frozenset({503, 504}))
        return convert.exchange_status(decoded(data, wire.StatusBody))

    async def user_data_timestamp(self) -> int:
        """Return up to which time (ns) reads of the account are complete."""
        body = await self.answers.get("/exchange/user_data_timestamp", wire.AsOfBody)
        return convert.time_ns(body.as_of_time)

    async def series(self, ticker: str) -> wire.SeriesBody:
        """Read one series into ``terms``."""
        answer = await self.answers.get(f"/series/{quote(ticker, safe='')}", wire.SeriesAnswer)
        self.terms.series[answer.series.ticker] = answer.series
        return answer.series

    async def all_series(
        self,
        *,
        category: str | None = None,
        tags: Sequence[str] = (),
        min_updated_ts: int | None = None,
    ) -> list[wire.SeriesBody]:
        """Read the list of series into ``terms``; the whole one has several MB there."""
        params = present(category=category, tags=",".join(tags), min_updated_ts=min_updated_ts)
        answer = await self.answers.get("/series", wire.SeriesList, params)
        for body in answer.series or ():
            self.terms.series[body.ticker] = body
        return answer.series or []

    async def events(
        self,
        *,
        status: str | None = "open",
        series_ticker: str | None = None,
        tickers: Sequence[str] = (),
        min_close_ts: int | None = None,
        min_updated_ts: int | None = None,
    ) -> list[Event]:
        """Read all pages of events into ``terms``; combos are never among them.

        ``tickers`` are read in groups; times are Unix seconds, and an event fits a status or
        a close time when one of its markets does.
        """
        found: list[Event] = []
        for group in _groups(tickers):
            params = present(
                status=status,
                series_ticker=series_ticker,
                tickers=",".join(group),
                min_close_ts=min_close_ts,
                min_updated_ts=min_updated_ts,
                limit=_EVENTS_PAGE,
            )
            found += await self._events("/events", params)
        return found

    async def combo_events(self, *, series_ticker: str | None = None) -> list[Event]:
        """Read all pages of the events that hold combos into ``terms``."""
        params = present(series_ticker=series_ticker, limit=_EVENTS_PAGE)
        return await self._events("/events/multivariate", params)

    async def _events(self, path: str, params: dict[str, str | int]) -> list[Event]:
        pages = await self.answers.pages(path, wire.EventsPage, params)
        bodies = [body for page in pages for body in page.events or ()]
        self.terms.events.update((body.event_ticker, body) for body in bodies)
        return [self.terms.event(body) for body in bodies]

    async def event(self, event_ticker: str) -> Event:
        """Read one event into ``terms``."""
        path = f"/events/{quote(event_ticker, safe='')}"
        answer = await self.answers.get(path, wire.EventAnswer, {"exclude_markets": "true"})
        self.terms.events[answer.event.event_ticker] = answer.event
        return self.terms.event(answer.event)

    async def markets(
        self,
        *,
        status: str | None = None,
        event_ticker: str | None = None,
        series_ticker: str | None = None,
        tickers: Sequence[str] = (),
        times: TimeRange | None = None,
        combos: str = "exclude",
    ) -> list[Market]:
        """Read all pages of markets that fit all filters; ``tickers`` in groups of 100.

        ``combos`` is ``exclude``, ``only`` or empty for all; a market that is named is found
        whatever it is.
        """
        # The exchange takes the time of an update only where combos are kept out.
        is_update = times is not None and times.time is MarketTime.UPDATED
        found: list[Market] = []
        for group in _groups(tickers):
            params = present(
                status=status,
                event_ticker=event_ticker,
                series_ticker=series_ticker,
                tickers=",".join(group),
                mve_filter=None if tickers and not is_update else combos,
                **(times.params() if times is not None else {}),
                limit=_PAGE,
            )
            pages = await self.answers.pages("/markets", wire.MarketsPage, params)
            bodies = [body for page in pages for body in page.markets or ()]
            if combos == "exclude" and not tickers:
                # Also where the exchange overlooks the filter: they come by the ten thousand.
                bodies = [body for body in bodies if not convert.is_combo(body)]
            found += self._markets(bodies)
        return found

    async def market(self, ticker: str) -> Market:
        """Read one market; a new one may be unknown (``Refuse``) for a moment."""
        answer = await self.answers.get(f"/markets/{quote(ticker, safe='')}", wire.MarketAnswer)
        return converted(self.terms.market, [answer.market])[0]

    async def orderbook(self, ticker: str, *, depth: int = 0) -> BookSnapshot:
        """Read one book, all of it or so many levels (up to 100) of each side."""
        path = f"/markets/{quote(ticker, safe='')}/orderbook"
        answer = await self.answers.get(path, wire.BookAnswer, present(depth=depth or None))
        return converted(_snapshot, [wire.BookRow(ticker, answer.orderbook_fp)])[0]

    async def orderbooks(self, tickers: Sequence[str]) -> list[BookSnapshot]:
        """Read many whole books, 100 a request."""
        books: list[BookSnapshot] = []
        for start in range(0, len(tickers), _BOOKS_PAGE):
            params = [("tickers", ticker) for ticker in tickers[start : start + _BOOKS_PAGE]]
            answer = await self.answers.get("/markets/orderbooks", wire.BooksAnswer, params)
            books += converted(_snapshot, answer.orderbooks)
        return books

    async def trades(
        self,
        ticker: str | None = None,
        *,
        limit: int = 100,
        min_ts: int | None = None,
        max_ts: int | None = None,
        block_trades: bool | None = None,
    ) -> list[Trade]:
        """Read the newest public trades of one page, newest first; ``History`` reads all.

        ``block_trades`` keeps only those (true) or none of them (false).
        """
        params = present(
            ticker=ticker,
            limit=min(limit, _PAGE),
            min_ts=min_ts,
            max_ts=max_ts,
            is_block_trade=None if block_trades is None else str(block_trades).lower(),
        )
        page = await self.answers.get("/markets/trades", wire.TradesPage, params)
        return converted(convert.trade, page.trades)

    # The account.

    async def balance(self) -> Balance:
        """Return cash; asked no oftener than the exchange allows (about once a second)."""
        asked_ns = self._clock.now_ns()
        body = await self.answers.get("/portfolio/balance", wire.BalanceBody, self.ours())
        return converted(lambda row: convert.balance(row, asked_ns), [body])[0]

    async def positions(
        self, *, ticker: str | None = None, event_ticker: str | None = None
    ) -> list[ExchangePosition]:
        """Return all unsettled positions, those of one market or event where one is named."""
        params = self.ours(ticker=ticker, event_ticker=event_ticker, limit=_PAGE)
        pages = await self.answers.pages("/portfolio/positions", wire.PositionsPage, params)
        return converted(
            convert.position, [row for page in pages for row in page.market_positions or ()]
        )

    async def fills(
        self,
        *,
        min_ts: int | None = None,
        max_ts: int | None = None,
        ticker: str | None = None,
        order_id: str | None = None,
    ) -> list[Fill]:
        """Return all executions that fit (times in Unix seconds), newest first."""
        params = self.ours(
            min_ts=min_ts, max_ts=max_ts, ticker=ticker, order_id=order_id, limit=_PAGE
        )
        pages = await self.answers.pages("/portfolio/fills", wire.FillsPage, params)
        return converted(convert.fill, [row for page in pages for row in page.fills or ()])

    async def settlements(
        self,
        *,
        min_ts: int | None = None,
        max_ts: int | None = None,
        ticker: str | None = None,
        event_ticker: str | None = None,
    ) -> list[Settlement]:
        """Return all settled markets of the account that fit (times in Unix seconds)."""
        params = self.ours(
            min_ts=min_ts, max_ts=max_ts, ticker=ticker, event_ticker=event_ticker, limit=_PAGE
        )
        pages = await self.answers.pages("/portfolio/settlements", wire.SettlementsPage, params)
        return converted(
            convert.settlement, [row for page in pages for row in page.settlements or ()]
        )

    async def orders(
        self,
        *,
        status: str | None = None,
        ticker: str | None = None,
        event_tickers: Sequence[str] = (),
        min_ts: int | None = None,
        max_ts: int | None = None,
    ) -> list[Order]:
        """Return all orders that fit (up to 100 events, times in Unix seconds)."""
        params = self.ours(
            status=status,
            ticker=ticker,
            event_ticker=",".join(event_tickers),
            min_ts=min_ts,
            max_ts=max_ts,
            limit=_PAGE,
        )
        pages = await self.answers.pages("/portfolio/orders", wire.OrdersPage, params)
        return converted(convert.order, [row for page in pages for row in page.orders or ()])

    async def order(self, order_id: str) -> Order:
        """Return one order; ``Refuse`` with ``not_found`` when the exchange has none."""
        path = f"/portfolio/orders/{quote(order_id, safe='')}"
        answer = await self.answers.get(path, wire.OrderAnswer)
        return converted(convert.order, [answer.order])[0]

    async def queue_positions(self, tickers: Sequence[str]) -> dict[str, Count]:
        """Return contracts ahead of our resting orders in these markets, by order id."""
        params = self.ours(market_tickers=",".join(tickers))
        answer = await self.answers.get(
            "/portfolio/orders/queue_positions", wire.QueueAnswer, params
        )
        rows = converted(
            lambda row: (row.order_id, parse_count(row.queue_position_fp)),
            answer.queue_positions,
        )
        return dict(rows)

    async def limits(self) -> wire.LimitsBody:
        """Read the account's token buckets and drive the budget from them."""
        body = await self.answers.get("/account/limits", wire.LimitsBody)
        self.budget.set_limits(
            body.read.refill_rate,
            body.read.bucket_capacity,
            body.write.refill_rate,
            body.write.bucket_capacity,
        )
        return body

    async def endpoint_costs(self) -> wire.CostsBody:
        """Read what each route costs and drive the budget from it."""
        body = await self.answers.get("/account/endpoint_costs", wire.CostsBody)
        rows = [(row.method, row.path, row.cost) for row in body.endpoint_costs or ()]
        self.budget.set_costs(body.default_cost, rows)
        return body

    # Writes: sent once, never repeated here.

    async def create_order(self, intent: OrderIntent) -> OrderAnswered:
        """Place an order.  ``Unknown`` when nobody knows; anything else: not placed."""
        data = await self.http.write("POST", ORDERS, body=encode_intent(intent, self.subaccount))
        body = decoded(data, wire.CreatedBody, ask=Ask.PLACE)
        try:
            return OrderAnswered(
                client_order_id=intent.client_order_id,
                order_id=body.order_id,
                filled=parse_count(body.fill_count),
                remaining=parse_count(body.remaining_count),
            )
        except ValueError as error:
            raise unreadable_answer(str(error), ask=Ask.PLACE) from None

    async def cancel_order(self, order_id: str, market_ticker: str) -> CancelAnswered:
        """Cancel what is left; ``Refuse`` ``not_found`` may also mean that it traded."""
        path = f"{ORDERS}/{quote(order_id, safe='')}"
        params = self.ours(market_ticker=market_ticker)
        data = await self.http.write("DELETE", path, params)
        body = decoded(data, wire.CanceledBody, ask=Ask.CANCEL)
        try:
            return CancelAnswered(order_id=order_id, reduced_by=parse_count(body.reduced_by))
        except ValueError as error:
            raise unreadable_answer(str(error), ask=Ask.CANCEL) from None

    async def cancel_all(self) -> None:
        """Ask for all resting orders to be canceled; it takes effect a moment later."""
        await self.http.write("DELETE", ORDERS, self.ours())

    # How answers are read.

    def ours(self, **params: str | int | None) -> dict[str, str | int]:
        """Name the subaccount: lists show all of them, and cancel-all cancels all, by default."""
        return {**present(**params), "subaccount": self.subaccount}

    def _markets(self, bodies: list[wire.MarketBody]) -> list[Market]:
        markets: list[Market] = []
        for body in bodies:
            try:
                markets.append(self.terms.market(body))
            except BAD_NUMBERS:
                self.skipped += 1
        return markets


def _groups(tickers: Sequence[str]) -> list[Sequence[str]]:
    """Return the names in groups that one request may hold; one empty group for none."""
    return [
        tickers[start : start + _BOOKS_PAGE] for start in range(0, len(tickers) or 1, _BOOKS_PAGE)
    ]


def _snapshot(row: wire.BookRow) -> BookSnapshot:
    bids, asks = convert.book_levels(row.orderbook_fp)
    return BookSnapshot(row.ticker, bids, asks)
