"""Settings without an engine: what a start would take, and one change written to the file."""

from __future__ import annotations

import msgspec

from kalshi_desk.alerts.rules import parse_rule
from kalshi_desk.core.errors import Refuse
from kalshi_desk.core.strategy import Parameter, ParameterValue
from kalshi_desk.desk.service import SettingsPage
from kalshi_desk.store.paths import Home
from kalshi_desk.store.setting_edit import value_at, with_value
from kalshi_desk.store.setting_env import load_all
from kalshi_desk.store.setting_request import Request, read_request, shown, what_is_wrong
from kalshi_desk.store.setting_schema import PARAMETERS
from kalshi_desk.store.setting_values import value_text
from kalshi_desk.store.settings import load_settings, save_setting

RULES = "alerts.rules."


def page_alone(home: Home) -> SettingsPage:
    """Return the settings that an engine would start with now; raises ``Stop`` in words."""
    from kalshi_desk.engine.setting_rows import secret_rows, setting_rows

    loaded = load_all(home)
    rows = setting_rows(loaded, built_in(), {}, lambda place: False)
    return SettingsPage(
        path=str(home.settings_path), rows=(*rows, *secret_rows(home)), warnings=loaded.warnings
    )


def set_alone(home: Home, name: str, text: str) -> str:
    """Write one setting into the file and return what was done.

    Raises ``Refuse`` with what is allowed, ``Stop`` where the file can't be written; the
    file is then as it was.
    """
    request = checked(read_request(name, text))
    home.prepare()
    path = home.settings_path
    before = load_settings(path).settings
    if request.value is None and value_at(before, request.path) is None:
        raise Refuse(f"There is no {request.place.name}.", code="bad_setting")
    try:
        after = with_value(before, request.path, request.value)
    except msgspec.ValidationError as error:
        raise Refuse(
            f"{request.place.name} can't be set: {what_is_wrong(error)}.",
            code="bad_setting",
            money="Nothing was changed.",
        ) from error
    setting = ".".join(request.path)
    save_setting(path, setting, request.value)
    old, new = (shown(value_at(one, request.path)) for one in (before, after))
    told = f"{setting}: {old} becomes {new}, in {path}."
    variable = load_all(home).overridden.get(setting)
    return f"{told} But {variable} wins." if variable else told


def checked(request: Request) -> Request:
    """Hold a value against what it must be besides: a rule of an alert, a declared parameter.

    Of strategies, those that come with the desk are known here.
    """
    name = request.place.name
    if name.startswith(RULES) and isinstance(request.value, str):
        try:
            parse_rule(request.value)
        except Refuse as error:
            raise Refuse(
                error.what, code="bad_setting", money="Nothing was changed.", todo=error.todo
            ) from error
    if not name.startswith(f"{PARAMETERS}.") or request.value is None:
        return request
    _, _, strategy, parameter = request.place.path
    declared = built_in().get(strategy)
    if declared is None:
        return request
    found = next((one for one in declared if one.name == parameter), None)
    known = ", ".join(one.name for one in declared)
    if found is None:
        raise Refuse(
            f"{strategy} has no parameter {parameter}; it has {known}.",
            code="bad_setting",
            money="Nothing was changed.",
        )
    try:
        value: ParameterValue = found.parse(value_text(request.value))
    except ValueError as error:
        raise Refuse(str(error), code="bad_setting", money="Nothing was changed.") from error
    return msgspec.structs.replace(request, value=value)


def built_in() -> dict[str, tuple[Parameter, ...]]:
    """Return what the strategies that come with the desk declare."""
    from kalshi_desk.strategies.registry import BUILT_IN, load

    return {name: load(name).parameters for name in BUILT_IN}
