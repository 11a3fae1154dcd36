"""Markets: browse by place, search every text, filter, star, and open one on the Desk."""

from __future__ import annotations

from collections import OrderedDict

import msgspec

from kalshi_desk.desk.commands import AskRules, Reply, RulesText
from kalshi_desk.desk.frames import DeskEvent, MarketRow
from kalshi_desk.desk.market_filter import filter_text, terms_of
from kalshi_desk.desk.service import AskMarkets, MarketFilter, MarketsPage
from kalshi_desk.tui import format as f
from kalshi_desk.tui.actions import Where
from kalshi_desk.tui.board import Changes
from kalshi_desk.tui.desk import Desk
from kalshi_desk.tui.facts_pane import FactsPane
from kalshi_desk.tui.freshness import venue_late
from kalshi_desk.tui.ink import Cell
from kalshi_desk.tui.layout import ScreenName
from kalshi_desk.tui.market_pages import MarketPages, Question, beyond_from
from kalshi_desk.tui.screens.markets_filter import FilterTable
from kalshi_desk.tui.screens.markets_keys import MarketsKeys
from kalshi_desk.tui.screens.markets_panes import (
    ALL,
    BEST,
    ORDERS,
    FoundTable,
    Order,
    Place,
    PlaceRow,
    PlacesTable,
    about_facts,
    place_rows,
)
from kalshi_desk.tui.station import Grid, StationScreen
from kalshi_desk.tui.virtual_table import VirtualTable

KEPT_RULES = 100
PLACES_S = 5.0
"""How often the counts of the places come again."""


class MarketsScreen(StationScreen):
    """The places to the left, their markets to the right; filter and one market below."""

    NAME = ScreenName.MARKETS

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self.here = Place()
        self.chosen_order: Order | None = None
        self.places = PlacesTable()
        self.found = FoundTable(flashes=desk.settings.flashes)
        self.form = FilterTable(desk.settings.presets, self.filter_changed)
        self.about = FactsPane("about", "About")
        self.panes = {
            Where.PLACES: self.places,
            Where.FOUND: self.found,
            Where.FILTER: self.form,
            Where.ABOUT: self.about,
        }
        self.pages = MarketPages(desk.clock_s, self._put_found)
        self.branches = MarketPages(desk.clock_s, self._put_places)
        self._tree_s = -PLACES_S
        self._back_to = ""
        self._rules: OrderedDict[str, str] = OrderedDict()
        self._rules_asked = ""
        self.more_keys = MarketsKeys(self)

    # --- layout ------------------------------------------------------------------------

    def wide_grid(self, width: int, height: int) -> Grid:
        """Return places and filter to the left, the list and one market to the right."""
        below = min(max(height * 2 // 5, 12), 15)
        left = 44 + min(max((width - 120) // 4, 0), 16)
        return Grid(
            f"{left} 1fr",
            f"1fr {below}",
            tuple(self.panes),
            right=frozenset({Where.FOUND, Where.ABOUT}),
        )

    def lead_rows(self, height: int) -> int:
        """Give the places what they need, the list the larger part."""
        return min(max(len(self.places.rows) + 2, 5), height // 3)

    def counts(self) -> dict[str, int]:
        """Return how many markets were found, and how many lines of the filter are used."""
        return {Where.FOUND: len(self.found.items), Where.FILTER: len(terms_of(self.wanted))}

    # --- what is asked -----------------------------------------------------------------

    @property
    def wanted(self) -> MarketFilter:
        """The filter with the words searched for, the place apart."""
        return self.form.wanted

    @property
    def used_order(self) -> Order:
        """The order chosen; while words are searched for the best fit leads unless one was."""
        return self.chosen_order or (BEST if self.wanted.text else ORDERS[0])

    def at(self, place: Place) -> MarketFilter:
        """Return the filter for a place."""
        category, series, event = (place.level(n) for n in range(3))
        return msgspec.structs.replace(self.wanted, category=category, series=series, event=event)

    @property
    def shown_place(self) -> Place:
        """The place whose markets are listed: the one under the cursor, or where one is."""
        row = self.places.current
        if row is None or row.branch is None:
            return self.here
        return self.here.below(row.branch)

    def _question(self, place: Place) -> Question:
        order = self.used_order
        return Question(self.at(place), order.sort, order.descending)

    def ask_all(self) -> None:
        """Ask for the places and for the list anew, after one of them changed."""
        self.branches.ask(self._question(self.here))
        self._tree_s = -PLACES_S
        self.ask_list()

    def ask_list(self) -> None:
        """Ask for the list of the place under the cursor."""
        place = self.shown_place
        self.pages.ask(self._question(place))
        self.found.is_in_event = bool(place.level(2))
        self.found.order_words = self.used_order.words
        self._say_where()
        self.poll()

    def poll(self) -> None:
        """Send what is due: for the places now and then, for the lines in sight each second."""
        if not self.in_sight or not self.desk.is_connected:
            return
        now_s = self.desk.clock_s()
        if self.branches.page is None or now_s - self._tree_s >= PLACES_S:
            self._ask(self.branches, self.branches.due(0, 1, ""))
            self._tree_s = now_s
        found = self.found
        self._ask(self.pages, self.pages.due(found.top, found.page, found.cursor_key))

    def _ask(self, pages: MarketPages, query: AskMarkets | None) -> None:
        if query is None:
            return

        def answered(reply: Reply | None) -> None:
            if pages.take(query, reply):
                self.show_rows(set())
                if self.is_mounted:
                    self.poll()

        self.desk.ask_engine(query, answered)

    # --- what came ---------------------------------------------------------------------

    def _put_found(self, page: MarketsPage, is_new: bool, is_first: bool) -> None:
        self.found.beyond_from = beyond_from(page)
        self.found.put(page.total, page.offset, page.rows, is_new=is_new, is_first=is_first)
        self.found.say_note(page.note)

    def _put_places(self, page: MarketsPage, is_new: bool, is_first: bool) -> None:
        before = len(self.places.rows)
        self.places.sync(place_rows(self.here, page), PlaceRow)
        wanted = self._back_to or (ALL if is_first else "")
        self._back_to = ""
        if wanted and not self.places.select(wanted):
            self.places.select(ALL)
        if before != len(self.places.rows):
            self.lay_out()
        self.ask_list()

    def go_to(self, place: Place, back_to: str = "") -> None:
        """Go to a place; ``back_to`` names the branch to stand on there."""
        self.here, self._back_to = place, back_to
        self.ask_all()

    def filter_changed(self, wanted: MarketFilter) -> None:
        """List what fits a new filter, from the place one is in."""
        if not wanted.text and self.chosen_order is BEST:
            self.chosen_order = None
        self.ask_all()
        self.show_state()

    def search(self, text: str) -> None:
        """Look for words in every market, and begin at the top for it."""
        if text != self.wanted.text:
            self.here = Place()
            self.form.take(msgspec.structs.replace(self.wanted, text=text))

    def on_virtual_table_moved(self, event: VirtualTable.Moved) -> None:
        """List the markets of the place under the cursor; tell of the market under it."""
        event.stop()
        if event.table is self.places:
            self.ask_list()
        elif event.table is self.found:
            self.show_about()

    def on_virtual_table_chosen(self, event: VirtualTable.Chosen) -> None:
        """Do what Enter does, on a double click."""
        event.stop()
        self.focus_pane(next(w for w, pane in self.panes.items() if pane is event.table))
        self.more_keys.confirm()

    # --- what is shown -----------------------------------------------------------------

    def show_changes(self, changes: Changes, new_events: list[DeskEvent]) -> None:
        """Let flashes fade and ask for what is due."""
        super().show_changes(changes, new_events)
        self.poll()
        now_ns = self.desk.board.now_ns
        for timed in (self.places, self.found):
            timed.now_ns = now_ns
            timed.beat_time(now_ns // f.SECOND_NS)

    def show_rows(self, topics: set[str]) -> None:
        """Show the newest of what came, and why there is nothing."""
        now_ns = self.desk.board.now_ns
        self.places.now_ns = self.found.now_ns = now_ns
        self._say_where()
        self._say_why_empty()
        self.show_about()

    def show_state(self) -> None:
        """Show how fresh everything is."""
        super().show_state()
        late = venue_late(self.desk.board.status)
        if late and not self.found.late_text:
            self.found.set_late(late)

    def _say_where(self) -> None:
        title = self.here.trail
        if title != self.places.title:
            self.places.title = title
            self.places.refresh()
        said = filter_text(self.wanted)
        where = self.shown_place.titles[-1] if self.shown_place.titles else "Markets"
        name = f"{where} · {said}" if said else where
        if name != self.found.title:
            self.found.title = name
        self.found.refresh_line(0)

    def _say_why_empty(self) -> None:
        waiting = self.desk.waiting_text
        said = filter_text(self.wanted)
        pages = self.pages
        if pages.problem:
            text: tuple[str, ...] = (pages.problem, "It is tried again.")
        elif pages.page is None:
            text = (waiting or "Asking the engine.",)
        elif said:
            where = f" in {self.shown_place.titles[-1]}" if self.shown_place.titles else ""
            text = (f"No market fits {said}{where}.", "z ends search and filter, f changes it.")
        else:
            text = (waiting or "No markets are open.",)
        for table, lines in ((self.found, text), (self.places, text[:1])):
            if lines != table.empty_text:
                table.empty_text = lines
                table.refresh()

    @property
    def row(self) -> MarketRow | None:
        """The market under the cursor."""
        return self.found.current

    @property
    def is_beyond(self) -> bool:
        """Whether the desk does not follow the market under the cursor."""
        return self.found.line_of(self.found.cursor_key) >= self.found.beyond_from

    def show_about(self) -> None:
        """Tell of the market under the cursor; its rules come when they are in sight."""
        row = self.row
        ticker = "" if row is None else row.ticker
        rules = self._rules.get(ticker, "")
        facts = about_facts(
            row, rules, self.desk.board.now_ns, self.about.room, is_beyond=self.is_beyond
        )
        right = (Cell(f"{ticker} ", "faint"),) if row is not None else ()
        if self._rules_asked != ticker:
            self.about.top = 0
        self.about.show(facts, right=right)
        is_known = not ticker or ticker in self._rules or self.is_beyond
        if not is_known and self._rules_asked != ticker and self.about.display:
            self._rules_asked = ticker
            self.desk.ask_engine(AskRules(ticker=ticker), self._take_rules)

    def _take_rules(self, reply: Reply | None) -> None:
        if isinstance(reply, RulesText):
            self._rules[reply.ticker] = reply.text
            while len(self._rules) > KEPT_RULES:
                self._rules.popitem(last=False)
            self.show_about()

    # --- keys --------------------------------------------------------------------------

    def owners(self) -> tuple[object, ...]:
        """Return who carries out actions."""
        return (self.more_keys, self.common)

    def sideways(self, step: int) -> None:
        """Go down or up among the places; from the list to them; else to the pane beside."""
        if self.current is Where.PLACES:
            self.more_keys.open_place() if step > 0 else self.more_keys.place_up()
        elif self.current is Where.FOUND and step < 0:
            self.focus_pane(Where.PLACES)
        else:
            self.step_pane(step)

    def line_typed(self, sign: str, text: str) -> None:
        """Search while words are typed."""
        if sign == "/":
            self.search(text)

    def line_entered(self, sign: str, text: str) -> None:
        """Carry out a finished line."""
        if sign == "/":
            self.search(text)
            self.bar_done()
            self.focus_pane(Where.FOUND)
        elif sign == "w":
            self.more_keys.keep_preset(text)
            self.bar_done()
        else:
            super().line_entered(sign, text)

    def line_left(self, sign: str) -> None:
        """End a search with its line."""
        if sign == "/":
            self.search("")
        self.bar_done()
