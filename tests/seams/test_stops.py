"""A stop on the real practice exchange: fires once, also when the engine is killed as it does."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from kalshi_desk.desk.frames import Row
from kalshi_desk.store.journal import Journal
from kalshi_desk.store.paths import open_home
from tests.running_desk import RunningDesk, end, running_desk, start_engine, wait_until
from tests.seams.test_exchange_killed import buy_five, quoted
from tests.seams.test_three_ledgers import compare, face

pytestmark = [pytest.mark.long, pytest.mark.timeout(120)]
FIRING = {"exit sent", "part filled", "done"}
FAULTS: list[dict[str, Any] | None] = [
    {"kind": "latency", "count": 2, "seconds": 1.5},
    {"kind": "delay", "count": 1, "seconds": 1.5},
    {"kind": "lose", "count": 1},
    None,
]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A home whose stops need a price to stand for a second only."""
    home = open_home(str(tmp_path))
    home.prepare()
    home.settings_path.write_text("[stops]\nconfirm_s = 1\n")
    return tmp_path


class Press:
    """A member of the crowd, with money on every shard, who holds one market down."""

    def __init__(self, desk: RunningDesk, market: dict[str, Any]) -> None:
        self.admin = desk.exchange["address"]["admin"]
        self.ticker = market["ticker"]
        self.bid = round(float(market["yes_bid"]) * 10_000)

    def post(self, name: str, body: dict[str, Any]) -> None:
        answer = httpx.post(f"{self.admin}/{name}", json=body, timeout=10)
        assert answer.status_code == 200, answer.text

    def order(self, *, is_bid: bool, price: int, count: int, account: str = "informed-a") -> None:
        order = {"account": account, "ticker": self.ticker, "is_bid": is_bid, "price": price}
        self.post("order", {**order, "count": count})

    def hold(self) -> None:
        """Let someone else bid so much that the crowd alone does not push the price down."""
        self.order(is_bid=True, price=self.bid, count=5_000_00, account="informed-b")

    def push(self, cents: int) -> None:
        """Offer without end so far below the bid, and bid a cent below that."""
        price = self.bid - 100 * cents
        self.order(is_bid=False, price=price, count=20_000_00)
        self.order(is_bid=True, price=price - 100, count=1_000_00)


def protected(desk: RunningDesk) -> tuple[Press, str]:
    """Buy five YES somewhere, protect them three cents below the bid; return who can push."""
    market = quoted(desk)
    ticker = market["ticker"]
    ask = round(float(market["yes_ask"]) * 10_000)
    Press(desk, market).order(is_bid=False, price=ask, count=100_00)
    buy_five(desk, market)
    wait_until(lambda: any(p["position"] == "5.00" for p in desk.shell("positions")))
    held = next(p for p in desk.shell("positions") if p["ticker"] == ticker)
    now = next(m for m in desk.shell("markets") if m["ticker"] == ticker)
    press = Press(desk, now)
    press.hold()
    above = round(100 * (float(held["average_price"]) - float(now["yes_bid"])))
    said = desk.shell("protect", ticker, "fixed", f"{max(above, 0) + 3}c")
    assert said["outcome"] == "done"
    assert "If the price is fair it triggers in" in said["text"]
    return press, ticker


def stop_of(desk: RunningDesk) -> dict[str, Any]:
    (stop,) = desk.shell("stops")
    found: dict[str, Any] = stop
    return found


async def until_it_fires(desk: RunningDesk) -> Row:
    """Return the stop's row at the moment at which its exit is on the way."""
    client = await face(desk)
    try:
        async with asyncio.timeout(40):
            while True:
                frame = await client.pull(("stops",), 0, 0)
                for row in frame.changed.get("stops", {}).values():
                    if getattr(row, "state", "") in FIRING:
                        return row
                await asyncio.sleep(0.005)
    finally:
        await client.close()


def account(desk: RunningDesk) -> dict[str, Any]:
    found: dict[str, Any] = next(a for a in desk.ledger()["accounts"] if a["name"] == "desk")
    return found


def sold(desk: RunningDesk, ticker: str) -> float:
    """Return what the desk sold of a market, by its fills."""
    fills = [f for f in desk.shell("fills") if f["ticker"] == ticker and f["side"] == "ask"]
    return sum(float(fill["count"]) for fill in fills)


def test_a_stop_fires_once_and_the_ledgers_agree(root: Path) -> None:
    with running_desk(root) as desk:
        press, ticker = protected(desk)
        assert stop_of(desk)["state"] == "armed"
        press.push(5)
        wait_until(lambda: stop_of(desk)["state"] == "done", 40)
        assert account(desk)["positions"] == {}
        assert sold(desk, ticker) == 5.0
        stop = stop_of(desk)
        assert (stop["filled"], stop["worst_exit"]) == ("5.00", None)
        asyncio.run(compare(desk))


@pytest.fixture
def desks(root: Path) -> Iterator[list[RunningDesk]]:
    """The engines of a test, the last of which is ended."""
    made = [start_engine(root)]
    yield made
    end(made[-1])


@pytest.mark.long
@pytest.mark.parametrize(
    "fault",
    [
        # A second of waiting each: the long run has them.
        pytest.param(fault, marks=pytest.mark.soak if fault and "seconds" in fault else ())
        for fault in FAULTS
    ],
    ids=lambda fault: fault["kind"] if fault else "none",
)
def test_a_kill_while_it_fires_sells_once(
    root: Path, desks: list[RunningDesk], fault: dict[str, Any] | None
) -> None:
    desk = desks[0]
    press, ticker = protected(desk)
    if fault is not None:
        press.post("fault", fault)
    press.push(5)
    asyncio.run(until_it_fires(desk))
    desk.kill()
    desks.append(start_engine(root))
    desk = desks[-1]
    wait_until(lambda: stop_of(desk)["state"] == "done", 60)
    assert account(desk)["positions"] == {}
    assert sold(desk, ticker) == 5.0
    asyncio.run(compare(desk))
    journal = Journal(desk.home.journal_path("practice"), durable=False)
    exits = [intent for intent in journal.intents() if intent.origin == "stop"]
    journal.close()
    done = [o for o in desk.shell("orders", "--all") if float(o["filled"]) and o["side"] == "ask"]
    assert {i.client_order_id for i in exits} >= {o["client_order_id"] for o in done}
    assert sum(float(o["filled"]) for o in done) == 5.0


@pytest.mark.long
def test_an_armed_stop_outlives_a_kill_and_panic_keeps_it(
    root: Path, desks: list[RunningDesk]
) -> None:
    desk = desks[0]
    press, ticker = protected(desk)
    desk.kill()
    desks.append(start_engine(root))
    desk = desks[-1]
    assert stop_of(desk)["state"] == "armed"
    assert desk.shell("panic")["outcome"] == "done"
    assert stop_of(desk)["state"] == "armed"
    press.push(5)
    wait_until(lambda: stop_of(desk)["state"] == "done", 40)
    assert account(desk)["positions"] == {}
    assert sold(desk, ticker) == 5.0


def test_a_stop_is_taken_away_by_its_id(root: Path) -> None:
    with running_desk(root) as desk:
        _, ticker = protected(desk)
        stop = stop_of(desk)
        assert desk.shell("unprotect", stop["stop_id"])["outcome"] == "done"
        assert stop_of(desk)["state"] == "dropped"
        refused = desk.shell("unprotect", stop["stop_id"], code=1)
        assert "There is no stop" in refused["reasons"][0]["text"]
        refused = desk.shell("protect", ticker, "fixed", "lots", code=1)
        assert "20%" in refused["reasons"][0]["text"]
