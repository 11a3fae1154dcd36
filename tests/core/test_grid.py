"""The grid: bands meet, neighbours are neighbours, rounding stays on the grid."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kalshi_desk.core.grid import CENT_GRID, Band, Grid, uniform_grid
from kalshi_desk.core.types import PRICE_ONE, Price

TAPERED = Grid(
    bands=(
        Band(Price(0), Price(1000), Price(10)),
        Band(Price(1000), Price(9000), Price(100)),
        Band(Price(9000), Price(10000), Price(10)),
    )
)
GRIDS = st.sampled_from([CENT_GRID, TAPERED, uniform_grid(Price(10)), uniform_grid(Price(1))])


@given(GRIDS, st.integers(-50, 10_050))
def test_floor_and_ceil_are_valid_and_next_to_the_price(grid: Grid, raw: int) -> None:
    price = Price(raw)
    low, high = grid.floor(price), grid.ceil(price)
    assert grid.is_valid(low)
    assert grid.is_valid(high)
    if grid.is_valid(price):
        assert low == high == price
    elif 0 < price < PRICE_ONE and low < price < high:
        assert grid.up(low) == high


@given(GRIDS)
def test_neighbours_lead_through_every_price(grid: Grid) -> None:
    prices = grid.prices()
    assert all(grid.is_valid(price) for price in prices)
    assert [grid.up(price) for price in prices[:-1]] == prices[1:]
    assert [grid.down(price) for price in prices[1:]] == prices[:-1]
    assert grid.up(prices[-1]) == PRICE_ONE
    assert grid.down(prices[0]) == 0


def test_whole_cents_are_valid_everywhere() -> None:
    for grid in (CENT_GRID, TAPERED, uniform_grid(Price(50))):
        assert all(grid.is_valid(Price(cent * 100)) for cent in range(1, 100))


def test_bands_must_meet() -> None:
    with pytest.raises(ValueError, match="do not meet"):
        Grid(bands=(Band(Price(0), Price(10), Price(1)), Band(Price(20), Price(30), Price(1))))
