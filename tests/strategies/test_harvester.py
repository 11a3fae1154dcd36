"""The maker harvester: rests on favourites, shown until unwatched fills have proven it."""

from __future__ import annotations

import random
import time

import msgspec
import pytest

from kalshi_desk.core.records import Event
from kalshi_desk.core.strategy import MarketSnapshot, Observation, Signal
from kalshi_desk.core.types import BookSide, MarketStatus, TimeInForce
from kalshi_desk.strategies.harvester import Harvester
from kalshi_desk.strategies.learning import pair_value
from tests.strategies.views import NOW, cell, snapshot, view

FAVOURITE = snapshot("FAV", 7_900, 8_200)
LONGSHOT = snapshot("LONG", 1_800, 2_100)
PROVEN = cell("Politics", 0.004, 0.01, 40, each=4, strategy="harvester")


def signal_of(one: MarketSnapshot, observations: list[Observation] | None = None) -> Signal:
    found = Harvester().decide(view(one, observations=observations or []))
    assert (len(found.signals), found.reasons) == (1, ())
    return found.signals[0]


def code(one: MarketSnapshot, **values: float | str) -> str:
    found = Harvester(values).decide(view(one))
    assert (found.signals, len(found.reasons), found.scanned) == ((), 1, 1)
    assert found.reasons[0].text
    return found.reasons[0].code


def test_favourites_are_bid_for_on_either_outcome() -> None:
    for one, side, price in ((FAVOURITE, BookSide.BID, 7_900), (LONGSHOT, BookSide.ASK, 2_100)):
        signal = signal_of(one, PROVEN)
        leg = signal.legs[0]
        assert (leg.side, leg.price, leg.count) == (side, price, 0)
        assert (signal.time_in_force, signal.post_only) == (TimeInForce.GTC, True)
        assert (signal.cell, signal.unproven, signal.ttl_s) == ("Politics", (), 1_800)
        # Nothing measured, nothing corrected: the middle.
        assert signal.probability == pytest.approx(0.805)
        assert signal.holds_until_ns == 0


def test_it_is_shown_only_until_fills_have_kept_their_value() -> None:
    none = signal_of(FAVOURITE)
    assert [(why.seen, why.needed) for why in none.unproven] == [
        ("0", "150"),
        ("0", "40"),
        ("0", "2"),
    ]
    few = cell("Politics", 0.004, 0.01, 39, each=4, strategy="harvester")
    assert [why.seen for why in signal_of(FAVOURITE, few).unproven] == ["39"]
    watched = cell("Politics", -0.004, 0.01, 60, each=4, strategy="harvester")
    assert [why.needed for why in signal_of(FAVOURITE, watched).unproven] == ["2"]
    other = cell("Economics", 0.004, 0.01, 60, each=4, strategy="harvester")
    assert len(signal_of(FAVOURITE, other).unproven) == 3


def test_fills_of_one_event_are_one_cluster() -> None:
    crowd = [
        msgspec.structs.replace(one, event_ticker=f"E{n % 2}")
        for n, one in enumerate(cell("Politics", 0.004, 0.01, 200, strategy="harvester"))
    ]
    assert next(why.seen for why in signal_of(FAVOURITE, crowd).unproven) == "2"


def pairs(slope: float, events: int) -> list[Observation]:
    rng = random.Random(9)
    found = []
    for n in range(events):
        price = rng.uniform(0.05, 0.95)
        chance = 1.0 / (1.0 + ((1.0 - price) / price) ** slope)
        found.append(
            Observation(
                strategy="harvester",
                cell="Politics|calibration 7-30d",
                event_ticker=f"OLD{n}",
                value=pair_value(price, int(rng.random() < chance)),
                at_ns=n,
            )
        )
    return found


def test_a_measured_slope_moves_the_worth_and_few_events_move_it_less() -> None:
    worth = {}
    for events in (150, 1_500):
        yes = signal_of(FAVOURITE, pairs(1.83, events))
        no = signal_of(LONGSHOT, pairs(1.83, events))
        assert yes.probability is not None
        assert no.probability is not None
        assert 0.0 < yes.probability_sd < 0.05
        worth[events] = yes.probability
        assert no.probability > 0.805
    assert 0.805 < worth[150] < worth[1_500]
    # .805 at a slope of 1.83 is .930.
    assert worth[1_500] == pytest.approx(0.930, abs=0.02)


@pytest.mark.parametrize(
    ("one", "expected"),
    [
        (snapshot("A", 7_900, 8_200, status=MarketStatus.CLOSED), "not_active"),
        (snapshot("A", 7_900, 8_200, fresh=False), "stale_book"),
        (snapshot("A", 7_900, 8_200, age_s=541.0), "old_quote"),
        (snapshot("A", 7_900, None), "one_sided"),
        (snapshot("A", None, None), "one_sided"),
        (snapshot("A", 8_200, 8_200), "crossed"),
        (snapshot("A", 7_900, 8_200, hours_left=1.0), "near_close"),
        (snapshot("A", 7_900, 8_200, category="Sports"), "skipped_category"),
        (snapshot("A", 7_900, 8_501), "spread"),
        (snapshot("A", 6_900, 7_200), "price_band"),
        (snapshot("A", 4_900, 5_200), "price_band"),
        (snapshot("A", 9_800, 9_900), "price_band"),
        (snapshot("A", 2_900, 3_100), "price_band"),
        (snapshot("A", 7_900, 8_000), "edge_below_cost"),
        (snapshot("A", 9_500, 9_800, hours_left=24.0 * 365), "lock_up"),
    ],
)
def test_one_reason_for_each_market_left_alone(one: MarketSnapshot, expected: str) -> None:
    if expected == "old_quote":
        one = msgspec.structs.replace(one, updated_ns=NOW - 600_000_000_000)
    assert code(one) == expected


def test_both_ends_of_the_band_are_inside() -> None:
    for bid in (7_000, 9_700):
        assert signal_of(snapshot("A", bid, bid + 200)).legs[0].price == bid
        assert signal_of(snapshot("A", 10_000 - bid - 200, 10_000 - bid)).legs[0].price == (
            10_000 - bid
        )


def test_a_maker_fee_takes_its_part_of_the_edge() -> None:
    charged = msgspec.structs.replace(
        FAVOURITE.market,
        fee=msgspec.structs.replace(FAVOURITE.market.fee, fee_type="quadratic_with_maker_fees"),
    )
    one = msgspec.structs.replace(FAVOURITE, market=charged)
    # 80.5 less 79, .5 adverse and .0175 * .79 * .21 of fee: .71 cents.
    assert "0.71c after costs" in signal_of(one).text
    assert "1.00c after costs" in signal_of(FAVOURITE).text
    assert code(one, margin=0.8) == "edge_below_cost"


def test_categories_to_skip_are_a_setting_and_may_come_from_the_event() -> None:
    nameless = snapshot("A", 7_900, 8_200, event="G", category="")
    games = Event(event_ticker="G", series_ticker="", title="", category="Sports")
    found = Harvester().decide(view(nameless, events=(games,)))
    assert [why.code for why in found.reasons] == ["skipped_category"]
    assert Harvester({"skip": ""}).decide(view(nameless, events=(games,))).signals
    assert code(FAVOURITE, skip="Sports, politics") == "skipped_category"
    assert signal_of(nameless).cell == "uncategorised"


def test_the_proof_says_how_far_it_is() -> None:
    assert Harvester().proof(view(observations=pairs(1.0, 5))).startswith("No simulated fill")
    text = Harvester().proof(view(observations=PROVEN))
    assert text.startswith("Politics: 160 of 150 simulated fills in 40 of 40 events")
    assert "+0.40c" in text


def test_two_thousand_markets_take_well_below_a_second() -> None:
    markets = [
        snapshot(f"M{n}", 7_100 + n % 20 * 100, 7_400 + n % 20 * 100, category=f"C{n % 9}")
        for n in range(2_000)
    ]
    whole = view(*markets, observations=PROVEN + pairs(1.5, 2_000))
    started = time.process_time()
    found = Harvester().decide(whole)
    took = time.process_time() - started
    assert (len(found.signals), found.reasons) == (2_000, ())
    assert took < 1.0
