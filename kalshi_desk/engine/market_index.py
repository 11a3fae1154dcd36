"""Every market as one searches and sorts it: its texts folded once, its place among the others.

Quotes are not kept here: they are read from the books when a list is made.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from kalshi_desk.core.records import Event, Market
from kalshi_desk.core.types import MarketStatus
from kalshi_desk.market.live import LiveMarket, LiveMarkets

OPEN = frozenset({MarketStatus.ACTIVE, MarketStatus.INACTIVE})
"""What can be traded, or can be again once a pause ends."""
NO_CATEGORY = "Other"
SLICE = 250
"""Entries read or looked through between two chances for others to run: well under 2 ms."""
_FOREVER = 1 << 62
_EXCHANGE_PREFIX = "kx"
_SHORT_WORD = 2

Place = tuple[int, str, bool, float, str]
Membership = tuple[MarketStatus, str, str, str]


@dataclass(slots=True)
class Entry:
    """One market of the list; ``market`` and ``event`` are the records it was read from."""

    live: LiveMarket
    market: Market
    event: Event | None
    head: str
    body: str
    category: str
    series: str
    excludes: bool
    place: Place

    @property
    def membership(self) -> Membership:
        """What decides in which lists the market is, apart from its numbers."""
        return self.market.status, self.category, self.series, self.market.event_ticker


def read_entry(live: LiveMarket, event: Event | None) -> Entry:
    """Return the entry of a market."""
    market = live.market
    category = market.category or (event.category if event else "") or NO_CATEGORY
    series = market.series_ticker or (event.series_ticker if event else "")
    return Entry(
        live=live,
        market=market,
        event=event,
        head=folded_head(market, event.title if event else "", category),
        body=f" {market.rules} ".casefold(),
        category=category,
        series=series or market.event_ticker or market.ticker,
        excludes=market.mutually_exclusive or bool(event and event.mutually_exclusive),
        place=close_place(market),
    )


def folded_head(market: Market, event_title: str = "", category: str = "") -> str:
    """Return the short texts of a market as they are searched; each word follows a blank.

    A ticker's parts are words too, with and without the exchange's prefix: ``fed`` finds
    ``KXFED-26DEC``.
    """
    ticker = market.ticker.casefold()
    parts = ticker.replace("-", " ")
    bare = parts.removeprefix(_EXCHANGE_PREFIX)
    texts = f"{market.title} {market.subtitle} {event_title} {category}".casefold()
    return f" {texts} {ticker} {parts} {bare} "


def close_place(market: Market) -> Place:
    """Return where a market stands by its close: events together, strikes in their order."""
    strike = market.floor_strike if market.floor_strike is not None else market.cap_strike
    is_upper = market.floor_strike is not None
    return (
        market.close_ns or _FOREVER,
        market.event_ticker,
        is_upper,
        0.0 if strike is None else float(strike),
        market.ticker,
    )


def words_of(text: str) -> tuple[str, ...]:
    """Return the words of a search, folded, each once."""
    return tuple(dict.fromkeys(text.casefold().split()))


def score(head: str, body: str, words: Sequence[str]) -> int:
    """Return how well texts fit words, 0 when one of the words is nowhere.

    The beginning of a word in the short texts counts most, the middle of one in the rules
    least; of short words only beginnings count.
    """
    total = 0
    for word in words:
        start = f" {word}"
        if start in head:
            total += 8 + 4 * (f"{start} " in head)
        elif len(word) > _SHORT_WORD and word in head:
            total += 4
        elif start in body:
            total += 2
        elif len(word) > _SHORT_WORD and word in body:
            total += 1
        else:
            return 0
    return total


class MarketIndex:
    """Entries of all markets that the desk follows, kept up by looking at what was replaced.

    ``version`` grows when a market may have come into a list or left one.
    """

    def __init__(self, markets: LiveMarkets) -> None:
        self._markets = markets
        self.entries: dict[str, Entry] = {}
        self.version = 0

    def refresh(self) -> Iterator[None]:
        """Read what is new; yields after each slice so that others can run.

        Two of these may run at a time: each slice is whole in itself.
        """
        live_markets, events = self._markets.by_ticker, self._markets.events
        old = [
            ticker
            for ticker, live in live_markets.items()
            if not (entry := self.entries.get(ticker))
            or entry.market is not live.market
            or entry.event is not events.get(live.market.event_ticker)
        ]
        for start in range(0, len(old), SLICE):
            for ticker in old[start : start + SLICE]:
                self._read(ticker)
            yield
        for ticker in self.entries.keys() - live_markets.keys():
            del self.entries[ticker]
            self.version += 1

    def _read(self, ticker: str) -> None:
        live = self._markets.by_ticker.get(ticker)
        if live is None:
            return
        before = self.entries.get(ticker)
        entry = read_entry(live, self._markets.events.get(live.market.event_ticker))
        self.entries[ticker] = entry
        if before is None or before.membership != entry.membership:
            self.version += 1
