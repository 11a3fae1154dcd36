"""Watches losses: the day's, and the fall from the highest equity; halts, reduces and warns.

A loss must last two seconds: one jumpy book doesn't stop a desk.  The gate itself looks at
the loss of the very moment.  What stops the desk also takes its opening orders off the book.
"""

from __future__ import annotations

from kalshi_desk.core.types import Money
from kalshi_desk.desk.frames import EventKind, Level
from kalshi_desk.engine.account import Account
from kalshi_desk.engine.door import Door
from kalshi_desk.engine.effects import KeepMeta
from kalshi_desk.engine.limit_rows import limit_rows
from kalshi_desk.engine.outbox import Outbox
from kalshi_desk.engine.risk_numbers import day_loss, drawdown, has_marks
from kalshi_desk.engine.state import CoreState
from kalshi_desk.execution.orders import FOREIGN

LASTS_NS = 2_000_000_000
LOOK_EVERY_NS = 1_000_000_000
WARN_AT, CALM_AT = 0.80, 0.70
"""A gauge is warned of from 80 per cent on, and again only after it was below 70."""
PEAK_STEP = 2_000
"""The highest equity is written down when it grew by a two-thousandth of itself."""
SILENT = frozenset({"stale_book_seconds"})
"""A limit that comes near many times an hour is shown and enforced, not announced."""


class RiskWatch:
    """Looks at the losses at every beat."""

    def __init__(self, state: CoreState, outbox: Outbox, account: Account, door: Door) -> None:
        self._state = state
        self._outbox = outbox
        self._account = account
        self._door = door
        self._since: dict[str, int] = {}
        self._warned: set[str] = set()
        self._looked_ns = 0
        self._kept_peak = 0

    def beat(self) -> None:
        """Judge the losses as they are now."""
        state = self._state
        if not state.has_account or not state.day or not has_marks(state):
            return
        equity = state.exposures.equity()
        if equity is None:
            return
        if state.guards.open_day(state.day):
            keep_guards(state, self._outbox)
        self._note_peak(equity)
        self._judge(day_loss(state, equity), drawdown(state, equity))
        if state.now_ns - self._looked_ns >= LOOK_EVERY_NS:
            self._looked_ns = state.now_ns
            self._warn()

    def _note_peak(self, equity: Money) -> None:
        state = self._state
        if state.peak_equity is None or equity > state.peak_equity:
            state.peak_equity = equity
        if abs(state.peak_equity - self._kept_peak) * PEAK_STEP >= state.peak_equity:
            self._kept_peak = state.peak_equity
            self._outbox.do(KeepMeta("peak", str(state.peak_equity)))

    def _judge(self, lost: float | None, fallen: float | None) -> None:
        state, guards, limits = self._state, self._state.guards, self._state.settings.limits
        if lost is not None:
            limit = limits.daily_loss_percent
            if self._lasts("halt", guards.halt.is_over(lost, limit)):
                self._halt(
                    f"the day has lost {lost:.2f}% of W, {guards.halt.level(limit):.2f}% "
                    "are allowed"
                )
            limit = limits.daily_loss_reducing_percent
            self._reduce(lost, limit, self._lasts("reduce", guards.reduce.is_over(lost, limit)))
        if fallen is not None:
            limit = limits.drawdown_percent
            if self._lasts("drawdown", guards.drawdown.is_over(fallen, limit)):
                self._halt(
                    f"equity is {fallen:.2f}% below its highest, "
                    f"{guards.drawdown.level(limit):.2f}% are allowed"
                )
            if guards.drawdown.raised_to and fallen < limit * WARN_AT:
                guards.drawdown.clear()
                keep_guards(state, self._outbox)

    def _lasts(self, name: str, is_over: bool) -> bool:
        if not is_over:
            self._since.pop(name, None)
            return False
        since = self._since.setdefault(name, self._state.now_ns)
        return self._state.now_ns - since >= LASTS_NS

    def _halt(self, why: str) -> None:
        if self._state.halted_why:
            return
        self._account.halt(why)
        self._withdraw()

    def _reduce(self, lost: float, limit: float, is_over: bool) -> None:
        state = self._state
        was = state.loss_why
        level = state.guards.reduce.level(limit)
        if not is_over and lost < level * WARN_AT:
            state.loss_why = ""
        elif is_over and not was:
            state.loss_why = f"the day has lost {lost:.2f}% of W, {level:.2f}% are allowed"
            text = f"{state.loss_why}. Only orders that reduce a position pass until you resume."
            self._say(Level.ERROR, "REDUCING", text)
            self._withdraw()

    def _withdraw(self) -> None:
        """Cancel what would open exposure; orders of other programs are not ours to cancel."""
        state = self._state
        for order in state.orders.open_orders():
            position = state.positions.get(order.ticker).count
            opens = position * order.side.sign >= 0 or order.remaining > abs(position)
            if opens and order.origin != FOREIGN and not order.is_canceling:
                self._door.send_cancel(order)

    def _warn(self) -> None:
        """Say once that a limit comes near, until it has been far again."""
        for row in limit_rows(self._state).values():
            if row.used is None or row.allowed <= 0 or row.name in SILENT:
                continue
            share = row.used / row.allowed
            if share >= WARN_AT and row.name not in self._warned:
                self._warned.add(row.name)
                self._say(
                    Level.WARNING,
                    f"{row.title}: {share:.0%} of the limit",
                    f"{row.help} Setting {row.setting}.",
                )
            elif share < CALM_AT:
                self._warned.discard(row.name)

    def _say(self, level: Level, title: str, text: str) -> None:
        self._outbox.say(self._state.now_ns, EventKind.RISK, level, title, text)


def acknowledge_losses(state: CoreState, outbox: Outbox) -> None:
    """A person has looked and resumes: the losses of now stop nothing until they have grown."""
    equity = state.exposures.equity()
    lost, guards, limits = day_loss(state, equity), state.guards, state.settings.limits
    guards.halt.resume(lost, limits.daily_loss_percent)
    guards.reduce.resume(lost, limits.daily_loss_reducing_percent)
    guards.drawdown.resume(drawdown(state, equity), limits.drawdown_percent)
    state.loss_why = ""
    keep_guards(state, outbox)


def keep_guards(state: CoreState, outbox: Outbox) -> None:
    """Have the levels outlive this engine."""
    outbox.do(KeepMeta("guards", state.guards.as_text()))
