"""People, strategies, faults and SIGKILL together: the exchange's own log agrees with the desk.

Afterwards no order is doubled or unknown, every fill is in the journal once, positions, cash
and P&L are the exchange's, no limit was ever exceeded in the exchange's log, and whatever
was protected still is.  ``pytest -m soak tests/seams/test_fault_slice.py`` runs all seeds.
"""

from __future__ import annotations

import random
from collections import Counter
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from kalshi_desk.core.records import Fill, Order, OrderIntent, OrderState
from kalshi_desk.core.stops import StopRecord, StopState
from kalshi_desk.desk.automation_frames import PnlRow, PortfolioView
from kalshi_desk.desk.frames import PositionRow
from kalshi_desk.engine.restore_machine import baskets_of
from kalshi_desk.execution.baskets import BasketRecord, Stage
from kalshi_desk.store.journal import Journal
from tests.running_desk import end, start_engine
from tests.seams.slice_desk import ALLOWED, Slice, eventually, prepare
from tests.seams.slice_log import ExchangeLog, LoggedFill, Replay, read_log
from tests.seams.test_three_ledgers import face

pytestmark = [pytest.mark.long, pytest.mark.timeout(900)]
OPENING = Decimal("10000")
PERSONS_WORD = {"taken away by a person", "replaced", "moved with the entry"}
NOT_THERE = {OrderState.INTENT, OrderState.UNRESOLVED, OrderState.DENIED, OrderState.REJECTED}
SCOPES = ("strategy", "event", "category", "role")


class Kept:
    """What the journal holds."""

    def __init__(self, slice_: Slice) -> None:
        journal = Journal(slice_.desk.home.journal_path("practice"), durable=False)
        self.intents: dict[str, OrderIntent] = {i.client_order_id: i for i in journal.intents()}
        self.orders: dict[str, Order] = {o.client_order_id: o for o in journal.orders()}
        self.fills: list[Fill] = journal.fills()
        self.stops: list[StopRecord] = journal.stops(0)
        self.baskets: list[BasketRecord] = baskets_of(journal)
        journal.close()


def check_orders(slice_: Slice, log: ExchangeLog, kept: Kept) -> None:
    """No order twice, none that nobody asked for, none whose fate is unknown."""
    doubled = [
        name for name, times in Counter(o.client_id for o in log.orders).items() if times > 1
    ]
    assert not doubled
    there = {order.client_id: order for order in log.orders}
    assert there.keys() <= kept.intents.keys()
    asked = Counter(intent.command_id for intent in kept.intents.values())
    assert all(asked[name] <= 1 for name in slice_.places)
    for name in kept.intents:
        order = kept.orders[name]
        assert not order.state.is_open, order
        logged = there.get(name)
        assert order.filled == (logged.filled if logged else 0), (order, logged)
        if logged is not None:
            assert order.state not in NOT_THERE, (order, logged)
            assert order.state.value == logged.status, (order, logged)


def check_fills(log: ExchangeLog, kept: Kept) -> None:
    """Every fill of the exchange once in the journal, and none besides."""
    theirs = Counter(
        (f.trade_id, f.order_id, f.ticker, f.is_bid, f.price, f.count, f.fee) for f in log.fills
    )
    ours = Counter(
        (f.trade_id, f.order_id, f.ticker, f.side.sign > 0, f.price, f.count, f.fee)
        for f in kept.fills
    )
    assert ours == theirs, (theirs - ours, ours - theirs)


async def check_money(slice_: Slice, log: ExchangeLog) -> None:
    """Positions, cash, fees and P&L of every face are the exchange's, to the micro-dollar."""
    client = await face(slice_.desk)
    changed = (await client.pull(("positions", "portfolio", "pnl"), 0, 0)).changed
    await client.close()
    view = changed["portfolio"][""]
    assert isinstance(view, PortfolioView)
    rows = [row for row in changed.get("positions", {}).values() if isinstance(row, PositionRow)]
    ledger = slice_.desk.ledger()
    assert ledger["holds"]
    account: dict[str, Any] = next(a for a in ledger["accounts"] if a["name"] == "desk")
    assert account["resting_orders"] == 0
    assert {row.ticker: row.position for row in rows if row.position} == account["positions"]
    assert Decimal(view.cash or 0) / 1_000_000 == Decimal(account["cash"])
    assert Decimal(view.fees) / 1_000_000 == Decimal(account["fees_paid"])
    assert (view.outside, Decimal(view.start or 0) / 1_000_000) == (0, OPENING)
    assert view.realized_gross == sum(log.realized.values())
    parts = [row for row in changed.get("pnl", {}).values() if isinstance(row, PnlRow)]
    for scope in SCOPES:
        mine = [row for row in parts if row.scope == scope]
        assert sum(row.gross for row in mine) == view.realized_gross, scope
        assert sum(row.fees for row in mine) == view.fees, scope
    assert view.equity is not None
    if view.unrealized is not None:
        gained = view.equity - view.start - view.outside if view.start is not None else None
        assert gained == view.realized_gross - view.fees + view.unrealized


def held_on(log: ExchangeLog, fills: list[LoggedFill], stop: StopRecord) -> list[int]:
    """Return what the protected side held after each fill in the life of a stop."""
    held, found = 0, []
    steps = [(fill.at, fill.count if fill.is_bid else -fill.count) for fill in fills]
    steps += [(at, 0) for at, ticker in log.settled if ticker == stop.ticker]
    for at, signed in sorted(steps):
        held = held + signed if signed else 0
        if at <= stop.updated_ns / 1e9:
            found.append((at, held * stop.side.sign))
    after = [size for at, size in found if at >= stop.created_ns / 1e9]
    return [size for at, size in found if at < stop.created_ns / 1e9][-1:] + after


def check_stops(slice_: Slice, log: ExchangeLog, kept: Kept) -> None:
    """Protection ends with its position or by a person's word, and sells once."""
    by_id = {stop.stop_id: stop for stop in kept.stops}
    assert slice_.stops_set <= by_id.keys()
    client_of = {order.order_id: order.client_id for order in log.orders}
    held = {row.ticker: 0 for row in log.orders}
    for fill in log.fills:
        held[fill.ticker] += fill.count if fill.is_bid else -fill.count
    for _, ticker in log.settled:
        held[ticker] = 0
    for stop in kept.stops:
        exits = {
            name
            for name, intent in kept.intents.items()
            if intent.command_id.startswith(f"stop/{stop.stop_id}/")
        }
        mine = [fill for fill in log.fills if fill.ticker == stop.ticker]
        sold = sum(fill.count for fill in mine if client_of[fill.order_id] in exits)
        sizes = held_on(log, mine, stop)
        if stop.state is StopState.DROPPED:
            assert stop.reason in PERSONS_WORD, stop
            assert stop.reason != "taken away by a person" or stop.stop_id in slice_.drops
        elif stop.state is StopState.DONE:
            assert min(sizes) <= 0, (stop, sizes)
            assert sold == stop.filled, (stop, sold)
            ended = stop.updated_ns / 1e9
            assert not [o for o in log.orders if o.client_id in exits and o.created > ended], stop
        else:
            assert held[stop.ticker] * stop.side.sign > 0, stop
            assert sold == stop.filled, (stop, sold)


def check_baskets(log: ExchangeLog, kept: Kept) -> None:
    """Every basket came to an end that its fills at the exchange bear out."""
    filled = {order.client_id: order.filled for order in log.orders}
    for basket in kept.baskets:
        assert basket.stage.is_over, basket
        named = {name for leg in basket.legs for name in (*leg.buys, *leg.unwinds)}
        begun = f"basket-{basket.basket_id}-"
        sent = {n for n, intent in kept.intents.items() if intent.command_id.startswith(begun)}
        assert sent <= named, basket
        bought = [sum(filled.get(name, 0) for name in leg.buys) for leg in basket.legs]
        sold = [sum(filled.get(name, 0) for name in leg.unwinds) for leg in basket.legs]
        assert all(one >= other for one, other in zip(bought, sold, strict=True)), basket
        if basket.stage is Stage.UNWOUND:
            assert bought == sold, basket
        if basket.stage is Stage.MISSED:
            assert not any(bought), basket
        if basket.stage is Stage.COMPLETE:
            assert all(one > other for one, other in zip(bought, sold, strict=True)), basket


async def run_slice(folder: Path, seed: int, *, rounds: int, kills: int) -> Slice:
    """Run one campaign and judge it by the exchange's log."""
    prepare(folder, protects=seed % 2 == 0)
    slice_ = Slice(folder, random.Random(seed), start_engine(folder))
    try:
        await slice_.begin()
        for _ in range(kills):
            await slice_.act(rounds)
            await slice_.kill()
        await slice_.act(rounds)
        await slice_.calm()
        await eventually(lambda: judge(slice_))
        log, kept = read_log(slice_.seat()), Kept(slice_)
        replay = Replay(log, kept.intents, ALLOWED, slice_.decided)
        breaches = replay.run()
        origins = Counter(intent.origin for intent in kept.intents.values())
        fired = Counter(stop.state.value for stop in kept.stops)
        baskets = Counter(basket.stage.value for basket in kept.baskets)
        print(f"\nseed {seed}: orders {dict(origins)}, at the exchange {len(log.orders)}")
        print(f"  fills {len(log.fills)}, stops {dict(fired)}, baskets {dict(baskets)}")
        print(f"  most {replay.most}")
        print(f"  answers {dict(slice_.told)}")
        print(f"  faults {dict(slice_.struck)}, halts {slice_.halts}")
        assert not breaches, "\n".join(breaches)
        assert len(log.fills) > 5
        assert len(origins) > 1
        assert set(slice_.halts) <= {"panic"}, "nothing but a person's panic stops the desk"
    finally:
        await slice_.hang_up()
        end(slice_.desk)
    return slice_


async def judge(slice_: Slice) -> None:
    """Hold journal, faces and exchange against each other."""
    seat = slice_.seat()
    try:
        log = read_log(seat)
    finally:
        seat.http.close()
    kept = Kept(slice_)
    check_orders(slice_, log, kept)
    check_fills(log, kept)
    await check_money(slice_, log)
    check_stops(slice_, log, kept)
    check_baskets(log, kept)


@pytest.mark.parametrize("seed", [1])
async def test_a_fault_slice(tmp_path: Path, seed: int) -> None:
    slice_ = await run_slice(tmp_path, seed, rounds=12, kills=1)
    assert slice_.struck["SIGKILL"] >= 1


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(20))
async def test_every_seed_of_the_fault_slice(tmp_path: Path, seed: int) -> None:
    slice_ = await run_slice(tmp_path, 100 + seed, rounds=25, kills=1 + seed % 3)
    assert sum(slice_.struck.values()) > 10
