"""Limits as settings, as people type them, and as the gate reads them."""

from __future__ import annotations

from typing import Any

import msgspec

from kalshi_desk.engine.state import CoreSettings
from kalshi_desk.risk.limits import Limits
from kalshi_desk.store.risk_settings import RiskSettings
from kalshi_desk.store.setting_schema import every_setting

SECTION = "risk."


def read_limit(name: str, text: str) -> int | float:
    """Return the value that a person typed; raises ``ValueError`` with the allowed range."""
    value = every_setting()[SECTION + name].parse(text)
    assert not isinstance(value, str)
    return value


def limits_of(settings: RiskSettings) -> Limits:
    """Return the limits that the settings name."""
    names = [field.name for field in msgspec.structs.fields(Limits)]
    return Limits(**{name: getattr(settings, name) for name in names})


def put_limit(settings: CoreSettings, name: str, value: int | float) -> None:
    """Put one limit in force."""
    one: dict[str, Any] = {name: value}
    if name == "collar_cents":
        settings.collar = RiskSettings(**one).collar
    elif name == "max_order_contracts":
        settings.max_order = RiskSettings(**one).max_order
    else:
        settings.limits = msgspec.structs.replace(settings.limits, **one)
