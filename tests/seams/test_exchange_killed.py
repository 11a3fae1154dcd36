"""The practice exchange dies in the middle: the desk says so, brings it back, loses nothing."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from kalshi_desk.core.events import LinkState
from kalshi_desk.core.reasons import ReasonCode
from kalshi_desk.core.types import Action, Outcome, parse_count, parse_price
from kalshi_desk.desk.client import LinkClient
from kalshi_desk.desk.commands import Answer, Outcomes, PlaceOrder
from kalshi_desk.desk.frames import StatusView
from kalshi_desk.store.presence import find_engine, read_token
from tests.running_desk import RunningDesk, running_desk, shell, wait_until

pytestmark = [pytest.mark.long, pytest.mark.timeout(120)]


def quoted(desk: RunningDesk) -> dict[str, Any]:
    """Return a market in mid-range with a narrow spread that stays open for the whole test."""
    lasting = (datetime.now(UTC) + timedelta(minutes=10)).isoformat()
    found: list[dict[str, Any]] = []

    def look() -> bool:
        found.extend(
            row
            for row in desk.shell("markets")
            if row["is_fresh"]
            and row["close_time"] > lasting
            and row["yes_bid"]
            and row["yes_ask"]
            and 0.2 < float(row["yes_bid"]) < 0.8
            and float(row["yes_ask"]) - float(row["yes_bid"]) < 0.055
        )
        return bool(found)

    wait_until(look, 30)
    return found[0]


def buy_five(desk: RunningDesk, market: dict[str, Any]) -> None:
    """Buy within the collar and leave nothing resting; ask again where the crowd moved off."""
    ticker = market["ticker"]
    for _ in range(5):
        limit = round(float(market["yes_ask"] or 0) * 100) + 5
        done = shell(desk.home, "buy", ticker, "yes", "5", "@", str(limit), "--ioc", "--json")
        if done.returncode == 0 and (filled := json.loads(done.stdout)["filled"]) != "0.00":
            assert filled == "5.00"
            return
        assert done.returncode == 0 or "[collar]" in done.stderr, done.stderr
        market = next(row for row in desk.shell("markets") if row["ticker"] == ticker)
    raise AssertionError(f"nobody sells {ticker}: {done.stderr or done.stdout}")


async def refused_while_lost(desk: RunningDesk, ticker: str, exchange_pid: int) -> Answer:
    """Kill the exchange and try to buy before it is back."""
    record = find_engine(desk.home)
    assert record is not None
    client = LinkClient(record.link, read_token(record), "test")
    await client.connect()
    os.kill(exchange_pid, signal.SIGKILL)
    for _ in range(2_000):
        frame = await client.pull(("status",), 0, 0)
        status = frame.changed["status"][""]
        assert isinstance(status, StatusView)
        if status.link is not LinkState.LIVE:
            break
        await asyncio.sleep(0.005)
    answer = await client.submit(
        PlaceOrder(
            ticker=ticker,
            action=Action.BUY,
            outcome=Outcome.YES,
            count=parse_count("1"),
            price=parse_price("0.01"),
        )
    )
    await client.close()
    return answer


def test_the_desk_outlives_its_exchange(tmp_path: Path) -> None:
    with running_desk(tmp_path) as desk:
        market = quoted(desk)
        buy_five(desk, market)
        resting = desk.shell("buy", market["ticker"], "yes", "2", "@", "1")
        before = desk.shell("positions")
        old = int(desk.exchange["pid"])
        refused = asyncio.run(refused_while_lost(desk, market["ticker"], old))
        assert refused.outcome is Outcomes.REFUSED
        assert refused.reasons[0].code is ReasonCode.NOT_CONNECTED
        wait_until(lambda: desk.exchange["pid"] != old and desk.shell("status")["link"] == "live")
        after = desk.shell("positions")
        for field in ("ticker", "position", "average_price", "realized_pnl", "fees"):
            assert [row[field] for row in after] == [row[field] for row in before]
        open_orders = [o for o in desk.shell("orders") if o["state"] == "resting"]
        assert [o["order_id"] for o in open_orders] == [resting["order_id"]]
        answer = desk.shell("cancel", resting["order_id"])
        assert answer["outcome"] == "done"
        assert desk.ledger()["holds"]


def test_a_closed_market_pays_and_the_desk_books_it(tmp_path: Path) -> None:
    with running_desk(tmp_path) as desk:
        market = quoted(desk)
        ticker = market["ticker"]
        buy_five(desk, market)
        admin = desk.exchange["address"]["admin"]
        answer = httpx.post(f"{admin}/resolve", json={"ticker": ticker, "result": "yes"})
        assert answer.status_code == 200, answer.text
        refused = desk.shell("buy", ticker, "yes", "1", "@", "1", code=1)
        assert refused["reasons"]
        httpx.post(f"{admin}/advance", json={"seconds": 4000}, timeout=60)
        wait_until(lambda: desk.shell("positions")[0]["position"] == "0.00", 30)
        row = desk.shell("positions")[0]
        paid = 5 * (1 - float(market["yes_ask"]))
        assert float(row["realized_pnl"]) == pytest.approx(paid, abs=0.6)
        account = next(a for a in desk.ledger()["accounts"] if a["name"] == "desk")
        assert float(desk.shell("balance")["cash"]) == pytest.approx(float(account["cash"]))
