"""Sells what a signal meant to hold no longer: the exit that its evidence was measured with.

Only what the strategy itself bought is sold, and only while it may trade: a strategy that is
off, AUTO off and a panic leave positions as they are, for a person to look at.
"""

from __future__ import annotations

from kalshi_desk.core.types import NO_COUNT, Action, Count
from kalshi_desk.desk.frames import EventKind, Level
from kalshi_desk.engine.door import Door
from kalshi_desk.engine.effects import KeepMeta
from kalshi_desk.engine.outbox import Outbox
from kalshi_desk.engine.pending import Goal, Pending
from kalshi_desk.engine.state import CoreState

HOLD_KEY = "hold:"
RETRY_NS = 2_000_000_000


class Holdings:
    """Until when each strategy means to hold what it buys in a market; kept over restarts."""

    def __init__(self, state: CoreState, outbox: Outbox, door: Door) -> None:
        self._state = state
        self._outbox = outbox
        self._door = door
        self._tried: dict[tuple[str, str], int] = {}

    def note(self, strategy: str, ticker: str, until_ns: int) -> None:
        """Remember when a position should end; 0 holds it to settlement."""
        if until_ns:
            self._state.holds[strategy, ticker] = until_ns
        elif self._state.holds.pop((strategy, ticker), None) is None:
            return
        self._outbox.do(KeepMeta(_key(strategy, ticker), str(until_ns or "")))

    def beat(self) -> None:
        """Sell what is over its time, again until nothing of it is left."""
        now_ns = self._state.now_ns
        for (strategy, ticker), until_ns in list(self._state.holds.items()):
            if until_ns <= now_ns:
                self._end(strategy, ticker)

    def _end(self, strategy: str, ticker: str) -> None:
        state = self._state
        mine = [o for o in state.orders.open_orders(ticker) if o.origin == strategy]
        left = self._left(strategy, ticker)
        if not mine and not left and not state.orders.unresolved(ticker):
            self.note(strategy, ticker, 0)
            self._tried.pop((strategy, ticker), None)
            return
        for order in mine:
            if order.action is Action.BUY:
                self._door.cancel_again(order)
        found = state.strategies.get(strategy)
        may_sell = state.auto and found is not None and found.is_trading
        last_ns = self._tried.get((strategy, ticker), 0)
        if mine or not left or not may_sell or abs(state.now_ns - last_ns) < RETRY_NS:
            return
        if not last_ns:
            text = f"{strategy} meant to hold {ticker} no longer; it is sold at what the book pays."
            self._outbox.say(
                state.now_ns, EventKind.STRATEGY, Level.INFO, "Holding time over", text, ticker
            )
        self._tried[strategy, ticker] = state.now_ns
        pending = Pending(f"hold-{strategy}-{ticker}-{state.now_ns}", Goal.EXIT, state.now_ns)
        self._door.exit_market(pending, ticker, most=left, origin=strategy)

    def _left(self, strategy: str, ticker: str) -> Count:
        """Return what the strategy still holds of its own."""
        parts = self._state.folio.parts.by_ticker.get(ticker)
        owner = None if parts is None else parts.owners.get(strategy)
        return NO_COUNT if owner is None else owner.count


def hold_of(key: str, value: str) -> tuple[tuple[str, str], int] | None:
    """Return what a journal's entry says of a position's end, None when it says nothing."""
    strategy, _, ticker = key.removeprefix(HOLD_KEY).partition(":")
    return ((strategy, ticker), int(value)) if value.isdigit() else None


def _key(strategy: str, ticker: str) -> str:
    return f"{HOLD_KEY}{strategy}:{ticker}"
