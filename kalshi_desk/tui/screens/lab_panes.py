"""The panes of the Lab: the runs, the form of a new one, and the report."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from kalshi_desk.core.strategy import Parameter
from kalshi_desk.desk.automation import RunBacktest
from kalshi_desk.desk.automation_frames import LabRow, StrategyRow
from kalshi_desk.tui import format as f
from kalshi_desk.tui.columns import Column, Item
from kalshi_desk.tui.detail_table import DetailTable, EditTable
from kalshi_desk.tui.field_edit import FieldEdit
from kalshi_desk.tui.ink import Cell
from kalshi_desk.tui.report_facts import micro
from kalshi_desk.tui.words import ago

FILL_MODELS = ("queue-averse", "queue-probable", "queue-front")
"""As the engine names them, the most cautious first; it refuses others with its own list."""
_BAR = 9
_STATES = {
    "running": ("▸", "you"),
    "queued": ("·", "muted"),
    "done": ("✓", "good"),
    "failed": ("✗", "risk"),
    "canceled": ("·", "muted"),
}


def is_over(row: LabRow) -> bool:
    """Return whether a run has ended."""
    return row.state not in ("queued", "running")


class RunsTable(DetailTable[LabRow]):
    """Every backtest of this engine, the newest on top, with how far it is."""

    def __init__(self) -> None:
        self.now_ns = 0
        columns: list[Column[LabRow]] = [
            Column("strategy", 10, 100, lambda r: Cell(r.strategy), right=False),
            Column("state", 10, 99, self._state, right=False),
            Column("progress", _BAR + 5, 95, self._progress, right=False),
            Column("left", 7, 90, self._left),
            Column(
                "recording", 8, 50, lambda r: Cell(r.recording, "muted"), right=False, flex=True
            ),
            Column("started", 11, 40, lambda r: Cell(self.time_text(r), "muted")),
        ]
        super().__init__(columns, name="runs", title="Backtests")

    def _state(self, row: LabRow) -> Cell:
        mark, ink = _STATES.get(row.state, ("·", "ink"))
        return Cell(f"{mark} {row.state}", ink, not is_over(row))

    def _progress(self, row: LabRow) -> Cell:
        done = min(max(round(row.progress * _BAR), 0), _BAR)
        bar = "━" * done + "─" * (_BAR - done)
        return Cell(f"{bar} {row.progress:4.0%}", "muted" if is_over(row) else "you")

    def _left(self, row: LabRow) -> Cell:
        if is_over(row) or row.seconds_left is None:
            return Cell("" if is_over(row) else f.NONE, "faint")
        return Cell(f.span(row.seconds_left), "ink")

    def time_text(self, row: LabRow) -> str:
        """Return the text that changes as time goes by."""
        return ago(row.started_ns, self.now_ns) if row.started_ns else ""

    def order_rows(self) -> list[Item]:
        """What waits for its turn, then the newest."""
        rows = self.rows
        return [*sorted(rows, key=lambda k: (rows[k].started_ns > 0, -rows[k].started_ns, k))]

    def detail(self, row: LabRow) -> str:
        """Return what went wrong, else what was asked."""
        if row.problem:
            return f"Failed: {row.problem}"
        asked = ", ".join(f"{name} {value}" for name, value in row.asked.items() if value)
        return f"Asked: {asked}." if asked else f"Run {row.run_id}."

    def detail_ink(self) -> str:
        """Return the role of the text below."""
        row = self.current
        return "risk" if row is not None and row.problem else super().detail_ink()


@dataclass(frozen=True, slots=True)
class FormField:
    """One thing to say about a new run."""

    name: str
    label: str
    value: str
    help: str
    hint: str = ""


_FIELDS = (
    FormField("strategy", "strategy", "", "Which strategy decides.", "choose"),
    FormField(
        "recording",
        "recording",
        "newest",
        "A recording's name or file, or newest; empty takes all of the home's within the dates. "
        "Up and down write names used before.",
        "all in the dates",
    ),
    FormField(
        "start", "from", "", "First day or moment in UTC: 2026-11-23 or 2026-11-23T14:30.", "start"
    ),
    FormField("end", "to", "", "Last day or moment in UTC: 2026-11-23 or 2026-11-23T16:00.", "end"),
    FormField("capital", "capital", "10000", "What the account starts with, in dollars."),
    FormField(
        "fill_model",
        "fill model",
        FILL_MODELS[0],
        "How a resting order moves up its queue when others cancel.",
    ),
    FormField(
        "parameters",
        "set",
        "",
        "Other parameters for this run: name=value name=value.",
        "as they are",
    ),
)


def parsed_settings(text: str, declared: Mapping[str, Parameter]) -> dict[str, str]:
    """Return the settings of ``name=value name=value``.

    Raises ``ValueError`` naming the word that is wrong and what would be right.
    """
    found = {}
    for word in text.split():
        name, sign, value = word.partition("=")
        if not sign:
            raise ValueError(f"{word!r} must be name=value.")
        parameter = declared.get(name)
        if parameter is None:
            raise ValueError(f"There is no {name}; there are {', '.join(declared) or 'none'}.")
        parameter.parse(value)
        found[name] = value
    return found


def date_problem(text: str) -> str:
    """Return what is wrong with a day or moment, empty when nothing is."""
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return f"{text!r} is no date; write 2026-11-23, or 2026-11-23T14:30 for a moment."
    return ""


class RunForm(EditTable[FormField]):
    """The fields of a new backtest, each edited where it stands."""

    def __init__(self, on_change: Callable[[], None]) -> None:
        columns: list[Column[FormField]] = [
            Column("field", 11, 100, lambda r: Cell(r.label, "muted"), right=False),
            Column("value", 16, 99, self._value, right=False, flex=True),
        ]
        super().__init__(columns, self.set_field, name="form", title="New run")
        self._on_change = on_change
        self.strategies: dict[str, StrategyRow] = {}
        self.recordings: tuple[str, ...] = ()
        self.sync({field.name: field for field in _FIELDS}, FormField)

    def _value(self, row: FormField) -> Cell:
        cell = Cell(row.value, "ink", True) if row.value else Cell(row.hint, "faint")
        width = next((w for c, w in self.fitted() if c.title == "value"), 16)
        return self.value_cell(row.name, cell, width)

    def order_rows(self) -> list[Item]:
        """As they are filled in."""
        return list(self.rows)

    def detail(self, row: FormField) -> str:
        """Return what the field means."""
        return row.help

    def allowed(self, row: FormField) -> str:
        """Say what the field may be."""
        if row.name == "strategy":
            return ", ".join(self.strategies) or "a strategy's name"
        if row.name == "fill_model":
            return ", ".join(FILL_MODELS)
        if row.name == "parameters" and self.declared():
            return "; ".join(f"{name} {p.allowed}" for name, p in self.declared().items())
        return row.help.rstrip(".")

    def declared(self) -> dict[str, Parameter]:
        """Return the parameters of the strategy chosen."""
        row = self.strategies.get(self.value("strategy"))
        return {parameter.name: parameter for parameter in row.parameters} if row else {}

    def begin(self, row: FormField, key: str) -> FieldEdit:
        """Open a field; what has few possible values is chosen, not typed."""
        if key == "strategy" and self.strategies:
            names = tuple(self.strategies)
            return FieldEdit(key, row.value or names[0], choices=names)
        if key == "fill_model":
            return FieldEdit(key, row.value, choices=FILL_MODELS)
        recent = self.recordings if key == "recording" else ()
        return FieldEdit(key, row.value, is_number=key == "capital", recent=recent)

    def value(self, name: str) -> str:
        """Return what stands in a field."""
        return self.rows[name].value

    def set_field(self, name: str, text: str) -> str:
        """Take a field's text; return what is wrong with it, empty when it was taken."""
        problem = self.problem_of(name, text)
        if not problem:
            old = self.rows[name]
            self.rows[name] = FormField(old.name, old.label, text, old.help, old.hint)
            self._drop(name)
            self._on_change()
        return problem

    def problem_of(self, name: str, text: str) -> str:
        """Return what is wrong with a field's text."""
        if name in ("start", "end") and text:
            return date_problem(text)
        if name == "capital":
            money = micro(text.removeprefix("$").replace(",", ""))
            return "" if money is not None and money > 0 else "Type dollars, like 10000."
        if name == "parameters":
            try:
                parsed_settings(text, self.declared())
            except ValueError as error:
                return str(error)
        return ""

    def command(self) -> RunBacktest | str:
        """Return the command to start the run, or what is missing."""
        values = {name: row.value for name, row in self.rows.items()}
        if not values["strategy"]:
            return "Choose a strategy first."
        if not (values["recording"] or values["start"] or values["end"]):
            return "Name a recording, or dates that select from those of the home."
        for name, text in values.items():
            problem = self.problem_of(name, text)
            if problem:
                return problem
        return RunBacktest(
            strategy=values["strategy"],
            recording=values["recording"],
            start=values["start"],
            end=values["end"],
            capital=values["capital"].removeprefix("$").replace(",", ""),
            fill_model=values["fill_model"],
            parameters=parsed_settings(values["parameters"], self.declared()),
        )
