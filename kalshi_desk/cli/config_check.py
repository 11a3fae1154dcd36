"""``kalshi-desk config check``: reads everything that a start would read and says all faults."""

from __future__ import annotations

import json
from dataclasses import dataclass, field

from kalshi_desk.alerts.rules import parse_rule
from kalshi_desk.cli import outcome
from kalshi_desk.cli.config_alone import RULES, built_in
from kalshi_desk.cli.printing import Form
from kalshi_desk.core.errors import DeskError
from kalshi_desk.store.env_files import Variables, read_variables
from kalshi_desk.store.key_variables import half_key, key_of
from kalshi_desk.store.live_switch import is_live_on
from kalshi_desk.store.paths import Home
from kalshi_desk.store.secrets import ApiKey, key_file, load_key_pair, load_stored_key
from kalshi_desk.store.setting_env import (
    NAMES,
    VARIABLES,
    overridden,
    overrides_of,
    variable_setting,
)
from kalshi_desk.store.setting_faults import read_faulty
from kalshi_desk.store.setting_values import value_text
from kalshi_desk.store.settings import Settings

KEYED = ("demo", "live")


@dataclass(slots=True)
class Findings:
    """What a start would refuse, and what a person should know."""

    problems: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    read: list[str] = field(default_factory=list)


def check(home: Home, form: Form) -> int:
    """Print every fault of file, variables and keys at once; the exit code says whether any."""
    found = findings(home)
    if form is Form.JSON:
        body = {
            "ok": not found.problems,
            "problems": found.problems,
            "warnings": found.warnings,
            "read": found.read,
        }
        print(json.dumps(body), flush=True)
    else:
        for name, lines in (("problem", found.problems), ("warning", found.warnings)):
            for line in lines:
                print(f"{name}: {line}")
        for place in found.read:
            print(f"read: {place}")
        if not found.problems:
            holds = "these settings" if found.read else "the defaults: nothing is set"
            print(f"An engine would start with {holds}.")
    return outcome.REFUSED if found.problems else outcome.DONE


def findings(home: Home) -> Findings:
    """Return what is wrong; nothing is changed and nothing is sent."""
    found = Findings()
    loaded, faults = read_faulty(home.settings_path)
    found.problems += faults
    found.warnings += loaded.warnings
    if home.settings_path.exists():
        found.read.append(str(home.settings_path))
    variables = read_variables(NAMES, home)
    overrides, problems = overrides_of(variables)
    found.problems += [*variables.problems, *problems]
    found.warnings += variables.warnings
    found.read += map(str, variables.files)
    if any(one.source == "environment" for one in variables.found.values()):
        found.read.append("the environment")
    loaded = overridden(loaded, overrides)
    _look_at_percentages(variables, found)
    _look_at_parameters(loaded.settings, found)
    _look_at_keymap(loaded.settings, found)
    _look_at_alerts(loaded.settings, found)
    _look_at_keys(home, variables, loaded.settings, found)
    return found


def _look_at_percentages(variables: Variables, found: Findings) -> None:
    for name, one in variables.found.items():
        if VARIABLES.get(name, "").endswith("_percent"):
            try:
                value = variable_setting(name).parse(one.value)
            except ValueError:
                continue
            if not isinstance(value, str) and value < 1:
                found.warnings.append(
                    f"{name} in {one.where} stands for {value_text(value)} per cent, not for a "
                    f"fraction: {value_text(value * 100)} per cent would be written "
                    f"{value_text(value * 100)}."
                )


def _look_at_parameters(settings: Settings, found: Findings) -> None:
    declared = built_in()
    for strategy, values in settings.strategies.parameters.items():
        known = {parameter.name: parameter for parameter in declared.get(strategy, ())}
        for name, value in values.items() if strategy in declared else ():
            where = f"strategies.parameters.{strategy}"
            if name not in known:
                found.warnings.append(f"{where}.{name}: {strategy} has no such parameter.")
                continue
            try:
                known[name].parse(value_text(value))
            except ValueError as error:
                found.problems.append(f"{where}: {error}")


def _look_at_keymap(settings: Settings, found: Findings) -> None:
    from kalshi_desk.tui.actions import faults

    found.problems += [f"tui.keymap: {fault}." for fault in faults(settings.tui.keymap)]


def _look_at_alerts(settings: Settings, found: Findings) -> None:
    for name, text in settings.alerts.rules.items():
        try:
            parse_rule(text)
        except DeskError as error:
            # An engine starts all the same, and shows the rule as one that can't be read.
            found.warnings.append(f"{RULES}{name}: {error}")


def _look_at_keys(home: Home, variables: Variables, settings: Settings, found: Findings) -> None:
    halves = half_key(variables)
    found.problems += halves
    usable: set[str] = set()
    try:
        named = None if halves else key_of(variables)
        if named is not None and not named.venue:
            found.problems.append(
                f"KALSHI_API_KEY in {named.where} does not say whether it is a key of demo or of "
                "live: set KALSHI_API_URL."
            )
        elif named is not None:
            _read_key(load_key_pair(named.key_id, named.path), named.venue)
            usable.add(named.venue)
    except DeskError as error:
        found.problems.append(str(error))
    except ValueError:
        # The address is told already.
        pass
    for venue in KEYED:
        if key_file(home, venue).exists():
            try:
                _read_key(load_stored_key(home, venue), venue)
                usable.add(venue)
            except DeskError as error:
                found.problems.append(str(error))
    if settings.venue in KEYED and settings.venue not in usable:
        found.problems.append(f"The venue is {settings.venue}, and there is no key for it.")
    if settings.venue == "live" and not is_live_on(home):
        found.problems.append("The venue is live, and real money is not switched on.")


def _read_key(key: ApiKey, venue: str) -> None:
    """Raise ``Stop`` unless the private key can sign."""
    from kalshi_desk.kalshi.signing import Signer, parse_private_key

    Signer(key.key_id, parse_private_key(key.private_key_pem), venue=venue)
