"""Hourly bars: complete hours only, quiet hours repeated, no price from a book that says none."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from kalshi_desk.core.events import (
    BarsKnown,
    BookDelta,
    BookSnapshot,
    MarketsListed,
    TradeHistory,
    TradePrinted,
)
from kalshi_desk.core.records import Market, Trade
from kalshi_desk.core.strategy import Bar
from kalshi_desk.core.types import BookSide, Count, Price
from kalshi_desk.market.bars import HOUR_NS, MOST_HOURS, SHOWN_HOURS, MarketBars
from kalshi_desk.market.live import LiveMarkets

START = 500_000 * HOUR_NS
MINUTE = HOUR_NS // 60


def book(bid: int, ask: int) -> BookSnapshot:
    return BookSnapshot("A", ((Price(bid), Count(100)),), ((Price(ask), Count(100)),))


def trade(at_ns: int, price: int, count: int = 100) -> Trade:
    return Trade(
        trade_id=f"t{at_ns}",
        ticker="A",
        price=Price(price),
        count=Count(count),
        taker_side=BookSide.BID,
        executed_ns=at_ns,
    )


def flat(at_ns: int, price: int) -> Bar:
    return Bar(at_ns, Price(price), Price(price), Price(price), Price(price))


def test_an_hour_is_seen_when_it_has_passed_and_not_before() -> None:
    markets = LiveMarkets()
    markets.apply(book(4_700, 4_900), START + MINUTE)
    markets.apply(TradePrinted(trade(START, 4_900, 700)), START + 2 * MINUTE)
    markets.apply(BookDelta("A", BookSide.BID, Price(4_800), Count(5)), START + 3 * MINUTE)
    markets.apply(BookDelta("A", BookSide.BID, Price(4_800), Count(-5)), START + 4 * MINUTE)
    assert markets.bars("A", START + HOUR_NS - 1) == ()
    expected = Bar(START, Price(4_800), Price(4_850), Price(4_800), Price(4_800), Count(700), 1)
    assert markets.bars("A", START + HOUR_NS) == (expected,)
    markets.apply(book(6_000, 6_200), START + HOUR_NS + MINUTE)
    assert markets.bars("A", START + HOUR_NS + MINUTE) == (expected,)


def test_hours_without_change_repeat_the_last_price_whoever_asks_first() -> None:
    asked, unasked = LiveMarkets(), LiveMarkets()
    for markets in (asked, unasked):
        markets.apply(book(4_700, 4_900), START)
    for hour in range(6):
        asked.bars("A", START + hour * HOUR_NS + 5)
    for markets in (asked, unasked):
        markets.apply(book(5_000, 5_200), START + 4 * HOUR_NS + 1)
    seen = asked.bars("A", START + 5 * HOUR_NS)
    assert seen == unasked.bars("A", START + 5 * HOUR_NS)
    assert [bar.close for bar in seen] == [4_800, 4_800, 4_800, 4_800, 5_100]
    assert [bar.open for bar in seen] == [4_800] * 5
    assert [bar.start_ns for bar in seen] == [START + n * HOUR_NS for n in range(5)]


@given(
    st.lists(st.tuples(st.integers(0, 400 * 60), st.integers(1, 9_900)), max_size=30),
    st.lists(st.integers(0, 200), max_size=5),
    st.integers(0, 500 * 60),
)
def test_hours_are_counted_as_they_are_shown(
    notes: list[tuple[int, int]], before: list[int], asked: int
) -> None:
    bars = MarketBars()
    for minute, price in notes:
        bars.note(START + minute * MINUTE, price)
    now_ns = START + asked * MINUTE
    bars.put_before([flat(START - (hour + 1) * HOUR_NS, 5_000) for hour in before], now_ns)
    for at_ns in (now_ns, now_ns + HOUR_NS, START - 300 * HOUR_NS):
        assert bars.hours(at_ns) == len(bars.shown(at_ns))


def test_a_wide_crossed_or_one_sided_book_moves_no_bar() -> None:
    markets = LiveMarkets()
    markets.apply(book(4_700, 4_900), START)
    markets.apply(book(100, 9_900), START + 1)
    markets.apply(book(5_000, 5_000), START + 2)
    markets.apply(BookSnapshot("A", ((Price(100), Count(1)),), ()), START + 3)
    assert markets.bars("A", START + HOUR_NS) == (flat(START, 4_800),)


def test_trades_make_the_price_only_where_no_book_does() -> None:
    markets = LiveMarkets()
    markets.apply(TradePrinted(trade(START, 3_000)), START)
    markets.apply(book(4_700, 4_900), START + HOUR_NS)
    markets.apply(TradePrinted(trade(START, 4_900)), START + HOUR_NS + 1)
    first, second = markets.bars("A", START + 2 * HOUR_NS)
    assert (first.close, first.trades) == (3_000, 1)
    assert (second.open, second.close, second.trades) == (3_000, 4_800, 1)


def test_history_leads_the_own_hours_once_and_fills_the_gap() -> None:
    markets = LiveMarkets()
    markets.apply(book(4_700, 4_900), START + MINUTE)
    old = [
        trade(START - 3 * HOUR_NS, 4_000),
        trade(START - 3 * HOUR_NS + MINUTE, 4_300),
        trade(START, 9_000),
    ]
    for _ in range(2):
        markets.apply(TradeHistory("A", tuple(old)), START + 2 * MINUTE)
    assert markets.bars("A", START + HOUR_NS) == (
        Bar(
            START - 3 * HOUR_NS,
            Price(4_000),
            Price(4_300),
            Price(4_000),
            Price(4_300),
            Count(200),
            2,
        ),
        flat(START - 2 * HOUR_NS, 4_300),
        flat(START - HOUR_NS, 4_300),
        flat(START, 4_800),
    )


def test_known_bars_are_taken_as_far_as_they_had_ended() -> None:
    markets = LiveMarkets()
    markets.apply(MarketsListed((Market(ticker="A"),)), START)
    known = tuple(flat(START + n * HOUR_NS, 1_000 + n) for n in (-4, -3, -1, 0, 5))
    crooked = flat(START - 2 * HOUR_NS + 1, 7_777)
    markets.apply(BarsKnown("A", (*known, crooked)), START + MINUTE)
    assert [bar.close for bar in markets.bars("A", START + MINUTE)] == [996, 997, 997, 999]
    markets.apply(book(4_700, 4_900), START + 2 * MINUTE)
    assert [bar.close for bar in markets.bars("A", START + HOUR_NS)][-2:] == [999, 4_800]


def test_a_jump_back_forgets_what_came_later() -> None:
    markets = LiveMarkets()
    for hour, bid in enumerate((4_000, 5_000, 6_000, 7_000)):
        markets.apply(book(bid, bid + 200), START + hour * HOUR_NS)
    markets.apply(book(2_000, 2_200), START + HOUR_NS + MINUTE)
    assert markets.bars("A", START + HOUR_NS + MINUTE) == (flat(START, 4_100),)
    bars = markets.bars("A", START + 2 * HOUR_NS)
    assert [(bar.close, bar.high) for bar in bars] == [(4_100, 4_100), (2_100, 4_100)]


def test_memory_is_bounded_and_a_long_silence_costs_no_more() -> None:
    bars = MarketBars()
    for hour in range(MOST_HOURS + 300):
        bars.note(START + hour * HOUR_NS, 4_000 + hour % 7)
    now_ns = START + (MOST_HOURS + 300) * HOUR_NS
    assert len(bars.shown(now_ns)) == SHOWN_HOURS
    life = bars.life(now_ns)
    assert len(life) == MOST_HOURS
    assert life[-1].start_ns == now_ns - HOUR_NS
    assert [bar.start_ns for bar in life] == [
        now_ns - n * HOUR_NS for n in range(MOST_HOURS, 0, -1)
    ]
    late_ns = now_ns + 900_000 * HOUR_NS
    assert {bar.close for bar in bars.shown(late_ns)} == {bars.close}
    bars.note(late_ns, 9_000)
    assert bars.life(late_ns)[-1] == flat(late_ns - HOUR_NS, life[-1].close)
    assert len(bars.life(late_ns)) == MOST_HOURS


@given(
    st.lists(
        st.tuples(st.integers(1, 5 * 3_600), st.integers(1, 99), st.integers(0, 3)),
        min_size=1,
        max_size=60,
    ),
    st.integers(0, 80),
)
def test_what_comes_later_changes_no_hour_that_was_seen(
    steps: list[tuple[int, int, int]], cut: int
) -> None:
    """The same hours whether the future is there or cut away, and as a plain sum over points."""
    whole, bars, at_ns = MarketBars(), MarketBars(), START
    points: list[tuple[int, int]] = []
    for seconds, cents, trades in steps:
        at_ns += seconds * 1_000_000_000
        points.append((at_ns, cents * 100))
        for each in (whole, bars) if len(points) <= cut else (whole,):
            each.note(at_ns, cents * 100)
            for _ in range(trades):
                each.trade(at_ns, Count(10), None)
    then_ns = points[min(cut, len(points)) - 1][0] if cut else START
    shown = bars.shown(then_ns)
    assert [bar for bar in whole.life(at_ns) if bar.start_ns + HOUR_NS <= then_ns][-96:] == list(
        shown
    )
    for bar in shown:
        before = [price for time_ns, price in points if time_ns < bar.start_ns]
        inside = [p for t, p in points if bar.start_ns <= t < bar.start_ns + HOUR_NS]
        prices = before[-1:] + inside
        assert (bar.open, bar.high, bar.low, bar.close) == (
            prices[0],
            max(prices),
            min(prices),
            prices[-1],
        )


def test_a_clock_set_back_a_little_forgets_nothing() -> None:
    bars = MarketBars()
    bars.note(START + MINUTE, 4_000)
    bars.note(START + 2 * MINUTE, 6_000)
    bars.note(START + 2 * MINUTE - 500_000_000, 5_000)
    assert bars.shown(START + HOUR_NS) == (
        Bar(START, Price(4_000), Price(6_000), Price(4_000), Price(5_000)),
    )


def test_the_first_deadline_stays_when_a_market_ends_early() -> None:
    markets = LiveMarkets()
    markets.apply(book(4_700, 4_900), START)
    first = Market(ticker="A", close_ns=START + 9 * HOUR_NS, expiration_ns=START + 5 * HOUR_NS)
    markets.apply(MarketsListed((first,)), START)
    markets.apply(MarketsListed((Market(ticker="A", close_ns=START + HOUR_NS),)), START + 1)
    live = markets.by_ticker["A"]
    assert (live.first_deadline_ns, live.market.deadline_ns) == (
        START + 5 * HOUR_NS,
        START + HOUR_NS,
    )
    assert Market(ticker="B").deadline_ns == 0
