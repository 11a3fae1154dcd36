"""Turns what every face draws into the bodies of the API: the same numbers, other names."""

from __future__ import annotations

import math
import time

import msgspec

from kalshi_desk.api.bodies import (
    BalanceBody,
    HealthBody,
    PerformanceBody,
    PositionBody,
    StatusBody,
    TradeBody,
    moment,
)
from kalshi_desk.core.events import LinkState
from kalshi_desk.core.types import COUNT_SCALE, MONEY_SCALE, PRICE_SCALE, Money, Price
from kalshi_desk.desk.automation_frames import (
    LimitRow,
    PnlRow,
    PortfolioView,
    StrategyRow,
)
from kalshi_desk.desk.frames import FillRow, Frame, PositionRow, StatusView
from kalshi_desk.desk.service_frames import GuestRow, HealthRow

TOPICS = (
    *("status", "positions", "portfolio", "pnl", "strategies", "limits"),
    *("health", "guests"),
)
"""What one look of the API pulls, so that all its answers are of one moment."""
_PERCENT = 100.0
_SECOND_NS = 1_000_000_000
_UNITS = (("d", 86_400), ("h", 3_600), ("m", 60))


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """The desk at one moment."""

    status: StatusView
    portfolio: PortfolioView | None
    health: HealthRow | None
    positions: tuple[PositionRow, ...]
    strategies: tuple[StrategyRow, ...]
    limits: dict[str, LimitRow]
    pnl: tuple[PnlRow, ...]
    guests: tuple[GuestRow, ...]


def read(frame: Frame) -> Seen:
    """Sort a frame of :data:`TOPICS`; raises ``ValueError`` when it holds no status."""
    rows = {topic: frame.changed.get(topic, {}) for topic in TOPICS}
    status, portfolio, health = (rows[name].get("") for name in ("status", "portfolio", "health"))
    if not isinstance(status, StatusView):
        raise ValueError("the engine sent no status")
    return Seen(
        status=status,
        portfolio=portfolio if isinstance(portfolio, PortfolioView) else None,
        health=health if isinstance(health, HealthRow) else None,
        positions=tuple(r for r in rows["positions"].values() if isinstance(r, PositionRow)),
        strategies=tuple(r for r in rows["strategies"].values() if isinstance(r, StrategyRow)),
        limits={k: r for k, r in rows["limits"].items() if isinstance(r, LimitRow)},
        pnl=tuple(r for r in rows["pnl"].values() if isinstance(r, PnlRow)),
        guests=tuple(r for r in rows["guests"].values() if isinstance(r, GuestRow)),
    )


def dollars(money: Money | None) -> float | None:
    """Return money in dollars: the nearest number to what the desk holds exactly."""
    return None if money is None else money / MONEY_SCALE


def price(value: Price | None) -> float | None:
    """Return a price in dollars."""
    return None if value is None else value / PRICE_SCALE


def statistic(value: float | None) -> float | None:
    """Return a statistic to six significant digits, none of them noise; None where undefined."""
    return None if value is None or not math.isfinite(value) else float(f"{value:.6g}")


def percent(share: float | None) -> float | None:
    """Return a share of 1 in per cent, as a statistic."""
    return None if share is None else statistic(share * _PERCENT)


def health(seen: Seen | None) -> HealthBody:
    """Say whether the desk can trade on what it sees; None is an engine that is gone."""
    if seen is None:
        return HealthBody(
            status="unhealthy", timestamp=moment(time.time_ns()), python_bot="stopped"
        )
    is_live = seen.status.link is LinkState.LIVE
    return HealthBody(
        status="healthy" if is_live else "degraded",
        timestamp=moment(seen.status.now_ns),
        python_bot="running",
    )


def status(seen: Seen) -> StatusBody:
    """Say what the desk is doing."""
    started_ns = seen.health.started_ns if seen.health is not None else 0
    trades = sum(row.trades for row in seen.pnl if row.scope == "role")
    return StatusBody(
        trading=seen.status.auto_on,
        last_update=moment(seen.status.now_ns),
        uptime=duration((time.time_ns() - started_ns) // _SECOND_NS if started_ns else 0),
        api_connected=seen.status.link is LinkState.LIVE,
        active_strategies=sorted(row.title for row in seen.strategies if row.running),
        trades_count=trades,
    )


def positions(seen: Seen) -> list[PositionBody]:
    """List what is held, by ticker."""
    at = moment(seen.status.now_ns)
    held = sorted((row for row in seen.positions if row.position), key=lambda row: row.ticker)
    return [
        PositionBody(
            event_name=row.title,
            event_id=row.ticker,
            quantity=row.position / COUNT_SCALE,
            entry_price=price(row.average_price),
            current_price=price(row.market_price),
            pnl=dollars(row.unrealized_pnl),
            timestamp=at,
        )
        for row in held
    ]


def balance(seen: Seen) -> BalanceBody:
    """Show the money."""
    view, account = seen.status, seen.portfolio
    return BalanceBody(
        available=dollars(view.buying_power),
        total_equity=dollars(view.equity),
        unrealized_pnl=None if account is None else dollars(account.unrealized),
        today_pnl=dollars(view.day_pnl),
        timestamp=moment(view.now_ns),
    )


def performance(seen: Seen) -> PerformanceBody:
    """Show the record of the account."""
    account, at = seen.portfolio, moment(seen.status.now_ns)
    if account is None:
        return PerformanceBody(
            total_return=None,
            sharpe_ratio=None,
            max_drawdown=None,
            win_rate=None,
            total_trades=0,
            avg_trade=None,
            best_trade=None,
            worst_trade=None,
            timestamp=at,
        )
    return PerformanceBody(
        total_return=percent(account.total_return),
        sharpe_ratio=statistic(account.daily_sharpe),
        max_drawdown=percent(account.max_drawdown),
        win_rate=percent(account.win_rate),
        total_trades=account.settled,
        avg_trade=dollars(account.average_trade),
        best_trade=dollars(account.best),
        worst_trade=dollars(account.worst),
        timestamp=at,
    )


def trade(row: FillRow) -> TradeBody:
    """Tell of one execution."""
    return TradeBody(
        trade_id=row.trade_id,
        order_id=row.order_id,
        event_name=row.title,
        event_id=row.ticker,
        action=row.action.value,
        outcome=row.outcome.value,
        quantity=row.count / COUNT_SCALE,
        price=row.price / PRICE_SCALE,
        fee=row.fee / MONEY_SCALE,
        is_taker=row.is_taker,
        origin=row.origin,
        timestamp=moment(row.executed_ns),
    )


def duration(seconds: int) -> str:
    """Return a time span as people say it: ``3d 4h 5m``, ``2h 34m``, ``12s``."""
    rest, words = max(0, seconds), []
    for unit, size in _UNITS:
        count, rest = divmod(rest, size)
        if count:
            words.append(f"{count}{unit}")
    return " ".join(words) or f"{rest}s"
