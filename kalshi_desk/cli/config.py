"""``kalshi-desk config``: settings looked at, set and checked, with or without an engine."""

from __future__ import annotations

import argparse
import asyncio
import json
import shutil
import sys
from typing import TYPE_CHECKING

from kalshi_desk.cli import outcome
from kalshi_desk.cli.printing import Form
from kalshi_desk.core.errors import Refuse, Stop
from kalshi_desk.core.text import clean
from kalshi_desk.desk.service import SettingRow, SettingsPage
from kalshi_desk.desk.verbs import DEFAULT_WORD
from kalshi_desk.store.paths import Home
from kalshi_desk.store.presence import EnginePhase, engine_phase

if TYPE_CHECKING:
    from kalshi_desk.cli.flat import Flat

_USAGE = "kalshi-desk config get NAME | set NAME VALUE|default | show [TEXT] | path | check"
_WIDEST = 40
_FAR = 1_000


def run(home: Home, options: argparse.Namespace) -> int:
    """Carry out one action and return the exit code; raises ``DeskError`` in words."""
    form = Form.JSON if options.json else Form.PLAIN if options.plain else Form.TABLE
    action, words = options.action, list(options.rest)
    if action == "path" and not words:
        return _path(home, form)
    if action == "check" and not words:
        from kalshi_desk.cli.config_check import check

        return check(home, form)
    if action == "show":
        return _show(page_of(home), " ".join(words), form)
    if action == "get" and len(words) == 1:
        return _get(page_of(home), words[0], form)
    if action == "set" and len(words) > 1:
        text = " ".join(words[1:])
        return _set(home, words[0], "" if text.lower() == DEFAULT_WORD else text, form)
    raise Refuse(f"That is not how to use config {action}.", code="usage", todo=f"Usage: {_USAGE}")


def page_of(home: Home) -> SettingsPage:
    """Return the settings: those of the running engine, else those that a start would take."""
    if engine_phase(home) is EnginePhase.ABSENT:
        from kalshi_desk.cli.config_alone import page_alone

        return page_alone(home)
    from kalshi_desk.cli.calls import ask
    from kalshi_desk.desk.service import AskSettings

    reply = asyncio.run(ask(home, AskSettings()))
    if not isinstance(reply, SettingsPage):
        raise Stop("The engine does not tell its settings.", code="no_settings")
    return reply


def _path(home: Home, form: Form) -> int:
    from kalshi_desk.store.env_files import env_paths

    path, env = str(home.settings_path), [str(path) for path in env_paths(home)]
    if form is Form.JSON:
        print(json.dumps({"settings": path, "env": env}), flush=True)
    else:
        print(path)
        for one in env:
            print(one)
    return outcome.DONE


def _show(page: SettingsPage, text: str, form: Form) -> int:
    wanted = [row for row in page.rows if _fits(row, text.casefold())]
    if form is Form.JSON:
        facts = [flat_setting(row) for row in wanted]
        body = {"path": page.path, "settings": facts, "warnings": list(page.warnings)}
        print(json.dumps(body), flush=True)
        return outcome.DONE
    for warning in page.warnings:
        print(f"kalshi-desk: {warning}", file=sys.stderr)
    if not wanted:
        print(f"No setting holds {text!r}.")
    elif form is Form.PLAIN:
        print("\n\n".join("\n".join(_facts(row)) for row in wanted))
    else:
        _table(wanted)
    return outcome.DONE


def _fits(row: SettingRow, text: str) -> bool:
    return not text or text in row.name.casefold() or text in row.help.casefold()


def _facts(row: SettingRow) -> list[str]:
    return [f"{name}: {_word(value)}" for name, value in flat_setting(row).items()]


def _word(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "-" if value in ("", None) else clean(str(value))


def _table(rows: list[SettingRow]) -> None:
    """Print a line a setting: name, value, where it comes from and what it may be.

    On a terminal a line never wraps.
    """
    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else _FAR
    cells = [(clean(row.name), _cut(clean(row.value)) or "-", row) for row in rows]
    name_width = max(len(name) for name, _, _ in cells)
    value_width = max(len(value) for _, value, _ in cells)
    for name, value, row in cells:
        source = "" if row.source == "default" else row.source
        line = f"{name:<{name_width}}  {value:<{value_width}}  {source:<12}"
        print(f"{line}  {row.allowed}".rstrip()[:width])


def _cut(text: str) -> str:
    return text if len(text) <= _WIDEST else f"{text[: _WIDEST - 1]}…"


def _get(page: SettingsPage, name: str, form: Form) -> int:
    from kalshi_desk.store.secret_names import secret_refusal
    from kalshi_desk.store.setting_schema import place_of

    if refusal := secret_refusal(name):
        raise Refuse(refusal, code="bad_setting")
    wanted = name.strip()
    by_name = {row.name: row for row in page.rows}
    row = by_name.get(wanted) or by_name.get(wanted.lower())
    if row is None:
        place = place_of(wanted)
        raise Refuse(f"{place.name} is not set.", code="not_set")
    if form is Form.JSON:
        print(json.dumps(flat_setting(row)), flush=True)
    elif form is Form.PLAIN:
        print("\n".join(_facts(row)))
    elif row.is_table:
        inner = [one for one in page.rows if one.name.startswith(f"{row.name}.")]
        _table([row, *inner])
    else:
        print(clean(row.value))
    return outcome.DONE


def _set(home: Home, name: str, text: str, form: Form) -> int:
    if engine_phase(home) is EnginePhase.ABSENT:
        from kalshi_desk.cli.config_alone import set_alone

        told = set_alone(home, name, text)
        print(json.dumps({"outcome": "done", "text": told}) if form is Form.JSON else told)
        return outcome.DONE
    from kalshi_desk.cli.calls import print_answer, submit
    from kalshi_desk.desk.service import SetSetting

    return print_answer(asyncio.run(submit(home, SetSetting(name=name, value=text))), form)


def flat_setting(row: SettingRow) -> Flat:
    """Return a setting as JSON shows it; numbers and switches are JSON's own."""
    return {
        "name": row.name,
        "value": _native(row),
        "default": row.default,
        "allowed": row.allowed,
        "help": row.help,
        "source": row.source,
        "needs_restart": row.needs_restart,
        "is_secret": row.is_secret,
    }


def _native(row: SettingRow) -> bool | int | float | str:
    from kalshi_desk.store.setting_values import read_any

    is_text = row.is_table or row.is_secret or row.allowed.startswith("text")
    return row.value if is_text else read_any(row.value)
