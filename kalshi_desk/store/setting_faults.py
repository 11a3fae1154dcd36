"""Everything that is wrong with a settings file, found in one reading.

A start stops at the first fault. Here each one is told and left out, and the reading goes on.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import msgspec

from kalshi_desk.core.errors import DeskError, Stop
from kalshi_desk.core.text import clean
from kalshi_desk.store.setting_request import what_is_wrong
from kalshi_desk.store.setting_schema import FEEDS, Setting, place_of
from kalshi_desk.store.setting_values import Kind, quoted, value_text
from kalshi_desk.store.settings import (
    LoadedSettings,
    Settings,
    drop_unknown,
    line_of,
    move_old,
    syntax_fault,
    text_of,
    unreadable,
)

MOST_BROKEN_LINES = 50
_SKIPPED = "__skipped__"
_FEED_DEPTH = len((*FEEDS.split("."), "NAME"))


def read_faulty(path: Path) -> tuple[LoadedSettings, list[str]]:
    """Return what of a settings file can be used, and a sentence for each fault in it.

    A sentence names file, line and setting, what may stand there, and what to do.
    """
    try:
        text = text_of(path)
        if text is None:
            return LoadedSettings(settings=Settings()), []
        tables, readable, problems = _parsed(path, text)
    except Stop as error:
        return LoadedSettings(settings=Settings()), [f"{error.what} {error.todo}"]
    warnings = [*move_old(tables, path), *drop_unknown(tables, Settings, path, readable, ())]
    for place, fault in _faults(tables):
        name, value = ".".join(place), _taken_out(tables, place)
        line = line_of(readable, name)
        where = f"{path} line {line}" if line else str(path)
        problems.append((line or 0, f"{where}: {_told(name, value, fault)}"))
    settings = msgspec.convert(tables, Settings)
    told = tuple(line for line in warnings if _SKIPPED not in line)
    in_order = [sentence for _, sentence in sorted(problems, key=lambda one: one[0])]
    return LoadedSettings(settings=settings, warnings=told), in_order


# --- lines that are no TOML ----------------------------------------------------------------


def _parsed(path: Path, text: str) -> tuple[dict[str, Any], str, list[tuple[int, str]]]:
    """Return the tables of what is TOML, the text without the rest, and a sentence a line of it.

    Raises ``Stop`` when nothing can be made of it.
    """
    problems: list[tuple[int, str]] = []
    lines = text.split("\n")
    for _ in range(MOST_BROKEN_LINES):
        try:
            return tomllib.loads("\n".join(lines)), "\n".join(lines), problems
        except tomllib.TOMLDecodeError as error:
            number, why = syntax_fault("\n".join(lines), error)
        except RecursionError as error:
            raise unreadable(path, None, "it is nested too deeply") from error
        broken = _culprit(lines, number)
        why = why if broken == number else "What is opened here is not closed"
        hint = _hint(lines, broken)
        said = f"{path} line {broken}: {clean(why, 200)}. {hint}Correct the line or remove it."
        problems.append((broken, said))
        is_header = lines[broken - 1].lstrip().startswith("[")
        # What stands below a broken header belongs to no table that is known.
        lines[broken - 1] = f"[{_SKIPPED}{broken}]" if is_header else ""
    rest = f"{path}: too much of it is no TOML; the rest was not read."
    return {}, "", [*problems, (len(lines), rest)]


def _culprit(lines: list[str], number: int) -> int:
    """Return the line to blame: an open bracket is only missed further down."""
    number = min(number, len(lines))
    for above in range(number, 0, -1):
        line = lines[above - 1]
        if line.strip() and not _is_toml(line):
            return above
    return number


def _hint(lines: list[str], number: int) -> str:
    """Return what may stand on a broken line, when it can be told which setting it is."""
    last, sign, _ = lines[number - 1].partition("=")
    headers = (line.strip() for line in reversed(lines[: number - 1]))
    table = next((line.strip("[] ") for line in headers if line.startswith("[")), "")
    try:
        setting = place_of(".".join(filter(None, (table, last.strip())))).setting
    except DeskError:
        return ""
    return f"{setting.name}: allowed is {_allowed(setting)}. " if sign else ""


def _is_toml(line: str) -> bool:
    try:
        tomllib.loads(line)
    except (tomllib.TOMLDecodeError, RecursionError):
        return False
    return True


# --- values that may not stand where they do -----------------------------------------------


def _faults(
    tables: dict[str, Any],
) -> list[tuple[tuple[str, ...], msgspec.ValidationError]]:
    """Return where something wrong stands, in the order of the file."""
    return [fault for name, value in tables.items() for fault in _within((name,), value)]


def _within(
    place: tuple[str, ...], value: Any
) -> list[tuple[tuple[str, ...], msgspec.ValidationError]]:
    error = _error_of(place, value)
    if error is None:
        return []
    is_feed = len(place) == _FEED_DEPTH and ".".join(place).startswith(f"{FEEDS}.")
    inner = (
        [fault for name, one in value.items() for fault in _within((*place, name), one)]
        if isinstance(value, dict) and not is_feed
        else []
    )
    return inner or [(place, error)]


def _error_of(place: tuple[str, ...], value: Any) -> msgspec.ValidationError | None:
    """Return why a value may not stand at a place, were it the only one in the file."""
    for name in reversed(place):
        value = {name: value}
    try:
        msgspec.convert(value, Settings)
    except msgspec.ValidationError as error:
        return error
    return None


def _taken_out(tables: dict[str, Any], place: tuple[str, ...]) -> Any:
    *above, last = place
    for name in above:
        tables = tables[name]
    return tables.pop(last)


def _told(name: str, value: Any, error: msgspec.ValidationError) -> str:
    """Return what is wrong with a value, what is allowed, and what to do."""
    shown = quoted(value) if isinstance(value, str) else clean(_as_written(value), 60)
    try:
        setting = place_of(name).setting
    except DeskError:
        if name in Settings.__struct_fields__:
            return (
                f"{name} can't be {shown}; it is a table of settings. "
                f"Write [{name}] on a line of its own, and its settings below it."
            )
        setting = None
    if setting is None or isinstance(value, dict):
        return f"{name} can't be used: {clean(what_is_wrong(error), 200)}. Correct it or remove it."
    return f"{name} can't be {shown}; allowed is {_allowed(setting)}. {_remedy(setting)}"


def _allowed(setting: Setting) -> str:
    """Return what a file may hold: there a switch is true or false, and words have quotes."""
    if setting.kind is Kind.SWITCH:
        return "true or false"
    quotes = ", in quotes" if setting.kind in (Kind.TEXT, Kind.CHOICE) else ""
    return f"{setting.allowed}{quotes}"


def _remedy(setting: Setting) -> str:
    if setting.default is None:
        return "Correct it or remove the line."
    default = value_text(setting.default) or "empty"
    return f"Correct it, or remove the line: it is {default} then."


def _as_written(value: Any) -> str:
    return value_text(value) if isinstance(value, bool) else str(value)
