"""Holds the books of the stream against those that the exchange tells when asked.

The two are never read at the same instant, so only a book that stood still from before
the first look until after the second, and differs in both, has missed something.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from kalshi_desk.core.drift import BookTop, DriftFinding, DriftKind
from kalshi_desk.core.events import BookSnapshot
from kalshi_desk.core.ports import Sleep
from kalshi_desk.core.types import Count, Price, format_count, format_price
from kalshi_desk.kalshi.rest import RestClient

BOOKS = 25
PAUSE_S = 3.0
"""Longer than reads lag behind the engine."""

TopOf = Callable[[str], BookTop | None]
"""Returns the best levels of a book that is trusted, None for any other."""


class StaleBooks:
    """Compares a few books at a time: first those that matter to the account, others in turn."""

    def __init__(self, rest: RestClient, top_of: TopOf, sleep: Sleep) -> None:
        self._rest = rest
        self._top_of = top_of
        self._sleep = sleep
        self._turn = 0

    async def look(self, mine: Iterable[str], watched: Iterable[str]) -> dict[str, DriftFinding]:
        """Return a finding for each ticker whose book has gone stale.  Raises ``DeskError``."""
        before = self._tops(self._chosen(set(mine), set(watched)))
        suspects = await self._differing(before)
        if not suspects:
            return {}
        await self._sleep(PAUSE_S)
        stale = await self._differing({ticker: before[ticker] for ticker in suspects})
        return {ticker: _finding(ticker, before[ticker], told) for ticker, told in stale.items()}

    async def _differing(self, before: dict[str, BookTop]) -> dict[str, BookTop]:
        """Return what the exchange tells of books that still stand as before and differ."""
        if not before:
            return {}
        read = {book.ticker: told(book) for book in await self._rest.orderbooks(list(before))}
        return {
            ticker: read[ticker]
            for ticker, top in before.items()
            if ticker in read and self._top_of(ticker) == top and not read[ticker].shows(top)
        }

    def _tops(self, tickers: Sequence[str]) -> dict[str, BookTop]:
        tops = {ticker: self._top_of(ticker) for ticker in tickers}
        return {ticker: top for ticker, top in tops.items() if top is not None}

    def _chosen(self, mine: set[str], watched: set[str]) -> list[str]:
        first = sorted(mine & watched)[:BOOKS]
        others = sorted(watched - set(first))
        room = min(BOOKS - len(first), len(others))
        start = self._turn % len(others) if others else 0
        self._turn += room
        return first + (others + others)[start : start + room]


def told(book: BookSnapshot) -> BookTop:
    """Return the best levels of a book that was read whole."""
    return BookTop(
        bid=book.bids[0] if book.bids else None,
        ask=book.asks[0] if book.asks else None,
    )


def _finding(ticker: str, streamed: BookTop, read: BookTop) -> DriftFinding:
    return DriftFinding(
        kind=DriftKind.STALE,
        field=ticker,
        seen=_words(streamed),
        expected=_words(read),
        touches_money=True,
    )


def _words(top: BookTop) -> str:
    return f"{_level(top.bid)} / {_level(top.ask)}"


def _level(level: tuple[Price, Count] | None) -> str:
    if level is None:
        return "nobody"
    price, size = level
    return f"{format_price(price)} × {format_count(size)}"
