"""Which setting of the desk stands behind each field of ``/config``, and in which unit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

import msgspec

from kalshi_desk.api.answers import Seen
from kalshi_desk.api.bodies import ConfigBody, ConfigChange
from kalshi_desk.desk.automation import SetLimit, SetParameter
from kalshi_desk.desk.service import Change, SetSetting, SettingsPage

PERCENT = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfigField:
    """One field: ``scale`` times its value is what the desk calls it.

    ``owner`` is ``limit``, ``setting``, or the strategy whose parameter ``name`` is.
    """

    owner: str
    name: str
    scale: int = 1

    @property
    def where(self) -> str:
        """What other faces call it."""
        if self.owner == "limit":
            return f"limit {self.name}"
        if self.owner == "setting":
            return self.name
        return f"{self.owner} {self.name}"


LIMIT, SETTING = "limit", "setting"
FIELDS: dict[str, ConfigField] = {
    "max_position_size": ConfigField(owner=LIMIT, name="position_percent", scale=PERCENT),
    "stop_loss": ConfigField(owner=LIMIT, name="stop_loss_percent", scale=PERCENT),
    "news_sentiment_threshold": ConfigField(owner="news", name="min_sentiment"),
    "stat_arbitrage_threshold": ConfigField(owner="pairs", name="min_deviation"),
    "volatility_threshold": ConfigField(owner="volatility", name="min_move"),
    "trade_interval": ConfigField(owner=SETTING, name="strategies.interval_s"),
}
"""By the field's name in :class:`ConfigBody`."""


def config(seen: Seen, settings: SettingsPage | None) -> ConfigBody:
    """Show every field; null where the desk has nothing of that name now."""
    known = {} if settings is None else {row.name: row.value for row in settings.rows}
    return ConfigBody(**{name: _value(field, seen, known) for name, field in FIELDS.items()})


def _value(field: ConfigField, seen: Seen, settings: Mapping[str, str]) -> float | None:
    text = settings.get(field.name)
    if field.owner == LIMIT:
        row = seen.limits.get(field.name)
        text = None if row is None else row.value
    elif field.owner != SETTING:
        text = settings.get(f"strategies.parameters.{field.owner}.{field.name}")
        for strategy in seen.strategies:
            if strategy.name == field.owner and field.name in strategy.values:
                text = str(strategy.values[field.name])
    try:
        return None if text is None else float(Decimal(text) / field.scale)
    except (ArithmeticError, ValueError):
        return None


def changes(asked: ConfigChange) -> tuple[Change, ...]:
    """Return the commands, those of every face, that set what is asked for."""
    found: list[Change] = []
    for name, field in FIELDS.items():
        value = getattr(asked, name)
        if value is msgspec.UNSET:
            continue
        text = _text(value, field.scale)
        if field.owner == LIMIT:
            found.append(SetLimit(name=field.name, value=text))
        elif field.owner == SETTING:
            found.append(SetSetting(name=field.name, value=text))
        else:
            found.append(SetParameter(strategy=field.owner, name=field.name, value=text))
    return tuple(found)


def units(asked: ConfigChange) -> str:
    """Say what the fields of a request are in the desk's own words, for a refusal."""
    told = []
    for name, field in FIELDS.items():
        if getattr(asked, name) is not msgspec.UNSET:
            times = "" if field.scale == 1 else f"{field.scale} x "
            told.append(f"{field.where} = {times}{wire_name(name)}")
    return "; ".join(told)


def wire_name(name: str) -> str:
    """Return what a field is called in JSON."""
    fields = {field.name: field.encode_name for field in msgspec.structs.fields(ConfigBody)}
    return fields[name]


def _text(value: float, scale: int) -> str:
    """Return a number as a person would type it, without the noise of binary fractions."""
    exact = Decimal(repr(value)) * scale
    return f"{exact:f}".rstrip("0").rstrip(".") if "." in f"{exact:f}" else f"{exact:f}"
