"""Entries of pairs are followed to their end, once each, and prove or disprove the idea."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from kalshi_desk.core.events import MarketStatusChanged
from kalshi_desk.core.fees import DIRECT, order_fee
from kalshi_desk.core.strategy import Observation, Signal, SignalLeg, Why
from kalshi_desk.core.types import MONEY_SCALE, BookSide, Count, MarketStatus, Price
from kalshi_desk.engine.effects import Effect, KeepObservation
from kalshi_desk.engine.pair_learning import GIVEN_UP_NS
from tests.engine.basket_world import SECOND
from tests.engine.test_acting import NAME, ActingWorld

HOUR = 3_600 * SECOND
HOLD_S = 7_200


class PairWorld(ActingWorld):
    """A desk whose one strategy signals pairs; what is learned is kept in a list."""

    learned: list[Observation]

    def _do(self, effect: Effect) -> None:
        if isinstance(effect, KeepObservation):
            self.learned.append(effect.observation)
            self.journal.write([effect.observation])
        else:
            super()._do(effect)

    def _open(self) -> None:
        self.learned = []
        super()._open()

    def signal(self, ends_ns: int | None = None) -> Signal:
        """Sell ten A and buy five B, shown only."""
        unproven = (Why(candidate="A B", code="unproven", text="no entries"),)
        return Signal(
            candidate="A B",
            legs=(
                SignalLeg(ticker="A", side=BookSide.ASK, price=Price(1_500), count=Count(1_000)),
                SignalLeg(ticker="B", side=BookSide.BID, price=Price(1_900), count=Count(500)),
            ),
            text="came apart",
            cell="Politics|pair",
            post_only=True,
            holds_until_ns=self.now_ns + HOLD_S * SECOND if ends_ns is None else ends_ns,
            unproven=unproven,
        )

    def fee(self, ticker: str, cents: int, count: int) -> int:
        rule = self.core.state.markets.by_ticker[ticker].market.fee
        return order_fee(rule, Price(100 * cents), Count(count), is_taker=True, grid=DIRECT)


@pytest.fixture
def world(tmp_path: Path) -> PairWorld:
    return PairWorld(tmp_path / "journal.sqlite3")


def test_an_entry_brings_what_taking_and_leaving_it_would_have(world: PairWorld) -> None:
    world.decide(world.signal())
    world.show("A", 9, 10, size=2_000_000)
    world.show("B", 24, 25, size=2_000_000)
    world.wait(HOLD_S - 120)
    assert world.learned == []
    world.wait(120)
    [one] = world.learned
    # Ten A sold at 14 and bought back at 10; five B bought at 20 and sold at 24.
    fees = (
        world.fee("A", 14, 1_000)
        + world.fee("A", 10, 1_000)
        + world.fee("B", 20, 500)
        + world.fee("B", 24, 500)
    )
    won = 10 * 40_000 + 5 * 40_000 - fees
    assert one.value == pytest.approx(won / MONEY_SCALE / 10)
    assert (one.strategy, one.cell, one.event_ticker) == (NAME, "Politics|pair entry", "E")
    assert one.source.startswith("A B ")
    assert world.core.state.observations[NAME][one.cell] == [one]


def test_a_pair_is_entered_once_until_it_is_over_and_then_anew(world: PairWorld) -> None:
    world.decide(world.signal())
    world.decide(world.signal())
    assert len(world.core.pairs.waiting) == 1
    world.wait(HOLD_S)
    assert len(world.learned) == 1
    world.decide(world.signal())
    world.wait(HOLD_S + 60)
    assert len(world.learned) == 2
    assert len({one.source for one in world.learned}) == 2


def test_a_result_ends_it_and_is_what_its_market_was_worth(world: PairWorld) -> None:
    world.decide(world.signal())
    world.take(MarketStatusChanged(ticker="B", status=MarketStatus.DETERMINED, result="yes"))
    world.wait(2)
    [one] = world.learned
    fees = world.fee("A", 14, 1_000) + world.fee("A", 15, 1_000) + world.fee("B", 20, 500)
    won = -10 * 10_000 + 5 * 800_000 - fees
    assert one.value == pytest.approx(won / MONEY_SCALE / 10)


def test_what_cannot_be_left_is_asked_again_and_a_kill_changes_nothing(world: PairWorld) -> None:
    world.decide(world.signal())
    world.show("A", None, None)
    [entry] = world.core.pairs.waiting
    world.wait(HOLD_S + 60)
    assert world.learned == []
    world.kill()
    world.declare()
    assert world.core.pairs.waiting == [entry]
    world.wait(2)
    assert world.learned == []
    world.show("A", 14, 15, size=2_000_000)
    world.wait(2)
    assert len(world.learned) == 1
    world.kill()
    assert world.core.pairs.waiting == []
    assert len(world.core.state.observations[NAME]["Politics|pair entry"]) == 1


def test_one_that_can_never_be_valued_is_lost_and_teaches_nothing(world: PairWorld) -> None:
    world.decide(world.signal())
    world.show("A", None, None)
    world.wait(HOLD_S + GIVEN_UP_NS // SECOND + 60)
    assert (world.learned, world.core.pairs.waiting) == ([], [])


def test_an_unreadable_entry_of_the_journal_is_left_out(world: PairWorld) -> None:
    world.core.pairs.recall({"pair_entry:x:A B": "{", "pair_entry:x:C D": ""})
    assert world.core.pairs.waiting == []


def test_a_pair_is_entered_only_where_the_books_can_take_it(world: PairWorld) -> None:
    world.show("B", 19, None)
    world.decide(world.signal())
    assert world.core.pairs.waiting == []


def test_proven_it_still_sends_nothing_and_says_why(world: PairWorld) -> None:
    world.decide(msgspec.structs.replace(world.signal(), unproven=()))
    assert (world.sent, world.codes()) == ([], {"no_guarantee"})
