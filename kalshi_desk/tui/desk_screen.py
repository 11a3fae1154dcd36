"""The Desk: market table, ladder, chart, ticket and the tables below, for any terminal size."""

from __future__ import annotations

from textual import events, on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical

from kalshi_desk.desk.frames import DeskEvent, FillRow, OrderRow, PositionRow
from kalshi_desk.tui import format as f
from kalshi_desk.tui.actions import Where
from kalshi_desk.tui.arrangement import arrange, show_tabs
from kalshi_desk.tui.base_screen import BaseScreen
from kalshi_desk.tui.board import MAX_EVENTS, Changes
from kalshi_desk.tui.chart import Chart
from kalshi_desk.tui.desk import Desk, Mover
from kalshi_desk.tui.freshness import book_late, empty_table, venue_late
from kalshi_desk.tui.ladder import Ladder
from kalshi_desk.tui.layout import RIGHT_TABS, TABS, Pane, Plan, ScreenName, neighbour, plan
from kalshi_desk.tui.look_keys import LookKeys
from kalshi_desk.tui.market_table import MarketTable
from kalshi_desk.tui.panels import EventsPanel, FillsPanel, OrdersPanel, PositionsPanel
from kalshi_desk.tui.strips import ReplayStrip, TabStrip
from kalshi_desk.tui.sweep_keys import SweepKeys
from kalshi_desk.tui.ticket import Ticket
from kalshi_desk.tui.trade_keys import TradeKeys
from kalshi_desk.tui.virtual_table import VirtualTable


class DeskScreen(BaseScreen):
    """Lays out the panes of the Desk and gives them news."""

    NAME = ScreenName.DESK

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self.selected = ""
        self.awaited = ""
        self.current = Pane.QUOTES
        self._left_tab, self._right_tab = Pane.POSITIONS, Pane.FILLS
        self._plan: Plan | None = None
        flashes = desk.settings.flashes
        self.replay = ReplayStrip()
        self.markets, self.chart = MarketTable(flashes=flashes), Chart()
        self.ladder, self.ticket = Ladder(flashes=flashes), Ticket(desk.clock_s)
        self.positions = PositionsPanel(desk.board.name_of, flashes=flashes)
        self.orders = OrdersPanel(desk.board.name_of, flashes=flashes)
        self.fills = FillsPanel(desk.board.name_of, flashes=flashes)
        self.events = EventsPanel()
        self.tabs = {name: TabStrip(name) for name in ("pane-tabs", "tabs-left", "tabs-right")}
        self.trade = TradeKeys(self, desk)
        self.sweep = SweepKeys(self, desk, self.common.account)

    def make_keys(self) -> LookKeys:
        """Return what the looking keys do."""
        self.look = LookKeys(self, self.desk)
        return self.look

    def owners(self) -> tuple[object, ...]:
        """Return who carries out actions."""
        return (self.trade, self.sweep, self.look)

    @property
    def place(self) -> Where:
        """The pane that has the keyboard."""
        return Where(self.current.value)

    @property
    def topics(self) -> tuple[str, ...]:
        """The market table, and ladder and chart of the market looked at."""
        ticker = self.selected
        # Asking for its book has the engine follow a market that it left out.
        more = (f"book:{self.awaited}",) if self.awaited else ()
        own = (f"book:{ticker}", f"chart:{ticker}") if ticker else ()
        return ("markets", *own, *more)

    def compose(self) -> ComposeResult:
        """Put every pane in its place once; the layout only shows, hides and sizes them."""
        yield self.status_line
        yield self.banner
        yield self.replay
        yield self.tabs["pane-tabs"]
        with Horizontal(id="body"):
            with Vertical(id="left"):
                yield self.markets
                yield self.chart
            yield self.ladder
            yield self.ticket
        with Vertical(id="bottom"):
            with Horizontal(id="tabs"):
                yield self.tabs["tabs-left"]
                yield self.tabs["tabs-right"]
            with Horizontal(id="tables"):
                yield self.positions
                yield self.orders
                yield self.fills
                yield self.events
        yield self.keys
        yield self.bar
        yield self.too_small

    def on_mount(self) -> None:
        """Draw the first frame before anything is connected."""
        self.lay_out()
        self._show_current()
        self.show_state()

    def pane(self, pane: Pane) -> Ladder | Ticket | VirtualTable[object]:
        """Return the widget of a pane."""
        widgets = {
            Pane.QUOTES: self.markets,
            Pane.LADDER: self.ladder,
            Pane.TICKET: self.ticket,
            Pane.POSITIONS: self.positions,
            Pane.ORDERS: self.orders,
            Pane.FILLS: self.fills,
            Pane.EVENTS: self.events,
        }
        return widgets[pane]  # type: ignore[return-value]

    def mover(self) -> Mover:
        """Return the pane that cursor keys move in."""
        pane = self.pane(self.current)
        return self.ladder if isinstance(pane, Ticket) else pane

    def focus_pane(self, pane: Pane) -> None:
        """Give the keyboard to a pane, showing it when it was hidden."""
        if self.current is Pane.TICKET and pane is not Pane.TICKET:
            # An armed ticket out of sight must not be sent by a stray Enter.
            self.ticket.form.edited()
        self.current = pane
        if pane in TABS:
            if pane in RIGHT_TABS:
                self._right_tab = pane
            self._left_tab = pane
        self.lay_out()
        self._show_current()
        self.show_keys()

    def _show_current(self) -> None:
        for pane in Pane:
            self.pane(pane).set_current(pane is self.current)

    def leave_sight(self) -> None:
        """Disarm the ticket: what cannot be seen must not be one key away from being sent."""
        self.ticket.form.edited()
        self.ticket.refresh()

    def sideways(self, step: int) -> None:
        """Go to the tab beside, or to the pane beside."""
        if self.current in TABS:
            self.focus_pane(TABS[(TABS.index(self.current) + step) % len(TABS)])
        else:
            self.step_pane(step)

    def step_pane(self, step: int) -> None:
        """Move to the next pane in sight, or to the next one when only one fits."""
        if self._plan is not None:
            is_open = self.ticket.form.is_open
            self.focus_pane(neighbour(self._plan, self.current, step, ticket_open=is_open))

    @on(events.Resize)
    def lay_out(self) -> None:
        """Show, hide and size the panes for the terminal and the pane in use."""
        width, height = self.app.size
        new = plan(
            width,
            height,
            current=self.current,
            left_tab=self._left_tab,
            right_tab=self._right_tab,
            ticket_open=self.ticket.form.is_open or self.current is Pane.TICKET,
        )
        show_tabs(self, new)
        if new == self._plan:
            return
        self._plan = new
        arrange(self, new)

    # --- news --------------------------------------------------------------------------

    def show_changes(self, changes: Changes, new_events: list[DeskEvent]) -> None:
        """Give every pane what concerns it."""
        now_ns = self.desk.board.now_ns
        for pane in (self.markets, self.positions, self.orders, self.fills):
            pane.beat()
        self.ladder.beat()
        for timed in (self.markets, self.positions, self.orders):
            timed.now_ns = now_ns
            timed.beat_time(now_ns // f.SECOND_NS)
        self.ladder.set_now(now_ns)
        for topic, delta in changes.items():
            if topic == "markets":
                self.markets.apply_markets(delta)
            elif topic == "positions":
                self.positions.apply(delta, PositionRow)
            elif topic == "orders":
                self.orders.apply(delta, OrderRow)
            elif topic == "fills":
                self.fills.apply(delta, FillRow)
        if new_events:
            self.events.add(new_events, MAX_EVENTS)
        if self.awaited:
            self.select(self.awaited)
        if not self.selected:
            self._select_first()
        self.show_book()
        self.show_state()

    def _select_first(self) -> None:
        wanted = self.desk.settings.start_ticker
        if wanted and self.select(wanted):
            return
        if self.markets.cursor_key:
            self.select(self.markets.cursor_key)

    def show_book(self) -> None:
        """Give ladder, chart and ticket the newest of the selected market."""
        board = self.desk.board
        book = board.book(self.selected)
        self.ladder.show(book, board.name_of(self.selected, book.title if book else ""))
        self.chart.show(board.chart(self.selected), book.step if book else 100)
        self.ticket.show(board.market(self.selected), book)
        if self.ticket.form.is_open and self.in_sight:
            self.trade.ask_preview(again=True)

    def show_state(self) -> None:
        """Show how fresh everything is, and what is wrong."""
        desk, status = self.desk, self.desk.board.status
        waiting = desk.waiting_text
        self.replay.show(status.replay if status else None)
        late = self.show_frame()
        venue = late or venue_late(status)
        for pane in (self.markets, self.positions, self.orders, self.chart):
            pane.set_late(venue)
        self.ladder.set_late(venue or book_late(self.ladder.book))
        self._say_why_empty(waiting)
        self.ticket.is_live = desk.is_live_venue
        if self._plan is not None:
            show_tabs(self, self._plan)

    def _say_why_empty(self, waiting: str) -> None:
        is_filtered = bool(self.markets.rows and not self.markets.items)
        text = empty_table(waiting, self.markets.size.width, is_filtered=is_filtered)
        if text != self.markets.empty_text:
            self.markets.empty_text = text
            self.markets.refresh()
        hint = waiting or ("Waiting for the book." if self.selected else "Select a market.")
        for pane in (self.ladder, self.chart):
            if pane.waiting_text != hint:
                pane.waiting_text = hint
                pane.refresh()

    # --- selection, search, commands ---------------------------------------------------

    def select(self, ticker: str) -> bool:
        """Look at a market; False when it is not known."""
        if self.desk.board.market(ticker) is None:
            return False
        if ticker not in self.markets.items:
            self.markets.search = ""
            self.markets.show_all()
        self.markets.select(ticker, centre=True)
        self._look_at(ticker)
        return True

    def take_row(self) -> None:
        """Look at the market of the row under the cursor: what keys trade is what is pointed at."""
        rows: dict[Pane, PositionRow | OrderRow | FillRow | None] = {
            Pane.POSITIONS: self.positions.current,
            Pane.ORDERS: self.orders.current,
            Pane.FILLS: self.fills.current,
        }
        row = rows.get(self.current)
        if row is not None and not self.select(row.ticker):
            self._look_at(row.ticker)

    def await_market(self, ticker: str) -> None:
        """Look at a market now, or when its row has come."""
        if not self.select(ticker):
            self.awaited = ticker
            self.desk.look_again()
            self.desk.say("Following", f"{ticker}: it shows here once the exchange has told of it.")

    def _look_at(self, ticker: str) -> None:
        self.awaited = ""
        if ticker and ticker != self.selected:
            self.selected = ticker
            if self.ticket.form.is_open and self.ticket.form.ticker != ticker:
                self.ticket.form.close()
                self.lay_out()
            self.desk.look_at(ticker)
            self.show_book()

    def set_search(self, text: str) -> None:
        """Show only markets with these words."""
        self.markets.search = text
        self.markets.rearrange()

    def before_action(self) -> None:
        """Look at the market under the cursor."""
        if self.current is Pane.QUOTES:
            self._look_at(self.markets.cursor_key)

    def takes_typing(self, event: events.Key) -> bool:
        """Give keys to the ticket while an order is being made."""
        is_open = self.current is Pane.TICKET and self.ticket.form.is_open
        return is_open and self.ticket.takes(event)

    def on_mouse_down(self, event: events.MouseDown) -> None:
        """Give the keyboard to the pane under the mouse."""
        for pane in Pane:
            if self.pane(pane) is event.widget and pane is not self.current:
                self.focus_pane(pane)

    @on(VirtualTable.Moved)
    def _moved(self, event: VirtualTable.Moved) -> None:
        event.stop()
        if event.table is self.markets:
            # Where the cursor is now: of moves typed fast, older ones come in late.
            self._look_at(self.markets.cursor_key)

    @on(VirtualTable.Chosen)
    def _chosen(self, event: VirtualTable.Chosen) -> None:
        event.stop()
        self.trade.confirm()

    @on(Ladder.Aimed)
    def _aimed(self, event: Ladder.Aimed) -> None:
        event.stop()
        form = self.ticket.form
        if form.is_open:
            self.trade.aim_ticket(event.price)
        elif event.is_chosen:
            self.trade.buy_yes()

    @on(Ticket.Changed)
    def _ticket_changed(self, event: Ticket.Changed) -> None:
        event.stop()
        self.trade.ask_preview()

    @on(TabStrip.Picked)
    def _picked(self, event: TabStrip.Picked) -> None:
        event.stop()
        self.focus_pane(Pane(event.pane))

    @on(ReplayStrip.JumpTo)
    def _jump_to(self, event: ReplayStrip.JumpTo) -> None:
        event.stop()
        self.look.jump_per_cent(str(event.per_cent))

    def line_typed(self, sign: str, text: str) -> None:
        """Search while words are typed."""
        if sign == "/":
            self.set_search(text)

    def line_entered(self, sign: str, text: str) -> None:
        """Carry out a finished line."""
        if sign == "/":
            self.set_search(text)
        elif sign == "%":
            self.look.jump_per_cent(text)
        elif text:
            self.look.run_line(text)
        # Last: the line may have opened the ticket, which then keeps the keyboard.
        self.bar_done()

    def line_left(self, sign: str) -> None:
        """End a search with its line."""
        if sign == "/":
            self.set_search("")
        self.bar_done()
