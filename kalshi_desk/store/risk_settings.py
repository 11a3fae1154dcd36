"""The settings of the gate and of sizing: every limit with its range, help and default.

Percentages are of W, the smaller of equity and the bankroll.  Limits marked "machine" hold
strategies only; all others hold every order that adds exposure, a person's too.
"""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from kalshi_desk.core.types import CENT, COUNT_SCALE, Count, Price

_MOST_DOLLARS = 1_000_000_000


class RiskSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The gate."""

    collar_cents: Annotated[
        int,
        Meta(ge=1, le=99, description="An order may pass the best opposite price by this much."),
    ] = 10
    max_order_contracts: Annotated[
        int, Meta(ge=1, le=1_000_000, description="The largest single order.")
    ] = 5_000
    bankroll_dollars: Annotated[
        int,
        Meta(
            ge=0,
            le=_MOST_DOLLARS,
            description="Limits and sizes count on no more than this; 0: on all equity.",
        ),
    ] = 0
    position_percent: Annotated[
        float, Meta(ge=0.1, le=100.0, description="The most that one market may lose, % of W.")
    ] = 10.0
    open_positions: Annotated[
        int, Meta(ge=1, le=1_000, description="Markets held, or with orders that open one.")
    ] = 10
    event_percent: Annotated[
        float, Meta(ge=0.1, le=100.0, description="The most that one event may lose, % of W.")
    ] = 4.0
    theme_percent: Annotated[
        float,
        Meta(ge=0.1, le=100.0, description="The most that one theme (a series) may lose, % of W."),
    ] = 10.0
    category_percent: Annotated[
        float, Meta(ge=0.1, le=100.0, description="The most that one category may lose, % of W.")
    ] = 20.0
    settlement_day_percent: Annotated[
        float,
        Meta(ge=0.1, le=100.0, description="The most that one settlement day may lose, % of W."),
    ] = 25.0
    total_percent: Annotated[
        float,
        Meta(ge=0.1, le=100.0, description="The most that all events may lose together, % of W."),
    ] = 50.0
    shortfall_percent: Annotated[
        float,
        Meta(
            ge=0.1,
            le=100.0,
            description="The most that the worst 5% of outcomes may lose on average, % of W.",
        ),
    ] = 10.0
    stress_shortfall_percent: Annotated[
        float,
        Meta(
            ge=0.1,
            le=100.0,
            description="The same if all events moved together (correlation 0.8), % of W.",
        ),
    ] = 20.0
    resting_orders: Annotated[
        int, Meta(ge=1, le=1_000, description="Open orders at the same time.")
    ] = 50
    daily_loss_percent: Annotated[
        float, Meta(ge=0.1, le=100.0, description="A day's loss that HALTS the desk, % of W.")
    ] = 2.0
    daily_loss_reducing_percent: Annotated[
        float,
        Meta(ge=0.1, le=100.0, description="A day's loss from which only reductions pass, % of W."),
    ] = 3.0
    drawdown_percent: Annotated[
        float,
        Meta(
            ge=1.0,
            le=100.0,
            description="A fall from the highest equity that HALTS; sizes shrink on the way to it.",
        ),
    ] = 20.0
    stop_loss_percent: Annotated[
        float, Meta(ge=0.1, le=100.0, description="A fixed stop: loss in % of the entry.")
    ] = 5.0
    order_percent: Annotated[
        float, Meta(ge=0.01, le=100.0, description="Machine: cost of one order, % of W.")
    ] = 1.0
    market_percent: Annotated[
        float, Meta(ge=0.1, le=100.0, description="Machine: worst loss of one market, % of W.")
    ] = 2.0
    correlation: Annotated[
        float,
        Meta(
            ge=0.05,
            le=1.0,
            description="Machine: average correlation of a new position with the risk held.",
        ),
    ] = 0.7
    theme_correlation: Annotated[
        float,
        Meta(
            ge=0.05,
            le=1.0,
            description="Machine: above this correlation a theme may lose less, see the next.",
        ),
    ] = 0.6
    correlated_theme_percent: Annotated[
        float,
        Meta(
            ge=0.1,
            le=100.0,
            description="Machine: the most that such a correlated theme may lose, % of W.",
        ),
    ] = 5.0
    orders_per_minute: Annotated[
        int, Meta(ge=1, le=6_000, description="Machine: order messages in one minute.")
    ] = 60
    near_close_minutes: Annotated[
        int, Meta(ge=0, le=1_440, description="Machine: no entry so close to a market's close.")
    ] = 5
    stale_book_seconds: Annotated[
        int, Meta(ge=1, le=600, description="Machine: market data may be this old.")
    ] = 5
    kelly_fraction: Annotated[
        float, Meta(ge=0.01, le=1.0, description="Machine: share of Kelly's stake to take.")
    ] = 0.25
    trade_percent: Annotated[
        float, Meta(ge=0.01, le=100.0, description="Machine: the largest stake of a trade, % of W.")
    ] = 2.0

    @property
    def collar(self) -> Price:
        """The collar in 1/10,000 dollar."""
        return Price(self.collar_cents * CENT)

    @property
    def max_order(self) -> Count:
        """The largest order in 1/100 contract."""
        return Count(self.max_order_contracts * COUNT_SCALE)
