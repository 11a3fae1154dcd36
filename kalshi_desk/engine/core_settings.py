"""From the settings file to what the core is told: the same for a live desk and a backtest."""

from __future__ import annotations

from kalshi_desk.core.types import CENT, Price
from kalshi_desk.engine.limit_values import limits_of
from kalshi_desk.engine.state import CoreSettings
from kalshi_desk.engine.stop_plan import HOUR_NS
from kalshi_desk.risk.stops import SECOND, StopRules
from kalshi_desk.store.settings import LoadedSettings, Settings


def core_settings(
    loaded: Settings | LoadedSettings,
    venue: str,
    *,
    speed: float = 1.0,
    read_only_why: str = "",
) -> CoreSettings:
    """Return the core's settings; with ``read_only_why`` it takes no orders and says that.

    ``speed`` is that of the clock that the core is stepped by.
    """
    if isinstance(loaded, Settings):
        loaded = LoadedSettings(settings=loaded)
    settings = loaded.settings
    return CoreSettings(
        venue=venue,
        speed=speed,
        can_trade=not read_only_why,
        read_only_why=read_only_why,
        collar=settings.risk.collar,
        max_order=settings.risk.max_order,
        stops=stop_rules(settings),
        limits=limits_of(settings.risk),
        strategy_interval_ns=settings.strategies.interval_s * SECOND,
        strategy_values=settings.strategies.parameters,
        whole=settings,
        sources=dict(loaded.sources),
        overridden=dict(loaded.overridden),
    )


def stop_rules(whole: Settings) -> StopRules:
    """Return the rules of stops; the fixed one without an amount is the gate's stop loss."""
    settings = whole.stops
    return StopRules(
        fixed_percent=whole.risk.stop_loss_percent,
        trailing=Price(settings.trailing_cents * CENT),
        time_ns=settings.time_hours * HOUR_NS,
        deviations=settings.sd_multiple,
        horizon_hours=settings.sd_horizon_hours,
        max_spread=Price(settings.max_spread_cents * CENT),
        confirm_ns=settings.confirm_s * SECOND,
        floor=Price(settings.floor_cents * CENT),
        is_automatic=settings.automatic,
    )
