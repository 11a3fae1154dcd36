"""The account's P&L as flat objects for scripts: dollars as strings, shares as numbers."""

from __future__ import annotations

from collections.abc import Callable

from kalshi_desk.cli.flat import Facts, Flat, count, dollars, moment
from kalshi_desk.desk.automation_frames import PnlRow, PortfolioView

SCOPES = ("strategy", "event", "category", "role")
_STAGES = {
    "open": "open",
    "closed": "closed, result awaited",
    "determined": "determined, not paid yet",
    "paid": "paid",
    "paid_today": "paid today",
}


def portfolio_facts(view: PortfolioView, *, with_curve: bool) -> Facts:
    """Return the account as one object; the stages are a list in it, and so is the curve.

    The curve is for scripts: as lines to read it says nothing.
    """
    curve = {"equity_curve": _curve(view)} if with_curve else {}
    return {
        "equity": dollars(view.equity),
        "cash": dollars(view.cash),
        "start_cash": dollars(view.start),
        "from_outside": dollars(view.outside),
        "realized_gross": dollars(view.realized_gross),
        "fees": dollars(view.fees),
        "predicted_fees": dollars(view.predicted_fees),
        "unpredicted_fees": dollars(view.unpredicted_fees),
        "realized_net": dollars(view.realized_net),
        "unrealized": dollars(view.unrealized),
        "round_trips": view.settled,
        "wins": view.wins,
        "win_rate": _share(view.win_rate),
        "break_even_win_rate": _share(view.break_even_win_rate),
        "average_win": dollars(view.average_win),
        "average_loss": dollars(view.average_loss),
        "average_trade": dollars(view.average_trade),
        "best": dollars(view.best),
        "worst": dollars(view.worst),
        "total_return": _share(view.total_return),
        "days": view.days,
        "daily_sharpe": _share(view.daily_sharpe),
        "max_drawdown": _share(view.max_drawdown),
        "drawdown_now": _share(view.drawdown_now),
        "stages": [
            {
                "text": f"{number} {_STAGES.get(stage, stage)}, {dollars(money)}",
                "stage": stage,
                "positions": number,
                "money": dollars(money),
            }
            for stage, (number, money) in view.stages.items()
        ],
        **curve,
    }


def _curve(view: PortfolioView) -> list[Flat]:
    return [
        {
            "time": moment(point.at_ns),
            "equity": dollars(point.equity),
            "drawdown": _share(point.drawdown),
        }
        for point in view.equity_curve
    ]


def flat_pnl(row: PnlRow) -> Flat:
    """Return the P&L of one part; null where some exit has no price."""
    return {
        "scope": row.scope,
        "name": row.name,
        "title": row.title,
        "trades": row.trades,
        "contracts": count(row.contracts),
        "gross": dollars(row.gross),
        "fees": dollars(row.fees),
        "predicted_fees": dollars(row.predicted_fees),
        "unpredicted_fees": dollars(row.unpredicted_fees),
        "unrealized": dollars(row.unrealized),
        "net": dollars(row.net),
    }


def pnl_order(row: PnlRow) -> tuple[int, str]:
    """Sort by scope as :data:`SCOPES` has them, then by name."""
    return SCOPES.index(row.scope) if row.scope in SCOPES else len(SCOPES), row.name


def _share(value: float | None) -> float | None:
    return None if value is None else round(value, 6)


FLAT: dict[type, Callable[..., Flat]] = {PnlRow: flat_pnl}
