"""Chooses one market by words: what is typed is searched for, arrows and Enter take one."""

from __future__ import annotations

from typing import NamedTuple

from textual import events
from textual.strip import Strip

from kalshi_desk.desk.commands import QueryFailed, Reply
from kalshi_desk.desk.frames import MarketRow
from kalshi_desk.desk.service import AskMarkets, MarketFilter, MarketSort, MarketsPage
from kalshi_desk.tui import format as f
from kalshi_desk.tui.desk import Desk
from kalshi_desk.tui.dialogs import LISTED_WIDTH
from kalshi_desk.tui.field_edit import FieldEdit
from kalshi_desk.tui.ink import Cell, Line, fit
from kalshi_desk.tui.list_dialog import LINES_AN_ITEM, ListDialog, TwoLineList
from kalshi_desk.tui.names import market_name

LISTED = 8


class Picked(NamedTuple):
    """A market that was chosen, and what it is called."""

    ticker: str
    title: str


class PickerList(TwoLineList):
    """The line typed, and the markets found."""

    above = 2

    def __init__(self) -> None:
        super().__init__("picker-list")
        self.edit = FieldEdit("market", "")
        self.rows: tuple[MarketRow, ...] = ()
        self.said = "Type words of a title, an outcome or a ticker."
        self.styles.height = self.above + LINES_AN_ITEM * LISTED

    @property
    def count(self) -> int:
        """How many markets are listed."""
        return len(self.rows)

    def top_line(self, y: int) -> Strip:
        """Draw the line typed, or what there is to say."""
        if y == 0:
            line = self.new_line("field").put(" / ", "you", bold=True)
            return line.put(self.edit.shown(max(self.size.width - 4, 8))).strip()
        return self.new_line("head").put(f" {self.said}", "muted").strip()

    def name_line(self, line: Line, index: int, *, is_here: bool) -> Strip:
        """Draw what a market is called, and its prices."""
        row = self.rows[index]
        prices = f" {f.cents(row.yes_bid)} {f.cents(row.yes_ask)} "
        room = max(line.left_over - len(prices), 8)
        line.put(fit(market_name(row, room, in_event=False), room), "ink", bold=is_here)
        return line.end(Cell(prices, "muted")).strip()

    def detail_line(self, line: Line, index: int) -> Strip:
        """Draw the ticker of a market."""
        return line.put("   ").put(self.rows[index].ticker, "faint").strip()


class MarketPicker(ListDialog[Picked | None, PickerList]):
    """Asks for one market."""

    def __init__(self, title: str, desk: Desk) -> None:
        hint = "type to search · ↑ ↓ choose · Enter takes it · Esc leaves it"
        super().__init__(title, PickerList(), hint)
        self._desk = desk
        self._asked = ""
        self._is_waiting = False

    def on_key(self, event: events.Key) -> None:
        """Type, move, choose or step back."""
        event.stop()
        event.prevent_default()
        found = self.list
        if event.key == "escape":
            self.dismiss(None)
        elif event.key in ("up", "down"):
            step = -1 if event.key == "up" else 1
            found.index = min(max(found.index + step, 0), max(len(found.rows) - 1, 0))
        elif event.key == "enter":
            self._choose()
        elif found.edit.take(event):
            self._search()
        found.refresh()

    def on_paste(self, event: events.Paste) -> None:
        """Write what is pasted: its first line, which enters nothing."""
        event.stop()
        if event.text:
            self.list.edit.insert(event.text.splitlines()[0])
            self._search()
            self.list.refresh()

    def _choose(self) -> None:
        found = self.list
        # Only what was found by the words that stand there now: an older answer is no choice.
        if found.rows and self._asked == found.edit.text.strip() and not self._is_waiting:
            row = found.rows[found.index]
            self.dismiss(Picked(row.ticker, market_name(row, LISTED_WIDTH, in_event=False)))

    def _search(self) -> None:
        text = self.list.edit.text.strip()
        if text == self._asked or self._is_waiting:
            return
        self._asked = text
        if not text:
            self._show((), "Type words of a title, an outcome or a ticker.")
            return
        self._is_waiting = True
        query = AskMarkets(
            wanted=MarketFilter(text=text), sort=MarketSort.RELEVANCE, limit=self._room
        )
        self._desk.ask_engine(query, self._take)

    @property
    def _room(self) -> int:
        return max(min(LISTED, (self.app.size.height * 94 // 100 - 7) // 2), 1)

    def _take(self, reply: Reply | None) -> None:
        self._is_waiting = False
        if not self.is_mounted or self.is_answered:
            return
        if isinstance(reply, MarketsPage):
            count = f"{reply.total:,} found" if reply.total else "No market has these words."
            self._show(reply.rows, count)
        elif isinstance(reply, QueryFailed):
            self._show((), " ".join(reason.text for reason in reply.reasons))
        else:
            self._show((), "The engine did not answer; type again.")
            self._asked = ""
            return
        self._search()

    def _show(self, rows: tuple[MarketRow, ...], said: str) -> None:
        found = self.list
        found.rows, found.index, found.said = rows, 0, said
        found.refresh()
