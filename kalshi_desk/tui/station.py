"""A screen of panes in a grid: two columns where they fit, one above tabs where they don't."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from textual import events, on
from textual.app import ComposeResult
from textual.containers import Container

from kalshi_desk.desk.frames import DeskEvent
from kalshi_desk.tui.actions import PANES, Where
from kalshi_desk.tui.base_screen import BaseScreen
from kalshi_desk.tui.board import Changes
from kalshi_desk.tui.desk import Desk, Mover
from kalshi_desk.tui.detail_table import EditTable
from kalshi_desk.tui.facts_pane import FactsPane
from kalshi_desk.tui.layout import Tier, tier_of
from kalshi_desk.tui.strips import TabStrip
from kalshi_desk.tui.virtual_table import VirtualTable

StationPane = VirtualTable[Any] | FactsPane


@dataclass(frozen=True, slots=True)
class Grid:
    """Where the panes stand: sizes of columns and rows, spans, and which of them are to the right.

    ``tabs`` are the panes that share the place of the one of them that is shown.
    """

    columns: str
    rows: str
    shown: tuple[Where, ...]
    right: frozenset[Where] = frozenset()
    wide: frozenset[Where] = frozenset()
    tall: frozenset[Where] = frozenset()
    tabs: tuple[Where, ...] = ()


class StationScreen(BaseScreen):
    """Lays out the panes that a subclass makes, the first of them leading."""

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self.panes: dict[Where, StationPane] = {}
        self.current = PANES[self.NAME][0]
        self._tab = PANES[self.NAME][1]
        self._grid: Grid | None = None
        self.pane_tabs, self.grid_tabs = TabStrip("pane-tabs"), TabStrip("grid-tabs")

    # --- what the subclasses say -------------------------------------------------------

    def wide_grid(self, width: int, height: int) -> Grid:
        """Return the grid for a wide terminal; height is that of the panes together."""
        raise NotImplementedError

    def lead_rows(self, height: int) -> int:
        """Return how many rows the leading pane gets above the tabs of a narrow terminal."""
        return height // 2

    def counts(self) -> dict[str, int]:
        """Return the numbers beside the names of tabs."""
        return {}

    def show_rows(self, topics: set[str]) -> None:
        """Show the newest of these topics."""
        raise NotImplementedError

    # --- layout ------------------------------------------------------------------------

    def compose(self) -> ComposeResult:
        """Put every pane in its place once; the grid only shows, hides and sizes them."""
        yield self.status_line
        yield self.banner
        yield self.pane_tabs
        with Container(id="grid"):
            lead, *others = self.panes.values()
            yield lead
            yield self.grid_tabs
            yield from others
        yield self.keys
        yield self.bar
        yield self.too_small

    def on_mount(self) -> None:
        """Show what is known already."""
        self.lay_out()
        self._show_current()
        self.show_all()

    def show_all(self) -> None:
        """Show the newest of everything, for example when panes have other widths."""
        self.show_rows({*self.topics, "strategies", "status"})
        self.show_state()

    @on(events.Resize)
    def resized(self) -> None:
        """Lay out anew, and write texts for their new widths once they have them."""
        self.lay_out()
        self.call_after_refresh(self.show_all)

    def lay_out(self) -> None:
        """Show, hide and size the panes for the terminal and the pane in use."""
        width, height = self.app.size
        tier = tier_of(width, height)
        is_tiny = tier is Tier.TINY
        self.too_small.display = is_tiny
        self.status_line.display = not is_tiny
        self.keys.display = not is_tiny and not self.bar.display
        container = self.query_one("#grid")
        container.display = not is_tiny
        if is_tiny:
            self.bar.display = self.pane_tabs.display = False
            self.leave_sight()
            self._grid = None
            return
        grid = self._grid_for(tier, width, height - 2)
        self.pane_tabs.display = tier is Tier.ONE
        self._show_tabs(tier)
        if grid == self._grid:
            return
        self._grid = grid
        self.grid_tabs.display = bool(grid.tabs) and tier is not Tier.ONE
        for where, pane in self.panes.items():
            pane.display = where in grid.shown
            pane.set_class(where in grid.right, "-right")
            pane.styles.column_span = 2 if where in grid.wide else 1
            pane.styles.row_span = 2 if where in grid.tall else 1
        container.styles.grid_size_columns = len(grid.columns.split())
        container.styles.grid_columns = grid.columns
        container.styles.grid_rows = grid.rows

    def _grid_for(self, tier: Tier, width: int, height: int) -> Grid:
        lead, *others = PANES[self.NAME]
        if tier is Tier.ONE:
            return Grid("1fr", "1fr", (self.current,), tabs=(lead, *others))
        if tier is Tier.SMALL:
            rows = f"{self.lead_rows(height)} 1 1fr"
            return Grid("1fr", rows, (lead, self._tab), tabs=tuple(others))
        return self.wide_grid(width, height)

    def _show_tabs(self, tier: Tier) -> None:
        lead, *others = PANES[self.NAME]
        if tier is Tier.ONE:
            self.pane_tabs.show((lead, *others), self.current, self.counts(), is_focused=True)
        else:
            self.grid_tabs.show(
                others, self._tab, self.counts(), is_focused=self.current is self._tab
            )

    # --- the pane in use ---------------------------------------------------------------

    @property
    def place(self) -> Where:
        """The pane that has the keyboard."""
        return self.current

    def mover(self) -> Mover:
        """Return the pane in use."""
        return self.panes[self.current]

    def focus_pane(self, pane: Where) -> None:
        """Give the keyboard to a pane, showing it when it was hidden."""
        if pane is not self.current:
            self.leave_sight()
        self.current = pane
        if pane is not PANES[self.NAME][0]:
            self._tab = pane
        self.lay_out()
        self._show_current()
        self.show_keys()
        self.call_after_refresh(self.show_all)

    def _show_current(self) -> None:
        for where, pane in self.panes.items():
            pane.set_current(where is self.current)

    def step_pane(self, step: int) -> None:
        """Move to the next pane; in a narrow terminal it takes the place of the one before."""
        order = PANES[self.NAME]
        self.focus_pane(order[(order.index(self.current) + step) % len(order)])

    def edits(self) -> Iterator[EditTable[Any]]:
        """Return the panes whose values can be edited."""
        for pane in self.panes.values():
            if isinstance(pane, EditTable):
                yield pane

    def leave_sight(self) -> None:
        """Leave what was being typed as it was."""
        for pane in self.edits():
            pane.close_edit()

    def takes_typing(self, event: events.Key) -> bool:
        """Give a key to the field that is open."""
        return any(pane.takes(event) for pane in self.edits())

    def take_paste(self, text: str) -> None:
        """Write a pasted line on the command line, or into the open field."""
        if self.bar.display:
            self.bar.insert(text)
        else:
            any(pane.paste(text) for pane in self.edits())

    def on_mouse_down(self, event: events.MouseDown) -> None:
        """Give the keyboard to the pane under the mouse."""
        for where, pane in self.panes.items():
            if pane is event.widget and where is not self.current:
                self.focus_pane(where)

    @on(TabStrip.Picked)
    def _picked(self, event: TabStrip.Picked) -> None:
        event.stop()
        self.focus_pane(Where(event.pane))

    @on(VirtualTable.Chosen)
    def _chosen(self, event: VirtualTable.Chosen) -> None:
        event.stop()
        if isinstance(event.table, EditTable):
            event.table.open_edit()

    # --- news --------------------------------------------------------------------------

    def show_changes(self, changes: Changes, new_events: list[DeskEvent]) -> None:
        """Give every pane what concerns it."""
        for pane in self.panes.values():
            if isinstance(pane, VirtualTable):
                pane.beat()
        if changes:
            self.show_rows(set(changes))
        self.show_state()

    def show_state(self) -> None:
        """Show how fresh everything is, and what is wrong."""
        late = self.show_frame()
        for pane in self.panes.values():
            pane.set_late(late)
        if self._grid is not None:
            self._show_tabs(tier_of(*self.app.size))

    def empty(self, pane: VirtualTable[Any], topic: str, *text: str) -> None:
        """Say why a table is empty: its rows have not come, or there are none."""
        waiting = self.desk.waiting_text or "Waiting for the engine."
        new = text if topic in self.desk.board.topics else (waiting,)
        if new != pane.empty_text:
            pane.empty_text = new
            pane.refresh()
