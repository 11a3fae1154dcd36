"""The panes of the Strategies screen: the list, the parameters, what is seen, and why not."""

from __future__ import annotations

from collections.abc import Callable

from kalshi_desk.core.strategy import Mode, Parameter, ParameterValue
from kalshi_desk.desk.automation_frames import StrategyRow, WhyRow
from kalshi_desk.tui import format as f
from kalshi_desk.tui.columns import Column, Item
from kalshi_desk.tui.confirm import NameOf
from kalshi_desk.tui.detail_table import DetailTable, EditTable
from kalshi_desk.tui.facts_pane import Fact, heading, labelled, sentence
from kalshi_desk.tui.field_edit import FieldEdit
from kalshi_desk.tui.ink import Cell
from kalshi_desk.tui.words import MODE_INK, MODE_MARK, MODE_MEANING, ago, mode_cell, value_text


def _pnl(value: int | None, trades: int) -> Cell:
    if not trades:
        return Cell(f.NONE, "faint")
    return Cell(f.pnl(value), f.direction(value), True)


class StrategiesTable(DetailTable[StrategyRow]):
    """Every strategy with its mode, what it found, and what it earned."""

    def __init__(self) -> None:
        columns: list[Column[StrategyRow]] = [
            Column("strategy", 10, 100, lambda r: Cell(r.name), right=False, flex=True),
            Column("mode", 8, 99, mode_cell, right=False),
            Column("found", 5, 70, lambda r: Cell(f"{r.signals:,}", number_ink(r.signals))),
            Column("cycles", 7, 20, lambda r: Cell(f"{r.cycles:,}", "muted")),
            Column("looks at", 8, 30, lambda r: Cell(f"{r.scanned:,}", "muted")),
            Column("trades", 6, 60, lambda r: Cell(f"{r.trades:,}", number_ink(r.trades))),
            Column("P&L", 12, 95, lambda r: _pnl(r.pnl, r.trades)),
            Column("on paper", 12, 80, lambda r: _pnl(r.paper_pnl, r.paper_trades)),
        ]
        super().__init__(columns, name="strategies", title="Strategies")

    is_auto_on = False

    def head_cells(self) -> tuple[Cell, ...]:
        """Return whether the machine may send at all."""
        if self.is_auto_on:
            return (Cell("AUTO is on ", "good", True),)
        return (Cell("AUTO is off: nothing is sent ", "muted"),)

    def detail(self, row: StrategyRow) -> str:
        """Return what went wrong with the strategy, else what its mode means."""
        if row.fault:
            return f"Switched off: {row.fault}. m sets a mode again."
        waits = ", waits for AUTO" if row.mode is Mode.TRADE and not row.running else ""
        return f"{row.title}: {MODE_MEANING[row.mode]}{waits}."

    def detail_ink(self) -> str:
        """Return the role of the text below."""
        row = self.current
        return "risk" if row is not None and row.fault else super().detail_ink()


def number_ink(value: int) -> str:
    """Return the role of a count: nothing is faint."""
    return "ink" if value else "faint"


class ParameterRow:
    """A declared parameter with its value now."""

    __slots__ = ("parameter", "value")

    def __init__(self, parameter: Parameter, value: ParameterValue) -> None:
        self.parameter = parameter
        self.value = value

    def __eq__(self, other: object) -> bool:
        """Compare what is shown."""
        if not isinstance(other, ParameterRow):
            return NotImplemented
        return (self.parameter, self.value) == (other.parameter, other.value)

    def __hash__(self) -> int:
        """Follow the comparison."""
        return hash((self.parameter.name, self.value))


def parameter_rows(row: StrategyRow | None) -> dict[str, ParameterRow]:
    """Return the parameters of a strategy by name."""
    if row is None:
        return {}
    return {p.name: ParameterRow(p, row.values.get(p.name, p.default)) for p in row.parameters}


_VALUE_WIDTH = 12


class ParametersTable(EditTable[ParameterRow]):
    """The parameters of the selected strategy, each edited where it stands."""

    FOOT_TALL, TALL_FROM = 3, 9

    def __init__(self, set_value: Callable[[str, str], str]) -> None:
        columns: list[Column[ParameterRow]] = [
            Column("parameter", 18, 100, lambda r: Cell(r.parameter.name), right=False),
            Column("value", _VALUE_WIDTH, 99, self._value),
            Column("unit", 10, 60, lambda r: Cell(r.parameter.unit, "muted"), right=False),
            Column("what it does", 8, 50, self._help, right=False, flex=True),
        ]
        super().__init__(columns, set_value, name="parameters", title="Parameters")
        self.empty_text = ("It has no parameters.",)

    def _value(self, row: ParameterRow) -> Cell:
        is_own = row.value != row.parameter.default
        cell = Cell(value_text(row.value), "you" if is_own else "ink", is_own)
        return self.value_cell(row.parameter.name, cell, _VALUE_WIDTH)

    def _help(self, row: ParameterRow) -> Cell:
        return Cell(row.parameter.help, "muted")

    def allowed(self, row: ParameterRow) -> str:
        """Say what the parameter may be."""
        return row.parameter.allowed

    def detail(self, row: ParameterRow) -> str:
        """Return what the parameter does, what it may be and what it is by default."""
        parameter = row.parameter
        default = value_text(parameter.default)
        return f"{parameter.help} Allowed: {parameter.allowed}; default {default}."

    def begin(self, row: ParameterRow, key: str) -> FieldEdit:
        """Open the value; what has few possible values is chosen, not typed."""
        default = row.parameter.default
        choices = ("on", "off") if isinstance(default, bool) else row.parameter.choices
        is_number = isinstance(default, (int, float)) and not choices
        return FieldEdit(key, value_text(row.value), choices, is_number)

    def order_rows(self) -> list[Item]:
        """As the strategy declares them."""
        return list(self.rows)


class WhyTable(DetailTable[WhyRow]):
    """Why a candidate was left alone: the number seen beside the number needed."""

    def __init__(self, name_of: NameOf) -> None:
        self._name_of = name_of
        columns: list[Column[WhyRow]] = [
            Column("candidate", 16, 100, self._candidate, right=False, flex=True),
            Column("reason", 16, 90, lambda r: Cell(_words(r.code), "caution"), right=False),
            Column("seen", 9, 95, lambda r: Cell(r.seen or f.NONE)),
            Column("needed", 15, 94, lambda r: Cell(r.needed or f.NONE, "muted")),
            Column("times", 6, 60, lambda r: Cell(f"{r.times:,}", "muted")),
        ]
        super().__init__(columns, name="why", title="Why not")

    def _candidate(self, row: WhyRow) -> Cell:
        return Cell(self._name_of(row.candidate, row.title))

    def detail(self, row: WhyRow) -> str:
        """Return the reason in words, with both numbers whole and which market it is."""
        seen = f" Seen {row.seen or f.NONE}, needed {row.needed or f.NONE}." if row.needed else ""
        return f"{row.candidate}: {row.text}{seen}"


def _words(code: str) -> str:
    return code.replace("_", " ").casefold()


def seen_facts(row: StrategyRow | None, now_ns: int, room: int) -> list[Fact]:
    """Return what a strategy sees now: its last look, its signals, and how proven it is."""
    if row is None:
        return [(Cell("Select a strategy.", "muted"),)]
    facts: list[Fact] = []
    if row.fault:
        facts += [*sentence(f"✗ Switched off: {row.fault}", room, "risk"), ()]
    facts += sentence(row.help, room, "muted")
    facts += [
        (),
        labelled("last look", f"{ago(row.looked_ns, now_ns)}, took {row.took_ms:.1f} ms"),
        labelled("markets looked at", f"{row.scanned:,}"),
        labelled("cycles since the start", f"{row.cycles:,}"),
        labelled("open orders · baskets", f"{row.open_orders} · {row.baskets}"),
        (),
        heading(f"Signals now ({row.signals})"),
    ]
    if not row.signal_texts:
        facts.append((Cell("none; Why not says what is missing", "muted"),))
    for text in row.signal_texts:
        facts += sentence(text, room, indent="• ")
    if row.signals > len(row.signal_texts) > 0:
        facts.append((Cell(f"  … {row.signals - len(row.signal_texts)} more", "muted"),))
    if row.proof:
        facts += [(), heading("Proof"), *sentence(row.proof, room, "muted")]
    return facts


def mode_choices(row: StrategyRow) -> list[tuple[str, Mode, str, str]]:
    """Return the modes for a choice: key, mode, name with mark, meaning."""
    return [
        (mode.value[0], mode, f"{MODE_MARK[mode]} {mode.value}", MODE_MEANING[mode])
        for mode in Mode
    ]


__all__ = [
    "MODE_INK",
    "ParametersTable",
    "StrategiesTable",
    "WhyTable",
    "mode_choices",
    "parameter_rows",
    "seen_facts",
]
