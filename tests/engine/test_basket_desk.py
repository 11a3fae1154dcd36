"""Baskets inside the core: legs in turn, misses, unknown outcomes, kills; nothing twice."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from kalshi_desk.core.events import FillReported
from kalshi_desk.core.reasons import ReasonCode
from kalshi_desk.core.types import BookSide, Count, Outcome, Price
from kalshi_desk.desk.frames import EventKind, Level
from kalshi_desk.engine.basket_desk import entry_of
from kalshi_desk.execution.baskets import BARRED_FOR_NS, Stage, excess
from kalshi_desk.risk.limits import Limits
from tests.engine.basket_world import SECOND, BasketWorld, Crash, tiles
from tests.wide_limits import WIDE


@pytest.fixture
def world(tmp_path: Path) -> BasketWorld:
    return opened(tmp_path / "journal.sqlite3")


def opened(path: Path, side: BookSide = BookSide.BID, limits: Limits | None = None) -> BasketWorld:
    made = BasketWorld(path, side=side, limits=limits)
    for ticker, ask in zip("ABC", (25, 30, 35), strict=True):
        made.show(ticker, ask - 1, ask)
    return made


def test_all_legs_fill_in_turn_and_the_profit_is_certain(world: BasketWorld) -> None:
    assert world.start(tiles()) is None
    assert [world.fill().ticker for _ in "ABC"] == ["A", "B", "C"]
    assert not world.flying
    record = world.last()
    assert record.stage is Stage.COMPLETE
    # Ten of each at 25, 30 and 35 cents; fees of 13.125, 14.7 and 15.925 cents, each rounded
    # up to a cent for this member.
    assert record.locked == 10_000_000 - 9_000_000 - 140_000 - 150_000 - 160_000
    assert world.core.baskets.completion_rate("arbitrage") == pytest.approx(2 / 3)
    assert world.core.baskets.barred_until("E") == 0


def test_the_record_is_durable_before_the_order_leaves(world: BasketWorld) -> None:
    world.start(tiles())
    [intent] = world.sent
    assert world.last().waiting_for == intent.client_order_id
    assert intent.command_id == f"basket-{world.last().basket_id}-0-1"
    assert intent.origin == "arbitrage"


def test_the_next_leg_goes_up_to_break_even_and_no_further(world: BasketWorld) -> None:
    world.start(tiles())
    world.show("B", 30, 31)
    world.fill()
    [intent] = world.unanswered
    # $10.00 less 2.50 + 0.14 for A and 3.50 + 0.16 for C leaves 3.70: 35 cents and 0.16 do.
    assert (intent.ticker, intent.price) == ("B", 3_500)
    progress = world.core.baskets.progress(world.flying[0])
    assert (progress.ticker, progress.missing, progress.completion) == ("B", 1_000, 3_500)
    assert (progress.filled, progress.spent) == ((1_000, 0, 0), 2_640_000)
    world.fill()
    [intent] = world.unanswered
    assert intent.ticker == "C"


def test_a_leg_whose_break_even_costs_more_than_an_order_may_goes_out_at_its_own_limit(
    world: BasketWorld,
) -> None:
    """One order of a strategy may cost $100: 290 contracts cost $101.50 at 35 cents."""
    world.show("C", 30, 31)
    legs = [msgspec.structs.replace(leg, count=Count(29_000)) for leg in tiles()]
    legs[2] = msgspec.structs.replace(legs[2], price=Price(3_100))
    assert world.start(legs, guaranteed="25") is None
    assert [(leg.ticker, leg.price) for leg in world.unanswered] == [("A", 2_500)]
    world.fill()
    assert [(leg.ticker, leg.price) for leg in world.unanswered] == [("B", 3_000)]
    world.fill()
    assert [(leg.ticker, leg.price) for leg in world.unanswered] == [("C", 3_100)]
    world.fill()
    assert world.last().stage is Stage.COMPLETE


def test_break_even_of_a_leg_that_buys_no_is_the_same_seen_from_the_other_side(
    tmp_path: Path,
) -> None:
    world = opened(tmp_path / "journal.sqlite3", BookSide.ASK)
    assert world.start(tiles(side=BookSide.ASK)) is None
    world.show("B", 30, 31)
    world.fill()
    [intent] = world.unanswered
    assert (intent.side, intent.price, intent.outcome) == (BookSide.ASK, 6_500, Outcome.NO)
    world.fill()
    world.fill()
    record = world.last()
    assert record.stage is Stage.COMPLETE
    assert record.locked == 10_000_000 - 9_100_000 - 140_000 - 150_000 - 160_000


def test_a_leg_above_break_even_is_not_bought_but_waited_for(world: BasketWorld) -> None:
    world.start(tiles())
    world.show("B", 40, 45)
    world.fill()
    assert not world.unanswered
    [record] = world.flying
    assert record.stage is Stage.COMPLETING
    world.wait(5)
    assert not world.unanswered
    world.show("B", 30, 32)
    world.wait(1)
    assert world.unanswered[0].ticker == "B"
    world.fill()
    world.fill()
    assert world.last().stage is Stage.COMPLETE
    assert world.core.baskets.barred_until("E") > world.now_ns


def test_after_thirty_seconds_the_legs_are_sold_again_at_the_bid(world: BasketWorld) -> None:
    world.start(tiles())
    world.show("B", 40, 45)
    world.fill()
    world.wait(31)
    [intent] = world.unanswered
    assert (intent.ticker, intent.side, intent.reduce_only) == ("A", BookSide.ASK, True)
    assert (intent.price, intent.count) == (2_400, 1_000)
    world.fill()
    record = world.last()
    assert record.stage is Stage.UNWOUND
    # Bought for 2.50 + 0.14, sold for 2.40 - 0.13.
    assert record.legging_loss == 2_640_000 - 2_270_000
    assert world.core.baskets.legging_loss("arbitrage") == 370_000
    assert world.core.baskets.completion_rate("arbitrage") == pytest.approx(1 / 3)
    reasons = world.start(tiles())
    assert reasons is not None
    assert reasons[0].code is ReasonCode.BASKET
    world.wait(BARRED_FOR_NS / SECOND)
    world.show("B", 29, 30)
    assert world.start(tiles(), guaranteed="50") is None


def test_a_leg_that_nobody_takes_back_stays_as_a_position_loudly(world: BasketWorld) -> None:
    world.start(tiles())
    world.show("B", 40, 45)
    world.fill(700)
    world.show("A", None, 25)
    world.wait(31)
    assert not world.unanswered
    world.wait(11)
    assert world.last().stage is Stage.RESIDUAL
    loud = [word for word in world.said if word.level is Level.ERROR]
    assert [(word.kind, word.ticker) for word in loud] == [(EventKind.RISK, "A")]
    assert "7 YES of A" in loud[0].text
    assert world.core.state.positions.get("A").count == 700


def test_a_partly_filled_first_leg_sizes_the_others(world: BasketWorld) -> None:
    world.start(tiles())
    world.fill(300)
    assert world.unanswered[0].count == 300
    world.fill()
    world.fill()
    assert world.last().stage is Stage.COMPLETE


def test_nothing_is_sent_until_an_unknown_leg_is_known(world: BasketWorld) -> None:
    world.start(tiles())
    world.fill()
    world.lose(400)
    for _ in range(50):
        world.wait(1)
        assert not world.unanswered
    world.look_up_all()
    world.take(FillReported(world.exchange.fills[-1]))
    world.show("B", 29, 30)
    world.wait(1)
    # Four of ten filled while nobody knew; the window for the rest had not begun before.
    [intent] = world.unanswered
    assert (intent.ticker, intent.count) == ("B", 600)


def test_one_basket_per_event_at_a_time(world: BasketWorld) -> None:
    world.start(tiles())
    reasons = world.start(tiles())
    assert reasons is not None
    assert any("under way" in reason.text for reason in reasons)
    assert len(world.sent) == 1


def test_every_leg_must_pass_the_gate_before_the_first_is_sent(world: BasketWorld) -> None:
    reasons = world.start(tiles(cents=(25, 30, 99)))
    assert reasons is not None
    assert [reason.code for reason in reasons] == [ReasonCode.COLLAR]
    assert not world.sent


def test_the_chance_of_completion_must_pay_for_a_missed_leg(world: BasketWorld) -> None:
    """Ten contracts: unwinding A and B from a cent below costs 20 cents and twice the fees."""
    reasons = world.start(tiles(), guaranteed="0.7")
    assert reasons is not None
    assert (reasons[0].code, reasons[0].seen) == (ReasonCode.BASKET, "0.5000")
    # unwind: A .01 + .013125 + .012768, B .01 + .0147 + .014413 per contract
    loss = 10 * (0.01 + 0.013125 + 0.012768 + 0.01 + 0.0147 + 0.014413)
    assert float(reasons[0].needed) == pytest.approx(loss / (0.7 + loss), abs=1e-4)
    assert world.start(tiles(), guaranteed="0.76") is None


def test_every_leg_must_be_on_offer_in_full_before_the_first_is_sent(
    world: BasketWorld,
) -> None:
    world.show("C", 34, 35, size=999)
    reasons = world.start(tiles())
    assert reasons is not None
    assert [(reason.seen, reason.needed) for reason in reasons] == [("9.99", "10")]
    assert world.core.baskets.barred_until("E") == 0


def test_all_legs_together_must_be_paid_for(tmp_path: Path) -> None:
    world = opened(tmp_path / "journal.sqlite3", limits=WIDE)
    for ticker, ask in zip("ABC", (25, 30, 35), strict=True):
        world.show(ticker, ask - 1, ask, size=2_000_000)
    reasons = world.start(tiles(count=11_500), guaranteed="5000")
    assert reasons is not None
    assert {reason.code for reason in reasons} == {ReasonCode.BALANCE, ReasonCode.BAD_SIZE}
    together = [reason for reason in reasons if "together" in reason.text]
    assert len(together) == 1


def test_halted_stops_new_legs_and_lets_the_old_ones_out(world: BasketWorld) -> None:
    world.start(tiles())
    world.core.account.halt("a limit")
    world.fill()
    [intent] = world.unanswered
    assert (intent.side, intent.reduce_only) == (BookSide.ASK, True)


def test_a_panic_keeps_positions(world: BasketWorld) -> None:
    world.start(tiles())
    world.core.account.halt("panic")
    world.fill()
    assert not world.unanswered
    assert world.last().stage is Stage.RESIDUAL
    assert "10 YES of A" in [e for e in world.said if e.level is Level.ERROR][-1].text


def test_a_panic_is_not_forgotten_by_a_basket_that_waits_for_an_unknown_order(
    world: BasketWorld,
) -> None:
    world.start(tiles())
    world.lose(1_000)
    world.core.account.halt("panic")
    world.wait(1)
    world.core.state.halted_why = ""
    world.look_up_all()
    world.take(world.reading())
    world.wait(1)
    assert not world.unanswered
    assert world.last().stage is Stage.RESIDUAL


def test_an_order_of_which_the_record_was_lost_is_found_again(world: BasketWorld) -> None:
    """The intent reached the disk, the record before it did not: the order still counts."""
    world.start(tiles())
    before = world.last()
    world.fill()
    world.fill()
    world.journal.write([entry_of(before)])
    world.kill()
    for _ in range(8):
        world.wait(1)
        world.look_up_all()
    # Looking up took longer than a strategy may trade on the old books.
    assert not world.unanswered
    world.show("C", 34, 35)
    world.wait(1)
    [intent] = world.unanswered
    assert intent.ticker == "C"
    world.fill()
    assert world.last().stage is Stage.COMPLETE


def test_an_abandoned_basket_is_unwound_and_no_mark_against_the_market(
    world: BasketWorld,
) -> None:
    world.start(tiles())
    world.core.baskets.abandon("arbitrage")
    world.fill()
    assert world.unanswered[0].side is BookSide.ASK
    world.fill()
    assert world.last().stage is Stage.UNWOUND
    assert world.core.baskets.completion_rate("arbitrage") == 0.5


def test_a_kill_between_record_and_intent_sends_nothing_twice(world: BasketWorld) -> None:
    world.start(tiles())
    world.fill()
    sent = {intent.client_order_id for intent in world.sent}
    world.kill()
    [record] = world.flying
    assert record.waiting_for in sent
    # The order of B was sent and nobody heard of it; it must be looked up before all else.
    world.wait(1)
    assert not world.unanswered
    for _ in range(8):
        world.wait(1)
        world.look_up_all()
    world.show("B", 29, 30)
    world.wait(1)
    assert world.unanswered[0].ticker == "B"
    assert world.unanswered[0].client_order_id not in sent


fates = st.sampled_from(["fill", "part", "none", "refuse", "lose", "lose part", "never"])
prices = st.one_of(st.none(), st.integers(20, 45))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_whatever_happens_no_order_doubles_and_every_leg_is_accounted_for(
    data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("basket") / "journal.sqlite3"
    side = data.draw(st.sampled_from(BookSide), "side")
    world = opened(path, side)
    world._crash_at = data.draw(st.sets(st.integers(1, 60), max_size=3), "kills")
    world._effects = 0
    began = False
    for _ in range(90):
        try:
            if not began:
                began = world.start(tiles(side=side)) is None
            elif not world.flying:
                break
            live_step(world, data)
        except Crash:
            began = True
            world.kill()
        assert len(world.unanswered) <= 1
        assert len(world.core.state.orders.open_orders()) <= 1
    # From here on everything goes well, so that it must come to an end.
    world._crash_at = set()
    for _ in range(80):
        if not world.flying:
            break
        if world.unanswered:
            world.fill()
        world.wait(1)
        world.look_up_all()
        world.take(world.reading())
    assert not world.flying
    for ticker in "ABC":
        assert world.core.state.positions.get(ticker).count == world.exchange.position(ticker)
        assert world.exchange.position(ticker) * side.sign >= 0
    check_the_end(world)


def live_step(world: BasketWorld, data: st.DataObject) -> None:
    """One thing that may happen: an answer of some kind, a book, time, a look-up."""
    if world.unanswered:
        intent = world.unanswered[0]
        part = int(intent.count) // 3
        fate = data.draw(fates, "fate")
        if fate == "fill":
            world.fill()
        elif fate == "part":
            world.fill(part)
        elif fate == "none":
            world.fill(0)
        elif fate == "refuse":
            world.refuse()
        else:
            world.lose({"lose": int(intent.count), "lose part": part}.get(fate))
        return
    ticker = data.draw(st.sampled_from("ABC"), "book")
    ask = data.draw(prices, "ask")
    bid = data.draw(prices, "bid")
    if bid is not None and ask is not None:
        bid = min(bid, ask - 1)
    world.show(ticker, bid, ask)
    world.wait(data.draw(st.sampled_from([0.3, 1.0, 8.0]), "seconds"))
    if data.draw(st.booleans(), "looks up"):
        world.look_up_all()
    if data.draw(st.booleans(), "reads"):
        world.take(world.reading())


def check_the_end(world: BasketWorld) -> None:
    from kalshi_desk.engine.restore_machine import baskets_of

    found = baskets_of(world.journal)
    if not found:
        assert not world.exchange.fills
        return
    [record] = found
    assert record.stage.is_over
    event(f"it ends {record.stage.value}")
    held = [Count(world.exchange.position(ticker) * world.side.sign) for ticker in "ABC"]
    left = excess(record, held)
    if record.stage is Stage.RESIDUAL:
        assert any(left)
        assert any(word.level is Level.ERROR for word in world.said)
    else:
        assert not any(left)
    if record.stage is Stage.COMPLETE:
        assert record.locked >= 0
        assert held[0] > 0
    if record.stage is Stage.MISSED:
        assert not any(held)
    ours = {fill.client_order_id for fill in world.exchange.fills}
    assert ours <= {name for leg in record.legs for name in (*leg.buys, *leg.unwinds)}
    # Cash spent and got back, to the micro-dollar: what stands, what was lost, what is open.
    spent = 10_000_000_000 - world.exchange.cash()
    if not any(left):
        payout = record.payout * held[0] // record.legs[0].planned
        assert abs(spent - (payout - record.locked + record.legging_loss)) <= 3
