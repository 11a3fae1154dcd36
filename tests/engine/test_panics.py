"""A panic has real seconds for its proof, and one panic's answer is that of all beside it."""

from __future__ import annotations

import pytest

from kalshi_desk.core.events import CancelAnswered, OrderAnswered
from kalshi_desk.core.types import Action, Count
from kalshi_desk.desk.automation import SetAuto
from kalshi_desk.desk.commands import Answer, Outcomes, Panic, Resume
from kalshi_desk.engine.effects import CancelEverything, Effect, GiveAnswer, ReadAccount, SendCancel
from kalshi_desk.engine.state import CoreSettings
from tests.engine.test_core import Bench, sent


def answers(effects: list[Effect]) -> list[Answer]:
    return [effect.answer for effect in effects if isinstance(effect, GiveAnswer)]


def named(effects: list[Effect]) -> dict[str, Outcomes]:
    return {answer.command_id: answer.outcome for answer in answers(effects)}


def of(kind: type[Effect], effects: list[Effect]) -> list[Effect]:
    return [effect for effect in effects if isinstance(effect, kind)]


@pytest.mark.parametrize("speed", [1, 4, 60])
def test_the_proof_may_take_real_seconds_at_any_speed(speed: int) -> None:
    bench = Bench(settings=CoreSettings(speed=speed))
    bench.do(Panic(), "p")
    assert answers(bench.wait(14.9 * speed)) == [], "its time is not over"
    assert named(bench.wait(0.3 * speed)) == {"p": Outcomes.UNKNOWN}


@pytest.mark.parametrize("speed", [1, 60])
def test_the_account_is_asked_for_once_a_real_second(speed: int) -> None:
    bench = Bench(settings=CoreSettings(speed=speed))
    bench.do(Panic(), "p")
    effects = [effect for _ in range(50) for effect in bench.wait(0.1 * speed)]
    asked = [one for one in effects if isinstance(one, ReadAccount) and "panic" in one.why]
    assert 4 <= len(asked) <= 5


def test_panics_beside_each_other_are_one_and_get_one_answer() -> None:
    bench = Bench()
    intent = sent(bench.buy(price="0.40"))[0]
    bench.take(OrderAnswered(intent.client_order_id, "o", Count(0), Count(1000)))
    first = bench.do(Panic(), "p0")
    assert len(of(CancelEverything, first)) == len(of(ReadAccount, first)) == 1
    for number in range(1, 30):
        bench.wait(0.02)
        more = bench.do(Panic(), f"p{number}")
        assert not of(CancelEverything, more)
        assert not of(ReadAccount, more)
        assert not of(SendCancel, more)
        assert answers(more) == []
    bench.take(CancelAnswered("o", Count(1000)))
    said = answers(bench.take(bench.reading()))
    assert [answer.command_id for answer in said] == [f"p{number}" for number in range(30)]
    assert {answer.outcome for answer in said} == {Outcomes.DONE}
    assert {order.order_id for answer in said for order in answer.orders} == {"o"}
    again = bench.do(Panic(), "later")
    assert of(CancelEverything, again), "that one was over"


def test_a_joined_panic_cancels_what_was_sent_in_between_and_is_not_done_before_it() -> None:
    bench = Bench()
    bench.hold("10")
    bench.do(Panic(), "p1")
    out = sent(bench.buy("5", "0.60", action=Action.SELL, name="s"))[0]
    bench.take(OrderAnswered(out.client_order_id, "o", Count(0), Count(500)))
    second = bench.do(Panic(), "p2")
    assert [effect.order_id for effect in second if isinstance(effect, SendCancel)] == ["o"]
    assert answers(bench.take(bench.reading(A="10"))) == [], "its order is not over yet"
    bench.take(CancelAnswered("o", Count(500)))
    done = bench.take(bench.reading(A="10"))
    assert named(done) == {"p1": Outcomes.DONE, "p2": Outcomes.DONE}


def test_a_panic_after_a_resume_begins_anew_and_halts_again() -> None:
    bench = Bench()
    bench.do(Panic(), "p1")
    bench.do(Resume(), "r")
    assert not bench.core.state.halted_why
    anew = bench.do(Panic(), "p2")
    assert of(CancelEverything, anew)
    assert bench.core.state.halted_why == "panic"
    assert named(bench.take(bench.reading())) == {"p1": Outcomes.DONE, "p2": Outcomes.DONE}


def test_a_joined_panic_ends_auto_too() -> None:
    bench = Bench()
    bench.do(Panic(), "p1")
    bench.do(SetAuto(on=True), "a")
    bench.do(Panic(), "p2")
    assert not bench.core.state.auto
