"""Quotes are coherent exactly when there is no arbitrage at them."""

from __future__ import annotations

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from kalshi_desk.core.fees import FeeRule
from kalshi_desk.core.relations import Ladder, partition
from kalshi_desk.core.types import COUNT_SCALE, Count, Outcome, Price, complement
from kalshi_desk.quant.arbitrage import Leg, best_basket
from kalshi_desk.quant.coherence import (
    Quote,
    coherent_intervals,
    coherent_prices,
    coherent_projection,
)
from kalshi_desk.quant.states import admissible_states

TILES = admissible_states("abc", partition(tuple("abc")))


def quotes(*prices: tuple[int | None, int | None]) -> list[Quote]:
    return [
        Quote(
            market,
            None if bid is None else Price(100 * bid),
            None if ask is None else Price(100 * ask),
        )
        for market, (bid, ask) in zip("abc", prices, strict=True)
    ]


def test_coherent_quotes_have_a_distribution() -> None:
    found = coherent_prices(TILES, quotes((27, 29), (32, 34), (38, 40)))
    assert found is not None
    assert found.sum() == pytest.approx(1.0)
    for quote, value in zip(quotes((27, 29), (32, 34), (38, 40)), found, strict=True):
        low, high = quote.band()
        assert low < value < high


def test_incoherent_quotes_have_none() -> None:
    cheap = quotes((24, 25), (29, 30), (34, 35))
    assert coherent_prices(TILES, cheap) is None
    assert coherent_intervals(TILES, cheap) is None


def test_an_unquoted_leg_is_bounded_by_the_others() -> None:
    found = coherent_intervals(TILES, quotes((30, 32), (40, 42), (None, None)))
    assert found is not None
    fee = 0.07
    high = 1 - (0.30 - fee * 0.30 * 0.70) - (0.40 - fee * 0.40 * 0.60)
    low = 1 - (0.32 + fee * 0.32 * 0.68) - (0.42 + fee * 0.42 * 0.58)
    assert found["c"] == pytest.approx((low, high))
    narrow = quotes((30, 32), (40, 42), (27, 28))
    inside = coherent_intervals(TILES, narrow)
    assert inside is not None
    assert low < inside["c"][0] < inside["c"][1] < high
    alone = coherent_intervals(TILES, narrow, without_own=True)
    assert alone is not None
    assert alone["c"] == pytest.approx((low, high))


PAIRS = st.lists(st.tuples(st.integers(1, 97), st.integers(1, 30)), min_size=3, max_size=3).map(
    lambda pairs: [(bid, min(99, bid + spread)) for bid, spread in pairs]
)


@settings(max_examples=60, deadline=None)
@given(PAIRS, st.booleans())
def test_no_distribution_means_an_arbitrage_and_the_other_way_round(
    pairs: list[tuple[int, int]], is_ladder: bool
) -> None:
    space = admissible_states("abc", [Ladder(tuple("abc"))]) if is_ladder else TILES
    seen = quotes(*pairs)
    legs = []
    for quote in seen:
        assert quote.bid is not None
        assert quote.ask is not None
        size = Count(1000 * COUNT_SCALE)
        legs.append(Leg(quote.market, Outcome.YES, quote.ask, size))
        legs.append(Leg(quote.market, Outcome.NO, complement(quote.bid), size))
    guaranteed = best_basket(space, legs).guaranteed
    assume(guaranteed == 0.0 or guaranteed > 1e-3)
    assert (coherent_prices(space, seen) is None) == (guaranteed > 0.0)


def test_projection_moves_the_wide_quote_most() -> None:
    mids = {"a": 0.30, "b": 0.30, "c": 0.30}
    found = coherent_projection(TILES, mids, {"a": 0.01, "b": 0.02, "c": 0.01})
    # Lagrange: the missing .10 is shared in proportion to the squared spreads.
    assert found == pytest.approx({"a": 0.31667, "b": 0.36667, "c": 0.31667}, abs=1e-5)
    only = coherent_projection(TILES, {"a": 0.3, "b": 0.3}, {"a": 0.01, "b": 0.01})
    assert only["c"] == pytest.approx(0.4, abs=1e-6)
    with pytest.raises(ValueError):
        coherent_projection(TILES, {}, {})


def test_without_a_published_fee_there_is_no_band() -> None:
    with pytest.raises(KeyError):
        Quote("a", Price(100), None, FeeRule(fee_type="flat")).band()
