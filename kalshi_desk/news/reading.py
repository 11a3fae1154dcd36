"""Reads an item: says what it is about and what it means."""

from __future__ import annotations

from collections.abc import Sequence

from kalshi_desk.core.news import NewsItem
from kalshi_desk.news.texts import MarketText


class Reader:
    """Fills in what an item means for the markets it knows."""

    def __init__(self, model: object | None = None) -> None:
        self._universe: Sequence[MarketText] = ()

    def set_universe(self, markets: Sequence[MarketText]) -> None:
        """Compare with these markets from now on."""
        self._universe = markets

    def read(self, item: NewsItem) -> NewsItem:
        """Return the item as it is: nothing is known of sentiment yet."""
        return item
