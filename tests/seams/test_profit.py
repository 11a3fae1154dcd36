"""Profit and loss against the exchange's own ledger: trading, payouts, money moved, restarts."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterator
from dataclasses import astuple
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from kalshi_desk.core.types import Action, Outcome, Price, TimeInForce, parse_count
from kalshi_desk.desk.automation_frames import PnlRow, PortfolioView
from kalshi_desk.desk.commands import CancelAll, PlaceOrder
from kalshi_desk.desk.frames import MarketRow
from kalshi_desk.engine.clock import WallClock
from kalshi_desk.engine.shell import EngineShell
from tests.exchange.client import Exchange
from tests.exchange.test_rest_money import transfer
from tests.seams.contract import LASTING_NS, desk_on, status, until

pytestmark = [pytest.mark.long, pytest.mark.timeout(180)]
OPENING = Decimal("10000")
ORIGINS = ("manual", "arbitrage", "volatility")
SCOPES = ("strategy", "event", "category", "role")


@pytest.fixture
def exchange() -> Iterator[Exchange]:
    running = Exchange("--history-min", "2", "--seed", "11")
    yield running
    assert running.stop() == 0


def pulled(shell: EngineShell) -> tuple[PortfolioView, list[PnlRow]]:
    """Return the account and its parts as of one moment."""
    changed = shell.frame(("portfolio", "pnl"), 0, 0).changed
    view = changed["portfolio"][""]
    assert isinstance(view, PortfolioView)
    rows = [row for row in changed.get("pnl", {}).values() if isinstance(row, PnlRow)]
    return view, rows


def account(exchange: Exchange) -> dict[str, Any]:
    """Return the exchange's own ledger of the desk."""
    ledger = exchange.admin("ledger")
    assert ledger["holds"]
    found: dict[str, Any] = next(a for a in ledger["accounts"] if a["name"] == "desk")
    return found


def choose(shell: EngineShell, count: int) -> list[str]:
    soon_ns = WallClock().now_ns() + LASTING_NS
    rows = shell.frame(("markets",), 0, 0).changed["markets"].values()
    good = [
        row.ticker
        for row in rows
        if isinstance(row, MarketRow)
        and row.is_fresh
        and row.close_ns > soon_ns
        and (row.yes_bid or 0) > 2_000
        and 0 < (row.yes_ask or 0) < 8_000
    ]
    return sorted(good)[:count]


async def trade(shell: EngineShell, tickers: list[str], rng: random.Random, orders: int) -> None:
    """Send orders of several origins: some cross, some rest inside the spread, some close."""
    for number in range(orders):
        live = shell.core.state.markets.by_ticker[rng.choice(tickers)]
        bid, ask = live.book.bid, live.book.ask
        if bid is None or ask is None:
            continue
        held = shell.core.state.positions.get(live.market.ticker).count
        outcome, action = rng.choice(list(Outcome)), Action.BUY
        count = parse_count(rng.choice(["1", "3.5", "0.07", "12", "25"]))
        if held and rng.random() < 0.5:
            outcome, action = (Outcome.YES if held > 0 else Outcome.NO), Action.SELL
            count = min(count, type(count)(abs(held)))
        buys_yes = (action is Action.BUY) == (outcome is Outcome.YES)
        crosses = rng.random() < 0.7
        step = 100 if ask - bid > 100 else 0
        yes = (ask if crosses else bid + step) if buys_yes else (bid if crosses else ask - step)
        yes = live.market.grid.floor(Price(yes))
        command = PlaceOrder(
            ticker=live.market.ticker,
            action=action,
            outcome=outcome,
            count=count,
            price=yes if outcome is Outcome.YES else Price(10_000 - yes),
            time_in_force=TimeInForce.GTC,
            origin=rng.choice(ORIGINS),
        )
        await shell.submit(f"{rng.random()}-{number}", command)


async def agree(shell: EngineShell, exchange: Exchange, moved: Decimal) -> PortfolioView:
    """Wait until desk and exchange have the same cash; then hold the bridge to the micro-dollar."""
    problem: object = "nothing was compared"
    for _ in range(150):
        view, rows = pulled(shell)
        theirs = account(exchange)
        cash = Decimal(view.cash or 0) / 1_000_000
        fees = Decimal(view.fees) / 1_000_000
        outside = Decimal(view.outside) / 1_000_000
        held = {p.ticker: int(p.count) for p in shell.core.state.positions.held()}
        seen = (cash, fees, held, outside)
        expected = (
            Decimal(theirs["cash"]),
            Decimal(theirs["fees_paid"]),
            theirs["positions"],
            moved,
        )
        if seen == expected:
            break
        problem = (seen, expected)
        await asyncio.sleep(0.1)
    else:
        raise AssertionError(problem)
    cost = sum(p.cost for p in shell.core.state.positions.held())
    earned = view.realized_gross - view.fees - cost
    assert Decimal(earned) / 1_000_000 == cash - OPENING - moved, "P&L is what the ledger earned"
    assert Decimal(view.start or 0) / 1_000_000 == OPENING
    for scope in SCOPES:
        mine = [row for row in rows if row.scope == scope]
        assert sum(row.gross for row in mine) == view.realized_gross, scope
        assert sum(row.fees for row in mine) == view.fees, scope
    await bridge(shell)
    return view


async def bridge(shell: EngineShell) -> None:
    """Where everything has an exit, gross less fees and unrealised is what equity has gained."""
    for _ in range(200):
        view, rows = pulled(shell)
        if view.unrealized is not None:
            break
        await asyncio.sleep(0.05)
    assert view.unrealized is not None, [row for row in rows if row.unrealized is None]
    assert view.equity is not None
    assert view.start is not None
    gained = view.equity - view.start - view.outside
    assert gained == view.realized_gross - view.fees + view.unrealized
    for scope in SCOPES:
        assert sum(row.net or 0 for row in rows if row.scope == scope) == gained, scope


async def test_profit_is_the_ledgers_through_trading_payouts_and_a_restart(
    exchange: Exchange, tmp_path: Path
) -> None:
    rng = random.Random(5)
    async with desk_on("practice", exchange.ready, tmp_path) as shell:
        await until(lambda: status(shell).link.value == "live" and len(choose(shell, 8)) == 8)
        tickers = choose(shell, 8)
        await trade(shell, tickers, rng, 70)
        await until(lambda: shell.core.state.folio.parts.by_role()[False].trades > 0, 60)
        await shell.submit("quiet", CancelAll())
        view = await agree(shell, exchange, Decimal(0))
        assert view.fees > 0
        assert (view.unpredicted_fees, view.predicted_fees) == (0, view.fees)
        parts = shell.core.state.folio.parts
        assert set(parts.by_owner()) == set(ORIGINS)
        assert parts.by_role()[True].trades > 20

        held = [p.ticker for p in shell.core.state.positions.held()][:3]
        assert len(held) == 3
        for ticker, result in zip(held, ("yes", "no", "scalar"), strict=True):
            exchange.admin("resolve", ticker=ticker, result=result, value=3_333)
        exchange.admin("advance", seconds=90)
        await until(lambda: all(shell.core.state.positions.is_settled(t) for t in held), 60)
        settled = await agree(shell, exchange, Decimal(0))
        assert settled.stages["paid"][0] == 3
        assert settled.settled >= view.settled + 3

        moved = transfer_out(exchange, Decimal("250.25"))
        await read_until_outside(shell)
        before = await agree(shell, exchange, moved)
        assert before.drawdown_now is not None
        assert before.drawdown_now < 0.02, "what was taken out was not lost"
        gross = {k: astuple(p) for k, p in parts.by_owner().items()}

    moved += transfer_out(exchange, Decimal("100"))
    await until(lambda: stated(exchange) == Decimal(account(exchange)["cash"]))
    async with desk_on("practice", exchange.ready, tmp_path) as shell:
        await until(lambda: status(shell).link.value == "live")
        after = await agree(shell, exchange, moved)
        again = shell.core.state.folio.parts.by_owner()
        assert {k: astuple(p) for k, p in again.items()} == gross
        assert (after.settled, after.wins) == (before.settled, before.wins)
        assert (after.best, after.worst) == (before.best, before.worst)
        assert len(after.equity_curve) >= 1


async def read_until_outside(shell: EngineShell) -> None:
    """Read the account as the desk does once a minute, until it believes that money moved."""
    async with asyncio.timeout(60):
        while not pulled(shell)[0].outside:
            await shell.venue.read_account()
            await asyncio.sleep(0.5)


def stated(exchange: Exchange) -> Decimal:
    """Return the cash that the exchange tells a member, which lags behind its ledger."""
    rows = exchange.get("/portfolio/balance")["balance_breakdown"]
    return sum((Decimal(row["balance"]) for row in rows), Decimal(0))


def transfer_out(exchange: Exchange, amount: Decimal) -> Decimal:
    """Move money to a subaccount, which the desk doesn't see; return what came from outside."""
    exchange.call("POST", "/portfolio/subaccounts", {})
    assert transfer(exchange, 0, 1, int(amount * 100)).status_code == 200
    return -amount
