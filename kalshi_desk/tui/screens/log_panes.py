"""The panes of the Log screen: lines of the log, alert rules, and how the desk is."""

from __future__ import annotations

from kalshi_desk.desk.frames import StatusView
from kalshi_desk.desk.service import LogLine
from kalshi_desk.desk.service_frames import AlertRow, GuestRow
from kalshi_desk.tui import format as f
from kalshi_desk.tui.columns import Column
from kalshi_desk.tui.detail_table import DetailTable
from kalshi_desk.tui.facts_pane import Fact, FactsPane, heading, labelled, sentence
from kalshi_desk.tui.ink import Cell

MOST_LINES = 2_000
LEVELS = ("info", "warning", "error", "debug")
_MARKS = {
    "debug": Cell("· debug", "faint"),
    "info": Cell("  info", "muted"),
    "warning": Cell("! warn", "caution", True),
    "error": Cell("✗ error", "risk", True),
}
_STATES = {
    "armed": Cell("● armed", "good"),
    "raised": Cell("! raised", "caution", True),
    "can't be read": Cell("✗ unread", "risk", True),
}
_GUESTS = {"running": "good", "starting": "muted", "off": "faint", "failing": "risk"}


class LogTable(DetailTable[LogLine]):
    """Lines of the log, newest last; what is below the cursor is told in full."""

    def __init__(self) -> None:
        columns: list[Column[LogLine]] = [
            Column(f"time {f.zone_name()}", 8, 99, self._time, right=False),
            Column("level", 7, 98, lambda r: _MARKS.get(r.level, Cell(r.level)), right=False),
            Column("from", 14, 40, lambda r: Cell(r.source, "faint"), right=False),
            Column("what", 20, 100, self._text, right=False, flex=True),
        ]
        super().__init__(columns, name="lines", title="Log")
        self.level = LEVELS[0]
        self.words = ""
        self.has_older = False

    def _time(self, row: LogLine) -> Cell:
        return Cell(f.clock(row.at_ns, seconds=True).split()[0] if row.at_ns else f.NONE, "muted")

    def _text(self, row: LogLine) -> Cell:
        ink = {"error": "risk", "warning": "ink", "debug": "faint"}.get(row.level, "ink")
        return Cell(row.text, ink)

    def take(self, lines: tuple[LogLine, ...], *, is_new_question: bool) -> None:
        """Take lines: the answer to another question replaces what stands here.

        Whoever stands on the newest line stays on the newest.
        """
        keys = list(self.rows)
        follows = is_new_question or not keys or self.cursor_key == keys[-1]
        kept = {} if is_new_question else dict(self.rows)
        for line in lines:
            kept[str(line.number)] = line
        newest = sorted(kept, key=int)[-MOST_LINES:]
        rows = {key: kept[key] for key in newest}
        if list(rows) == keys and not is_new_question:
            return
        before, self.rows = self.rows, rows
        for key in before.keys() - rows.keys():
            self._drop(key)
        self.rearrange()
        if follows and newest:
            self.select(newest[-1])

    @property
    def newest(self) -> int:
        """The number of the newest line, 0 for none."""
        return int(next(reversed(self.rows))) if self.rows else 0

    @property
    def oldest(self) -> int:
        """The number of the oldest line, 0 for none."""
        return int(next(iter(self.rows))) if self.rows else 0

    @property
    def wants_older(self) -> bool:
        """Whether the cursor stands on the first line and more lie before it."""
        return self.has_older and bool(self.rows) and self.cursor_key == str(self.oldest)

    def head_cells(self) -> tuple[Cell, ...]:
        """Return the filter in words."""
        words = (Cell(f" “{self.words}” ", "you", True),) if self.words else ()
        level = self.level if self.level == "debug" else f"{self.level} and worse"
        return (*words, Cell(f" {level} ", "muted"))

    def detail(self, row: LogLine) -> str:
        """Return the whole line with its fields."""
        fields = " · ".join(f"{name} {value}" for name, value in row.fields.items())
        return f"{row.text}  {fields}".rstrip()


class AlertsTable(DetailTable[AlertRow]):
    """Every alert rule and where it stands."""

    def __init__(self) -> None:
        self.now_ns = 0
        columns: list[Column[AlertRow]] = [
            Column("tell me when", 18, 100, lambda r: Cell(r.rule), right=False, flex=True),
            Column("state", 8, 99, lambda r: _STATES.get(r.state, Cell(r.state)), right=False),
            Column("now", 12, 80, lambda r: Cell(r.seen, "muted")),
            Column("rang", 8, 70, self._rang),
            Column("times", 5, 40, lambda r: Cell(f"{r.times}" if r.times else f.NONE, "muted")),
        ]
        super().__init__(columns, name="alerts", title="Alerts")

    def _rang(self, row: AlertRow) -> Cell:
        if not row.raised_ns:
            return Cell(f.NONE, "faint")
        return Cell(f.span(max(self.now_ns - row.raised_ns, 0) / f.SECOND_NS), "muted")

    def time_text(self, row: AlertRow) -> str:
        """Return the text that changes as time goes by."""
        return self._rang(row).text

    def detail(self, row: AlertRow) -> str:
        """Return what is wrong with the rule, or what can be done with it."""
        if row.problem:
            return f"{row.problem} c drops it."
        return f"{row.alert_id}: {row.rule}. Now {row.seen or 'nothing seen yet'}. c drops it."


class HealthPane(FactsPane):
    """How the desk is: its venue, its data, its guests."""

    def __init__(self) -> None:
        super().__init__("health", "Health")

    def take(self, status: StatusView | None, guests: dict[str, GuestRow]) -> None:
        """Show the newest word."""
        if status is None:
            self.show([(Cell("Waiting for the engine.", "muted"),)])
            return
        self.show([*_venue(status, self.room), *_guests(guests, self.room)])


def _venue(status: StatusView, room: int) -> list[Fact]:
    late = f.age(status.data_age_ms) if status.data_age_ms is not None else f.NONE
    message = f.age(status.message_age_ms) if status.message_age_ms is not None else f.NONE
    facts = [
        labelled("connection", status.link.value, "good" if status.link == "live" else "caution"),
        labelled("newest data", late),
        labelled("age on arrival", message),
        labelled("orders open", f"{status.open_orders}"),
        labelled(
            "orders unresolved", f"{status.unresolved}", "risk" if status.unresolved else "ink"
        ),
        labelled("engine process", f"{status.engine_pid}"),
    ]
    if status.write_tokens is not None:
        budget = f"{status.write_tokens} of {status.write_capacity}"
        facts.insert(3, labelled("write tokens", budget))
    if status.waiting_for:
        facts += sentence(f"Waiting: {status.waiting_for}", room, "caution")
    if status.drift:
        facts += [(), heading("The exchange answers otherwise than expected")]
        for finding in status.drift:
            facts += sentence(f"! {finding.text}", room, "caution", indent="  ")
    if status.drift_problem:
        facts += sentence(status.drift_problem, room, "muted")
    return facts


def _guests(guests: dict[str, GuestRow], room: int) -> list[Fact]:
    if not guests:
        return []
    facts: list[Fact] = [(), heading("Beside the engine")]
    for row in guests.values():
        facts.append(labelled(row.name, row.state, _GUESTS.get(row.state, "ink"), bold=True))
        if row.text:
            facts += sentence(row.text, room, "muted", indent="  ")
        if row.restarts:
            facts.append(labelled("  restarts", f"{row.restarts}", "caution"))
    return facts
