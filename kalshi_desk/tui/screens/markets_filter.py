"""The filter of the Markets screen: one line each, edited in place, with saved presets."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from kalshi_desk.core.types import CENT, COUNT_SCALE
from kalshi_desk.desk.market_filter import (
    number_text,
    parse_cents,
    parse_filter,
    parse_number,
    parse_span,
    span_text,
)
from kalshi_desk.desk.service import MarketFilter
from kalshi_desk.tui.columns import Column, Item
from kalshi_desk.tui.detail_table import EditTable
from kalshi_desk.tui.field_edit import FieldEdit
from kalshi_desk.tui.ink import Cell

PRESET = "preset"
NO_PRESET = "none"
BUILT_IN: dict[str, str] = {
    "closing-today": "closes<24h",
    "busy": "volume>10k spread<3",
    "even-odds": "price>40 price<60 spread<5",
    "my-positions": "mine",
    "watchlist": "starred",
    "one-wins": "exclusive",
}
"""Presets that are always there; one of a person's own with the same name replaces it."""
PRESET_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,29}")
_VALUE_WIDTH = 16


@dataclass(frozen=True, slots=True)
class FilterLine:
    """One line of the filter; ``value`` is empty where it does not matter."""

    name: str
    label: str
    value: str
    help: str
    is_flag: bool = False


@dataclass(frozen=True, slots=True)
class _Field:
    name: str
    label: str
    help: str
    read: Callable[[str], int] | None = None
    write: Callable[[int], str] | None = None
    on: bool = True


def _volume(text: str) -> int:
    return int(parse_number(text) * COUNT_SCALE)


def _cents(value: int) -> str:
    return number_text(value, CENT)


_FIELDS = (
    _Field("closes_within_s", "closes within", "30m, 24h, 7d or 2w", parse_span, span_text),
    _Field(
        "min_volume",
        "traded at least",
        "contracts: 1000 or 5k",
        _volume,
        lambda value: number_text(value, COUNT_SCALE),
    ),
    _Field("max_spread", "spread at most ¢", "cents from 0 to 100", parse_cents, _cents),
    _Field("price_low", "price from ¢", "cents from 0 to 100", parse_cents, _cents),
    _Field("price_high", "price up to ¢", "cents from 0 to 100", parse_cents, _cents),
    _Field("only_mine", "mine", "Only where I hold something or have an order."),
    _Field("only_starred", "starred", "Only what is on the watchlist."),
    _Field("only_exclusive", "exclusive", "Only events of which exactly one outcome can win."),
    _Field("only_active", "closed too", "Also what can't be traded any more.", on=False),
    _Field("with_combos", "combos too", "Also combinations of several markets."),
)
_BY_NAME = {field.name: field for field in _FIELDS}


class FilterTable(EditTable[FilterLine]):
    """The lines of the filter; ``changed`` gets each new filter."""

    def __init__(self, presets: Mapping[str, str], changed: Callable[[MarketFilter], None]) -> None:
        self.own = dict(presets)
        self._changed = changed
        columns: list[Column[FilterLine]] = [
            Column("filter", 17, 100, lambda r: Cell(r.label, "muted"), right=False),
            Column("value", _VALUE_WIDTH, 99, self._value, right=False, flex=True),
        ]
        super().__init__(columns, self.set_line, name="filter", title="Filter")
        self.wanted = MarketFilter()
        self.preset = NO_PRESET
        self.show(MarketFilter())

    # --- what is shown -----------------------------------------------------------------

    @property
    def presets(self) -> dict[str, str]:
        """Every preset by name, one's own last."""
        return {**BUILT_IN, **self.own}

    def show(self, wanted: MarketFilter) -> None:
        """Show a filter; its words and its place are no business of these lines."""
        self.wanted = wanted
        self.preset = next(
            (name for name, text in self.presets.items() if is_preset(text, wanted)), NO_PRESET
        )
        lines = [
            FilterLine(PRESET, "preset", "" if self.preset == NO_PRESET else self.preset, _HELP)
        ]
        for field in _FIELDS:
            value = getattr(wanted, field.name)
            lines.append(FilterLine(field.name, field.label, self._text(field, value), field.help))
        self.sync({line.name: line for line in lines}, FilterLine)

    @staticmethod
    def _text(field: _Field, value: Any) -> str:
        if field.write is None:
            return "yes" if value is field.on else ""
        return "" if value is None else field.write(value)

    def _value(self, row: FilterLine) -> Cell:
        hint = "none" if row.name == PRESET else "no" if self._is_flag(row.name) else "any"
        cell = Cell(row.value, "you", True) if row.value else Cell(hint, "faint")
        width = next((w for c, w in self.fitted() if c.title == "value"), _VALUE_WIDTH)
        return self.value_cell(row.name, cell, width)

    @staticmethod
    def _is_flag(name: str) -> bool:
        return name != PRESET and _BY_NAME[name].read is None

    def order_rows(self) -> list[Item]:
        """As they are filled in."""
        return list(self.rows)

    def detail(self, row: FilterLine) -> str:
        """Return what the line means."""
        if row.name == PRESET and row.value:
            return f"{row.value}: {self.presets.get(row.value, '')}"
        if row.name == PRESET or self._is_flag(row.name):
            return row.help
        return f"Enter types {row.help}; empty takes any."

    def allowed(self, row: FilterLine) -> str:
        """Say what the line may hold."""
        if row.name == PRESET:
            return ", ".join((NO_PRESET, *self.presets))
        return row.help.rstrip(".") if not self._is_flag(row.name) else "yes or no"

    # --- editing -----------------------------------------------------------------------

    def begin(self, row: FilterLine, key: str) -> FieldEdit | None:
        """Open a line: presets are chosen, flags turned at once, the rest is typed."""
        if key == PRESET:
            names = (NO_PRESET, *self.presets)
            return FieldEdit(key, row.value or NO_PRESET, choices=names)
        field = _BY_NAME[key]
        if field.read is None:
            is_on = getattr(self.wanted, key) is field.on
            self._set(key, not field.on if is_on else field.on)
            return None
        return FieldEdit(key, row.value, is_number=True)

    def set_line(self, name: str, text: str) -> str:
        """Take the text of a line; return what is wrong with it, empty when it was taken."""
        if name == PRESET:
            return self._take_preset(text)
        field = _BY_NAME[name]
        try:
            value = field.read(text) if text and field.read is not None else None
        except ValueError as error:
            return str(error)
        low = value if name == "price_low" else self.wanted.price_low
        high = value if name == "price_high" else self.wanted.price_high
        if low is not None and high is not None and low > high:
            return "No price is above the upper and below the lower bound."
        self._set(name, value)
        return ""

    def _set(self, name: str, value: object) -> None:
        self.take(msgspec.structs.replace(self.wanted, **{name: value}))

    def take(self, wanted: MarketFilter) -> None:
        """Show a new filter and tell of it."""
        self.show(wanted)
        self._changed(wanted)

    def _take_preset(self, name: str) -> str:
        if name == NO_PRESET:
            self.take(MarketFilter())
            return ""
        try:
            self.take(parse_filter(self.presets[name]))
        except ValueError as error:
            return f"The preset can't be read: {error}"
        return ""


_HELP = "A filter under a name. w keeps the one in use, c forgets one of your own."


def is_preset(text: str, wanted: MarketFilter) -> bool:
    """Return whether a filter, its place apart, is that of a preset."""
    try:
        found = parse_filter(text)
    except ValueError:
        return False
    here = msgspec.structs.replace(wanted, category="", series="", event="")
    return found == here
