"""A market's own candlesticks, kept by the minute and by the hour as quotes and prints come."""

from __future__ import annotations

from kalshi_desk.core.types import PRICE_SCALE
from kalshi_desk.exchange.book import Book
from kalshi_desk.exchange.calendar import SECOND_NS
from kalshi_desk.exchange.records import Candle, Market, Trade

_MINUTES_KEPT = 480
_HOURS_KEPT = 24 * 14
_MARKETS_IN_FULL = 500
_BID, _ASK, _PRICE, _VALUE, _VOLUME, _INTEREST = 1, 5, 9, 13, 14, 15


def minutes_kept(markets: int) -> int:
    """Return how many minutes each of so many markets keeps: less where there are many."""
    return max(min(_MINUTES_KEPT, _MINUTES_KEPT * _MARKETS_IN_FULL // max(markets, 1)), 60)


def note_quotes(market: Market, book: Book, now_ns: int, minutes: int = _MINUTES_KEPT) -> None:
    """Enter the best bid and ask of now into the running candles."""
    bid = book.best_bid or 0
    ask = book.best_ask or PRICE_SCALE
    for candle in _running(market, now_ns, bid, ask, minutes):
        _stretch(candle, _BID, bid)
        _stretch(candle, _ASK, ask)
        candle[_INTEREST] = market.open_interest


def note_trade(market: Market, book: Book, trade: Trade, minutes: int = _MINUTES_KEPT) -> None:
    """Enter a print into the running candles."""
    bid = book.best_bid or 0
    ask = book.best_ask or PRICE_SCALE
    for candle in _running(market, trade.ts_ns, bid, ask, minutes):
        if not candle[_VOLUME]:
            candle[_PRICE : _PRICE + 4] = [trade.price] * 4
        _stretch(candle, _PRICE, trade.price)
        candle[_VALUE] += trade.price * trade.count
        candle[_VOLUME] += trade.count
        candle[_INTEREST] = market.open_interest


def _stretch(candle: Candle, at: int, value: int) -> None:
    candle[at + 1] = max(candle[at + 1], value)
    candle[at + 2] = min(candle[at + 2], value)
    candle[at + 3] = value


def _running(
    market: Market, now_ns: int, bid: int, ask: int, minutes: int
) -> tuple[Candle, Candle]:
    second = now_ns // SECOND_NS
    return (
        _current(market.minutes, second // 60 * 60 + 60, bid, ask, minutes),
        _current(market.hours, second // 3_600 * 3_600 + 3_600, bid, ask, _HOURS_KEPT),
    )


def _current(candles: list[Candle], end: int, bid: int, ask: int, kept: int) -> Candle:
    if candles and candles[-1][0] == end:
        return candles[-1]
    candles.append([end, *[bid] * 4, *[ask] * 4, 0, 0, 0, 0, 0, 0, 0])
    if len(candles) > kept * 2:
        del candles[:kept]
    return candles[-1]


def empty_candle(end: int) -> Candle:
    """Return a candle in which nothing is known, ending at a second."""
    return [end, *[0] * 15]


def volume_since(market: Market, since_ns: int) -> int:
    """Return the contracts (1/100) traded in the hours that end after a time."""
    since = since_ns // SECOND_NS
    return sum(candle[_VOLUME] for candle in market.hours if candle[0] > since)


def merge(candles: list[Candle], seconds: int) -> list[Candle]:
    """Return candles of a longer period made of shorter ones."""
    merged: list[Candle] = []
    for candle in candles:
        end = -(-candle[0] // seconds) * seconds
        if not merged or merged[-1][0] != end:
            merged.append([end, *candle[1:]])
            continue
        last = merged[-1]
        for at in (_BID, _ASK):
            _absorb(last, candle, at)
        if candle[_VOLUME]:
            if last[_VOLUME]:
                _absorb(last, candle, _PRICE)
            else:
                last[_PRICE : _PRICE + 4] = candle[_PRICE : _PRICE + 4]
        last[_VALUE] += candle[_VALUE]
        last[_VOLUME] += candle[_VOLUME]
        last[_INTEREST] = candle[_INTEREST]
    return merged


def _absorb(last: Candle, candle: Candle, at: int) -> None:
    last[at + 1] = max(last[at + 1], candle[at + 1])
    last[at + 2] = min(last[at + 2], candle[at + 2])
    last[at + 3] = candle[at + 3]
