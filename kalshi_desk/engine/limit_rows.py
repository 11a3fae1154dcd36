"""Every limit as a gauge, and exposure by event, theme, category, settlement day and strategy."""

from __future__ import annotations

from functools import cache
from typing import get_args, get_type_hints

from kalshi_desk.core.types import NO_MONEY, Money
from kalshi_desk.desk.automation_frames import ExposureRow, LimitRow, LimitUnit
from kalshi_desk.desk.frames import Row
from kalshi_desk.engine.risk_numbers import (
    data_age_ns,
    day_base,
    drawdown,
    messages,
    open_markets,
)
from kalshi_desk.engine.state import CoreSettings, CoreState
from kalshi_desk.risk.limits import part_of
from kalshi_desk.store.risk_settings import RiskSettings
from kalshi_desk.store.setting_schema import Setting, every_setting

_SECOND_NS = 1_000_000_000
_SHARE = 10_000
TITLES = {
    "daily_loss_percent": "Daily loss, HALTS",
    "daily_loss_reducing_percent": "Daily loss, REDUCING",
    "drawdown_percent": "Drawdown, HALTS",
    "total_percent": "Worst case of everything",
    "settlement_day_percent": "Worst settlement day",
    "shortfall_percent": "Worst 5 % of outcomes",
    "stress_shortfall_percent": "The same, all moving together",
    "category_percent": "Worst category",
    "theme_percent": "Worst theme",
    "event_percent": "Worst event",
    "position_percent": "Largest position",
    "open_positions": "Open positions",
    "resting_orders": "Open orders",
    "orders_per_minute": "Order messages a minute",
    "market_percent": "Worst market of a strategy",
    "order_percent": "One order of a strategy",
    "trade_percent": "One stake of a strategy",
    "kelly_fraction": "Kelly fraction",
    "correlation": "Correlation with held risk",
    "theme_correlation": "Correlation of a small theme",
    "correlated_theme_percent": "A theme above it",
    "near_close_minutes": "No entry before the close",
    "stale_book_seconds": "Age of market data",
    "stop_loss_percent": "Stop loss",
    "bankroll_dollars": "Bankroll",
    "max_order_contracts": "Contracts of one order",
    "collar_cents": "Collar",
}
"""Every setting of the gate in the order in which it is shown."""
Gauge = tuple[LimitUnit, int | None, int]


def limit_rows(state: CoreState, _rest: str = "") -> dict[str, LimitRow]:
    """Return every limit by name."""
    gauges = _gauges(state)
    found = {}
    for name, title in TITLES.items():
        unit, used, allowed = gauges[name]
        found[name] = LimitRow(
            name=name,
            title=title,
            unit=unit,
            used=used,
            allowed=allowed,
            setting=f"risk.{name}",
            help=help_of(name),
            is_breached=used is not None and _is_breached(name, used, allowed),
            range=_settings()[f"risk.{name}"].allowed,
            value=f"{setting_value(state.settings, name):.6f}".rstrip("0").rstrip("."),
        )
    return found


@cache
def _settings() -> dict[str, Setting]:
    return every_setting()


_REACHED = frozenset({"daily_loss_percent", "daily_loss_reducing_percent", "drawdown_percent"})


def _is_breached(name: str, used: int, allowed: int) -> bool:
    """A loss stops where it reaches its limit; other limits may be used in full."""
    return used >= allowed > 0 if name in _REACHED else used > allowed


def _gauges(state: CoreState) -> dict[str, Gauge]:
    limits, settings = state.settings.limits, state.settings
    equity = state.exposures.equity()
    wealth = limits.wealth(equity) or NO_MONEY
    is_known = equity is not None and state.has_account

    def money(worst: int, percent: float) -> Gauge:
        return LimitUnit.MONEY, worst if is_known else None, part_of(wealth, percent)

    exposures = state.exposures
    largest = max((line.edges.loss for line in exposures.lines.values()), default=NO_MONEY)
    event = max((risk.worst for risk in exposures.events.values()), default=NO_MONEY)
    guards, age_ns = state.guards, data_age_ns(state)
    fallen = drawdown(state, equity)
    shortfall, stress = state.tail.now()
    count, share, seconds = LimitUnit.COUNT, LimitUnit.SHARE, LimitUnit.SECONDS
    return {
        "daily_loss_percent": _day(state, guards.halt.level(limits.daily_loss_percent)),
        "daily_loss_reducing_percent": _day(
            state, guards.reduce.level(limits.daily_loss_reducing_percent)
        ),
        "drawdown_percent": (
            share,
            None if fallen is None else round(fallen * 100),
            round(guards.drawdown.level(limits.drawdown_percent) * 100),
        ),
        "total_percent": money(exposures.total, limits.total_percent),
        "settlement_day_percent": money(
            max(exposures.by_day.values(), default=0), limits.settlement_day_percent
        ),
        "category_percent": money(
            max(exposures.by_category.values(), default=0), limits.category_percent
        ),
        "theme_percent": money(max(exposures.by_theme.values(), default=0), limits.theme_percent),
        "shortfall_percent": money(shortfall, limits.shortfall_percent),
        "stress_shortfall_percent": money(stress, limits.stress_shortfall_percent),
        "event_percent": money(event, limits.event_percent),
        "position_percent": money(largest, limits.position_percent),
        "open_positions": (count, open_markets(state), limits.open_positions),
        "resting_orders": (count, state.orders.open_count(), limits.resting_orders),
        "orders_per_minute": (count, messages(state), limits.orders_per_minute),
        "market_percent": (LimitUnit.MONEY, None, part_of(wealth, limits.market_percent)),
        "order_percent": (LimitUnit.MONEY, None, part_of(wealth, limits.order_percent)),
        "trade_percent": (LimitUnit.MONEY, None, part_of(wealth, limits.trade_percent)),
        "kelly_fraction": (share, None, round(limits.kelly_fraction * _SHARE)),
        "correlation": (share, None, round(limits.correlation * _SHARE)),
        "theme_correlation": (share, None, round(limits.theme_correlation * _SHARE)),
        "correlated_theme_percent": (
            LimitUnit.MONEY,
            None,
            part_of(wealth, limits.correlated_theme_percent),
        ),
        "near_close_minutes": (seconds, None, limits.near_close_minutes * 60),
        "stale_book_seconds": (
            seconds,
            None if age_ns is None else age_ns // _SECOND_NS,
            limits.stale_book_seconds,
        ),
        "stop_loss_percent": (share, None, round(limits.stop_loss_percent * 100)),
        "bankroll_dollars": (LimitUnit.MONEY, None, limits.bankroll_dollars * 1_000_000),
        "max_order_contracts": (count, None, settings.max_order // 100),
        "collar_cents": (LimitUnit.MONEY, None, settings.collar * 100),
    }


def _day(state: CoreState, level: float) -> Gauge:
    base, opening = day_base(state), state.opening_equity
    equity = state.exposures.equity()
    lost = None
    if equity is not None and opening is not None:
        lost = max(0, opening - equity)
    return LimitUnit.MONEY, lost, part_of(base or NO_MONEY, level)


def setting_value(settings: CoreSettings, name: str) -> int | float:
    """Return what a limit is set to now, in the unit of its setting."""
    if name == "collar_cents":
        return settings.collar / 100
    if name == "max_order_contracts":
        return settings.max_order / 100
    value: int | float = getattr(settings.limits, name)
    return value


@cache
def help_of(name: str) -> str:
    """Return the sentence that the settings file says about a limit."""
    hint = get_type_hints(RiskSettings, include_extras=True)[name]
    return str(get_args(hint)[1].description)


def exposure_rows(state: CoreState, _rest: str = "") -> dict[str, ExposureRow]:
    """Return the worst that settlement can do by event, theme, category, day and strategy."""
    exposures, limits = state.exposures, state.settings.limits
    wealth = limits.wealth(exposures.equity())
    lines = exposures.lines.values()
    found: dict[str, ExposureRow] = {}

    def add(
        scope: str, name: str, title: str, worst: Money, part: list[Money], percent: float | None
    ) -> None:
        has_limit = wealth is not None and percent is not None
        found[f"{scope}:{name}"] = ExposureRow(
            scope=scope,
            name=name,
            title=title,
            worst=Money(-worst),
            value=Money(sum(part)),
            allowed=part_of(wealth, percent) if has_limit and wealth and percent else None,
            positions=len(part),
        )

    for risk in exposures.events.values():
        known = state.markets.events.get(risk.event)
        part = [exposures.lines[ticker].value for ticker in risk.members]
        title = known.title if known is not None else risk.event
        add("event", risk.event, title, risk.worst, part, limits.event_percent)
    for theme in {risk.theme for risk in exposures.events.values()}:
        risks = [risk for risk in exposures.events.values() if risk.theme == theme]
        part = [exposures.lines[ticker].value for risk in risks for ticker in risk.members]
        worst = Money(exposures.by_theme[theme])
        add("theme", theme, theme, worst, part, limits.theme_percent)
    for category in {line.category for line in lines}:
        part = [line.value for line in lines if line.category == category]
        worst = Money(exposures.by_category[category])
        add("category", category, category, worst, part, limits.category_percent)
    for day in {line.day for line in lines}:
        part = [line.value for line in lines if line.day == day]
        worst = Money(exposures.by_day[day])
        add("day", day, day, worst, part, limits.settlement_day_percent)
    for origin, (worst, value, count) in exposures.by_origin().items():
        row = ExposureRow(
            scope="strategy",
            name=origin,
            title=origin,
            worst=Money(-worst),
            value=value,
            allowed=None,
            positions=count,
        )
        found[f"strategy:{origin}"] = row
    return dict(sorted(found.items()))


def whole_limits(state: CoreState, rest: str) -> dict[str, Row]:
    """Build the topic ``limits``."""
    return dict(limit_rows(state, rest))


def whole_exposure(state: CoreState, rest: str) -> dict[str, Row]:
    """Build the topic ``exposure``."""
    return dict(exposure_rows(state, rest))
