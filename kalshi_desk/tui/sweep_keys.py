"""What the sweeping keys of the Desk do: cancel, flatten, protect, after showing what happens."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kalshi_desk.core.types import BookSide
from kalshi_desk.desk.commands import CancelAll, CancelOrder
from kalshi_desk.tui.account_keys import AccountKeys
from kalshi_desk.tui.confirm import is_open
from kalshi_desk.tui.desk import Desk
from kalshi_desk.tui.layout import Pane
from kalshi_desk.tui.stop_dialog import StopDialog

if TYPE_CHECKING:
    from kalshi_desk.tui.desk_screen import DeskScreen


class SweepKeys:
    """Methods named by action id, like those of the trading keys."""

    def __init__(self, screen: DeskScreen, desk: Desk, account: AccountKeys) -> None:
        self.screen = screen
        self.desk = desk
        self.account = account

    def cancel(self) -> None:
        """Cancel the selected order, this level of the ladder, or the newest order here."""
        screen = self.screen
        if screen.current is Pane.LADDER:
            price = screen.ladder.cursor
            if any(row.yes_price == price for row in self.account.open_orders(screen.selected)):
                self.desk.send(CancelAll(ticker=screen.selected, price=price))
            else:
                self.desk.say("No order of yours at this price", severity="warning")
            return
        screen.take_row()
        row = screen.orders.current if screen.current is Pane.ORDERS else None
        if row is None or not is_open(row):
            here = sorted(self.account.open_orders(screen.selected), key=lambda r: r.created_ns)
            row = here[-1] if here and screen.current is not Pane.ORDERS else None
        if row is None:
            self.desk.say("No open order to cancel here", severity="warning")
            return
        self.desk.send(CancelOrder(order=row.client_order_id or row.order_id))

    def cancel_side(self) -> None:
        """Cancel my bids, or my offers, in this market: the side that the cursor is on."""
        ladder = self.screen.ladder
        book, cursor = ladder.book, ladder.cursor
        if book is None or cursor is None:
            return
        is_bid = book.best_ask is None or cursor < book.best_ask
        side = BookSide.BID if is_bid else BookSide.ASK
        if any(row.side is side for row in self.account.open_orders(book.ticker)):
            self.desk.send(CancelAll(ticker=book.ticker, side=side))
        else:
            word = "bids" if side is BookSide.BID else "offers"
            self.desk.say(f"You have no {word} in this market", severity="warning")

    def cancel_market(self) -> None:
        """Cancel every order in the selected market, after asking."""
        self.screen.take_row()
        self.account.ask_cancel(self.screen.selected)

    def flatten(self) -> None:
        """Cancel the orders and sell the position in the selected market, after asking."""
        self.screen.take_row()
        self.account.ask_flatten(self.screen.selected)

    def protect(self) -> None:
        """Set a stop on the selected position, after showing what it would cost."""
        row = self.screen.positions.current
        if row is None or not row.position:
            self.desk.say("Nothing to protect here", "Select a position.", severity="warning")
            return
        self.screen.app.push_screen(StopDialog(row, self.desk))
