"""The contract of a venue: what a desk does on it, from the first book to a panic."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from kalshi_desk.core.reasons import ReasonCode
from kalshi_desk.core.types import Action, Outcome, Price, TimeInForce, parse_count, parse_money
from kalshi_desk.desk.commands import Answer, CancelOrder, Flatten, Outcomes, Panic, PlaceOrder
from kalshi_desk.desk.frames import MarketRow, StatusView
from kalshi_desk.engine.clock import WallClock
from kalshi_desk.engine.core import TradingCore
from kalshi_desk.engine.paper_venue import PaperAccount, PaperVenue
from kalshi_desk.engine.restore import restore
from kalshi_desk.engine.shell import EngineShell
from kalshi_desk.engine.state import CoreSettings
from kalshi_desk.engine.strategy_process import open_strategies
from kalshi_desk.engine.venues import KeyedVenue
from kalshi_desk.kalshi.environment import Environment
from kalshi_desk.kalshi.polling import PollingFeed
from kalshi_desk.kalshi.rest import RestClient
from kalshi_desk.kalshi.signing import Signer, load_private_key
from kalshi_desk.store.journal import Journal

LASTING_NS = 600_000_000_000


@asynccontextmanager
async def desk_on(
    venue: str,
    address: dict[str, Any],
    folder: Path,
    *,
    subaccount: int = 0,
    settings: CoreSettings | None = None,
    with_strategies: bool = False,
) -> AsyncIterator[EngineShell]:
    """Run an engine on an exchange; of its processes at most the strategies' worker."""
    journal = Journal(folder / f"{venue}.sqlite3", durable=venue in ("demo", "live"))
    settings = CoreSettings(venue=venue) if settings is None else settings
    core = TradingCore(settings, next_event_seq=journal.last_event_seq() + 1)
    clock = WallClock()
    fills = restore(core.state, journal, clock.now_ns())
    shell = EngineShell(core, journal, clock, fills, save_starred=lambda starred: None)
    environment = Environment(
        name=venue, rest_url=address["rest"], ws_url=address["ws"], subaccount=subaccount
    )
    keep = core.state.involved
    made: KeyedVenue | PaperVenue
    if venue == "paper":
        rest = RestClient(environment, None, clock)
        account = PaperAccount(parse_money("10000"))
        made = PaperVenue(PollingFeed(rest, clock), clock, core.state, account, keep)
    else:
        key = load_private_key(Path(address["private_key_path"]))
        made = KeyedVenue(
            environment, Signer(address["key_id"], key), clock, None, keep, core.state.book_top
        )
    shell.venue = made
    running = [asyncio.create_task(shell.run(made))]
    if with_strategies:
        shell.strategies = open_strategies(shell, folder / "strategies", clock)
        running.append(asyncio.create_task(shell.strategies.run()))
    try:
        yield shell
    finally:
        shell.stopped.set()
        await running[0]
        for task in running[1:]:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        await shell.close()


async def until(condition: Callable[[], bool], seconds: float = 20.0) -> None:
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.02)


def status(shell: EngineShell) -> StatusView:
    found = shell.frame(("status",), 0, 0).changed["status"][""]
    assert isinstance(found, StatusView)
    return found


def quoted(shell: EngineShell, shard: int | None = None) -> MarketRow | None:
    """Return a market never traded, open for long, with a fresh book in mid-range."""
    soon_ns = WallClock().now_ns() + LASTING_NS
    for row in shell.frame(("markets",), 0, 0).changed.get("markets", {}).values():
        if not isinstance(row, MarketRow) or not row.is_fresh or row.close_ns < soon_ns:
            continue
        if row.ticker in shell.core.state.positions.by_ticker:
            continue
        if shard is not None and shell.core.state.shard_of(row.ticker) != shard:
            continue
        if (row.yes_bid or 0) > 2_000 and 0 < (row.yes_ask or 0) < 8_000:
            return row
    return None


def order(row: MarketRow, count: str, price: Price, tif: TimeInForce) -> PlaceOrder:
    return PlaceOrder(
        ticker=row.ticker,
        action=Action.BUY,
        outcome=Outcome.YES,
        count=parse_count(count),
        price=price,
        time_in_force=tif,
    )


async def keep_contract(shell: EngineShell, venue: str) -> None:
    """Buy, rest, cancel, be refused, flatten and panic, and hold the books to every cent."""
    await until(lambda: status(shell).link.value == "live" and quoted(shell) is not None)
    opening = status(shell).cash
    row = quoted(shell)
    assert row is not None
    assert row.yes_ask is not None
    assert opening is not None
    assert status(shell).venue == venue

    bought = await shell.submit(f"{venue}-buy", order(row, "1", row.yes_ask, TimeInForce.IOC))
    for attempt in range(5):
        if bought.orders and bought.orders[0].filled:
            break
        row = quoted(shell)
        assert row is not None
        assert row.yes_ask is not None
        bought = await shell.submit(
            f"{venue}-buy-{attempt}", order(row, "1", row.yes_ask, TimeInForce.IOC)
        )
    assert bought.orders[0].filled == parse_count("1"), bought
    position = shell.core.state.positions.get(row.ticker)
    assert position.count == parse_count("1")
    assert status(shell).cash == opening - position.cost - position.fees

    rests = await shell.submit(f"{venue}-rest", order(row, "2", Price(100), TimeInForce.GTC))
    assert rests.orders[0].state == "resting"
    canceled = await shell.submit(f"{venue}-cancel", CancelOrder(order=rests.orders[0].order_id))
    assert canceled.orders[0].state == "canceled"
    again = await shell.submit(f"{venue}-again", CancelOrder(order=rests.orders[0].order_id))
    assert again.reasons[0].code is ReasonCode.UNKNOWN_ORDER

    off_grid = await shell.submit(f"{venue}-grid", order(row, "1", Price(3_333), TimeInForce.GTC))
    assert ReasonCode.OFF_GRID in {reason.code for reason in off_grid.reasons}

    closed: Answer = await shell.submit(f"{venue}-flatten", Flatten(ticker=row.ticker))
    assert closed.outcome is Outcomes.DONE, closed
    assert shell.core.state.positions.get(row.ticker).count == 0

    await shell.submit(f"{venue}-left", order(row, "2", Price(100), TimeInForce.GTC))
    panicked = await shell.submit(f"{venue}-panic", Panic())
    assert panicked.outcome is Outcomes.DONE, panicked
    assert (status(shell).open_orders, status(shell).risk.value) == (0, "HALTED")
    spent = shell.core.state.positions.get(row.ticker)
    assert status(shell).cash == opening + spent.realized - spent.fees
