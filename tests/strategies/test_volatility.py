"""The volatility strategy: shown until proven, one reason for each market left alone."""

from __future__ import annotations

import random
import time

import msgspec
import pytest

from kalshi_desk.core.events import BookSnapshot, MarketsListed, TradePrinted
from kalshi_desk.core.news import NewsItem, NewsMatch, Tier
from kalshi_desk.core.records import Market, Trade
from kalshi_desk.core.strategy import (
    Decision,
    MarketSnapshot,
    MarketView,
    Observation,
    Signal,
)
from kalshi_desk.core.types import BookSide, Count, MarketStatus, Price, TimeInForce
from kalshi_desk.market.live import LiveMarkets
from kalshi_desk.strategies.learning import after_moves, pair_value
from kalshi_desk.strategies.volatility import Volatility
from tests.strategies.views import BUSY, HOUR_NS, NOW, QUIET, cell, hours, snapshot, view

MINUTE = HOUR_NS // 60
BREAKS = snapshot("UP", 5_300, 5_500, hours((*QUIET, 5_400), 4_000))
SWINGS = snapshot("SWING", 5_500, 5_700, hours((*BUSY, 5_600)))
FADING = [*cell("Politics|excess", 0.02, 0.05, 240), *cell("Politics|fade", 0.08, 0.10, 60)]
FOLLOWING = [
    *cell("Politics|excess", 0.0, 0.05, 240),
    *cell("Politics|breakout", 0.08, 0.10, 60),
]


def only(decision: Decision) -> Signal:
    assert (len(decision.signals), decision.reasons) == (1, ())
    return decision.signals[0]


def code(
    one: MarketSnapshot, observations: list[Observation] | None = None, **values: float
) -> str:
    decision = Volatility(values).decide(view(one, observations=observations or FADING))
    assert (len(decision.signals), len(decision.reasons), decision.scanned) == (0, 1, 1)
    found = decision.reasons[0]
    assert found.candidate == one.market.ticker
    assert found.text
    assert found.seen
    assert found.needed
    return found.code


def test_nothing_is_proven_at_first_and_is_shown_with_what_it_lacks() -> None:
    for one in (BREAKS, SWINGS):
        signal = only(Volatility().decide(view(one)))
        assert signal.unproven
        assert {why.code for why in signal.unproven} == {"unproven"}
        assert ("0", "200") in {(why.seen, why.needed) for why in signal.unproven}
        assert signal.probability is None


def test_a_proven_fade_rests_at_the_far_side_for_what_is_left_of_the_half_hour() -> None:
    signal = only(Volatility().decide(view(SWINGS, observations=FADING)))
    leg = signal.legs[0]
    assert (leg.ticker, leg.side, leg.price, leg.count) == ("SWING", BookSide.ASK, 5_700, 0)
    assert (signal.time_in_force, signal.post_only, signal.ttl_s) == (TimeInForce.GTC, True, 1_740)
    assert signal.holds_until_ns == NOW + 24 * HOUR_NS
    assert (signal.unproven, signal.cell, signal.kelly_share) == ((), "Politics|fade", 0.10)
    assert round(signal.variance_ratio, 2) == 2.07
    # NO at 44 cents, 8 measured, less a cent of half spread and .07 * .56 * .44 of exit fee.
    assert signal.probability == pytest.approx(0.44 + 0.08 - 0.01 - 0.07 * 0.56 * 0.44)
    assert signal.probability_sd == pytest.approx(0.10 / 60**0.5, rel=0.3)
    assert "z 4.20" in signal.text
    assert "bid NO at 43c" in signal.text


def test_a_proven_breakout_rests_one_tick_inside() -> None:
    signal = only(Volatility().decide(view(BREAKS, observations=FOLLOWING)))
    leg = signal.legs[0]
    assert (leg.side, leg.price, signal.unproven) == (BookSide.BID, 5_400, ())
    assert signal.holds_until_ns == NOW + 12 * HOUR_NS
    tight = msgspec.structs.replace(BREAKS, asks=((Price(5_400), Count(5)),))
    assert only(Volatility().decide(view(tight, observations=FOLLOWING))).legs[0].price == 5_300


def test_proof_of_one_direction_is_none_of_the_other() -> None:
    fade = only(Volatility().decide(view(SWINGS, observations=FOLLOWING)))
    assert {why.text for why in fade.unproven} == {
        "Its cell is not proven: z.",
        "Its cell is not proven: fade events.",
    }
    follow = only(Volatility().decide(view(BREAKS, observations=FADING)))
    assert "Its cell is not proven: continuation z." in {why.text for why in follow.unproven}
    elsewhere = msgspec.structs.replace(
        SWINGS, market=msgspec.structs.replace(SWINGS.market, category="Sports")
    )
    assert only(Volatility().decide(view(elsewhere, observations=FADING))).unproven


def test_a_stricter_setting_unproves_a_cell() -> None:
    signal = only(Volatility({"cell_events": 500}).decide(view(SWINGS, observations=FADING)))
    assert [(why.code, why.seen, why.needed) for why in signal.unproven] == [
        ("cell_small", "240 events", "500")
    ]


def told(minutes: float, ticker: str = "SWING", **fields: object) -> NewsItem:
    """Return an item first seen so many minutes before the end of the move's hour."""
    seen_ns = NOW - round(minutes * MINUTE)
    given = {"ticker": ticker, "relevance": 0.5, "is_ambiguous": True, **fields}
    return NewsItem(
        item_id=f"{minutes} {ticker}",
        feed="wire",
        tier=Tier.PRESS,
        title="",
        first_seen_ns=seen_ns,
        cluster="1",
        matches=(NewsMatch(**given),),  # type: ignore[arg-type]
    )


@pytest.mark.parametrize(
    ("news", "explains"),
    [
        ((told(12.0),), True),
        ((told(59.0),), True),
        ((told(-0.5),), True),
        ((told(60.0),), False),
        ((told(300.0), told(20.0)), True),
        ((told(12.0, "UP"),), False),
        ((told(12.0, relevance=0.49),), False),
        ((told(12.0, relevance=0.0, by_person=True),), False),
    ],
)
def test_a_move_that_news_explains_is_left(news: tuple[NewsItem, ...], explains: bool) -> None:
    decision = Volatility().decide(view(SWINGS, observations=FADING, news=news))
    if not explains:
        assert only(decision).unproven == ()
        return
    assert decision.signals == ()
    [reason] = decision.reasons
    assert reason.code == "news_explains_move"
    assert reason.needed == "none in 60 min"
    quick = Volatility({"news_minutes": 0.0}).decide(view(SWINGS, observations=FADING, news=news))
    assert len(quick.signals) == 1


def test_what_does_not_pay_its_costs_is_left() -> None:
    poor = [*cell("Politics|excess", 0.02, 0.05, 240), *cell("Politics|fade", 0.02, 0.01, 60)]
    assert code(SWINGS, poor) == "edge_below_cost"


@pytest.mark.parametrize(
    ("one", "expected"),
    [
        (snapshot("A", 5_500, 5_700, SWINGS.bars, status=MarketStatus.INACTIVE), "not_active"),
        (snapshot("A", 5_500, 5_700, SWINGS.bars, fresh=False), "stale_book"),
        (snapshot("A", 5_500, 5_700, SWINGS.bars, age_s=541.0), "old_quote"),
        (snapshot("A", None, 5_700, SWINGS.bars), "one_sided"),
        (snapshot("A", 5_700, 5_700, SWINGS.bars), "crossed"),
        (snapshot("A", 5_400, 5_701, SWINGS.bars, hours_left=1.0), "spread"),
        (snapshot("A", 5_500, 5_700, SWINGS.bars, hours_left=24.01), "near_close"),
        (snapshot("A", 9_200, 9_300, SWINGS.bars), "price_band"),
        (snapshot("A", 5_500, 5_700, SWINGS.bars[1:]), "few_bars"),
        (snapshot("A", 5_500, 5_700, hours((*BUSY, 5_600), end_ns=NOW - HOUR_NS)), "few_bars"),
        (snapshot("A", 4_100, 4_300, hours((*QUIET, 4_200))), "no_move"),
        (snapshot("A", 4_100, 4_300, hours((*BUSY, 4_200))), "no_move"),
        (snapshot("A", 4_700, 4_900, SWINGS.bars), "gone_back"),
    ],
)
def test_one_reason_for_each_market_left_alone(one: MarketSnapshot, expected: str) -> None:
    if expected == "old_quote":
        one = msgspec.structs.replace(one, updated_ns=NOW - 10 * MINUTE)
    assert code(one) == expected


def test_a_market_without_a_deadline_or_a_known_fee_is_left() -> None:
    endless = msgspec.structs.replace(SWINGS.market, close_ns=0)
    assert code(msgspec.structs.replace(SWINGS, market=endless)) == "no_deadline"
    rule = msgspec.structs.replace(SWINGS.market.fee, fee_type="flat")
    strange = msgspec.structs.replace(SWINGS.market, fee=rule)
    assert code(msgspec.structs.replace(SWINGS, market=strange)) == "no_fee_rule"


def test_parameters_move_the_rows() -> None:
    assert code(SWINGS, min_move=0.15) == "small_move"
    assert code(SWINGS, z_in=4.3) == "no_move"
    assert code(SWINGS, spread_max=1.0) == "spread"
    assert code(SWINGS, band_high=55.0) == "price_band"
    for parameter in Volatility.parameters:
        assert parameter.parse(str(parameter.default)) == parameter.default


def test_a_move_is_acted_on_in_the_half_hour_after_it() -> None:
    for minutes, is_signal in ((29, True), (30, False)):
        seen = msgspec.structs.replace(SWINGS, updated_ns=NOW + minutes * MINUTE)
        found = Volatility().decide(view(seen, now_ns=NOW + minutes * MINUTE))
        assert bool(found.signals) == is_signal
        assert [why.code for why in found.reasons] == ([] if is_signal else ["move_old"])


def test_a_rung_that_moved_alone_is_no_shock() -> None:
    rung = snapshot("L2", 5_500, 5_700, SWINGS.bars, event="L", strike=20)
    still = snapshot("L1", 6_900, 7_100, hours((7_000,) * 13), event="L", strike=10)
    moved = snapshot("L1", 6_900, 7_100, hours((*(7_000,) * 12, 7_100)), event="L", strike=10)
    far = snapshot("L9", 900, 1_100, hours((*(1_000,) * 12, 1_500)), event="L", strike=90)
    near = snapshot("L3", 900, 1_100, hours((1_000,) * 13), event="L", strike=30)

    def answer(*rungs: MarketSnapshot) -> str:
        found = Volatility().decide(view(rung, *rungs))
        codes = {why.candidate: why.code for why in found.reasons}
        return codes.get("L2", "signal")

    assert answer() == "signal"
    assert answer(moved) == "signal"
    assert answer(still) == "ladder_still"
    assert answer(still, near, far) == "ladder_still"
    assert answer(moved, near, far) == "signal"


def favourites(slope: float, events: int) -> list[Observation]:
    rng = random.Random(3)
    found = []
    for n in range(events):
        price = rng.uniform(0.05, 0.95)
        chance = 1.0 / (1.0 + ((1.0 - price) / price) ** slope)
        value = pair_value(price, int(rng.random() < chance))
        name = "Politics|calibration 7-30d"
        found.append(
            Observation(
                strategy="volatility", cell=name, event_ticker=f"OLD{n}", value=value, at_ns=n
            )
        )
    return found


@pytest.mark.parametrize(("middle", "side"), [(7_500, BookSide.BID), (2_500, BookSide.ASK)])
def test_favourites_are_bought_where_they_are_measured_to_drift(
    middle: int, side: BookSide
) -> None:
    one = snapshot("F", middle - 100, middle + 100, hours((middle,) * 13))
    drift = cell("Politics|excess", -0.02, 0.05, 240)
    proven = [*favourites(1.8, 900), *drift]
    signal = only(Volatility().decide(view(one, observations=proven)))
    assert (signal.legs[0].side, signal.unproven, signal.holds_until_ns) == (side, (), 0)
    assert signal.legs[0].price == (middle - 100 if side is BookSide.BID else middle + 100)
    assert signal.probability is not None
    assert 0.80 < signal.probability < 0.92
    assert 0.0 < signal.probability_sd < 0.03
    few = [*favourites(1.8, 150), *drift[:150]]
    shown = only(Volatility().decide(view(one, observations=few)))
    assert [why.seen for why in shown.unproven] == ["150"]
    fair = Volatility().decide(view(one, observations=favourites(1.0, 900)))
    assert all(signal.unproven for signal in fair.signals)
    assert code(one, drift) == "no_move"


def test_the_strongest_come_first_and_few_of_one_category() -> None:
    many = [
        msgspec.structs.replace(
            SWINGS, market=msgspec.structs.replace(SWINGS.market, ticker=f"S{n}", event_ticker="")
        )
        for n in range(4)
    ]
    other = snapshot("X", 5_500, 5_700, SWINGS.bars, category="Economics")
    stronger = snapshot("Z", 6_900, 7_100, hours((*BUSY, 7_000)))
    found = Volatility().decide(view(*many, other, stronger))
    assert [signal.candidate for signal in found.signals] == ["Z", "S0", "X"]
    assert {(why.candidate, why.code) for why in found.reasons} == {
        (f"S{n}", "enough_in_category") for n in (1, 2, 3)
    }
    one = Volatility({"max_signals": 1}).decide(view(other, stronger))
    assert [(why.candidate, why.code) for why in one.reasons] == [("X", "enough_signals")]


def test_the_proven_come_before_stronger_ones() -> None:
    proven = [
        *cell("Economics|excess", 0.02, 0.05, 240),
        *cell("Economics|fade", 0.08, 0.10, 60),
    ]
    other = snapshot("X", 5_500, 5_700, SWINGS.bars, category="Economics")
    stronger = snapshot("Z", 6_900, 7_100, hours((*BUSY, 7_000)))
    found = Volatility({"max_signals": 1}).decide(view(other, stronger, observations=proven))
    assert [signal.candidate for signal in found.signals] == ["X"]


def test_the_proof_says_how_far_it_is() -> None:
    assert Volatility().proof(view(SWINGS)).startswith("No market")
    few = cell("Politics|excess", 0.02, 0.05, 30) + cell("Economics|excess", 0.0, 0.05, 12)
    text = Volatility().proof(view(SWINGS, observations=few))
    assert text.startswith("Politics: 30 of 200 settled events, excess movement z +")


@pytest.mark.parametrize("seed", range(6))
def test_the_moves_it_learns_from_are_the_moves_it_acts_on(seed: int) -> None:
    rng = random.Random(seed)
    noise, closes, volumes = rng.choice((0, 150)), [5_000], [1_000]
    for _ in range(200):
        jumps = rng.random() < 0.04
        step = rng.choice((-1, 1)) * (1_600 if jumps else noise)
        closes.append(closes[-1] + step if 600 < closes[-1] + step < 9_400 else closes[-1])
        volumes.append(9_000 if jumps else 1_000)
    whole = [
        msgspec.structs.replace(bar, volume=Count(volume))
        for bar, volume in zip(hours(closes), volumes, strict=True)
    ]
    deadline_ns = NOW + 100 * HOUR_NS
    free, acted = {"fade": 0, "breakout": 0}, []
    for end in range(2, len(whole) + 1):
        bars = tuple(whole[:end])
        now_ns = bars[-1].start_ns + HOUR_NS
        one = snapshot("A", bars[-1].close - 100, bars[-1].close + 100, bars, hours_left=100.0)
        one = msgspec.structs.replace(one, updated_ns=now_ns)
        for signal in Volatility().decide(view(one, now_ns=now_ns)).signals:
            kind = signal.cell.split("|")[1]
            if end > free[kind]:
                free[kind] = end - 1 + {"fade": 24, "breakout": 12}[kind]
                acted.append((kind, bars[-1].start_ns))
    found = after_moves(whole, 1.0, deadline_ns)
    learnt = [(kind, start_ns) for kind, moves in found.items() for start_ns, _ in moves]
    assert learnt
    assert sorted(learnt) == sorted(acted)


def living(until_ns: int) -> tuple[LiveMarkets, list[tuple[int, Decision]]]:
    """Play a made-up week to a time and decide at every twentieth minute of it."""
    rng = random.Random(5)
    markets = LiveMarkets()
    tickers = [f"M{n}" for n in range(6)]
    close_ns = NOW + 600 * HOUR_NS
    listed = tuple(
        Market(ticker=name, event_ticker=f"E-{name}", category="Politics", close_ns=close_ns)
        for name in tickers
    )
    markets.apply(MarketsListed(listed), NOW)
    price = dict.fromkeys(tickers, 5_000)
    found: list[tuple[int, Decision]] = []
    for step in range(3 * 48):
        at_ns = NOW + step * 20 * MINUTE
        if at_ns > until_ns:
            break
        for name in tickers:
            jump = rng.choice((-1_500, 1_500)) if rng.random() < 0.03 else rng.choice((-50, 0, 50))
            price[name] = min(8_500, max(1_500, price[name] + jump))
            bid, ask = Price(price[name] - 100), Price(price[name] + 100)
            markets.apply(BookSnapshot(name, ((bid, Count(500)),), ((ask, Count(500)),)), at_ns)
            for n in range(3 if abs(jump) > 500 else 1):
                trade = Trade(
                    trade_id=f"{name}{step}{n}",
                    ticker=name,
                    price=bid,
                    count=Count(2_000 if abs(jump) > 500 else 100),
                    taker_side=BookSide.ASK,
                    executed_ns=at_ns,
                )
                markets.apply(TradePrinted(trade), at_ns)
        found.append((at_ns, Volatility().decide(seen(markets, at_ns))))
    return markets, found


def seen(markets: LiveMarkets, now_ns: int) -> MarketView:
    return MarketView(
        now_ns=now_ns,
        markets={
            name: MarketSnapshot(
                market=live.market,
                bids=tuple(live.book.levels(BookSide.BID)),
                asks=tuple(live.book.levels(BookSide.ASK)),
                updated_ns=live.book.updated_ns,
                is_fresh=live.is_fresh,
                bars=markets.bars(name, now_ns),
            )
            for name, live in markets.by_ticker.items()
        },
    )


def test_cutting_the_future_away_changes_no_decision() -> None:
    _, whole = living(NOW + 48 * HOUR_NS)
    assert sum(len(decision.signals) for _, decision in whole) > 5
    for cut in (15, 31, 44):
        until_ns = NOW + cut * HOUR_NS
        _, part = living(until_ns)
        assert part == [found for found in whole if found[0] <= until_ns]


def test_an_hour_in_progress_is_not_looked_at() -> None:
    markets, _ = living(NOW + 30 * HOUR_NS)
    now_ns = NOW + 30 * HOUR_NS + 5 * MINUTE
    before = Volatility().decide(seen(markets, now_ns))
    live = markets.by_ticker["M0"]
    bid, ask = live.book.bid, live.book.ask
    assert bid is not None
    assert ask is not None
    for shift in (3_000, 0):
        book = BookSnapshot(
            "M0", ((Price(bid + shift), Count(500)),), ((Price(ask + shift), Count(500)),)
        )
        markets.apply(book, now_ns - MINUTE)
    assert Volatility().decide(seen(markets, now_ns)) == before


def test_two_thousand_markets_take_well_below_a_second() -> None:
    markets = []
    for n in range(2_000):
        closes = (*((4_000 + n % 40, 4_400) * 48)[:-1], 5_600)
        markets.append(snapshot(f"M{n}", 5_500, 5_700, hours(closes), category=f"C{n % 9}"))
    whole = view(*markets, observations=FADING + favourites(1.5, 2_000))
    started = time.process_time()
    found = Volatility().decide(whole)
    took = time.process_time() - started
    assert len(found.signals) + len(found.reasons) == 2_000
    # Time of the processor: how busy others keep the machine is not the strategy's matter.
    assert took < 1.0
