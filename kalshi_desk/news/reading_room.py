"""Where items are read: the markets of the desk and the reader that knows them.

Reading needs libraries that take a second to load; they are loaded by the first item, on
the thread that reads.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from kalshi_desk.core.errors import Refuse
from kalshi_desk.core.news import NewsItem
from kalshi_desk.news.messages import UNTRAINED, Markets, ModelTaken, file_name
from kalshi_desk.news.texts import MarketText

if TYPE_CHECKING:
    from kalshi_desk.news.model import Model


class ReadsNews(Protocol):
    """What reads an item: its meaning, and the markets it is about."""

    def set_universe(self, markets: list[MarketText], /) -> None:
        """Compare with these markets from now on."""

    def use(self, model: Model | None, /) -> None:
        """Score with this model from now on."""

    def read(self, item: NewsItem, /) -> NewsItem:
        """Return the item with what it means."""


class ReadingRoom:
    """Collects the markets as the engine tells of them, and reads items on one thread.

    ``take`` belongs to the loop; ``adopt``, ``arrange`` and ``read`` to the reading thread.
    """

    def __init__(self, reader: ReadsNews | None = None) -> None:
        self._reader = reader
        self._markets: dict[str, MarketText] = {}
        self._coming: dict[str, MarketText | None] = {}
        self._told: list[MarketText] | None = None
        self._model: Model | None = None
        self._scorer = UNTRAINED

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

    def adopt(self, file: bytes) -> ModelTaken:
        """Score with the classifier of this file from now on; one that is no good changes nothing.

        An empty file stands for no classifier.
        """
        from kalshi_desk.news.model import decode_model, scorer

        name = file_name(file)
        try:
            model = decode_model(file) if file else None
            if self._reader is not None:
                self._reader.use(model)
        except Refuse as error:
            return ModelTaken(name=name, scorer=self._scorer, fault=error.what)
        except Exception as error:  # whatever may be in it must not cost the news
            fault = f"The file of the news classifier can't be used ({type(error).__name__})."
            return ModelTaken(name=name, scorer=self._scorer, fault=fault)
        self._model, self._scorer = model, scorer(model, name)
        return ModelTaken(name=name, scorer=self._scorer)

    def arrange(self) -> None:
        """Let the reader know the markets, if it has been needed yet."""
        if self._reader is not None:
            self._give_markets(self._reader)

    def read(self, items: list[NewsItem]) -> tuple[list[NewsItem], str]:
        """Return the items as read, and what went wrong in words, empty for nothing.

        An item that can't be read arrives without markets: it moves nothing.
        """
        read: list[NewsItem] = []
        fault = ""
        for item in items:
            try:
                read.append(self._made().read(item))
            except Exception as error:  # a reader must not cost the news themselves
                read.append(item)
                fault = f"an item could not be read ({type(error).__name__})"
        return read, fault

    def _made(self) -> ReadsNews:
        if self._reader is None:
            from kalshi_desk.news.reading import Reader

            self._reader = Reader(self._model)
        self._give_markets(self._reader)
        return self._reader

    def _give_markets(self, reader: ReadsNews) -> None:
        told = self._told
        if told is not None:
            reader.set_universe(told)
            # Only now: markets that could not be read are a fault of every item, not forgotten.
            if self._told is told:
                self._told = None
