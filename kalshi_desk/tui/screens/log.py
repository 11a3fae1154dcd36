"""Log: what happened, what one is told of, and how the desk is."""

from __future__ import annotations

from kalshi_desk.desk.commands import Reply
from kalshi_desk.desk.frames import DeskEvent
from kalshi_desk.desk.service import AskLog, DropAlert, LogPage
from kalshi_desk.desk.service_frames import AlertRow, GuestRow
from kalshi_desk.tui import format as f
from kalshi_desk.tui.actions import Where
from kalshi_desk.tui.board import Changes
from kalshi_desk.tui.desk import Desk
from kalshi_desk.tui.layout import ScreenName
from kalshi_desk.tui.screens.log_panes import LEVELS, AlertsTable, HealthPane, LogTable
from kalshi_desk.tui.station import Grid, StationScreen
from kalshi_desk.tui.virtual_table import VirtualTable

ASK_EVERY_S = 2.0
LEAST_PAUSE = 20.0
"""So many times as long as the engine took to answer it is left alone: it reads beside trading."""
PAGE = 300
SEARCH = "/"


class LogScreen(StationScreen):
    """The log above, alerts and health below."""

    NAME = ScreenName.LOG

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self.lines = LogTable()
        self.alerts = AlertsTable()
        self.health = HealthPane()
        self.panes = {
            Where.LINES: self.lines,
            Where.ALERTS: self.alerts,
            Where.HEALTH: self.health,
        }
        self._asked_s = -ASK_EVERY_S
        self._took_s = 0.0
        self._is_asking = False
        self._question = (LEVELS[0], "")
        self._is_new_question = True

    @property
    def topics(self) -> tuple[str, ...]:
        """Alerts and guests; lines are asked for."""
        return ("alerts", "guests")

    def wide_grid(self, width: int, height: int) -> Grid:
        """Return the log over the whole width, above alerts and health."""
        below = min(max(len(self.alerts.rows) + 5, 16), height * 2 // 5)
        return Grid(
            "3fr 2fr",
            f"1fr {below}",
            tuple(self.panes),
            right=frozenset({Where.HEALTH}),
            wide=frozenset({Where.LINES}),
        )

    def lead_rows(self, height: int) -> int:
        """Give the log the larger half."""
        return height * 3 // 5

    def counts(self) -> dict[str, int]:
        """Return how many rules there are."""
        return {Where.ALERTS: len(self.alerts.rows)}

    def show_rows(self, topics: set[str]) -> None:
        """Show the newest of these topics."""
        board = self.desk.board
        self.alerts.now_ns = board.now_ns
        if "alerts" in topics:
            before = len(self.alerts.rows)
            self.alerts.sync(board.rows("alerts", AlertRow), AlertRow)
            if before != len(self.alerts.rows):
                self.lay_out()
        self.alerts.beat_time(board.now_ns // f.SECOND_NS)
        self.health.take(board.status, board.rows("guests", GuestRow))
        self.empty(
            self.alerts,
            "alerts",
            "No alerts. a adds one:",
            "TICKER > 60 · TICKER moves 5 in 10m · fill · pnl < -50",
            "limits > 80% · closes held in 30m · news held",
        )

    def show_changes(self, changes: Changes, new_events: list[DeskEvent]) -> None:
        """Show what came, and ask for new lines now and then, at once when something happened."""
        super().show_changes(changes, new_events)
        pause_s = LEAST_PAUSE * self._took_s
        pause_s = 0.0 if new_events and pause_s < ASK_EVERY_S else max(pause_s, ASK_EVERY_S)
        if self.in_sight and self.desk.clock_s() - self._asked_s >= pause_s:
            self._ask()

    # --- the log -----------------------------------------------------------------------

    def _ask(self, before: int = 0) -> None:
        if self._is_asking:
            return
        question = (self.lines.level, self.lines.words)
        self._is_asking, self._asked_s = True, self.desk.clock_s()
        level, text = question
        query = AskLog(level=level, text=text, before=before, limit=PAGE)
        self.desk.ask_engine(query, lambda reply: self._answered(question, before, reply))

    def _answered(self, question: tuple[str, str], before: int, reply: Reply | None) -> None:
        self._is_asking = False
        self._took_s = self.desk.clock_s() - self._asked_s
        if question != (self.lines.level, self.lines.words):
            self._ask()
            return
        if not isinstance(reply, LogPage):
            self._say_empty("The engine does not answer; its log can't be read here.")
            return
        is_new = question != self._question or not self.lines.rows
        self._question = question
        if is_new or before:
            self.lines.has_older = reply.has_older
        self.lines.take(reply.lines, is_new_question=is_new)
        level, text = question
        wanted = f" with “{text}”" if text else ""
        self._say_empty(f"No lines{wanted} of level {level} or worse.", "f and / change that.")

    def _say_empty(self, *text: str) -> None:
        if text != self.lines.empty_text:
            self.lines.empty_text = text
            self.lines.refresh()

    def on_virtual_table_moved(self, event: VirtualTable.Moved) -> None:
        """Fetch what lies before the first line when one stands on it."""
        event.stop()
        if event.table is self.lines and self.lines.wants_older:
            self._ask(self.lines.oldest)

    def filter_by(self, *, level: str | None = None, words: str | None = None) -> None:
        """Ask another question of the log."""
        self.lines.level = level if level is not None else self.lines.level
        self.lines.words = words if words is not None else self.lines.words
        self.lines.refresh()
        self._ask()

    def line_typed(self, sign: str, text: str) -> None:
        """Search while one types."""
        if sign == SEARCH:
            self.filter_by(words=text.strip())

    def line_entered(self, sign: str, text: str) -> None:
        """Keep the search, or carry out a command."""
        if sign != SEARCH:
            super().line_entered(sign, text)
            return
        self.filter_by(words=text.strip())
        self.bar_done()

    def line_left(self, sign: str) -> None:
        """Show everything again when a search is left."""
        if sign == SEARCH:
            self.filter_by(words="")
        self.bar_done()

    # --- keys --------------------------------------------------------------------------

    def owners(self) -> tuple[object, ...]:
        """Return who carries out actions."""
        return (_Keys(self), self.common)


class _Keys:
    """Methods named by action id."""

    def __init__(self, screen: LogScreen) -> None:
        self.screen = screen

    def search_log(self) -> None:
        """Type words that lines must hold."""
        self.screen.open_bar(SEARCH, self.screen.lines.words, "words of the log")

    def log_level(self) -> None:
        """Show the next level and what is worse."""
        at = LEVELS.index(self.screen.lines.level)
        self.screen.filter_by(level=LEVELS[(at + 1) % len(LEVELS)])

    def add_alert(self) -> None:
        """Type a new rule."""
        self.screen.open_bar(":", "alert ", "alert TICKER > 60")

    def drop_alert(self) -> None:
        """Take the selected rule away."""
        row = self.screen.alerts.current
        if row is None:
            self.screen.desk.say("No alert selected", severity="warning")
            return
        self.screen.desk.send(
            DropAlert(alert_id=row.alert_id), lambda _: self.screen.desk.look_again()
        )

    def back(self) -> None:
        """Leave the search, then go back to the log."""
        if self.screen.lines.words:
            self.screen.filter_by(words="")
        self.screen.focus_pane(Where.LINES)
