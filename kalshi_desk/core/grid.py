"""The price grid of a market: which prices are valid, and the next one up or down."""

from __future__ import annotations

from itertools import pairwise
from math import gcd

import msgspec

from kalshi_desk.core.types import CENT, PRICE_ONE, Price


class Band(msgspec.Struct, frozen=True):
    """One band of the grid: valid prices are ``start + k * step`` up to ``end``."""

    start: Price
    end: Price
    step: Price


class Grid(msgspec.Struct, frozen=True):
    """All bands of a market in rising order.

    Valid prices lie strictly between 0 and 1 dollar; whole cents are valid under
    every structure that the exchange documents.  ``inferred`` marks a grid guessed
    from the prices seen in a recording without market metadata.
    """

    bands: tuple[Band, ...]
    inferred: bool = False

    def __post_init__(self) -> None:
        if not self.bands:
            raise ValueError("a price grid needs at least one band")
        for band in self.bands:
            if band.step <= 0 or band.end <= band.start:
                raise ValueError(f"price band is not rising: {band}")
        for low, high in pairwise(self.bands):
            if low.end != high.start:
                raise ValueError(f"price bands do not meet: {low} and {high}")

    @property
    def finest(self) -> Price:
        """The step of a uniform grid that holds every valid price."""
        return Price(gcd(*(band.step for band in self.bands)))

    def band_of(self, price: Price) -> Band:
        """Return the band that holds ``price``; the ends clamp to the outer bands."""
        for band in self.bands:
            if price < band.end:
                return band
        return self.bands[-1]

    def is_valid(self, price: Price) -> bool:
        """Return whether an order may carry this price."""
        if not 0 < price < PRICE_ONE:
            return False
        band = self.band_of(price)
        return (price - band.start) % band.step == 0

    def floor(self, price: Price) -> Price:
        """Return the highest valid price at or below ``price``, at least the lowest one."""
        if price >= PRICE_ONE:
            return self.down(PRICE_ONE)
        if price <= 0:
            return self.up(Price(0))
        band = self.band_of(price)
        on_grid = Price(price - (price - band.start) % band.step)
        return on_grid if on_grid > 0 else self.up(Price(0))

    def ceil(self, price: Price) -> Price:
        """Return the lowest valid price at or above ``price``, at most the highest one."""
        low = self.floor(price)
        if low >= price:
            return low
        high = self.up(low)
        return high if high < PRICE_ONE else low

    def up(self, price: Price) -> Price:
        """Return the next grid point above a grid point; one dollar when there is none."""
        return Price(min(price + self.band_of(price).step, PRICE_ONE))

    def down(self, price: Price) -> Price:
        """Return the next grid point below a grid point; zero when there is none."""
        if price <= 0:
            return Price(0)
        return Price(max(price - self.band_of(Price(price - 1)).step, 0))

    def prices(self) -> list[Price]:
        """Return every valid price in rising order."""
        return [
            Price(price)
            for band in self.bands
            for price in range(band.start, band.end, band.step)
            if price > 0
        ]


def uniform_grid(step: Price, *, inferred: bool = False) -> Grid:
    """Return a grid with one step from 0 to 1 dollar."""
    return Grid(bands=(Band(Price(0), PRICE_ONE, step),), inferred=inferred)


CENT_GRID = uniform_grid(CENT)
