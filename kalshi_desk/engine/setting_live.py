"""Puts a changed setting in force inside the core, and says what a variable will do to it."""

from __future__ import annotations

import msgspec

from kalshi_desk.core.strategy import ParameterValue
from kalshi_desk.engine.core_settings import stop_rules
from kalshi_desk.engine.limit_values import put_limit
from kalshi_desk.engine.state import CoreState
from kalshi_desk.risk.stops import SECOND
from kalshi_desk.store.setting_edit import with_value

FILE = "file"
IN_CORE = ("risk.", "stops.", "strategies.")
"""What :func:`put_setting` changes at once."""


def put_setting(state: CoreState, path: tuple[str, ...], value: ParameterValue | None) -> None:
    """Let a checked value hold from now on; None stands for the default.

    Raises ``msgspec.ValidationError`` where it does not fit what else is set.
    """
    settings = state.settings
    before = settings.whole
    settings.whole = with_value(before, path, value)
    name = ".".join(path)
    for known in [one for one in settings.sources if one == name or one.startswith(f"{name}.")]:
        del settings.sources[known]
    if value is not None:
        settings.sources[name] = FILE
    section, *rest = path
    if section == "risk":
        put_limit(settings, rest[0], getattr(settings.whole.risk, rest[0]))
    if section in ("risk", "stops"):
        old, new = (msgspec.structs.asdict(stop_rules(one)) for one in (before, settings.whole))
        changed = {key: new[key] for key in new if new[key] != old[key]}
        if changed:
            settings.stops = msgspec.structs.replace(state.stops.rules, **changed)
            state.stops.set_rules(settings.stops)
    if path == ("strategies", "interval_s"):
        settings.strategy_interval_ns = settings.whole.strategies.interval_s * SECOND


def next_start(state: CoreState, name: str) -> str:
    """Say which variable decides at the next start, with a blank before; empty when none does."""
    variable = state.settings.overridden.get(name)
    return f" At the next start {variable} wins." if variable else ""
