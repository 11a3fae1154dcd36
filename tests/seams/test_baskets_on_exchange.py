"""Baskets on the practice exchange: completed, unwound, and equal to its ledger to the cent."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from kalshi_desk.core.events import TimerFired
from kalshi_desk.core.strategy import Signal, SignalLeg
from kalshi_desk.core.types import BookSide, Count, Money, Price, parse_money
from kalshi_desk.engine.clock import WallClock
from kalshi_desk.engine.restore_machine import baskets_of
from kalshi_desk.engine.shell import EngineShell
from kalshi_desk.execution.baskets import BasketRecord, Stage
from kalshi_desk.store.journal import Journal
from tests.seams.contract import LASTING_NS, desk_on, status, until

pytestmark = [pytest.mark.long, pytest.mark.timeout(120)]
TWO = Count(200)


@pytest.fixture
def exchange(tmp_path: Path) -> Iterator[dict[str, Any]]:
    command = [sys.executable, "-m", "kalshi_desk", "exchange", "--port", "0", "--seed", "7"]
    process = subprocess.Popen(
        [*command, "--json", "--home", str(tmp_path / "exchange")],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    yield json.loads(process.stdout.readline())
    process.terminate()
    process.wait(15)
    process.stdout.close()


def legs_of(shell: EngineShell, side: BookSide) -> list[SignalLeg]:
    """Return one leg in each of two markets of different events, deep enough on both sides."""
    found: dict[str, SignalLeg] = {}
    soon_ns = WallClock().now_ns() + LASTING_NS
    for live in shell.core.state.markets.by_ticker.values():
        book, market = live.book, live.market
        if not book.is_valid or market.close_ns < soon_ns or market.event_ticker in found:
            continue
        bid, ask = book.bid, book.ask
        if bid is None or ask is None or not (bid > 2_000 and ask < 8_000):
            continue
        if min(book.bid_size, book.ask_size) < 5 * TWO:
            continue
        # A few ticks through the touch, for prices that move while it is read.
        limit = ask + 300 if side is BookSide.BID else bid - 300
        found[market.event_ticker] = SignalLeg(
            ticker=market.ticker, side=side, price=Price(limit), count=TWO
        )
    return list(found.values())[:2]


def start(shell: EngineShell, legs: Sequence[SignalLeg], payout: str) -> None:
    now_ns = WallClock().now_ns()
    shell.core.state.now_ns = now_ns
    shell.core.state.auto = True
    signal = Signal(candidate="pair", legs=tuple(legs), text="two markets")
    reasons = shell.core.baskets.start(
        "arbitrage", signal, legs, parse_money("1"), (parse_money(payout),), now_ns
    )
    assert reasons is None
    shell.take(TimerFired())


async def begin(shell: EngineShell, side: BookSide, payout: str) -> tuple[list[SignalLeg], Money]:
    await until(lambda: status(shell).link.value == "live" and len(legs_of(shell, side)) == 2)
    opening = status(shell).cash
    assert opening is not None
    legs = legs_of(shell, side)
    start(shell, legs, payout)
    return legs, opening


def ended(path: Path) -> BasketRecord:
    journal = Journal(path, durable=False)
    [record] = baskets_of(journal)
    journal.close()
    return record


@pytest.mark.parametrize("side", list(BookSide))
async def test_a_basket_is_filled_leg_by_leg(
    side: BookSide, exchange: dict[str, Any], tmp_path: Path
) -> None:
    async with desk_on("practice", exchange, tmp_path) as shell:
        legs, opening = await begin(shell, side, "4")
        await until(lambda: not shell.core.baskets.in_flight())
        held = [shell.core.state.positions.get(leg.ticker) for leg in legs]
        assert [position.count for position in held] == [side.sign * TWO] * 2
        spent = sum(position.cost + position.fees for position in held)
        await shell.venue.read_account()
        assert status(shell).cash == opening - spent
        assert not shell.core.state.halted_why
    record = ended(tmp_path / "practice.sqlite3")
    assert record.stage is Stage.COMPLETE
    assert record.locked == 4_000_000 - spent
    assert [len(leg.buys) for leg in record.legs] == [1, 1]


async def test_a_leg_that_stands_alone_is_sold_again(
    exchange: dict[str, Any], tmp_path: Path
) -> None:
    """It pays so little that no price of the second leg breaks even."""
    async with desk_on("practice", exchange, tmp_path) as shell:
        legs, opening = await begin(shell, BookSide.BID, "0.5")
        first = legs[0].ticker
        await until(lambda: shell.core.state.positions.get(first).count == TWO)
        shell.core.baskets.abandon("arbitrage")
        shell.take(TimerFired())
        await until(lambda: not shell.core.baskets.in_flight())
        assert shell.core.state.positions.get(first).count == 0
        assert shell.core.state.positions.get(legs[1].ticker).count == 0
        await shell.venue.read_account()
        lost = opening - (status(shell).cash or 0)
    record = ended(tmp_path / "practice.sqlite3")
    assert record.stage is Stage.UNWOUND
    assert record.legging_loss == lost > 0
