"""Desk, exchange and a third small ledger agree, also when the engine is killed under way."""

from __future__ import annotations

import asyncio
import random
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from kalshi_desk.core.errors import DeskError
from kalshi_desk.core.types import Action, Outcome, Price, TimeInForce, parse_count
from kalshi_desk.desk.client import LinkClient
from kalshi_desk.desk.commands import Answer, CancelAll, Flatten, PlaceOrder
from kalshi_desk.desk.frames import FillRow, MarketRow, PositionRow, StatusView
from kalshi_desk.store.paths import open_home
from kalshi_desk.store.presence import find_engine, read_token
from tests.running_desk import RunningDesk, end, running_desk, start_engine

pytestmark = pytest.mark.timeout(120)
OPENING = Decimal("10000")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A home that may hold every market, so that the random orders trade and are not refused."""
    home = open_home(str(tmp_path))
    home.prepare()
    home.settings_path.write_text("[risk]\nopen_positions = 100\n")
    return tmp_path


async def face(desk: RunningDesk) -> LinkClient:
    record = find_engine(desk.home)
    assert record is not None
    client = LinkClient(record.link, read_token(record), "test")
    await client.connect()
    return client


def random_order(rng: random.Random, market: MarketRow, held: int) -> PlaceOrder:
    bid, ask = market.yes_bid, market.yes_ask
    assert bid is not None
    assert ask is not None
    outcome = rng.choice(list(Outcome))
    action = Action.BUY
    if held and rng.random() < 0.4:
        action, outcome = Action.SELL, Outcome.YES if held > 0 else Outcome.NO
    buys_yes = (action is Action.BUY) == (outcome is Outcome.YES)
    crosses = rng.random() < 0.6
    yes = (ask if crosses else bid) if buys_yes else (bid if crosses else ask)
    count = parse_count(rng.choice(["1", "3.5", "0.07", "12", "40"]))
    if action is Action.SELL:
        count = min(count, abs(held))
    return PlaceOrder(
        ticker=market.ticker,
        action=action,
        outcome=outcome,
        count=count,
        price=yes if outcome is Outcome.YES else Price(10_000 - yes),
        time_in_force=rng.choice([TimeInForce.GTC, TimeInForce.IOC]),
    )


async def trade(desk: RunningDesk, rng: random.Random, orders: int, *, at_once: int) -> int:
    """Send random orders, some of them at the same time; return how many were filled."""
    client = await face(desk)
    filled = 0
    for number in range(orders // at_once):
        frame = await client.pull(("markets", "positions"), 0, 0)
        rows = frame.changed["markets"].values()
        quoted = [
            row
            for row in rows
            if isinstance(row, MarketRow) and row.is_fresh and row.yes_bid and row.yes_ask
        ]
        chosen = rng.sample(sorted(quoted, key=lambda row: row.ticker)[:12], at_once)
        answers = await asyncio.gather(
            *(client.submit(random_order(rng, row, row.position)) for row in chosen)
        )
        filled += sum(order.filled > 0 for answer in answers for order in answer.orders)
        if number % 7 == 6:
            await client.submit(CancelAll(ticker=chosen[0].ticker))
    await client.close()
    return filled


async def settled_view(
    desk: RunningDesk,
) -> tuple[dict[str, PositionRow], StatusView, list[FillRow]]:
    client = await face(desk)
    frame = await client.pull(("positions", "status", "fills"), 0, 0)
    await client.close()
    status = frame.changed["status"][""]
    assert isinstance(status, StatusView)
    positions = {
        row.ticker: row
        for row in frame.changed.get("positions", {}).values()
        if isinstance(row, PositionRow)
    }
    fills = [row for row in frame.changed.get("fills", {}).values() if isinstance(row, FillRow)]
    return positions, status, fills


def third_ledger(fills: list[FillRow]) -> tuple[Decimal, dict[str, int]]:
    """Cash and net positions from the fills alone: a pair of YES and NO is a dollar."""
    cash, yes, no = OPENING, dict[str, int](), dict[str, int]()
    for fill in fills:
        price = Decimal(fill.yes_price) / 10_000
        count = Decimal(fill.count) / 100
        cash -= Decimal(fill.fee) / 1_000_000
        held = yes if fill.side.value == "bid" else no
        held[fill.ticker] = held.get(fill.ticker, 0) + fill.count
        cash -= count * (price if held is yes else 1 - price)
    net = {}
    for ticker in yes.keys() | no.keys():
        pairs = min(yes.get(ticker, 0), no.get(ticker, 0))
        cash += Decimal(pairs) / 100
        net[ticker] = yes.get(ticker, 0) - no.get(ticker, 0)
    return cash, {ticker: count for ticker, count in net.items() if count}


async def compare(desk: RunningDesk) -> None:
    """Compare all three once the last fill has come in."""
    problem = "nothing was compared"
    for _ in range(80):
        positions, status, fills = await settled_view(desk)
        account: dict[str, Any] = next(a for a in desk.ledger()["accounts"] if a["name"] == "desk")
        cash, net = third_ledger(fills)
        ours = {t: row.position for t, row in positions.items() if row.position}
        ours_cash = Decimal(status.cash or 0) / 1_000_000
        fees = sum((Decimal(row.fees) for row in positions.values()), Decimal(0)) / 1_000_000
        views = {
            "positions": (ours, account["positions"], net),
            "cash": (ours_cash, Decimal(account["cash"]), cash),
            "fees": (fees, Decimal(account["fees_paid"]), fees),
            "resting": (status.open_orders, account["resting_orders"], status.open_orders),
        }
        wrong = {name: view for name, view in views.items() if len(set(map(str, view))) != 1}
        wrong = {name: view for name, view in wrong.items() if not view[0] == view[1] == view[2]}
        if not wrong:
            assert desk.ledger()["holds"]
            return
        problem = str(wrong)
        await asyncio.sleep(0.1)
    raise AssertionError(problem)


@pytest.mark.parametrize("seed", [1])
async def test_three_ledgers_agree_after_random_trading(root: Path, seed: int) -> None:
    with running_desk(root) as desk:
        assert await trade(desk, random.Random(seed), 60, at_once=2) > 15
        await compare(desk)
        client = await face(desk)
        answer = await client.submit(Flatten())
        assert answer.orders
        await client.close()
        await compare(desk)


@pytest.mark.long
async def test_a_killed_engine_comes_back_equal_to_the_exchange(root: Path) -> None:
    desk = start_engine(root)
    try:
        await trade(desk, random.Random(3), 24, at_once=2)
        client = await face(desk)
        frame = await client.pull(("markets",), 0, 0)
        rows = [
            row
            for row in frame.changed["markets"].values()
            if isinstance(row, MarketRow) and row.yes_ask and row.yes_bid
        ][:6]
        sends = [
            asyncio.create_task(client.submit(random_order(random.Random(n), row, 0)))
            for n, row in enumerate(rows)
        ]
        await asyncio.sleep(0)
        while not any(task.done() for task in sends):
            await asyncio.sleep(0.001)
        desk.kill()
        results = await asyncio.gather(*sends, return_exceptions=True)
        assert all(isinstance(result, Answer | DeskError) for result in results)
        desk = start_engine(root)
        await compare(desk)
        positions, status, _ = await settled_view(desk)
        assert status.unresolved == 0
        assert positions
    finally:
        end(desk)
