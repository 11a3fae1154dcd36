"""What the sweeping keys do: cancel, flatten, panic and resume, after showing what will happen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kalshi_desk.core.types import BookSide
from kalshi_desk.desk.commands import CancelAll, CancelOrder, Flatten, LeaveLive, Panic, Resume
from kalshi_desk.desk.frames import OrderRow
from kalshi_desk.tui.confirm import (
    cancel_all_facts,
    flatten_facts,
    is_open,
    panic_facts,
    resume_facts,
)
from kalshi_desk.tui.desk import Desk
from kalshi_desk.tui.dialogs import ConfirmDialog
from kalshi_desk.tui.layout import Pane

if TYPE_CHECKING:
    from kalshi_desk.tui.desk_screen import DeskScreen


class SweepKeys:
    """Methods named by action id, like those of the trading keys."""

    def __init__(self, screen: DeskScreen, desk: Desk) -> None:
        self.screen = screen
        self.desk = desk

    def _open_orders(self, ticker: str = "") -> list[OrderRow]:
        rows = [row for row in self.desk.board.orders.values() if is_open(row)]
        return [row for row in rows if not ticker or row.ticker == ticker]

    def cancel(self) -> None:
        """Cancel the selected order, this level of the ladder, or the newest order here."""
        screen = self.screen
        if screen.current is Pane.LADDER:
            price = screen.ladder.cursor
            if any(row.yes_price == price for row in self._open_orders(screen.selected)):
                self.desk.send(CancelAll(ticker=screen.selected, price=price))
            else:
                self.desk.say("No order of yours at this price", severity="warning")
            return
        row = screen.orders.current if screen.current is Pane.ORDERS else None
        if row is None or not is_open(row):
            here = sorted(self._open_orders(screen.selected), key=lambda r: r.created_ns)
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
        if any(row.side is side for row in self._open_orders(book.ticker)):
            self.desk.send(CancelAll(ticker=book.ticker, side=side))
        else:
            word = "bids" if side is BookSide.BID else "offers"
            self.desk.say(f"You have no {word} in this market", severity="warning")

    def cancel_market(self) -> None:
        """Cancel every order in the selected market, after asking."""
        self.ask_cancel(self.screen.selected)

    def ask_cancel(self, ticker: str | None) -> None:
        """Ask, then cancel the orders of one market or of all."""
        orders = self._open_orders(ticker or "")
        if not orders and ticker and self.desk.board.market(ticker) is None:
            self.desk.say("Unknown market", ticker, severity="warning")
            return
        if not orders:
            self.desk.say(
                "No open orders" + (" in this market" if ticker else ""), severity="warning"
            )
            return
        self._ask(
            f"CANCEL {len(orders)} {'ORDER' if len(orders) == 1 else 'ORDERS'}",
            cancel_all_facts(orders, self.desk.board.name_of),
            CancelAll(ticker=ticker),
        )

    def flatten(self) -> None:
        """Cancel the orders and sell the position in the selected market, after asking."""
        self.ask_flatten(self.screen.selected)

    def ask_flatten(self, ticker: str | None) -> None:
        """Ask, then flatten one market or all."""
        positions = [
            row
            for row in self.desk.board.positions.values()
            if row.position and (not ticker or row.ticker == ticker)
        ]
        if not positions:
            self.desk.say(
                "Nothing to flatten",
                "No position" + (" here." if ticker else "."),
                severity="warning",
            )
            return
        self._ask(
            "FLATTEN",
            flatten_facts(positions, self._open_orders(ticker or ""), self.desk.board.name_of),
            Flatten(ticker=ticker),
        )

    def panic(self) -> None:
        """Cancel everything and halt, after asking."""
        status = self.desk.board.status
        self._ask(
            "PANIC",
            panic_facts(
                self._open_orders(), status.auto_running if status else 0, self.desk.board.name_of
            ),
            Panic(),
        )

    def resume(self) -> None:
        """Leave HALTED, after asking."""
        status = self.desk.board.status
        self._ask("RESUME", resume_facts(status.risk_reason if status else ""), Resume())

    def leave_live(self) -> None:
        """End LIVE with one key: it only takes risk away, so nothing is asked."""
        if self.desk.is_live_venue:
            self.desk.send(LeaveLive())
        else:
            self.desk.say("This desk is not LIVE", severity="warning")

    def _ask(
        self, verb: str, facts: list[str], command: CancelAll | Flatten | Panic | Resume
    ) -> None:
        def answered(go: bool | None) -> None:
            if go:
                self.desk.send(command)

        self.screen.app.push_screen(
            ConfirmDialog(verb, facts, self.desk.clock_s, is_live=self.desk.is_live_venue),
            answered,
        )
