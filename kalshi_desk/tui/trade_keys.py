"""What the trading keys do: fill the ticket, ask the engine, and send what was armed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kalshi_desk.core.types import Action, Outcome, Price
from kalshi_desk.desk.commands import (
    Answer,
    Outcomes,
    PlaceOrder,
    PreviewOrder,
    Reply,
)
from kalshi_desk.tui import format as f
from kalshi_desk.tui.desk import Desk
from kalshi_desk.tui.layout import Pane
from kalshi_desk.tui.ticket_form import Stage

if TYPE_CHECKING:
    from kalshi_desk.tui.desk_screen import DeskScreen

ASK_AGAIN_S = 0.5


class TradeKeys:
    """Methods named by action id; each reads the selection and fills or sends something."""

    def __init__(self, screen: DeskScreen, desk: Desk) -> None:
        self.screen = screen
        self.desk = desk
        self._asking: PreviewOrder | None = None
        self._asked_s = 0.0
        self._came_from = Pane.QUOTES

    # --- opening the ticket ------------------------------------------------------------

    def buy_yes(self) -> None:
        """Open the ticket to buy YES."""
        self.screen.take_row()
        self._open(Action.BUY, Outcome.YES)

    def buy_no(self) -> None:
        """Open the ticket to buy NO."""
        self.screen.take_row()
        self._open(Action.BUY, Outcome.NO)

    def sell(self) -> None:
        """Open the ticket to sell what is held in the selected market."""
        self.screen.take_row()
        row = self.desk.board.market(self.screen.selected)
        position = self.desk.board.positions.get(self.screen.selected)
        held = position.position if position is not None else row.position if row else 0
        if not held:
            self.desk.say(
                "Nothing to sell here",
                "You hold nothing in this market; n buys NO.",
                severity="warning",
            )
            return
        size = f.count(abs(held)).replace(",", "")
        self._open(Action.SELL, Outcome.YES if held > 0 else Outcome.NO, size=size)

    def take(self) -> None:
        """Open the ticket at the best offer."""
        self._open_at(lambda bid, ask: ask)

    def join(self) -> None:
        """Open the ticket at the best bid."""
        self._open_at(lambda bid, ask: bid)

    def improve(self) -> None:
        """Open the ticket one step better than the best bid."""
        ladder = self.screen.ladder
        self._open_at(lambda bid, ask: ladder.next_price(bid, 1) if bid is not None else ask)

    def _open_at(self, choose: object) -> None:
        book = self.screen.ladder.book
        if book is None or not callable(choose):
            return
        price = choose(book.best_bid, book.best_ask)
        form = self.screen.ticket.form
        no = form.is_open and form.outcome is Outcome.NO
        if price is not None:
            self._open(
                Action.BUY, Outcome.NO if no else Outcome.YES, price=f.other(price) if no else price
            )

    def _quote(self, action: Action, outcome: Outcome) -> Price | None:
        """Return the price at which the order would trade now, of the outcome."""
        row = self.desk.board.market(self.screen.selected)
        if row is None:
            return None
        wants_ask = (action is Action.BUY) == (outcome is Outcome.YES)
        yes = row.yes_ask if wants_ask else row.yes_bid
        if yes is None:
            yes = row.last_price
        if yes is None:
            return None
        return yes if outcome is Outcome.YES else f.other(yes)

    def _open(
        self, action: Action, outcome: Outcome, *, price: Price | None = None, size: str = ""
    ) -> None:
        screen = self.screen
        if not screen.selected:
            self.desk.say("No market selected", severity="warning")
            return
        if price is None and screen.current is Pane.LADDER and screen.ladder.cursor is not None:
            cursor = screen.ladder.cursor
            price = cursor if outcome is Outcome.YES else f.other(cursor)
        if price is None:
            price = self._quote(action, outcome)
        if screen.current is not Pane.TICKET:
            self._came_from = screen.current
        screen.ticket.form.open(
            screen.selected, action, outcome, price, size or self.desk.settings.default_size
        )
        self._show_ticket()

    def open_order(self, order: PlaceOrder) -> None:
        """Put a typed command on the ticket and arm it when the engine has no objection."""
        screen = self.screen
        screen.select(order.ticker)
        if screen.current is not Pane.TICKET:
            self._came_from = screen.current
        form = screen.ticket.form
        form.open(
            order.ticker,
            order.action,
            order.outcome,
            order.price,
            f.count(order.count).replace(",", ""),
        )
        form.take_kind(order.time_in_force, post_only=order.post_only)
        form.wants_arm = True
        self._show_ticket()

    def _show_ticket(self) -> None:
        self.screen.focus_pane(Pane.TICKET)
        self.screen.ticket.is_live = self.desk.is_live_venue
        self.screen.ticket.refresh()
        self.ask_preview()

    # --- the preview -------------------------------------------------------------------

    def ask_preview(self, *, again: bool = False) -> None:
        """Ask what the order would do; one question in flight, the newest one next."""
        form = self.screen.ticket.form
        question = form.question()
        if question is None or self._asking is not None:
            return
        if not again and form.is_current:
            return
        if again and self.desk.clock_s() - self._asked_s < ASK_AGAIN_S:
            return
        self._asking, self._asked_s = question, self.desk.clock_s()
        self.desk.ask_engine(question, self._replied)

    def _replied(self, reply: Reply | None) -> None:
        asked, self._asking = self._asking, None
        form = self.screen.ticket.form
        if asked is not None and reply is not None:
            form.take_reply(asked, reply, self.desk.clock_s())
        elif form.is_open:
            form.wants_arm = False
            form.note = "The engine does not answer; nothing was sent."
        self.screen.ticket.refresh()
        if reply is not None and not form.is_current:
            self.ask_preview()

    # --- enter and escape --------------------------------------------------------------

    def confirm(self) -> None:
        """Open the ticket; on the ticket arm, then send."""
        screen = self.screen
        if screen.current is Pane.POSITIONS:
            self.sell()
            return
        if screen.current in (Pane.ORDERS, Pane.FILLS):
            screen.take_row()
            return
        form = screen.ticket.form
        if screen.current is not Pane.TICKET or not form.is_open:
            if screen.current is Pane.QUOTES:
                screen.focus_pane(Pane.LADDER)
            else:
                self.buy_yes()
            return
        order = form.enter(self.desk.clock_s())
        screen.ticket.refresh()
        if order is not None:
            self.desk.send(order, self._answered)
        elif form.wants_arm:
            self.ask_preview()

    def _answered(self, answer: Answer | None) -> None:
        form = self.screen.ticket.form
        if answer is not None and answer.outcome is Outcomes.REFUSED:
            form.refused(answer.reasons, answer.text or "The engine refused the order.")
            self.screen.ticket.refresh()
            return
        # An unknown outcome closes the ticket too: the same order must not be sent again.
        self._close()

    def back(self) -> None:
        """Step back: disarm, close the ticket, end a search."""
        screen = self.screen
        form = screen.ticket.form
        if form.stage is Stage.SENDING:
            return
        if screen.current is Pane.TICKET or form.is_open:
            form.escape()
            screen.ticket.refresh()
            if not form.is_open:
                self._close()
        elif screen.markets.search:
            screen.set_search("")
        elif screen.current is not Pane.QUOTES:
            screen.focus_pane(Pane.QUOTES)

    def _close(self) -> None:
        self.screen.ticket.form.close()
        self.screen.ticket.refresh()
        self.screen.focus_pane(self._came_from)

    # --- changing the ticket -----------------------------------------------------------

    def size_up(self) -> None:
        """Make the order larger."""
        self._step_size(1)

    def size_down(self) -> None:
        """Make the order smaller."""
        self._step_size(-1)

    def _step_size(self, steps: int) -> None:
        form = self.screen.ticket.form
        if form.stage in (Stage.EDIT, Stage.ARMED):
            form.step_size(steps)
            self.screen.ticket.changed()

    def price_up(self) -> None:
        """Raise the price by one step of the market's grid."""
        self._step_price(1)

    def price_down(self) -> None:
        """Lower the price by one step of the market's grid."""
        self._step_price(-1)

    def _step_price(self, steps: int) -> None:
        form = self.screen.ticket.form
        price = form.price
        if form.stage not in (Stage.EDIT, Stage.ARMED) or price is None:
            return
        if form.outcome is Outcome.YES:
            form.set_price(self.screen.ladder.next_price(price, steps))
        else:
            form.set_price(f.other(self.screen.ladder.next_price(f.other(price), -steps)))
        self.screen.ticket.changed()

    def aim_ticket(self, yes_price: Price) -> None:
        """Put a price of the ladder on the open ticket and give it the keyboard."""
        form = self.screen.ticket.form
        if form.stage in (Stage.EDIT, Stage.ARMED):
            form.set_price(yes_price if form.outcome is Outcome.YES else f.other(yes_price))
            self.screen.focus_pane(Pane.TICKET)
            self.screen.ticket.changed()

    def order_kind(self) -> None:
        """Change how long the order may live."""
        if self.screen.ticket.form.is_open:
            self.screen.ticket.form.next_kind()
            self.screen.ticket.changed()

    def other_side(self) -> None:
        """Turn the ticket to the other outcome."""
        if self.screen.ticket.form.is_open:
            self.screen.ticket.form.turn()
            self.screen.ticket.changed()
