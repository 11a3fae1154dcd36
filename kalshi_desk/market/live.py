"""Live markets: each one's record, book, tape, price line and freshness, from events only."""

from __future__ import annotations

from collections import deque

import msgspec

from kalshi_desk.core.book import OrderBook
from kalshi_desk.core.events import (
    BarsKnown,
    BookDelta,
    BookSnapshot,
    BookStale,
    CoreEvent,
    FeedsReported,
    MarketsListed,
    MarketStatusChanged,
    NewsArrived,
    TickerChanged,
    TradeHistory,
    TradePrinted,
)
from kalshi_desk.core.records import Event, Market, Trade
from kalshi_desk.core.strategy import Bar
from kalshi_desk.core.types import BookSide, Count, MarketStatus, Price
from kalshi_desk.market.bars import MarketBars, bars_of, middle_of
from kalshi_desk.market.middles import Middles
from kalshi_desk.market.news_log import NewsLog
from kalshi_desk.market.news_sources import NewsSources
from kalshi_desk.market.series import PriceLine

TAPE_LENGTH = 200


_TRADING = frozenset({MarketStatus.ACTIVE, MarketStatus.UNKNOWN})


class LiveMarket:
    """One market as it stands now.

    ``has_book`` says that the book is the exchange's; ``book.is_valid`` that it may be
    traded on besides, which it may not while the market stands still.
    ``first_deadline_ns`` is the deadline as it was when the desk first heard of one: what
    the end of a market teaches is told by what was known before it.
    """

    __slots__ = (
        "bars",
        "book",
        "first_deadline_ns",
        "has_book",
        "last_price",
        "line",
        "market",
        "middles",
        "tape",
        "volume",
        "why_no_book",
    )

    def __init__(self, market: Market) -> None:
        self.market = market
        self.book = OrderBook(market.grid.finest)
        self.line = PriceLine()
        self.bars = MarketBars()
        self.middles = Middles()
        self.first_deadline_ns = market.deadline_ns
        self.tape: deque[Trade] = deque(maxlen=TAPE_LENGTH)
        self.last_price = market.last_price
        self.volume = market.volume
        self.has_book = False
        self.why_no_book = "waiting for the first book"

    @property
    def is_fresh(self) -> bool:
        """Whether the book may be traded on."""
        return self.book.is_valid

    @property
    def stale_reason(self) -> str:
        """Why the book may not be traded on, empty when it may."""
        if not self.has_book:
            return self.why_no_book
        return "" if self.book.is_valid else f"the market is {self.market.status.value}"

    def judge(self) -> None:
        """Decide anew whether the book may be traded on."""
        self.book.is_valid = self.has_book and self.market.status in _TRADING

    def middle(self) -> Price | None:
        """Return the middle of the touch in YES, the last price, or None."""
        bid, ask = self.book.bid, self.book.ask
        if bid is not None and ask is not None:
            return Price((bid + ask) // 2)
        return self.last_price


class LiveMarkets:
    """All markets by ticker; ``touched`` collects what changed since it was last taken.

    ``moved`` does the same for those who value what is held, who take it at other times.
    """

    def __init__(self) -> None:
        self.by_ticker: dict[str, LiveMarket] = {}
        self.events: dict[str, Event] = {}
        self.touched: set[str] = set()
        self.moved: set[str] = set()
        self.news = NewsLog()
        self.sources = NewsSources()
        self.data_ns = 0

    def get(self, ticker: str) -> LiveMarket | None:
        """Return a market, or None when the exchange never listed it."""
        return self.by_ticker.get(ticker)

    def category(self, market: Market) -> str:
        """Return the category of a market or of its event, empty when neither says one."""
        event = self.events.get(market.event_ticker)
        return market.category or (event.category if event is not None else "")

    def bars(self, ticker: str, now_ns: int) -> tuple[Bar, ...]:
        """Return the newest complete hours of a market, oldest first; none when unknown."""
        live = self.by_ticker.get(ticker)
        return () if live is None else live.bars.shown(now_ns)

    def middle_at(self, ticker: str, at_ns: int) -> Price | None:
        """Return the middle of a market as it was known at a time in the last hours, or None."""
        live = self.by_ticker.get(ticker)
        return None if live is None else live.middles.at(at_ns)

    def apply(self, event: CoreEvent, now_ns: int) -> bool:
        """Take a market event; return whether it was one."""
        if isinstance(event, BookDelta):
            self._delta(event, now_ns)
        elif isinstance(event, BookSnapshot):
            self._snapshot(event, now_ns)
        elif isinstance(event, TickerChanged):
            self._ticker(event)
        elif isinstance(event, TradePrinted):
            self._trade(event.trade, now_ns)
        elif isinstance(event, TradeHistory):
            self._history(event, now_ns)
        elif isinstance(event, BarsKnown):
            bars = self._known(event.ticker).bars
            bars.put_before(event.bars, now_ns)
            if event.current is not None:
                bars.resume(event.current)
        elif isinstance(event, BookStale):
            self._stale(event, now_ns)
        elif isinstance(event, NewsArrived):
            self.news.take(event.items, now_ns, self.middle_at)
        elif isinstance(event, FeedsReported):
            self.sources.take(event)
        elif isinstance(event, MarketStatusChanged):
            self._status(event)
        elif isinstance(event, MarketsListed):
            self._listed(event)
        else:
            return False
        return True

    def _delta(self, event: BookDelta, now_ns: int) -> None:
        live = self.by_ticker.get(event.ticker)
        if live is None or not live.has_book:
            return
        book = live.book
        book.add(event.side is BookSide.BID, event.price, event.delta)
        book.updated_ns = self.data_ns = now_ns
        self._note_price(live, now_ns)

    def _snapshot(self, event: BookSnapshot, now_ns: int) -> None:
        live = self._known(event.ticker)
        book = live.book
        book.clear()
        for price, size in event.bids:
            book.set_level(BookSide.BID, price, size)
        for price, size in event.asks:
            book.set_level(BookSide.ASK, price, size)
        live.has_book = True
        live.judge()
        book.updated_ns = self.data_ns = now_ns
        self._note_price(live, now_ns)

    def _note_price(self, live: LiveMarket, now_ns: int) -> None:
        middle = live.middle()
        if middle is not None:
            live.line.add(now_ns, middle)
        quoted = middle_of(live.book)
        if quoted:
            live.bars.note(now_ns, quoted)
            live.middles.note(now_ns, quoted)
        ticker = live.market.ticker
        self.touched.add(ticker)
        self.moved.add(ticker)

    def _ticker(self, event: TickerChanged) -> None:
        live = self._known(event.ticker)
        if event.last_price is not None:
            live.last_price = event.last_price
        live.volume = Count(max(live.volume, event.volume))
        self.touched.add(event.ticker)
        self.moved.add(event.ticker)

    def _trade(self, trade: Trade, now_ns: int) -> None:
        live = self._known(trade.ticker)
        live.tape.append(trade)
        live.last_price = trade.price
        is_quoted = live.has_book and middle_of(live.book) > 0
        live.bars.trade(now_ns, trade.count, None if is_quoted else trade.price)
        self.data_ns = now_ns
        self.touched.add(trade.ticker)
        self.moved.add(trade.ticker)

    def _history(self, event: TradeHistory, now_ns: int) -> None:
        live = self._known(event.ticker)
        live.line.put_before([(trade.executed_ns, trade.price) for trade in event.trades])
        live.bars.put_before(bars_of(event.trades), now_ns)
        known = {trade.trade_id for trade in live.tape}
        older = [trade for trade in event.trades if trade.trade_id not in known]
        live.tape = deque([*older, *live.tape], maxlen=TAPE_LENGTH)

    def _stale(self, event: BookStale, now_ns: int) -> None:
        for ticker in event.tickers or tuple(self.by_ticker):
            live = self.by_ticker.get(ticker)
            if live is not None:
                live.has_book = False
                live.middles.note(now_ns, 0)
                live.why_no_book = event.why or "the stream has a gap"
                live.judge()
                self.touched.add(ticker)
                self.moved.add(ticker)

    def _status(self, event: MarketStatusChanged) -> None:
        live = self._known(event.ticker)
        live.market = msgspec.structs.replace(
            live.market,
            status=event.status,
            close_ns=event.close_ns or live.market.close_ns,
            result=event.result or live.market.result,
            settlement_value=(
                event.settlement_value
                if event.settlement_value is not None
                else live.market.settlement_value
            ),
        )
        live.judge()
        self.touched.add(event.ticker)
        self.moved.add(event.ticker)

    def _listed(self, event: MarketsListed) -> None:
        for occurrence in event.events:
            self.events[occurrence.event_ticker] = occurrence
        for market in event.markets:
            live = self.by_ticker.get(market.ticker)
            if live is None:
                self.by_ticker[market.ticker] = LiveMarket(market)
            else:
                live.market = market
                live.first_deadline_ns = live.first_deadline_ns or market.deadline_ns
                live.judge()
                live.volume = Count(max(live.volume, market.volume))
                if live.last_price is None:
                    live.last_price = market.last_price
            self.touched.add(market.ticker)
            self.moved.add(market.ticker)

    def _known(self, ticker: str) -> LiveMarket:
        """Return the market, listing it under its own ticker when nobody described it."""
        live = self.by_ticker.get(ticker)
        if live is None:
            live = self.by_ticker[ticker] = LiveMarket(Market(ticker=ticker, title=ticker))
        return live

    def close_due(self, now_ns: int) -> None:
        """Close markets whose closing time has passed: the exchange sends no message for it."""
        for live in self.by_ticker.values():
            market = live.market
            if market.status is MarketStatus.ACTIVE and 0 < market.close_ns <= now_ns:
                self._status(MarketStatusChanged(ticker=market.ticker, status=MarketStatus.CLOSED))
