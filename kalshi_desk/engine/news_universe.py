"""The markets as news are compared with them: what has changed since the worker was told."""

from __future__ import annotations

from collections.abc import Iterator

from kalshi_desk.core.records import Market
from kalshi_desk.core.types import MarketStatus
from kalshi_desk.market.live import LiveMarkets
from kalshi_desk.news.messages import Markets
from kalshi_desk.news.texts import MarketText

SLICE = 100
"""Markets of one message: a hundred take less than a millisecond of the engine's loop."""
_OVER = frozenset({MarketStatus.CLOSED, MarketStatus.DETERMINED, MarketStatus.FINALIZED})


class NewsUniverse:
    """Remembers what was told; combos are left out, whose titles list other markets' words."""

    def __init__(self) -> None:
        self._told: dict[str, Market] = {}

    def forget(self) -> None:
        """A new worker knows nothing."""
        self._told.clear()

    def changes(self, markets: LiveMarkets) -> Iterator[Markets]:
        """Yield what is to be told now, in slices, one of them empty where nothing has changed.

        Between two of them the loop may do other work, and markets may come and go: what is
        missed is told the next time.
        """
        gone = tuple(ticker for ticker in self._told if not _counts(markets, ticker))
        for ticker in gone:
            del self._told[ticker]
        has_changed = bool(gone)
        yield Markets(gone=gone, is_last=False)
        tickers = list(markets.by_ticker)
        for at in range(0, len(tickers), SLICE):
            changed = tuple(self._changed(markets, tickers[at : at + SLICE]))
            has_changed = has_changed or bool(changed)
            yield Markets(changed=changed, is_last=False)
        if has_changed:
            yield Markets(is_last=True)

    def _changed(self, markets: LiveMarkets, tickers: list[str]) -> Iterator[MarketText]:
        for ticker in tickers:
            if not _counts(markets, ticker):
                continue
            market, told = markets.by_ticker[ticker].market, self._told.get(ticker)
            if told is market or (told is not None and _says(told) == _says(market)):
                continue
            self._told[ticker] = market
            yield MarketText(
                ticker=ticker,
                event_ticker=market.event_ticker,
                series_ticker=market.series_ticker,
                category=markets.category(market),
                title=market.title,
                subtitle=market.subtitle,
                rules=market.rules,
                close_ns=market.close_ns,
            )


def _counts(markets: LiveMarkets, ticker: str) -> bool:
    live = markets.by_ticker.get(ticker)
    return live is not None and not live.market.is_combo and live.market.status not in _OVER


def _says(market: Market) -> tuple[object, ...]:
    return (
        market.title,
        market.subtitle,
        market.rules,
        market.event_ticker,
        market.category,
        market.close_ns,
    )
