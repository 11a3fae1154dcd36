"""Every setting as a row: its value and where that comes from, in the order of the file."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from kalshi_desk.core.errors import Refuse
from kalshi_desk.core.strategy import Parameter, ParameterValue
from kalshi_desk.desk.service import SettingRow
from kalshi_desk.store.paths import Home
from kalshi_desk.store.secret_state import secret_states
from kalshi_desk.store.setting_edit import value_at
from kalshi_desk.store.setting_schema import (
    FEEDS,
    PARAMETERS,
    Place,
    Setting,
    every_setting,
    place_of,
)
from kalshi_desk.store.setting_values import Kind, value_text
from kalshi_desk.store.settings import LoadedSettings

DEFAULT = "default"
Declared = Mapping[str, tuple[Parameter, ...]]
Values = Mapping[str, Mapping[str, ParameterValue]]


def setting_rows(
    loaded: LoadedSettings,
    declared: Declared,
    values: Values,
    needs_restart: Callable[[Place], bool],
) -> list[SettingRow]:
    """Return all settings, entries of tables below their table.

    ``declared`` and ``values`` are the parameters of the strategies that are known.
    """
    found: list[SettingRow] = []
    for name, setting in every_setting().items():
        place = place_of(name)
        value = value_at(loaded.settings, place.path)
        entries = list(_entries(loaded, place, declared, values, needs_restart))
        is_table = setting.kind is Kind.TABLE
        own = sum(1 for row in entries if row.source != DEFAULT)
        found.append(
            SettingRow(
                name=name,
                value=(f"{own} set" if own else "none set") if is_table else value_text(value),
                default="none set" if is_table else _default(setting),
                allowed=setting.allowed,
                help=setting.help,
                source=_source(loaded, name, entries),
                needs_restart=needs_restart(place),
                choices=setting.choices or (("on", "off") if setting.kind is Kind.SWITCH else ()),
                is_table=is_table,
                by_hand=setting.by_hand,
            )
        )
        found += entries
    return found


def secret_rows(home: Home) -> list[SettingRow]:
    """Return the secrets as rows that show nothing of them."""
    return [
        SettingRow(
            name=one.name,
            value=one.state,
            default="not set",
            allowed="neither set nor shown here",
            help=one.problem or one.help,
            source=one.source,
            needs_restart=True,
            is_secret=True,
        )
        for one in secret_states(home)
    ]


def _default(setting: Setting) -> str:
    return "" if setting.default is None else value_text(setting.default)


def _source(loaded: LoadedSettings, name: str, entries: list[SettingRow]) -> str:
    if entries:
        return next((row.source for row in entries if row.source != DEFAULT), DEFAULT)
    return loaded.sources.get(name, DEFAULT)


def _entries(
    loaded: LoadedSettings,
    place: Place,
    declared: Declared,
    values: Values,
    needs_restart: Callable[[Place], bool],
) -> Iterator[SettingRow]:
    if place.setting.kind is not Kind.TABLE:
        return
    if place.name == PARAMETERS:
        yield from _parameters(loaded, declared, values)
        return
    for key, value in value_at(loaded.settings, place.path).items():
        parts = [(f"{place.name}.{key}", value)]
        if place.name == FEEDS:
            parts = [(f"{place.name}.{key}.{part}", getattr(value, part)) for part in _PARTS]
        for name, one in parts:
            setting, by_hand = _entry_setting(place, name)
            switch = ("on", "off") if setting.kind is Kind.SWITCH else ()
            yield SettingRow(
                name=name,
                value=value_text(one),
                default="not set",
                allowed=setting.allowed,
                help=place.setting.help,
                source=loaded.sources.get(name, "file"),
                needs_restart=needs_restart(place),
                choices=setting.choices or switch,
                by_hand=by_hand,
            )


def _entry_setting(table: Place, name: str) -> tuple[Setting, str]:
    """Return what an entry may be; one whose name no face can write is the file's alone."""
    try:
        return place_of(name).setting, ""
    except Refuse:
        entry = table.setting.entry or table.setting
        return entry, "its name can't be written here"


_PARTS = ("url", "title", "kind", "tier")


def _parameters(loaded: LoadedSettings, declared: Declared, values: Values) -> Iterator[SettingRow]:
    """Return the parameters that strategies declare, and what is set for others."""
    given = loaded.settings.strategies.parameters
    for strategy in [*declared, *(name for name in given if name not in declared)]:
        known = {parameter.name: parameter for parameter in declared.get(strategy, ())}
        own = given.get(strategy, {})
        for name, parameter in known.items():
            value = values.get(strategy, {}).get(name, own.get(name, parameter.default))
            switch = ("on", "off") if isinstance(parameter.default, bool) else ()
            yield SettingRow(
                name=f"{PARAMETERS}.{strategy}.{name}",
                value=value_text(value),
                default=value_text(parameter.default),
                allowed=parameter.allowed,
                help=parameter.help,
                source=loaded.sources.get(f"{PARAMETERS}.{strategy}.{name}", DEFAULT),
                choices=parameter.choices or switch,
            )
        for name, value in own.items():
            if name not in known:
                yield SettingRow(
                    name=f"{PARAMETERS}.{strategy}.{name}",
                    value=value_text(value),
                    default="",
                    allowed=f"what the strategy {strategy} declares; it is not known now",
                    help="A parameter of a strategy that is not loaded.",
                    source=loaded.sources.get(f"{PARAMETERS}.{strategy}.{name}", "file"),
                )
