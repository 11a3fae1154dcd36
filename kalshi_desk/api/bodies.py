"""What the API answers, as types: the document, the tests and the code all read these.

Money and prices are dollars, counts are contracts, all as JSON numbers; null is what is not
known or not defined.  Times are ISO 8601 in UTC.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

_SECOND_NS = 1_000_000_000
Moment = Annotated[datetime, Meta(tz=True, description="ISO 8601, UTC.")]


class HealthBody(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Whether the desk behind this API can trade on what it sees."""

    status: Annotated[
        Literal["healthy", "degraded", "unhealthy"],
        Meta(
            description="healthy: connected to the exchange; degraded: the engine runs without "
            "it; unhealthy: the engine does not answer."
        ),
    ]
    timestamp: Moment
    python_bot: Annotated[
        Literal["running", "stopped"], Meta(description="Whether the engine answers.")
    ]


class StatusBody(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What the desk is doing."""

    trading: Annotated[
        bool, Meta(description="Whether AUTO is on: strategies in mode trade may send orders.")
    ]
    last_update: Annotated[
        datetime, Meta(tz=True, description="When the engine said all this; ISO 8601, UTC.")
    ]
    uptime: Annotated[
        str,
        Meta(description="How long the engine runs, such as 2h 34m.", pattern=r"^(\d+[dhms] ?)+$"),
    ]
    api_connected: Annotated[
        bool, Meta(description="Whether the connection to the exchange stands.")
    ]
    active_strategies: Annotated[
        list[str], Meta(description="Titles of the strategies that may send orders now.")
    ]
    trades_count: Annotated[
        int, Meta(ge=0, description="Executions since the account's journal began.")
    ]


class PositionBody(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """One open position; prices are of the side that is held."""

    event_name: Annotated[str, Meta(description="The market's title.")]
    event_id: Annotated[str, Meta(description="The market's ticker.")]
    quantity: Annotated[float, Meta(description="Contracts held; negative for NO. Never 0.")]
    entry_price: Annotated[
        float | None, Meta(description="Average price paid for the held side, dollars.")
    ]
    current_price: Annotated[
        float | None,
        Meta(
            description="Average price in dollars at which all of it could be sold now by the "
            "book; null when the book could not take it."
        ),
    ]
    pnl: Annotated[
        float | None,
        Meta(description="What selling it now would add, after fees, dollars; null without exit."),
    ]
    timestamp: Moment


class BalanceBody(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    rename={
        "total_equity": "totalEquity",
        "unrealized_pnl": "unrealizedPnL",
        "today_pnl": "todayPnL",
    },
):
    """The money, dollars; the numbers of the screen's top line."""

    available: Annotated[
        float | None, Meta(description="Buying power: cash less what open orders may cost.")
    ]
    total_equity: Annotated[
        float | None, Meta(description="Cash and what all positions would bring now.")
    ]
    unrealized_pnl: Annotated[
        float | None,
        Meta(description="Of open positions, after fees; null when one has no exit price."),
    ]
    today_pnl: Annotated[
        float | None, Meta(description="Change of equity since the exchange's day began.")
    ]
    timestamp: Moment


class PerformanceBody(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The record of the account since its journal began, net of fees."""

    total_return: Annotated[
        float | None,
        Meta(description="Per cent, time-weighted: money from outside is no gain and no loss."),
    ]
    sharpe_ratio: Annotated[
        float | None, Meta(description="Of daily returns, not annualised; null for too few days.")
    ]
    max_drawdown: Annotated[
        float | None, Meta(description="Deepest fall from the highest equity, per cent.")
    ]
    win_rate: Annotated[
        float | None, Meta(description="Round trips that won, per cent of those won or lost.")
    ]
    total_trades: Annotated[
        int, Meta(ge=0, description="Round trips that are over, by trading or by settlement.")
    ]
    avg_trade: Annotated[
        float | None, Meta(description="Net result of a round trip on average, dollars.")
    ]
    best_trade: Annotated[float | None, Meta(description="Best round trip, dollars.")]
    worst_trade: Annotated[float | None, Meta(description="Worst round trip, dollars.")]
    timestamp: Moment


class ConfigBody(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The settings that this API shows; null where the desk has no such setting now."""

    max_position_size: Annotated[
        float | None, Meta(description="The most one market may lose, as a share of equity.")
    ]
    stop_loss: Annotated[
        float | None, Meta(description="A fixed stop: loss as a share of the entry.")
    ]
    news_sentiment_threshold: Annotated[
        float | None, Meta(description="Least absolute aggregate sentiment of news, 0 to 1.")
    ]
    stat_arbitrage_threshold: Annotated[
        float | None, Meta(description="Least deviation of a pair, dollars.")
    ]
    volatility_threshold: Annotated[
        float | None, Meta(description="Least move of a price in its window, dollars.")
    ]
    trade_interval: Annotated[
        float | None, Meta(description="Seconds between two looks of each strategy.")
    ]


def _allowed(low: float, high: float, step: int | None = None) -> Meta:
    """Tell callers what may be set; the desk alone decides, so that every face hears the same."""
    told: dict[str, float] = {"minimum": low, "maximum": high}
    if step is not None:
        told["multipleOf"] = step
    return Meta(extra_json_schema=told)


class ConfigChange(
    msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True
):
    """What to set; what is left out stays as it is.  All of it is set, or nothing."""

    max_position_size: Annotated[float, _allowed(0.001, 1.0)] | msgspec.UnsetType = msgspec.UNSET
    stop_loss: Annotated[float, _allowed(0.001, 1.0)] | msgspec.UnsetType = msgspec.UNSET
    news_sentiment_threshold: Annotated[float, _allowed(0.0, 1.0)] | msgspec.UnsetType = (
        msgspec.UNSET
    )
    stat_arbitrage_threshold: Annotated[float, _allowed(0.01, 0.5)] | msgspec.UnsetType = (
        msgspec.UNSET
    )
    volatility_threshold: Annotated[float, _allowed(0.01, 0.5)] | msgspec.UnsetType = msgspec.UNSET
    trade_interval: Annotated[float, _allowed(1, 86_400, step=1)] | msgspec.UnsetType = (
        msgspec.UNSET
    )


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """How a request ended, in words for a person."""

    success: bool
    message: str


class TradeBody(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """One execution, as the WebSocket tells it."""

    trade_id: str
    order_id: str
    event_name: str
    event_id: str
    action: Literal["buy", "sell"]
    outcome: Literal["yes", "no"]
    quantity: float
    price: float
    fee: float
    is_taker: bool
    origin: Annotated[str, Meta(description="manual, or the strategy that sent the order.")]
    timestamp: Moment


def moment(at_ns: int) -> datetime:
    """Return a time as the API writes it, to the microsecond."""
    seconds, rest = divmod(at_ns, _SECOND_NS)
    return datetime.fromtimestamp(seconds, UTC).replace(microsecond=rest // 1_000)
