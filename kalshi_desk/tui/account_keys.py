"""What the keys do that act on the whole account: panic, resume, AUTO, modes; all ask first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kalshi_desk.core.strategy import Mode
from kalshi_desk.desk.automation import DropStop, SetAuto, SetMode
from kalshi_desk.desk.commands import CancelAll, Command, Flatten, LeaveLive, Panic, Resume
from kalshi_desk.desk.frames import OrderRow
from kalshi_desk.tui.confirm import (
    cancel_all_facts,
    flatten_facts,
    is_open,
    panic_facts,
    resume_facts,
)
from kalshi_desk.tui.confirm_auto import auto_facts, drop_facts, mode_facts
from kalshi_desk.tui.desk import Desk
from kalshi_desk.tui.dialogs import ConfirmDialog
from kalshi_desk.tui.typed_dialog import TypedDialog

if TYPE_CHECKING:
    from kalshi_desk.tui.base_screen import BaseScreen

LIVE_WORD = "TRADE"


class AccountKeys:
    """Shows what will happen, and sends it when it is confirmed."""

    def __init__(self, screen: BaseScreen, desk: Desk) -> None:
        self.base = screen
        self.desk = desk

    def open_orders(self, ticker: str = "") -> list[OrderRow]:
        """Return the orders that may still trade, in one market or in all."""
        rows = [row for row in self.desk.board.orders.values() if is_open(row)]
        return [row for row in rows if not ticker or row.ticker == ticker]

    # --- orders and positions ----------------------------------------------------------

    def ask_cancel(self, ticker: str | None) -> None:
        """Ask, then cancel the orders of one market or of all."""
        orders = self.open_orders(ticker or "")
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
            flatten_facts(positions, self.open_orders(ticker or ""), self.desk.board.name_of),
            Flatten(ticker=ticker),
        )

    def panic(self) -> None:
        """Cancel everything and halt, after asking."""
        status = self.desk.board.status
        self._ask(
            "PANIC",
            panic_facts(
                self.open_orders(), status.auto_running if status else 0, self.desk.board.name_of
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

    # --- the machine -------------------------------------------------------------------

    def auto(self) -> None:
        """Turn automatic trading over."""
        self.ask_auto(on=not self.desk.board.is_auto_on)

    def ask_auto(self, *, on: bool) -> None:
        """Turn AUTO off at once, for that only takes risk away; on after naming who would trade."""
        if not on:
            self.desk.send(SetAuto(on=False))
            return
        status = self.desk.board.status
        venue = status.venue if status is not None else ""
        facts = auto_facts(list(self.desk.board.strategies.values()), venue)
        self._ask_trading(f"AUTO ON, {venue.upper()}", facts, SetAuto(on=True))

    def ask_mode(self, strategy: str, mode: Mode) -> None:
        """Set a mode; trade asks first, naming the venue."""
        row = self.desk.board.strategies.get(strategy)
        if mode is not Mode.TRADE or (row is not None and row.mode is mode):
            self.desk.send(SetMode(strategy=strategy, mode=mode))
            return
        status = self.desk.board.status
        venue = status.venue if status is not None else ""
        facts = mode_facts(strategy, row, venue, is_auto_on=self.desk.board.is_auto_on)
        self._ask_trading(f"{strategy} TRADES", facts, SetMode(strategy=strategy, mode=mode))

    def ask_drop(self, stop_id: str) -> None:
        """Take a stop away, after asking: the position is then unprotected."""
        row = self.desk.board.stops.get(stop_id)
        name = self.desk.board.name_of(row.ticker, row.title) if row is not None else ""
        self._ask("DROP STOP", drop_facts(stop_id, row, name), DropStop(stop_id=stop_id))

    # --- asking ------------------------------------------------------------------------

    def _ask(self, verb: str, facts: list[str], command: Command) -> None:
        def answered(go: bool | None) -> None:
            if go:
                self.desk.send(command)

        self.base.app.push_screen(
            ConfirmDialog(verb, facts, self.desk.clock_s, is_live=self.desk.is_live_venue),
            answered,
        )

    def _ask_trading(self, verb: str, facts: list[str], command: Command) -> None:
        """Ask for a word typed out where machines would spend real money, for Enter elsewhere."""
        if not self.desk.is_live_venue:
            self._ask(verb, facts, command)
            return

        def answered(go: bool | None) -> None:
            if go:
                self.desk.send(command)

        self.base.app.push_screen(TypedDialog(verb, facts, LIVE_WORD, self.desk.clock_s), answered)
