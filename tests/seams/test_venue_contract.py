"""Every venue passes the same tests, with the practice exchange posing as each."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from kalshi_desk.core.types import Price, TimeInForce, parse_count, parse_money
from kalshi_desk.engine.clock import WallClock
from kalshi_desk.engine.core import TradingCore
from kalshi_desk.engine.paper_venue import PaperAccount
from kalshi_desk.engine.restore import restore
from kalshi_desk.engine.state import CoreSettings
from kalshi_desk.store.journal import Journal
from tests.seams.contract import desk_on, keep_contract, order, quoted, status, until

pytestmark = pytest.mark.timeout(120)
VENUES = ("practice", "demo", "live", "paper")


@pytest.fixture(scope="module")
def posing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """A practice exchange that does not know whom it poses as."""
    home = tmp_path_factory.mktemp("posing")
    command = [sys.executable, "-m", "kalshi_desk", "exchange", "--port", "0", "--seed", "7"]
    process = subprocess.Popen(
        [*command, "--json", "--home", str(home)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    yield json.loads(process.stdout.readline())
    process.terminate()
    process.wait(15)
    process.stdout.close()


@pytest.mark.parametrize("venue", VENUES)
async def test_a_venue_keeps_the_contract(
    venue: str, posing: dict[str, Any], tmp_path: Path
) -> None:
    async with desk_on(venue, posing, tmp_path) as shell:
        await keep_contract(shell, venue)


async def test_a_paper_desk_comes_back_with_its_orders_and_its_cash(
    posing: dict[str, Any], tmp_path: Path
) -> None:
    async with desk_on("paper", posing, tmp_path) as shell:
        await until(lambda: status(shell).link.value == "live" and quoted(shell) is not None)
        row = quoted(shell)
        assert row is not None
        assert row.yes_ask is not None
        await shell.submit("again-buy", order(row, "3", row.yes_ask, TimeInForce.GTC))
        await shell.submit("again-rest", order(row, "2", Price(100), TimeInForce.GTC))
        before = shell.core.state.positions.get(row.ticker)
    # The account is rebuilt from the journal, as the engine does it.
    journal = Journal(tmp_path / "paper.sqlite3", durable=False)
    account = PaperAccount(parse_money("10000"))
    for fill in journal.fills():
        account.book(fill)
    core = TradingCore(CoreSettings(venue="paper"))
    restore(core.state, journal, WallClock().now_ns())
    assert core.state.positions.get(row.ticker).count == before.count
    assert account.cash == parse_money("10000") - before.cost - before.fees
    assert [o.remaining for o in core.state.orders.open_orders()][-1] == parse_count("2")
    journal.close()
