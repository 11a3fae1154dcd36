"""Strategies: modes, parameters edited in place, what each sees, and why it does nothing."""

from __future__ import annotations

from kalshi_desk.core.strategy import Mode
from kalshi_desk.desk.automation import SetParameter
from kalshi_desk.desk.automation_frames import StrategyRow, WhyRow
from kalshi_desk.desk.commands import Answer, Outcomes
from kalshi_desk.desk.service_frames import PairRow
from kalshi_desk.tui.actions import Where
from kalshi_desk.tui.choice_dialog import Choice, ChoiceDialog
from kalshi_desk.tui.desk import Desk
from kalshi_desk.tui.facts_pane import FactsPane
from kalshi_desk.tui.ink import Cell
from kalshi_desk.tui.layout import ScreenName
from kalshi_desk.tui.screens.pair_pane import PairsTable
from kalshi_desk.tui.screens.strategy_panes import (
    ParameterRow,
    ParametersTable,
    StrategiesTable,
    WhyTable,
    mode_choices,
    parameter_rows,
    seen_facts,
)
from kalshi_desk.tui.station import Grid, StationScreen
from kalshi_desk.tui.virtual_table import VirtualTable

PAIRS = "pairs"


class StrategiesScreen(StationScreen):
    """The list to the left; what is selected there to the right and below."""

    NAME = ScreenName.STRATEGIES

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self.table = StrategiesTable()
        self.parameters = ParametersTable(self._set)
        self.seen = FactsPane("seen", "Sees now")
        self.why = WhyTable(desk.board.name_of)
        self.pairs = PairsTable(desk.board.name_of)
        self.panes = {
            Where.STRATEGY: self.table,
            Where.PARAMETERS: self.parameters,
            Where.SEEN: self.seen,
            Where.WHY: self.why,
            Where.PAIRS: self.pairs,
        }
        self._shown = ""

    @property
    def topics(self) -> tuple[str, ...]:
        """The strategies, the pairs measured, and why the selected one leaves things alone."""
        name = self.table.cursor_key
        return ("strategies", "pairs", *((f"why:{name}",) if name else ()))

    def wide_grid(self, width: int, height: int) -> Grid:
        """Return the list and what is seen to the left, parameters and reasons to the right."""
        needed = max(len(self.table.rows), len(self.parameters.rows)) + 5
        top = min(max(needed, 10), height // 2)
        left = 53 + (width - 120) // 3
        return Grid(
            f"{left} 1fr",
            f"{top} 1fr",
            (Where.STRATEGY, Where.PARAMETERS, Where.SEEN, self._lower_right),
            right=frozenset({Where.PARAMETERS, Where.WHY, Where.PAIRS}),
        )

    @property
    def _lower_right(self) -> Where:
        """Reasons, but for the strategy of pairs its pairs, which hold the reasons too."""
        if self.current in (Where.WHY, Where.PAIRS):
            return self.current
        return Where.PAIRS if self._shown == PAIRS else Where.WHY

    def lead_rows(self, height: int) -> int:
        """Give the list what it needs."""
        return min(max(len(self.table.rows) + 4, 7), height // 2)

    def counts(self) -> dict[str, int]:
        """Return how many parameters, reasons and pairs there are."""
        return {
            Where.PARAMETERS: len(self.parameters.rows),
            Where.WHY: len(self.why.rows),
            Where.PAIRS: len(self.pairs.rows),
        }

    @property
    def row(self) -> StrategyRow | None:
        """The selected strategy."""
        return self.table.current

    def show_rows(self, topics: set[str]) -> None:
        """Show the newest of these topics."""
        board = self.desk.board
        if self.table.is_auto_on != board.is_auto_on:
            self.table.is_auto_on = board.is_auto_on
            self.table.refresh_line(0)
        if "strategies" in topics:
            self.table.sync(board.strategies, StrategyRow)
        self.empty(
            self.table,
            "strategies",
            "No strategies are loaded.",
            "kalshi-desk strategy new NAME writes one.",
        )
        row = self.row
        name = row.name if row is not None else ""
        if name != self._shown:
            self._shown = name
            self.parameters.close_edit()
            self.why.sync({}, WhyRow)
            self.desk.look_again()
            self.lay_out()
        self.parameters.title = f"Parameters of {name}" if name else "Parameters"
        self.parameters.sync(parameter_rows(row), ParameterRow)
        self.parameters.refresh_line(0)
        self.seen.show(
            seen_facts(row, board.now_ns, self.seen.room),
            right=(Cell(f"{name} ", "muted"),) if name else (),
        )
        self.why.title = f"Why not: what {name} left alone" if name else "Why not"
        self.why.sync(board.rows(f"why:{name}", WhyRow), WhyRow)
        self.why.refresh_line(0)
        self.empty(
            self.why,
            f"why:{name}",
            "It has left nothing alone.",
        )
        self.pairs.sync(board.rows("pairs", PairRow), PairRow)
        self.empty(
            self.pairs,
            "pairs",
            "No pair was tested yet.",
            "It takes two of a series or category with three days of hours (least_hours).",
        )

    def on_virtual_table_moved(self, event: VirtualTable.Moved) -> None:
        """Show what belongs to the strategy under the cursor."""
        event.stop()
        if event.table is self.table:
            self.show_rows(set())

    # --- keys --------------------------------------------------------------------------

    def owners(self) -> tuple[object, ...]:
        """Return who carries out actions."""
        return (_Keys(self), self.common)

    def _set(self, name: str, text: str) -> str:
        row = self.row
        parameter = next((p for p in row.parameters if p.name == name), None) if row else None
        if row is None or parameter is None:
            return f"{name} is gone."
        try:
            parameter.parse(text)
        except ValueError as error:
            return str(error)

        def answered(answer: Answer | None) -> None:
            if answer is None or answer.outcome is not Outcomes.DONE:
                why = " ".join(r.text for r in answer.reasons) if answer else ""
                self.parameters.say(f"{name} was not set. {why}")
            else:
                self.parameters.say("")
                self.desk.look_again()

        self.parameters.say(f"Setting {name} to {text} …")
        self.desk.send(SetParameter(strategy=row.name, name=name, value=text), answered)
        return ""


class _Keys:
    """Methods named by action id."""

    def __init__(self, screen: StrategiesScreen) -> None:
        self.screen = screen

    def edit_parameter(self) -> None:
        """Open the selected parameter."""
        self.screen.focus_pane(Where.PARAMETERS)
        self.screen.parameters.open_edit()

    def confirm(self) -> None:
        """Go from the list to the parameters."""
        if self.screen.current is Where.STRATEGY:
            self.screen.focus_pane(Where.PARAMETERS)

    def back(self) -> None:
        """Go back to the list."""
        self.screen.focus_pane(Where.STRATEGY)

    def mode(self) -> None:
        """Choose the mode of the selected strategy."""
        screen, row = self.screen, self.screen.row
        if row is None:
            screen.desk.say("No strategy selected", severity="warning")
            return
        choices = [Choice(*choice) for choice in mode_choices(row)]

        def answered(mode: Mode | None) -> None:
            if mode is not None and (mode is not row.mode or row.fault):
                screen.common.account.ask_mode(row.name, mode)

        screen.app.push_screen(
            ChoiceDialog(f"Mode of {row.name}", choices, row.mode, screen.desk.clock_s), answered
        )
