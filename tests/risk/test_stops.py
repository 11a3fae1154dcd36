"""Stops alone: what triggers them, what never does, and how long they protect."""

from __future__ import annotations

import msgspec
import pytest

from kalshi_desk.core.stops import StopKind, StopRecord, StopState
from kalshi_desk.core.types import BookSide, Count, Price
from kalshi_desk.risk.stop_book import COOLING_NS, StopBook
from kalshi_desk.risk.stops import (
    QUICK_TRIES,
    SECOND,
    ExitFate,
    Step,
    StopMachine,
    StopRules,
    StopView,
)

RULES = StopRules()
HELD = Count(10_000)


def record(**changes: object) -> StopRecord:
    fields: dict[str, object] = {
        "stop_id": "s1",
        "ticker": "A",
        "kind": StopKind.FIXED,
        "side": BookSide.BID,
        "count": HELD,
        "entry": Price(5_000),
        "level": Price(3_500),
        "distance": Price(1_500),
        "best": Price(4_900),
    }
    return StopRecord(**{**fields, **changes})  # type: ignore[arg-type]


class Drill:
    """One stop with a clock and a book in the hand; exits go nowhere but are counted."""

    def __init__(self, **changes: object) -> None:
        self.machine = StopMachine(record(**changes), RULES)
        self.view = StopView(
            now_ns=0,
            position=HELD if self.machine.record.side is BookSide.BID else Count(-HELD),
            is_known=True,
            cannot_send="",
            bid=Price(4_900),
            ask=Price(5_000),
            free=HELD,
            is_obstructed=False,
            is_selling=False,
            exit=None,
        )

    @property
    def state(self) -> StopState:
        return self.machine.record.state

    def at(self, seconds: float, *, is_update: bool = True, **changes: object) -> Step:
        """Look again so many seconds after the start."""
        self.view = msgspec.structs.replace(self.view, now_ns=int(seconds * SECOND), **changes)
        return self.machine.advance(self.view, is_update=is_update)

    def price(self, seconds: float, bid: int | None, spread: int = 100) -> Step:
        """A book update with another best bid."""
        quote = None if bid is None else Price(bid)
        return self.at(seconds, bid=quote, ask=Price((bid or 0) + spread))

    def fire(self) -> Step:
        """Let the price stand below the level until the first exit is wanted."""
        self.price(10, 3_400)
        return self.price(13, 3_400)

    def send(self, name: str) -> None:
        self.machine.send(name, self.machine.record.exits + 1, self.view.now_ns)
        self.view = msgspec.structs.replace(self.view, exit=ExitFate(True, Count(0)))


def test_a_price_that_stands_triggers_and_all_is_sold_above_the_floor() -> None:
    drill = Drill()
    assert not drill.price(1, 3_501).is_changed
    step = drill.fire()
    assert drill.state is StopState.TRIGGERED
    assert (step.sell, step.floor) == (HELD, Price(3_000))
    assert any("triggered" in said.title for said in step.said)


@pytest.mark.parametrize("bid", [3_500, 100, None])
def test_a_single_jumpy_print_never_fires(bid: int | None) -> None:
    drill = Drill()
    for second in range(0, 600, 4):
        drill.price(second, bid)
        drill.at(second + 2, is_update=False)
        drill.price(second + 2.9, 4_900)
        drill.at(second + 3.5, is_update=False)
    assert drill.state is StopState.ARMED


def test_two_updates_closer_than_three_seconds_do_not_fire() -> None:
    drill = Drill()
    drill.price(10, 3_400)
    assert not drill.price(12.9, 3_300).sell
    assert drill.price(13, 3_400).sell == HELD


def test_a_wide_spread_never_fires_but_is_said() -> None:
    drill = Drill()
    said = [*drill.price(10, 3_400, 700).said, *drill.price(14, 3_400, 700).said]
    assert drill.state is StopState.ARMED
    assert ["wider than 6¢" in word.text for word in said] == [True]
    drill.price(15, 3_400, 600)
    assert drill.price(18, 3_400, 600).sell == HELD


def test_a_book_that_stands_still_below_the_level_fires_later() -> None:
    drill = Drill()
    drill.price(10, 3_400)
    assert not drill.at(39, is_update=False).sell
    assert drill.at(40, is_update=False).sell == HELD


def test_trailing_follows_what_stands_and_no_single_print() -> None:
    drill = Drill(kind=StopKind.TRAILING, level=Price(3_900), distance=Price(1_000))
    drill.price(1, 8_000)
    drill.price(2, 4_900)
    assert drill.machine.record.best == 4_900
    drill.price(10, 6_000)
    drill.price(12, 5_500)
    step = drill.price(13, 5_800)
    assert step.is_changed
    assert (drill.machine.record.best, drill.machine.record.level) == (5_500, 4_500)
    drill.price(20, 4_500)
    assert drill.price(23, 4_500).sell == HELD


def test_a_time_stop_fires_at_its_time_whatever_the_book() -> None:
    drill = Drill(kind=StopKind.TIME, level=None, until_ns=60 * SECOND)
    assert not drill.at(59.9, is_update=False, ask=None).sell
    step = drill.at(60, is_update=False, ask=None)
    assert (step.sell, step.floor) == (HELD, Price(4_400))


def test_only_one_exit_is_in_flight() -> None:
    drill = Drill()
    drill.fire()
    drill.send("x1")
    for second in range(14, 200):
        assert not drill.price(second, 2_000).sell
        assert not drill.at(second + 0.5, is_update=False).sell
    assert drill.state is StopState.EXITING


def test_an_exit_that_sold_part_goes_on_with_what_is_left() -> None:
    drill = Drill()
    drill.fire()
    drill.send("x1")
    left = Count(HELD - 4_000)
    drill.at(14, exit=ExitFate(False, Count(4_000)), position=left, free=left)
    assert drill.state is StopState.PART
    assert drill.at(15.5, is_update=False).sell == left
    drill.send("x2")
    drill.at(16, exit=ExitFate(False, left), position=Count(0), free=Count(0))
    assert drill.state is StopState.DONE
    assert drill.machine.record.filled == HELD


def test_refused_exits_escalate_loudly_and_never_end() -> None:
    drill = Drill()
    step, second, wide, loud = drill.fire(), 13.0, 0, 0
    for _ in range(40):
        assert step.sell == HELD
        wide += step.floor is None
        drill.send("x")
        fate = ExitFate(False, Count(0), "refused")
        step = drill.at(second, is_update=False, exit=fate)
        waits = 1 if drill.machine.record.tries <= QUICK_TRIES else 30
        assert not drill.at(second + waits - 0.1, is_update=False).sell
        second += waits
        step = drill.at(second, is_update=False)
        loud += sum(said.is_bad for said in step.said)
    assert wide == 40 - QUICK_TRIES
    assert loud >= 3
    assert drill.state is StopState.TRIGGERED


def test_a_jump_past_the_floor_waits_three_tries_then_sells_as_far_as_the_collar() -> None:
    drill = Drill()
    drill.price(10, 1_000)
    assert not drill.price(13, 1_000).sell
    assert not drill.at(14, is_update=False).sell
    assert not drill.at(15, is_update=False).sell
    step = drill.at(16, is_update=False)
    assert (step.sell, step.floor) == (HELD, None)


def test_an_empty_side_is_waited_for() -> None:
    drill = Drill(kind=StopKind.TIME, level=None, until_ns=SECOND)
    assert not drill.price(1, None).sell
    second = 1.0
    while second < 400:
        second += 1
        assert not drill.at(second, is_update=False).sell
    assert drill.state is StopState.TRIGGERED
    assert drill.price(second + 31, 300).sell == HELD


def test_other_orders_are_cleared_first_but_not_for_ever() -> None:
    drill = Drill()
    drill.view = msgspec.structs.replace(drill.view, is_obstructed=True, free=Count(4_000))
    step = drill.fire()
    assert step.clears
    assert not step.sell
    assert drill.at(15.9, is_update=False).clears
    step = drill.at(16, is_update=False)
    assert step.sell == 4_000


def test_nothing_is_sent_or_counted_while_nothing_can_be_sent() -> None:
    drill = Drill()
    drill.view = msgspec.structs.replace(drill.view, cannot_send="no connection")
    step = drill.fire()
    assert not step.sell
    assert any("no connection" in said.text for said in step.said)
    for second in range(14, 60):
        assert not drill.at(second, is_update=False).sell
    assert drill.machine.record.tries == 0
    assert drill.at(61, is_update=False, cannot_send="").sell == HELD


@pytest.mark.parametrize(("position", "why"), [(0, "gone"), (-500, "other side")])
def test_it_ends_when_the_position_does_and_says_so(position: int, why: str) -> None:
    drill = Drill()
    drill.at(1, position=Count(position), is_known=False)
    assert drill.state is StopState.ARMED
    step = drill.at(2, position=Count(position), is_known=True)
    assert drill.state is StopState.DONE
    assert why in step.said[0].text


def test_a_restart_between_the_record_and_the_intent_tries_again() -> None:
    drill = Drill(state=StopState.EXITING, exits=1, exit_id="never-made", floor=Price(3_000))
    drill.at(1, is_update=False, bid=Price(3_400), ask=Price(3_500))
    assert drill.state is StopState.TRIGGERED
    assert drill.at(2.1, is_update=False).sell == HELD


def test_a_market_cools_for_an_hour_after_its_stop_has_let_go() -> None:
    book = StopBook(RULES)
    machine = book.add(record())
    assert not book.cooling("A", 1)
    machine.record = record(state=StopState.DONE, filled=HELD, updated_ns=5 * SECOND)
    book.note(machine)
    assert book.cooling("A", 6 * SECOND) == 5 * SECOND + COOLING_NS
    assert not book.cooling("A", 5 * SECOND + COOLING_NS)
    assert not book.cooling("B", 6 * SECOND)
    assert not list(book.live())
    again = StopBook(RULES)
    again.add(machine.record)
    assert again.cooling("A", 6 * SECOND)
