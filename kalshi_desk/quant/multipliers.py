"""Size multipliers between 0 and 1: they may only make a stake smaller.

One for each reason to trade less: drawdown, excited prices, thin depth, little time, a
record that does not yet speak for the strategy.  Not-a-number counts as the worst case.
"""

from __future__ import annotations

MAX_DRAWDOWN = 0.20
FULL_SIZE_HOURS = 6.0
DEPTH_MULTIPLE = 3.0
UNPROVEN = 0.5


def drawdown_multiplier(drawdown: float, max_drawdown: float = MAX_DRAWDOWN) -> float:
    """Return 1 at the peak, falling linearly to 0 at ``max_drawdown`` (shares of the peak)."""
    if not max_drawdown > 0.0:
        raise ValueError("the largest drawdown must be positive")
    return _held(1.0 - drawdown / max_drawdown)


def volatility_multiplier(variance_ratio: float) -> float:
    """Return ``min(1, 1 / VR)``: half the size when prices move twice as much as expected."""
    if variance_ratio <= 1.0:
        return _held(float(variance_ratio >= 0.0))
    return _held(1.0 / variance_ratio)


def liquidity_multiplier(depth: float, need: float) -> float:
    """Return 1 when the depth is three times the need, and proportionally less below."""
    if need <= 0.0:
        return 1.0
    return _held(depth / (DEPTH_MULTIPLE * need))


def time_multiplier(hours_left: float) -> float:
    """Return 1 from six hours before the close on, falling linearly to 0 at the close."""
    return _held(hours_left / FULL_SIZE_HOURS)


def record_multiplier(mean_pnl_lower_bound: float | None) -> float:
    """Return 1/2 while the 90 per cent lower bound of mean net P&L is below 0 or unknown.

    The bound is taken over the last 100 settled trades of the strategy.
    """
    proven = mean_pnl_lower_bound is not None and mean_pnl_lower_bound >= 0.0
    return 1.0 if proven else UNPROVEN


def size_multiplier(
    *,
    drawdown: float,
    variance_ratio: float,
    depth: float,
    need: float,
    hours_left: float,
    mean_pnl_lower_bound: float | None,
    max_drawdown: float = MAX_DRAWDOWN,
) -> float:
    """Return the product of all five multipliers."""
    return (
        drawdown_multiplier(drawdown, max_drawdown)
        * volatility_multiplier(variance_ratio)
        * liquidity_multiplier(depth, need)
        * time_multiplier(hours_left)
        * record_multiplier(mean_pnl_lower_bound)
    )


def _held(value: float) -> float:
    return min(1.0, max(0.0, value)) if value == value else 0.0
