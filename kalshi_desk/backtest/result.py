"""What a backtest hands back: figures, tables, decisions and the report."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec

from kalshi_desk.backtest.ledger import FilledTrade
from kalshi_desk.core.types import COUNT_SCALE, MONEY_SCALE, PRICE_SCALE, Money

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True, kw_only=True)
class BacktestResult:
    """A finished run.

    ``report`` holds everything as JSON, money as exact decimal strings.  ``fills`` and
    ``curve`` are exact; the frames made of them are for looking and counting, in dollars
    and contracts as floats.  ``fault`` is why the strategy was switched off, if it was.
    """

    report: dict[str, Any]
    fills: tuple[FilledTrade, ...]
    curve: tuple[tuple[int, Money], ...]
    decisions: tuple[tuple[int, dict[str, Any]], ...]
    total_return: float
    sharpe_ratio: float | None
    max_drawdown: float
    fault: str = ""

    @property
    def trades(self) -> pd.DataFrame:
        """One row a fill, oldest first; ``price`` is of YES, ``middle`` that of its book."""
        import pandas as pd

        rows = [_row(trade) for trade in self.fills]
        return pd.DataFrame(rows, columns=list(_COLUMNS))

    @property
    def equity(self) -> pd.DataFrame:
        """Equity in dollars by time, positions at what closing them would bring."""
        import pandas as pd

        index = pd.to_datetime([at_ns for at_ns, _ in self.curve], utc=True)
        values = [money / MONEY_SCALE for _, money in self.curve]
        return pd.DataFrame({"equity": values}, index=pd.DatetimeIndex(index, name="time"))

    def to_json(self) -> bytes:
        """Return the report as JSON; the same inputs give the same bytes."""
        return msgspec.json.encode(self.report)


_COLUMNS = (
    "time",
    "ticker",
    "event",
    "category",
    "strategy",
    "side",
    "price",
    "count",
    "fee",
    "role",
    "middle",
    "trade_id",
    "order_id",
)


def _row(trade: FilledTrade) -> dict[str, Any]:
    import pandas as pd

    fill = trade.fill
    return {
        "time": pd.Timestamp(trade.at_ns, unit="ns", tz="UTC"),
        "ticker": fill.ticker,
        "event": trade.event_ticker,
        "category": trade.category,
        "strategy": trade.strategy,
        "side": fill.side.value,
        "price": fill.price / PRICE_SCALE,
        "count": fill.count / COUNT_SCALE,
        "fee": fill.fee / MONEY_SCALE,
        "role": trade.role,
        "middle": None if trade.middle is None else trade.middle / PRICE_SCALE,
        "trade_id": fill.trade_id,
        "order_id": fill.order_id,
    }
