"""What a basket pays, as its strategy says it; nonsense is no payout."""

from __future__ import annotations

import pytest

from kalshi_desk.core.strategy import Signal, SignalLeg
from kalshi_desk.core.types import BookSide, Count, Price
from kalshi_desk.engine.sizing_desk import payouts

LEGS = tuple(
    SignalLeg(ticker=ticker, side=BookSide.BID, price=Price(4_000), count=Count(count))
    for ticker, count in (("A", 100), ("B", 200))
)


def basket(*pays: tuple[int, ...]) -> Signal:
    told = tuple(tuple(Price(value) for value in leg) for leg in pays)
    return Signal(candidate="pair", legs=LEGS, text="", pays=told)


def test_each_leg_pays_in_each_state() -> None:
    assert payouts(basket((10_000, 0), (0, 10_000)), LEGS) == (1_000_000, 2_000_000)


@pytest.mark.parametrize("pays", [(), ((10_000, 0),), ((10_000, 0), (0,)), ((), (), ())])
def test_a_signal_that_does_not_say_it_of_every_leg_pays_nothing(
    pays: tuple[tuple[int, ...], ...],
) -> None:
    assert payouts(basket(*pays), LEGS) == ()
