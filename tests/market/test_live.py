"""Live markets follow their events, and say when they can't be trusted."""

from __future__ import annotations

from kalshi_desk.core.events import (
    BookDelta,
    BookSnapshot,
    BookStale,
    MarketsListed,
    MarketStatusChanged,
    TickerChanged,
    TradeHistory,
    TradePrinted,
)
from kalshi_desk.core.records import Market, Trade
from kalshi_desk.core.types import BookSide, Count, MarketStatus, Price
from kalshi_desk.market.live import LiveMarkets
from kalshi_desk.market.series import MAX_POINTS, PriceLine

SECOND = 1_000_000_000


def listed() -> LiveMarkets:
    markets = LiveMarkets()
    markets.apply(MarketsListed((Market(ticker="A", close_ns=100 * SECOND),)), 1)
    markets.apply(BookSnapshot("A", ((Price(4_700), Count(10)),), ((Price(4_900), Count(5)),)), 2)
    return markets


def test_a_delta_before_the_first_snapshot_is_not_a_book() -> None:
    markets = LiveMarkets()
    markets.apply(MarketsListed((Market(ticker="A"),)), 1)
    markets.apply(BookDelta("A", BookSide.BID, Price(4_700), Count(10)), 2)
    live = markets.by_ticker["A"]
    assert not live.is_fresh
    assert live.book.bid is None


def test_a_ticker_makes_no_book_and_changes_none() -> None:
    markets = LiveMarkets()
    markets.apply(MarketsListed((Market(ticker="B"),)), 1)
    for ticker in ("B", "A"):
        markets.apply(TickerChanged(ticker, Price(2_000), Count(1), Count(1)), 2)
    assert not markets.by_ticker["B"].is_fresh
    assert markets.by_ticker["B"].book.bid is None
    fresh = listed()
    fresh.apply(TickerChanged("A", Price(2_000), Count(1), Count(1)), 3)
    book = fresh.by_ticker["A"].book
    assert (book.bid, book.ask) == (4_700, 4_900)


def test_a_gap_makes_books_stale_until_their_snapshot() -> None:
    markets = listed()
    markets.apply(BookStale(("A",), "a gap"), 3)
    live = markets.by_ticker["A"]
    assert (live.is_fresh, live.stale_reason) == (False, "a gap")
    markets.apply(BookDelta("A", BookSide.BID, Price(4_800), Count(10)), 4)
    assert live.book.bid == 4_700
    markets.apply(BookSnapshot("A", ((Price(4_600), Count(1)),), ()), 5)
    assert (live.is_fresh, live.book.bid, live.book.ask) == (True, 4_600, None)


def test_a_market_closes_by_the_clock_because_the_exchange_says_nothing() -> None:
    markets = listed()
    markets.close_due(100 * SECOND - 1)
    assert markets.by_ticker["A"].market.status is MarketStatus.ACTIVE
    markets.close_due(100 * SECOND)
    assert markets.by_ticker["A"].market.status is MarketStatus.CLOSED
    assert not markets.by_ticker["A"].is_fresh


def test_status_changes_keep_what_they_do_not_say() -> None:
    markets = listed()
    markets.apply(
        MarketStatusChanged(
            ticker="A", status=MarketStatus.DETERMINED, result="yes", settlement_value=Price(10_000)
        ),
        3,
    )
    market = markets.by_ticker["A"].market
    assert (market.close_ns, market.result, market.settlement_value) == (
        100 * SECOND,
        "yes",
        10_000,
    )


def test_trades_and_tickers_move_the_last_price_and_volume_only_up() -> None:
    markets = listed()
    trade = Trade(
        trade_id="t",
        ticker="A",
        price=Price(4_800),
        count=Count(7),
        taker_side=BookSide.BID,
        executed_ns=3,
    )
    markets.apply(TradePrinted(trade), 3)
    markets.apply(TickerChanged("A", Price(4_750), Count(900), Count(1)), 4)
    markets.apply(TickerChanged("A", None, Count(800), Count(1)), 5)
    live = markets.by_ticker["A"]
    assert (live.last_price, live.volume, list(live.tape)) == (4_750, 900, [trade])
    assert markets.touched == {"A"}


def test_history_leads_what_was_seen_and_counts_no_trade_twice() -> None:
    markets = listed()
    trades = [
        Trade(
            trade_id=f"t{n}",
            ticker="A",
            price=Price(4_000 + n),
            count=Count(1),
            taker_side=BookSide.BID,
            executed_ns=n * SECOND,
        )
        for n in (10, 20, 30)
    ]
    markets.apply(TradePrinted(trades[2]), 30 * SECOND)
    markets.apply(BookSnapshot("A", ((Price(4_700), Count(10)),), ()), 30 * SECOND)
    live = markets.by_ticker["A"]
    live.line.points.clear()
    live.line.add(30 * SECOND, Price(4_800))
    for _ in range(2):
        markets.apply(TradeHistory("A", tuple(trades)), 31 * SECOND)
    assert [trade.trade_id for trade in live.tape] == ["t10", "t20", "t30"]
    assert list(live.line.points) == [
        (10 * SECOND, 4_010),
        (20 * SECOND, 4_020),
        (30 * SECOND, 4_800),
    ]


def test_the_price_line_keeps_one_point_a_second_and_is_bounded() -> None:
    line = PriceLine()
    for second in range(MAX_POINTS + 50):
        line.add(second * SECOND, Price(4_000 + second % 7))
        line.add(second * SECOND + 5, Price(5_000 + second % 7))
    assert len(line.points) == MAX_POINTS
    assert {price // 1_000 for _, price in line.points} == {5}
    recent = line.since((MAX_POINTS + 40) * SECOND)
    assert len(recent) == 11
    assert recent == tuple(sorted(recent))
