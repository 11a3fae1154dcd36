"""Where items are read: the markets of the desk and the reader that knows them.

Reading needs libraries that take a second to load; they are loaded by the first item, on
the thread that reads.
"""

from __future__ import annotations

from typing import Protocol

from kalshi_desk.core.news import NewsItem
from kalshi_desk.news.messages import Markets
from kalshi_desk.news.texts import MarketText


class ReadsNews(Protocol):
    """What reads an item: its meaning, and the markets it is about."""

    def set_universe(self, markets: list[MarketText], /) -> None:
        """Compare with these markets from now on."""

    def read(self, item: NewsItem, /) -> NewsItem:
        """Return the item with what it means."""


class ReadingRoom:
    """Collects the markets as the engine tells of them, and reads items on one thread.

    ``take`` belongs to the loop; ``arrange`` and ``read`` to the reading thread.
    """

    def __init__(self, reader: ReadsNews | None = None) -> None:
        self._reader = reader
        self._markets: dict[str, MarketText] = {}
        self._coming: dict[str, MarketText | None] = {}
        self._told: list[MarketText] | None = None
        self._model = b""

    def take(self, message: Markets) -> bool:
        """Take a part of what has changed; return whether it was the last."""
        self._coming.update({market.ticker: market for market in message.changed})
        self._coming.update(dict.fromkeys(message.gone))
        if not message.is_last:
            return False
        for ticker, market in self._coming.items():
            if market is None:
                self._markets.pop(ticker, None)
            else:
                self._markets[ticker] = market
        self._coming.clear()
        self._told = list(self._markets.values())
        return True

    def use_model(self, file: bytes) -> None:
        """Score with this classifier, from the first item on."""
        self._model = file

    def arrange(self) -> None:
        """Let the reader know the markets, if it has been needed yet."""
        if self._reader is not None:
            self._give_markets(self._reader)

    def read(self, items: list[NewsItem]) -> tuple[list[NewsItem], str]:
        """Return the items as read, and what went wrong in words, empty for nothing.

        An item that can't be read arrives without markets: it moves nothing.
        """
        read: list[NewsItem] = []
        try:
            fault = self._load()
        except Exception as error:  # nor must a library that can't be loaded
            fault = f"items can't be read: the reader does not load ({type(error).__name__})"
            return list(items), fault
        for item in items:
            try:
                read.append(self._made().read(item))
            except Exception as error:  # a reader must not cost the news themselves
                read.append(item)
                fault = f"an item could not be read ({type(error).__name__})"
        return read, fault

    def _load(self) -> str:
        """Make the reader if there is none yet; return what is wrong with its model."""
        if self._reader is not None:
            return ""
        from kalshi_desk.core.errors import Refuse
        from kalshi_desk.news.model import decode_model
        from kalshi_desk.news.reading import Reader

        model, fault = None, ""
        if self._model:
            try:
                model = decode_model(self._model)
            except Refuse as error:
                fault = str(error)
        self._reader = Reader(model)
        return fault

    def _made(self) -> ReadsNews:
        assert self._reader is not None
        self._give_markets(self._reader)
        return self._reader

    def _give_markets(self, reader: ReadsNews) -> None:
        told = self._told
        if told is not None:
            reader.set_universe(told)
            # Only now: markets that could not be read are a fault of every item, not forgotten.
            if self._told is told:
                self._told = None
