"""From the settings file to what the core is told: the same for a live desk and a backtest."""

from __future__ import annotations

from kalshi_desk.core.types import CENT, Price
from kalshi_desk.engine.limit_setting import limits_of
from kalshi_desk.engine.state import CoreSettings
from kalshi_desk.engine.stop_plan import HOUR_NS
from kalshi_desk.risk.stops import SECOND, StopRules
from kalshi_desk.store.settings import Settings, StopSettings


def core_settings(settings: Settings, venue: str, *, read_only_why: str = "") -> CoreSettings:
    """Return the core's settings; with ``read_only_why`` it takes no orders and says that."""
    return CoreSettings(
        venue=venue,
        can_trade=not read_only_why,
        read_only_why=read_only_why,
        collar=settings.risk.collar,
        max_order=settings.risk.max_order,
        stops=_stop_rules(settings.stops),
        limits=limits_of(settings.risk),
        strategy_interval_ns=settings.strategies.interval_s * SECOND,
        strategy_values=settings.strategies.parameters,
        alert_rules=settings.alerts.rules,
    )


def _stop_rules(settings: StopSettings) -> StopRules:
    return StopRules(
        fixed_percent=settings.fixed_percent,
        trailing=Price(settings.trailing_cents * CENT),
        time_ns=settings.time_hours * HOUR_NS,
        deviations=settings.sd_multiple,
        horizon_hours=settings.sd_horizon_hours,
        max_spread=Price(settings.max_spread_cents * CENT),
        confirm_ns=settings.confirm_s * SECOND,
        floor=Price(settings.floor_cents * CENT),
        is_automatic=settings.automatic,
    )
