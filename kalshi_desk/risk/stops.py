"""One stop as a state machine: armed, triggered, exit sent, part filled, done.

It looks at a :class:`StopView` and answers a :class:`Step`; whoever drives it keeps the
record before anything is sent.  Protection ends only when nothing is held any more or a
person drops it: an exit that is refused, lost or finds nobody is tried again, for ever.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import msgspec

from kalshi_desk.core.stops import StopKind, StopRecord, StopState
from kalshi_desk.core.types import CENT, NO_COUNT, BookSide, Count, Price
from kalshi_desk.risk.gate import DUPLICATE_WINDOW_NS, cents, contracts

SECOND = 1_000_000_000
QUICK_TRIES = 3
QUICK_NS = max(SECOND, 2 * DUPLICATE_WINDOW_NS)
"""A try that sold nothing may be the same order again, which the gate takes for a slip."""
SLOW_NS = 30 * SECOND
CLEAR_NS = 3 * SECOND
"""How long an exit waits for other orders of its market to be proven gone."""
SAY_NS = 300 * SECOND
QUIET_FACTOR = 10
"""A book that stands still for so many times the confirmation is no single print either."""


class StopRules(msgspec.Struct, frozen=True, kw_only=True):
    """What a person may set about all stops; the amounts are for stops set without one."""

    fixed_percent: float = 5.0
    trailing: Price = Price(10 * CENT)
    time_ns: int = 24 * 3_600 * SECOND
    deviations: float = 2.0
    horizon_hours: int = 24
    max_spread: Price = Price(6 * CENT)
    confirm_ns: int = 3 * SECOND
    floor: Price = Price(5 * CENT)
    is_automatic: bool = False


class ExitFate(msgspec.Struct, frozen=True):
    """What became of an exit order so far."""

    is_open: bool
    filled: Count
    reason: str = ""


class StopView(msgspec.Struct, frozen=True, kw_only=True):
    """What a stop may look at; prices are of the held side, None where nobody quotes.

    ``position`` is signed and counts what is known to have traded; ``is_known`` that the
    account was read.  ``free`` is what no open order is closing yet, ``is_obstructed`` that
    other orders of ours are open in the market, ``is_selling`` that an exit of a stop is.
    ``exit`` is the fate of the order with the record's ``exit_id``, None without such one.
    """

    now_ns: int
    position: Count
    is_known: bool
    cannot_send: str
    bid: Price | None
    ask: Price | None
    free: Count
    is_obstructed: bool
    is_selling: bool
    exit: ExitFate | None


class Said(msgspec.Struct, frozen=True):
    """A word to every face; ``is_bad`` when protection is in trouble."""

    title: str
    text: str = ""
    is_bad: bool = True


@dataclass(slots=True)
class Step:
    """What is to be done: keep the record, say things, clear the market, sell.

    ``sell`` is how much; not below ``floor``, which None leaves to the gate's collar.
    """

    is_changed: bool = False
    said: list[Said] = field(default_factory=list)
    clears: bool = False
    sell: Count = NO_COUNT
    floor: Price | None = None


class StopMachine:
    """Drives one record.  What it remembers besides is safe to lose: it only waits anew."""

    def __init__(self, record: StopRecord, rules: StopRules) -> None:
        self.record = record
        self.rules = rules
        self._below_ns = 0
        self._above_ns = 0
        self._low_of_rise = Price(0)
        self._clearing_ns = 0
        self._next_ns = 0
        self._said_ns: dict[str, int] = {}

    def advance(self, view: StopView, *, is_update: bool = False) -> Step:
        """Look once; ``is_update`` when the book has just changed."""
        step = Step()
        if self.record.state is StopState.EXITING:
            self._settle_exit(view, step)
        if self.record.state is StopState.EXITING or not self.record.state.is_live:
            return step
        if self._is_over(view, step):
            return step
        if self.record.state is StopState.ARMED:
            self._watch(view, step, is_update=is_update)
        if self.record.state.is_firing:
            self._try(view, step)
        return step

    def send(self, exit_id: str, number: int, now_ns: int) -> None:
        """Note that an exit order is about to be made."""
        self._change(now_ns, state=StopState.EXITING, exit_id=exit_id, exits=number, reason="")

    def refuse(self, why: str, now_ns: int) -> Step:
        """The gate let no exit pass: nothing was sent, try again."""
        step = Step(is_changed=True)
        self._fail(why, now_ns)
        self._complain(step, now_ns, "gate", f"The gate refuses the exit: {why}")
        return step

    def drop(self, why: str, now_ns: int) -> None:
        """A person takes the stop away."""
        self._change(now_ns, state=StopState.DROPPED, reason=why)

    def _settle_exit(self, view: StopView, step: Step) -> None:
        """Go on once the exit's fate is proven: never before, or it might sell twice."""
        record, fate = self.record, view.exit
        if fate is not None and fate.is_open:
            return
        step.is_changed = True
        if fate is None:
            # Kept, but its intent never was: without that nothing is sent.
            self._fail("the engine stopped before the exit was sent", view.now_ns)
        elif fate.filled:
            self._change(
                view.now_ns,
                state=StopState.PART,
                filled=Count(record.filled + fate.filled),
                reason="",
            )
            self._next_ns = view.now_ns + QUICK_NS
        else:
            self._fail(fate.reason or "nobody took it", view.now_ns)

    def _fail(self, why: str, now_ns: int) -> None:
        """Protect on: the next try is soon at first, then slow."""
        record = self.record
        tries = record.tries + 1
        state = StopState.PART if record.filled else StopState.TRIGGERED
        self._change(now_ns, state=state, tries=tries, reason=why)
        self._next_ns = now_ns + (QUICK_NS if tries <= QUICK_TRIES else SLOW_NS)

    def _is_over(self, view: StopView, step: Step) -> bool:
        """End when nothing of the protected side is held, which only a read account tells."""
        record = self.record
        if not view.is_known or view.position * record.side.sign > 0:
            return False
        step.is_changed = True
        if view.position:
            why = "the position turned to the other side"
        elif record.filled:
            why = f"sold {contracts(record.filled)}"
        else:
            why = "the position is gone"
        self._change(view.now_ns, state=StopState.DONE, reason=why)
        step.said.append(Said(f"Stop {record.stop_id} is done", f"{why}.", is_bad=False))
        return True

    def _watch(self, view: StopView, step: Step, *, is_update: bool) -> None:
        record = self.record
        if record.kind is StopKind.TIME:
            if view.now_ns >= record.until_ns:
                self._trigger(view, step, "its time has come")
            return
        bid = view.bid
        if bid is None or view.ask is None or view.ask - bid > self.rules.max_spread:
            self._below_ns = self._above_ns = 0
            if record.level is not None and bid is not None and bid <= record.level:
                text = (
                    f"The best price for what you hold is {cents(bid)}, at or below the stop at "
                    f"{cents(record.level)}, but the spread is wider than "
                    f"{cents(self.rules.max_spread)}: the stop waits for a real quote."
                )
                self._complain(step, view.now_ns, "spread", text)
            return
        if record.kind is StopKind.TRAILING:
            self._trail(view, bid, step, is_update=is_update)
        level = self.record.level
        if level is None or bid > level:
            self._below_ns = 0
        elif not 0 < self._below_ns <= view.now_ns:
            self._below_ns = view.now_ns
        elif self._stands(self._below_ns, view, is_update=is_update):
            self._trigger(view, step, f"{cents(bid)} is at or below {cents(level)}")

    def _trail(self, view: StopView, bid: Price, step: Step, *, is_update: bool) -> None:
        """Follow the best price up, by as much as has stood: a single print lifts nothing."""
        if bid <= self.record.best:
            self._above_ns = 0
        elif not 0 < self._above_ns <= view.now_ns:
            self._above_ns, self._low_of_rise = view.now_ns, bid
        else:
            self._low_of_rise = min(self._low_of_rise, bid)
            if self._stands(self._above_ns, view, is_update=is_update):
                best = self._low_of_rise
                self._above_ns = 0
                level = Price(best - self.record.distance)
                self._change(view.now_ns, best=best, level=level)
                step.is_changed = True

    def _stands(self, since_ns: int, view: StopView, *, is_update: bool) -> bool:
        """Whether a price is confirmed: by a later update, or by a book that stands still."""
        needed = self.rules.confirm_ns * (1 if is_update else QUIET_FACTOR)
        return view.now_ns - since_ns >= needed

    def _trigger(self, view: StopView, step: Step, why: str) -> None:
        record = self.record
        anchor = record.level if record.level is not None else view.bid
        floor = None if anchor is None else Price(anchor - self.rules.floor)
        self._change(view.now_ns, state=StopState.TRIGGERED, floor=floor, reason=why)
        step.is_changed = True
        side = "YES" if record.side is BookSide.BID else "NO"
        held = contracts(Count(abs(view.position)))
        text = f"{why}: all {held} {side} are sold, other orders of the market are cancelled first."
        step.said.append(Said(f"Stop {record.stop_id} triggered ({record.kind.value})", text))

    def _try(self, view: StopView, step: Step) -> None:
        # A time further off than any wait is one from before the clock was set back.
        if view.now_ns < self._next_ns <= view.now_ns + SLOW_NS or not view.is_known:
            return
        if view.cannot_send:
            self._complain(step, view.now_ns, "wait", f"The exit waits: {view.cannot_send}")
            return
        if view.is_selling:
            return
        step.clears = view.is_obstructed
        if self._is_clearing(view):
            return
        if view.free <= 0:
            text = "Another order of yours is closing the position; the exit waits for it."
            self._complain(step, view.now_ns, "free", text)
            return
        self._price(view, step)

    def _is_clearing(self, view: StopView) -> bool:
        """Wait for the market's other orders: an exit must not meet our own, nor sell twice."""
        if not view.is_obstructed:
            self._clearing_ns = 0
            return False
        if not 0 < self._clearing_ns <= view.now_ns:
            self._clearing_ns = view.now_ns
        return view.now_ns - self._clearing_ns < CLEAR_NS

    def _price(self, view: StopView, step: Step) -> None:
        """Sell down to the floor at first; later whatever the collar allows."""
        record = self.record
        is_wide = record.tries >= QUICK_TRIES or record.floor is None
        if view.bid is None:
            step.is_changed = True
            self._fail("nobody takes the other side", view.now_ns)
        elif not is_wide and record.floor is not None and view.bid < record.floor:
            step.is_changed = True
            self._fail(f"the price jumped past the floor to {cents(view.bid)}", view.now_ns)
        else:
            step.sell, step.floor = view.free, None if is_wide else record.floor
            if is_wide and record.tries:
                text = (
                    f"{record.tries} exits sold nothing ({record.reason}); the next one goes as "
                    "far as the collar allows."
                )
                self._complain(step, view.now_ns, "wide", text)
            return
        if self.record.tries >= QUICK_TRIES:
            text = f"The exit finds no price: {self.record.reason}. It goes on."
            self._complain(step, view.now_ns, "price", text)

    def _complain(self, step: Step, now_ns: int, key: str, text: str) -> None:
        """Be loud, but about the same thing only every few minutes."""
        if now_ns - self._said_ns.get(key, -SAY_NS) >= SAY_NS:
            self._said_ns[key] = now_ns
            step.said.append(Said(f"Stop {self.record.stop_id} can't sell yet", text))

    def _change(self, now_ns: int, **fields: object) -> None:
        self.record = msgspec.structs.replace(self.record, updated_ns=now_ns, **fields)
