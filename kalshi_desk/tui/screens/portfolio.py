"""Portfolio: what the account earned after fees, how it got there, and by which part."""

from __future__ import annotations

from kalshi_desk.desk.automation_frames import PnlRow, PortfolioView
from kalshi_desk.tui.actions import Where
from kalshi_desk.tui.curve_pane import CurvePane
from kalshi_desk.tui.desk import Desk
from kalshi_desk.tui.facts_pane import Fact, FactsPane
from kalshi_desk.tui.ink import Cell
from kalshi_desk.tui.layout import ScreenName
from kalshi_desk.tui.screens.portfolio_panes import PartsTable, bridge_facts, figure_facts
from kalshi_desk.tui.station import Grid, StationScreen

_BRIDGE = 13


class PortfolioScreen(StationScreen):
    """The bridge and the figures to the left, equity and the parts to the right."""

    NAME = ScreenName.PORTFOLIO

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self.bridge = FactsPane("bridge", "Gross to net")
        self.curve = CurvePane("curve")
        self.figures = FactsPane("figures", "Figures")
        self.parts = PartsTable()
        self.panes = {
            Where.BRIDGE: self.bridge,
            Where.CURVE: self.curve,
            Where.FIGURES: self.figures,
            Where.PARTS: self.parts,
        }

    @property
    def topics(self) -> tuple[str, ...]:
        """The account, and its P&L by part."""
        return ("portfolio", "pnl")

    def wide_grid(self, width: int, height: int) -> Grid:
        """Return bridge and figures to the left, curve and parts to the right."""
        left = 44 + (width - 120) // 4
        return Grid(
            f"{left} 1fr",
            f"{_BRIDGE} {max(height * 4 // 7 - _BRIDGE, 1)} 1fr",
            tuple(self.panes),
            right=frozenset({Where.CURVE, Where.PARTS}),
            tall=frozenset({Where.CURVE, Where.FIGURES}),
        )

    def lead_rows(self, height: int) -> int:
        """Give the bridge its lines."""
        return min(9, height // 2)

    def show_rows(self, topics: set[str]) -> None:
        """Show the newest of these topics."""
        board = self.desk.board
        view = board.rows("portfolio", PortfolioView).get("")
        if view is None:
            text = self.desk.waiting_text or "Waiting for the engine."
            if "portfolio" in board.topics:
                text = "Nothing has been traded yet."
            waiting: list[Fact] = [(), (Cell(text, "muted"),)]
            self.bridge.show(waiting)
            self.figures.show(waiting)
            self.curve.empty = (text,)
        elif "portfolio" in topics:
            self.bridge.show(bridge_facts(view, self.bridge.room))
            self.figures.show(figure_facts(view))
            self.curve.take(view.equity_curve)
        self.curve.redraw()
        if "pnl" in topics:
            self.parts.take(board.rows("pnl", PnlRow))
            self.parts.refresh_line(0)
        self.empty(self.parts, "pnl", f"No trades by {self.parts.scope}.")

    # --- keys --------------------------------------------------------------------------

    def sideways(self, step: int) -> None:
        """Turn the scope of the parts, else go to the pane beside."""
        if self.current is Where.PARTS:
            self.parts.turn(step)
        else:
            self.step_pane(step)

    def owners(self) -> tuple[object, ...]:
        """Return who carries out actions."""
        return (_Keys(self), self.common)


class _Keys:
    """Methods named by action id."""

    def __init__(self, screen: PortfolioScreen) -> None:
        self.screen = screen

    def turn_curve(self) -> None:
        """Turn from plots to the table and back."""
        if self.screen.current is not Where.CURVE and not self.screen.curve.display:
            self.screen.focus_pane(Where.CURVE)
            return
        self.screen.curve.turn()

    def next_scope(self) -> None:
        """Split P&L by the next thing."""
        if not self.screen.parts.display:
            self.screen.focus_pane(Where.PARTS)
            return
        self.screen.parts.turn(1)

    def back(self) -> None:
        """Go back to the bridge."""
        self.screen.focus_pane(Where.BRIDGE)
