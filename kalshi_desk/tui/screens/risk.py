"""Risk: every limit as a gauge, worst cases, the stops, and what moves together."""

from __future__ import annotations

from kalshi_desk.desk.automation import SetLimit
from kalshi_desk.desk.automation_frames import ExposureRow, LimitRow, StopRow
from kalshi_desk.desk.commands import Answer, Outcomes
from kalshi_desk.desk.service_frames import CorrelationRow
from kalshi_desk.tui import format as f
from kalshi_desk.tui.actions import Where
from kalshi_desk.tui.desk import Desk
from kalshi_desk.tui.layout import ScreenName
from kalshi_desk.tui.screens.correlation_pane import CorrelationsTable
from kalshi_desk.tui.screens.risk_panes import ExposureTable, LimitsTable, StopsTable
from kalshi_desk.tui.station import Grid, StationScreen


class RiskScreen(StationScreen):
    """Limits and stops to the left, exposure and correlations to the right."""

    NAME = ScreenName.RISK

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self.limits = LimitsTable(self._set)
        self.exposure = ExposureTable()
        self.stops = StopsTable(desk.board.name_of)
        self.together = CorrelationsTable(desk.board.name_of)
        self.panes = {
            Where.LIMITS: self.limits,
            Where.EXPOSURE: self.exposure,
            Where.STOPS: self.stops,
            Where.TOGETHER: self.together,
        }

    @property
    def topics(self) -> tuple[str, ...]:
        """Limits, exposure, stops and correlations."""
        return ("limits", "exposure", "stops", "correlations")

    def wide_grid(self, width: int, height: int) -> Grid:
        """Return limits and exposure side by side above stops and correlations."""
        stops = min(max(len(self.stops.rows) + 4, 10), height // 3)
        left = 74 + (width - 120) // 2
        return Grid(
            f"{left} 1fr",
            f"1fr {stops}",
            tuple(self.panes),
            right=frozenset({Where.EXPOSURE, Where.TOGETHER}),
        )

    def lead_rows(self, height: int) -> int:
        """Give the limits the larger half."""
        return height * 3 // 5

    def counts(self) -> dict[str, int]:
        """Return how many stops there are."""
        return {Where.STOPS: len(self.stops.rows)}

    def show_rows(self, topics: set[str]) -> None:
        """Show the newest of these topics."""
        board = self.desk.board
        self.stops.now_ns = board.now_ns
        if "limits" in topics:
            status = board.status
            self.limits.gate = status.risk if status is not None else None
            self.limits.sync(board.rows("limits", LimitRow), LimitRow)
            self.limits.refresh_line(0)
        if "exposure" in topics:
            self.exposure.sync(board.rows("exposure", ExposureRow), ExposureRow)
        if "stops" in topics:
            before = len(self.stops.rows)
            self.stops.sync(board.stops, StopRow)
            if before != len(self.stops.rows):
                self.lay_out()
        if "correlations" in topics:
            self.together.sync(board.rows("correlations", CorrelationRow), CorrelationRow)
        self.stops.beat_time(board.now_ns // f.SECOND_NS)
        self.empty(self.limits, "limits", "No limits are known.")
        self.empty(self.exposure, "exposure", "Nothing is at risk.")
        self.empty(
            self.stops,
            "stops",
            "No stops.",
            "On the Desk, p on a position protects it.",
        )
        self.empty(
            self.together,
            "correlations",
            "Nothing to compare yet.",
            "It takes a day of hours of two markets.",
        )

    # --- keys --------------------------------------------------------------------------

    def owners(self) -> tuple[object, ...]:
        """Return who carries out actions."""
        return (_Keys(self), self.common)

    def _set(self, name: str, text: str) -> str:
        if not text:
            return "Type a value."

        def answered(answer: Answer | None) -> None:
            if answer is None or answer.outcome is not Outcomes.DONE:
                why = " ".join(r.text for r in answer.reasons) if answer else ""
                self.limits.say(f"{name} was not set. {why}")
            else:
                self.limits.say("")
                self.desk.look_again()

        self.limits.say(f"Setting {name} to {text} …")
        self.desk.send(SetLimit(name=name, value=text), answered)
        return ""


class _Keys:
    """Methods named by action id."""

    def __init__(self, screen: RiskScreen) -> None:
        self.screen = screen

    def edit_limit(self) -> None:
        """Open the setting of the selected limit."""
        self.screen.limits.open_edit()

    def drop_stop(self) -> None:
        """Take the selected stop away, after asking."""
        if self.screen.stops.current is None:
            self.screen.desk.say("No stop selected", severity="warning")
        else:
            self.screen.common.account.ask_drop(self.screen.stops.cursor_key)

    def back(self) -> None:
        """Go back to the limits."""
        self.screen.focus_pane(Where.LIMITS)
