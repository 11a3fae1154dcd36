"""Lab: start a backtest, watch it, cancel it, and read its report with plots."""

from __future__ import annotations

from kalshi_desk.desk.automation import CancelBacktest
from kalshi_desk.desk.automation_frames import LabRow
from kalshi_desk.desk.commands import Answer, Outcomes
from kalshi_desk.tui import format as f
from kalshi_desk.tui.actions import Where
from kalshi_desk.tui.curve_pane import CurvePane
from kalshi_desk.tui.desk import Desk
from kalshi_desk.tui.facts_pane import Fact, heading, labelled, sentence
from kalshi_desk.tui.ink import Cell
from kalshi_desk.tui.layout import ScreenName
from kalshi_desk.tui.report_facts import curve_of, read_report, report_facts
from kalshi_desk.tui.screens.lab_panes import RunForm, RunsTable, is_over
from kalshi_desk.tui.station import Grid, StationScreen
from kalshi_desk.tui.virtual_table import VirtualTable


class ReportPane(CurvePane):
    """The report of a run: its figures and assumptions, or its equity as plots."""

    def __init__(self) -> None:
        super().__init__("report", "Report")
        self.row: LabRow | None = None
        self.is_plot = False
        self._said: object = None

    def take_run(self, row: LabRow | None) -> None:
        """Show a run."""
        if row != self.row:
            is_other = row is None or self.row is None or row.run_id != self.row.run_id
            self.row = row
            report = read_report(row.report) if row is not None else {}
            self.points = tuple(curve_of(report))
            if is_other:
                self.top = 0
        self.redraw()

    def turn(self) -> None:
        """Turn from figures to plots, through their views, and back to figures."""
        if not self.is_plot:
            self.is_plot = True
            self.redraw()
            return
        before = self._shown()
        super().turn()
        views_over = before.value == "table"
        if views_over:
            self.is_plot, self.top = False, 0
            self.redraw()

    def redraw(self) -> None:
        """Make the lines anew when the run, the size or the view changed."""
        if self.is_plot:
            self._said = None
            super().redraw()
            return
        said = (self.row, self.size)
        if said == self._said or not self.size.width:
            return
        self._said, self._drawn = said, None
        right = (Cell("v plots ", "muted"),) if self.points else ()
        self.show(self._figures(), right=right)

    def _figures(self) -> list[Fact]:
        row = self.row
        if row is None:
            return [(), (Cell("No backtest yet. Fill in New run and press r.", "muted"),)]
        facts: list[Fact] = [
            (Cell(f"{row.strategy} on {row.recording or 'recordings of the dates'}", "ink", True),)
        ]
        if row.problem:
            facts += [(), *sentence(f"✗ {row.problem}", self.room, "risk")]
        if not is_over(row):
            left = "" if row.seconds_left is None else f", {f.span(row.seconds_left)} left"
            facts += [(), (Cell(f"{row.progress:.0%} done{left}; c cancels it.", "you"),)]
        body = report_facts(read_report(row.report), self.room)
        if body:
            return [*facts, (), *body]
        if is_over(row) and not row.problem:
            facts += [(), (Cell("It left no report.", "muted"),)]
        facts += [(), heading("Asked")]
        facts += [labelled(name, value) for name, value in row.asked.items() if value]
        return facts


class LabScreen(StationScreen):
    """Runs and the form to the left, the report to the right."""

    NAME = ScreenName.LAB

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self.runs = RunsTable()
        self.form = RunForm(self._form_changed)
        self.report = ReportPane()
        self.report.empty = ("This run has no equity curve yet.",)
        self.panes = {
            Where.RUNS: self.runs,
            Where.REPORT: self.report,
            Where.NEW_RUN: self.form,
        }

    @property
    def topics(self) -> tuple[str, ...]:
        """The runs; the strategies come anyway."""
        return ("lab",)

    def wide_grid(self, width: int, height: int) -> Grid:
        """Return runs above the form, and the report beside both."""
        left = 58 + (width - 120) // 3
        return Grid(
            f"{left} 1fr",
            f"1fr {min(12, height // 2)}",
            tuple(self.panes),
            right=frozenset({Where.REPORT}),
            tall=frozenset({Where.REPORT}),
        )

    def lead_rows(self, height: int) -> int:
        """Give the runs a third."""
        return max(height // 3, 7)

    def counts(self) -> dict[str, int]:
        """Return nothing: neither the form nor the report has rows to count."""
        return {}

    def show_rows(self, topics: set[str]) -> None:
        """Show the newest of these topics."""
        board = self.desk.board
        self.runs.now_ns = board.now_ns
        self.form.strategies = board.strategies
        if "lab" in topics:
            rows = board.rows("lab", LabRow)
            self.runs.sync(rows, LabRow)
            used = sorted(rows.values(), key=lambda row: -row.started_ns)
            names = dict.fromkeys(row.recording for row in used if row.recording)
            self.form.recordings = tuple(names)
        self.runs.beat_time(board.now_ns // f.SECOND_NS)
        self.empty(self.runs, "lab", "No backtest yet.", "Fill in New run and press r.")
        self.report.take_run(self.runs.current)

    def on_virtual_table_moved(self, event: VirtualTable.Moved) -> None:
        """Show the report of the run under the cursor."""
        event.stop()
        if event.table is self.runs:
            self.report.take_run(self.runs.current)

    def _form_changed(self) -> None:
        self.form.say("")

    # --- keys --------------------------------------------------------------------------

    def owners(self) -> tuple[object, ...]:
        """Return who carries out actions."""
        return (_Keys(self), self.common)


class _Keys:
    """Methods named by action id."""

    def __init__(self, screen: LabScreen) -> None:
        self.screen = screen

    def edit_field(self) -> None:
        """Open the selected field of the form."""
        self.screen.form.open_edit()

    def confirm(self) -> None:
        """Go from the runs to the report, or to the form while nothing has run."""
        if self.screen.current is Where.RUNS:
            has_run = self.screen.runs.current is not None
            self.screen.focus_pane(Where.REPORT if has_run else Where.NEW_RUN)

    def back(self) -> None:
        """Go back to the runs."""
        self.screen.focus_pane(Where.RUNS)

    def run_backtest(self) -> None:
        """Start what stands in the form."""
        screen = self.screen
        command = screen.form.command()
        if isinstance(command, str):
            screen.focus_pane(Where.NEW_RUN)
            screen.form.say(f"Not started. {command}")
            return

        def answered(answer: Answer | None) -> None:
            if answer is not None and answer.outcome is Outcomes.DONE:
                screen.form.say("Started.")
                screen.desk.look_again()
            else:
                why = " ".join(reason.text for reason in answer.reasons) if answer else ""
                screen.form.say(f"Not started. {why}")

        screen.form.say("Starting …")
        screen.desk.send(command, answered)

    def cancel_run(self) -> None:
        """End the selected run."""
        row = self.screen.runs.current
        if row is None or is_over(row):
            self.screen.desk.say("No running backtest selected", severity="warning")
        else:
            self.screen.desk.send(CancelBacktest(run_id=row.run_id))

    def turn_report(self) -> None:
        """Turn the report from figures to plots and back."""
        screen = self.screen
        if not screen.report.display:
            screen.focus_pane(Where.REPORT)
            return
        screen.report.turn()
