"""Limits as wide as their settings allow, for tests of something else than the gate's limits."""

from __future__ import annotations

from kalshi_desk.risk.limits import Limits

WIDE = Limits(
    position_percent=100.0,
    open_positions=1_000,
    event_percent=100.0,
    category_percent=100.0,
    theme_percent=100.0,
    shortfall_percent=100.0,
    stress_shortfall_percent=100.0,
    settlement_day_percent=100.0,
    total_percent=100.0,
    resting_orders=1_000,
    daily_loss_percent=100.0,
    daily_loss_reducing_percent=100.0,
    drawdown_percent=100.0,
    order_percent=100.0,
    market_percent=100.0,
    correlation=1.0,
    theme_correlation=1.0,
    orders_per_minute=6_000,
    near_close_minutes=0,
    stale_book_seconds=600,
)
