"""The settings as a table: by section, with value and source, each edited where it stands."""

from __future__ import annotations

from collections.abc import Callable

from kalshi_desk.desk.service import SettingRow
from kalshi_desk.tui import format as f
from kalshi_desk.tui.columns import Column, Heading, Item
from kalshi_desk.tui.detail_table import EditTable
from kalshi_desk.tui.field_edit import FieldEdit
from kalshi_desk.tui.ink import Cell
from kalshi_desk.tui.themes import THEME_NAMES

_VALUE_WIDTH = 20
_LONGEST = 2_000
PARAMETERS = "strategies.parameters"
SECTIONS = {
    "venue": "Start",
    "tui": "Screen",
    "risk": "Limits and sizes",
    "stops": "Stops",
    "recording": "Recording",
    "practice": "Practice exchange",
    "paper": "Paper account",
    "strategies": "Strategies",
    "news": "News",
    "telegram": "Telegram",
    "api": "API",
    "alerts": "Alerts",
    "log": "Log",
    "keys": "Keys of the exchange",
}
_SOURCE_INK = {"default": "faint", "file": "you", ".env": "caution", "environment": "caution"}
_SOURCE_WORDS = {
    "default": "It stands at its default.",
    "file": "It comes from the settings file.",
    ".env": "It comes from an .env file.",
    "environment": "It comes from the environment.",
    "command line": "It comes from the command line.",
}


def section_of(name: str) -> str:
    """Return the heading under which a setting stands."""
    first, _, rest = name.partition(".")
    if name.startswith(f"{PARAMETERS}."):
        return f"Strategy {name.removeprefix(f'{PARAMETERS}.').partition('.')[0]}"
    return SECTIONS.get(first, first.capitalize() or rest)


def short_name(row: SettingRow) -> str:
    """Return a setting's name below its heading; an entry of a table is set in."""
    if row.name.startswith(f"{PARAMETERS}."):
        return row.name.rpartition(".")[2]
    _, dot, rest = row.name.partition(".")
    if not dot:
        return row.name
    return f"  {rest.partition('.')[2]}" if "." in rest else rest


class SettingsTable(EditTable[SettingRow]):
    """Every setting; ``needle`` leaves those that hold its words."""

    FOOT, FOOT_FROM = 4, 12

    def __init__(self, set_value: Callable[[str, str], str]) -> None:
        columns: list[Column[SettingRow]] = [
            Column("setting", 27, 100, lambda r: Cell(short_name(r), _name_ink(r)), right=False),
            Column("value", _VALUE_WIDTH, 99, self._value, flex=True),
            Column("from", 11, 90, _source, right=False),
            Column("what it does", 48, 50, lambda r: Cell(r.help, "muted"), right=False),
        ]
        super().__init__(columns, set_value, name="settings", title="")
        self.needle = ""
        self.every: dict[str, SettingRow] = {}
        self.is_current = True

    def take(self, rows: tuple[SettingRow, ...]) -> None:
        """Show the settings as they are now."""
        sections = list(dict.fromkeys(section_of(row.name) for row in rows))
        in_order = sorted(rows, key=lambda row: sections.index(section_of(row.name)))
        self.every = {row.name: row for row in in_order}
        self.search(self.needle)

    def search(self, needle: str) -> None:
        """Show the settings that hold these words in name, help or value."""
        self.needle = needle
        words = needle.casefold().split()
        found = {name: row for name, row in self.every.items() if _holds(row, words)}
        self.empty_text = (f"No setting holds {needle!r}.",) if self.every else self.empty_text
        self.sync(found, SettingRow)
        self.rearrange()

    # --- drawing -----------------------------------------------------------------------

    def _value(self, row: SettingRow) -> Cell:
        text = row.value or "empty"
        ink = "ink" if row.source != "default" else "muted"
        if row.is_secret:
            text, ink = "••••••••" if row.value != row.default else row.value, "muted"
        elif row.is_table or not row.value:
            ink = "faint" if row.source == "default" else "muted"
        return self.value_cell(row.name, Cell(text, ink, row.source != "default"), _VALUE_WIDTH)

    def order_rows(self) -> list[Item]:
        """By section, in the order of the file."""
        items: list[Item] = []
        section = ""
        for name in self.every:
            if name in self.rows:
                if section_of(name) != section:
                    section = section_of(name)
                    items.append(Heading(section))
                items.append(name)
        return items

    def detail(self, row: SettingRow) -> str:
        """Return everything about a setting that its row has no room for."""
        parts = [f"{row.name} = {row.value or 'empty'}.", row.help]
        if row.is_secret:
            return " ".join([*parts, "It is neither set nor shown here."])
        if row.by_hand:
            return " ".join([*parts, f"Changed in the file by hand only: {row.by_hand}."])
        parts.append(f"Allowed: {row.allowed}; default {row.default or 'empty'}.")
        parts.append(_SOURCE_WORDS.get(row.source, f"It comes from {row.source}."))
        if row.needs_restart:
            parts.append("A change holds from the engine's next start.")
        return " ".join(parts)

    # --- editing -----------------------------------------------------------------------

    def allowed(self, row: SettingRow) -> str:
        """Say what may be typed."""
        if row.is_table:
            return "NAME = VALUE; an empty value takes the entry away"
        return f"{row.allowed}; empty takes the default"

    def begin(self, row: SettingRow, key: str) -> FieldEdit | None:
        """Open the value; what has few possible values is chosen, not typed."""
        if row.is_secret or row.by_hand:
            self.say(self.detail(row))
            return None
        choices = THEME_NAMES if row.name == "tui.theme" else row.choices
        text = "" if row.is_table else row.value
        is_number = "number" in row.allowed and not row.is_table
        return FieldEdit(key, text, tuple(choices), is_number, most=_LONGEST)

    def reopen(self, name: str, text: str, problem: str) -> bool:
        """Open a value again with what was typed and what is wrong with it."""
        if self.cursor_key != name or self.edit is not None:
            return False
        self.open_edit()
        if self.edit is None:
            return False
        self.edit.text, self.edit.at, self.edit.fresh = text, len(text), False
        self.edit.problem = problem
        self._show_edit()
        return True


def _name_ink(row: SettingRow) -> str:
    return "muted" if row.is_secret else "ink"


def _source(row: SettingRow) -> Cell:
    if row.source == "default":
        return Cell(f.NONE, "faint")
    return Cell(row.source, _SOURCE_INK.get(row.source, "caution"))


def _holds(row: SettingRow, words: list[str]) -> bool:
    text = f"{row.name} {row.help} {section_of(row.name)} {row.value} {row.source}".casefold()
    return all(word in text for word in words)
