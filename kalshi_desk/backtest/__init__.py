"""Another shell around the trading core: recordings and simulated books in, reports out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kalshi_desk.backtest.backtester import Backtester

__all__ = ["Backtester"]


def __getattr__(name: str) -> Any:
    """Load the backtester when it is asked for: the name alone costs nothing."""
    if name != "Backtester":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from kalshi_desk.backtest.backtester import Backtester

    return Backtester
