"""Faults in the middle of trading: nothing lost, nothing doubled, nothing left unknown."""

from __future__ import annotations

import asyncio
import os
import random
import signal
from collections import Counter
from functools import partial
from pathlib import Path

import httpx
import pytest

from kalshi_desk.desk.client import LinkClient
from kalshi_desk.desk.commands import Answer, CancelAll, Command, Flatten, Outcomes
from kalshi_desk.desk.frames import MarketRow
from tests.running_desk import RunningDesk, end, start_engine, wait_until
from tests.seams.test_three_ledgers import compare, face, random_order

pytestmark = [pytest.mark.long, pytest.mark.timeout(600)]
ORDER_FAULTS = (
    {"kind": "lose", "count": 1},
    {"kind": "refuse", "count": 1},
    {"kind": "delay", "count": 1, "seconds": 1},
)
SOCKET_FAULTS = ({"kind": "cut"}, {"kind": "gap"}, {"kind": "overflow"})


def strike(desk: RunningDesk, rng: random.Random) -> None:
    """Have the exchange fail at its next write, or on its sockets, or not at all."""
    fault = rng.choice([*ORDER_FAULTS, *SOCKET_FAULTS, *[None] * 6])
    if fault is not None:
        admin = desk.exchange["address"]["admin"]
        answer = httpx.post(f"{admin}/fault", json=fault, timeout=10)
        assert answer.status_code == 200, answer.text


async def next_command(client: LinkClient, rng: random.Random) -> Command | None:
    """Choose what a person might do now; None while no market can be traded."""
    frame = await client.pull(("markets",), 0, 0)
    rows = [
        row
        for row in frame.changed["markets"].values()
        if isinstance(row, MarketRow) and row.is_fresh and row.yes_bid and row.yes_ask
    ]
    if not rows:
        return None
    row = rng.choice(sorted(rows, key=lambda row: row.ticker)[:12])
    choice = rng.random()
    if choice < 0.15:
        return CancelAll()
    if choice < 0.25:
        return Flatten(ticker=row.ticker)
    return random_order(rng, row, row.position)


async def trade_under_fire(desk: RunningDesk, rng: random.Random, commands: int) -> Counter[str]:
    """Trade while faults strike; every command gets exactly one answer under its own id."""
    client = await face(desk)
    told: Counter[str] = Counter()
    for number in range(commands):
        strike(desk, rng)
        command = await next_command(client, rng)
        if command is None:
            await asyncio.sleep(0.2)
            continue
        name = f"{rng.random()}-{number}"
        answer: Answer = await client.submit(command, name)
        assert answer.command_id == name
        if answer.outcome is Outcomes.REFUSED:
            assert answer.reasons
        told[answer.outcome.value] += 1
    await client.close()
    return told


def disturb(desk: RunningDesk, rng: random.Random, folder: Path) -> RunningDesk:
    """Kill the engine or the exchange, or freeze the exchange for a moment."""
    pid = int(desk.exchange["pid"])
    choice = rng.randrange(3)
    if choice == 0:
        os.kill(pid, signal.SIGKILL)
        wait_until(lambda: int(desk.exchange["pid"]) != pid, 30)
    elif choice == 1:
        desk.kill()
        return start_engine(folder)
    else:
        os.kill(pid, signal.SIGSTOP)
        ask_in_vain(desk)
        os.kill(pid, signal.SIGCONT)
    return desk


def ask_in_vain(desk: RunningDesk) -> None:
    """Let a frozen exchange be asked once, in vain."""
    with pytest.raises(httpx.TimeoutException):
        httpx.get(f"{desk.exchange['address']['admin']}/health", timeout=2)


async def campaign(folder: Path, seed: int, rounds: int, commands: int) -> Counter[str]:
    rng = random.Random(seed)
    desk = start_engine(folder)
    told: Counter[str] = Counter()
    try:
        for _ in range(rounds):
            told += await trade_under_fire(desk, rng, commands)
            desk = disturb(desk, rng, folder)
            wait_until(partial(is_quiet, desk), 45)
            await compare(desk)
            known = {row["order_id"] for row in desk.shell("orders")}
            assert len(known) == len(desk.shell("orders"))
            assert desk.shell("status")["risk"] == "ACTIVE"
    finally:
        end(desk)
    return told


def is_quiet(desk: RunningDesk) -> bool:
    """Whether the venue is reached and no order's fate is unknown."""
    status = desk.shell("status")
    return bool(status["link"] == "live" and status["unresolved"] == 0)


@pytest.mark.parametrize("seed", [11])
async def test_the_desk_agrees_with_the_exchange_after_faults(tmp_path: Path, seed: int) -> None:
    told = await campaign(tmp_path, seed, rounds=2, commands=10)
    assert told["done"] > 5


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(20))
async def test_a_long_campaign_of_faults(tmp_path: Path, seed: int) -> None:
    told = await campaign(tmp_path, 100 + seed, rounds=5, commands=25)
    assert told["done"] > 40
    assert told["unknown"], "without an unknown outcome the campaign proves little"
