"""From candlestick bodies, whichever names they use, to records."""

from __future__ import annotations

from kalshi_desk.core.types import NO_COUNT, Price, parse_count, parse_price
from kalshi_desk.kalshi.models import Candle, Ohlc
from kalshi_desk.kalshi.wire_history import CandleBody, QuoteRange, TradeRange


def candle(body: CandleBody) -> Candle:
    """Return the record of a candlestick; raises ``ValueError`` for numbers that aren't."""
    volume, interest = body.volume_fp or body.volume, body.open_interest_fp or body.open_interest
    price = body.price or TradeRange()
    return Candle(
        end_s=body.end_period_ts,
        bid=_ohlc(body.yes_bid),
        ask=_ohlc(body.yes_ask),
        price=_ohlc(price),
        mean=_price(price.mean_dollars or price.mean),
        previous=_price(price.previous_dollars or price.previous),
        volume=parse_count(volume) if volume else NO_COUNT,
        open_interest=parse_count(interest) if interest else NO_COUNT,
    )


def _ohlc(body: QuoteRange | None) -> Ohlc | None:
    """Return a range, None unless all four are there."""
    if body is None:
        return None
    found = [
        _price(text)
        for text in (
            body.open_dollars or body.open,
            body.high_dollars or body.high,
            body.low_dollars or body.low,
            body.close_dollars or body.close,
        )
    ]
    if any(price is None for price in found):
        return None
    return Ohlc(*(Price(price or 0) for price in found))


def _price(text: str | None) -> Price | None:
    return parse_price(text) if text else None
