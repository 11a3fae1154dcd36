"""Bodies of candlesticks, live and historical, and of the line between live and historical."""

from __future__ import annotations

import msgspec


class CutoffBody(msgspec.Struct):
    """Answer of ``GET /historical/cutoff``; what is older has left the live lists."""

    market_settled_ts: str
    trades_created_ts: str
    orders_updated_ts: str
    market_positions_last_updated_ts: str | None = None


class QuoteRange(msgspec.Struct):
    """Open, high, low and close of a quote; live bodies say ``_dollars``, historical ones not."""

    open_dollars: str | None = None
    high_dollars: str | None = None
    low_dollars: str | None = None
    close_dollars: str | None = None
    open: str | None = None
    high: str | None = None
    low: str | None = None
    close: str | None = None


class TradeRange(QuoteRange):
    """The same of trades, with their mean and the last price before; null without a trade."""

    mean_dollars: str | None = None
    previous_dollars: str | None = None
    mean: str | None = None
    previous: str | None = None


class CandleBody(msgspec.Struct):
    """One candlestick, live or historical."""

    end_period_ts: int
    yes_bid: QuoteRange | None = None
    yes_ask: QuoteRange | None = None
    price: TradeRange | None = None
    volume_fp: str | None = None
    open_interest_fp: str | None = None
    volume: str | None = None
    open_interest: str | None = None


class CandlesAnswer(msgspec.Struct):
    """Answer of the candlesticks of one market."""

    ticker: str = ""
    candlesticks: list[CandleBody] | None = None


class EventCandlesAnswer(msgspec.Struct):
    """Answer of the candlesticks of an event; the lists stand in the order of the tickers."""

    market_tickers: list[str] | None = None
    market_candlesticks: list[list[CandleBody] | None] | None = None
    adjusted_end_ts: int = 0


class MarketCandles(msgspec.Struct):
    """One market of the batch answer."""

    market_ticker: str
    candlesticks: list[CandleBody] | None = None


class BatchCandlesAnswer(msgspec.Struct):
    """Answer of ``GET /markets/candlesticks``."""

    markets: list[MarketCandles] | None = None
