"""A desk under everything at once: people, strategies, faults of the exchange, and SIGKILL."""

from __future__ import annotations

import asyncio
import contextlib
import random
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from kalshi_desk.core.errors import DeskError
from kalshi_desk.core.stops import StopKind
from kalshi_desk.core.strategy import Mode
from kalshi_desk.core.types import Action, Outcome, Price, TimeInForce, parse_count
from kalshi_desk.desk.automation import DropStop, SetAuto, SetMode, SetStop
from kalshi_desk.desk.automation_frames import StopRow, StrategyRow
from kalshi_desk.desk.client import LinkClient
from kalshi_desk.desk.commands import (
    Answer,
    CancelAll,
    CancelOrder,
    Command,
    Flatten,
    Outcomes,
    Panic,
    PlaceOrder,
    Resume,
)
from kalshi_desk.desk.frames import MarketRow, OrderRow, StatusView
from kalshi_desk.store.paths import open_home
from tests.exchange.client import Seat
from tests.running_desk import RunningDesk, start_engine
from tests.seams.slice_log import Allowed
from tests.seams.test_three_ledgers import face

BANKROLL = 500
LIMITS = {
    "bankroll_dollars": BANKROLL,
    "position_percent": 8.0,
    "event_percent": 6.0,
    "theme_percent": 10.0,
    "shortfall_percent": 100.0,
    "stress_shortfall_percent": 100.0,
    "category_percent": 12.0,
    "settlement_day_percent": 30.0,
    "total_percent": 24.0,
    "open_positions": 10,
    "resting_orders": 6,
    "market_percent": 2.0,
    "order_percent": 0.8,
    "orders_per_minute": 20,
    "correlation": 1.0,
    "theme_correlation": 1.0,
    "daily_loss_percent": 100.0,
    "daily_loss_reducing_percent": 100.0,
    "drawdown_percent": 100.0,
}
_PERCENT = BANKROLL * 10_000
ALLOWED = Allowed(
    market=int(8.0 * _PERCENT),
    event=int(6.0 * _PERCENT),
    category=int(12.0 * _PERCENT),
    theme=int(10.0 * _PERCENT),
    total=int(24.0 * _PERCENT),
    machine_market=int(2.0 * _PERCENT),
    machine_order=int(0.8 * _PERCENT),
    positions=10,
    resting=6,
    per_minute=20,
    near_close_s=300,
)
NOISE = '''"""Trades without a thought: what it does follows from the time alone."""

import random

from kalshi_desk.core.strategy import Decision, MarketView, Signal, SignalLeg, Why
from kalshi_desk.core.types import BookSide, Count, Money, TimeInForce
from kalshi_desk.strategies.contract import Strategy


class Noise(Strategy):
    name = "noise"
    title = "Noise"
    help = "Takes and makes at random; for tests."

    def decide(self, view: MarketView) -> Decision:
        rng = random.Random(view.now_ns // 1_000_000_000)
        quoted = sorted(
            ticker
            for ticker, market in view.markets.items()
            if market.is_fresh and (market.bid or 0) > 1_000 and 0 < (market.ask or 0) < 9_000
        )
        chosen = rng.sample(quoted, min(4, len(quoted)))
        signals = [self._signal(rng, view, ticker) for ticker in chosen[2:]]
        if len(chosen) == 4:
            signals.append(self._basket(rng, view, chosen[:2]))
        return Decision(
            signals=tuple(signals),
            reasons=(Why(candidate="rest", code="luck", text="the dice said no"),),
            scanned=len(view.markets),
        )

    def _basket(self, rng: random.Random, view: MarketView, tickers: list[str]) -> Signal:
        """What it promises is invented: some baskets end, some are left half done."""
        legs = []
        for ticker in tickers:
            market, side = view.markets[ticker], rng.choice(list(BookSide))
            touch = market.ask if side is BookSide.BID else market.bid
            count = Count(rng.choice([100, 200]))
            legs.append(SignalLeg(ticker=ticker, side=side, price=touch, count=count))
        pays = rng.choice([3_000, 6_000, 9_000])
        return Signal(
            candidate="+".join(tickers),
            legs=tuple(legs),
            text="noise",
            guaranteed=Money(900_000),
            pays=((pays,),) * 2,
        )

    def _signal(self, rng: random.Random, view: MarketView, ticker: str) -> Signal:
        market = view.markets[ticker]
        side, makes = rng.choice(list(BookSide)), rng.random() < 0.5
        takes = market.ask if side is BookSide.BID else market.bid
        rests = market.bid if side is BookSide.BID else market.ask
        leg = SignalLeg(
            ticker=ticker,
            side=side,
            price=rests if makes else takes,
            count=Count(rng.choice([100, 250, 7, 700])),
        )
        return Signal(
            candidate=ticker,
            legs=(leg,),
            text="noise",
            time_in_force=TimeInForce.GTC if makes else TimeInForce.IOC,
            post_only=makes,
            ttl_s=rng.choice([2, 5, 15]) if makes else 0,
        )
'''
FAULTS: tuple[dict[str, object], ...] = (
    {"kind": "refuse", "count": 1},
    {"kind": "lose", "count": 1},
    {"kind": "lose", "count": 2},
    {"kind": "delay", "count": 1, "seconds": 1.2},
    {"kind": "latency", "count": 3, "seconds": 0.8},
    {"kind": "limit", "count": 3},
    {"kind": "cut"},
    {"kind": "gap"},
    {"kind": "overflow"},
    {"kind": "broken"},
    {"kind": "drop", "count": 2},
    {"kind": "duplicate", "count": 3},
    {"kind": "reorder", "count": 2},
)
AMOUNTS = {
    StopKind.FIXED: ("1c", "2c", "10%", "40%"),
    StopKind.TRAILING: ("1c", "3c", "20%"),
    StopKind.TIME: ("0.05m", "0.2m", "2h"),
    StopKind.VOLATILITY: ("0.02sd", "0.2sd", "1sd"),
}
ANSWER_S = 60.0


def prepare(folder: Path, *, protects: bool) -> None:
    """Make a home with limits that bind and a strategy of the user's own."""
    home = open_home(str(folder))
    home.prepare()
    risk = "\n".join(f"{name} = {value}" for name, value in LIMITS.items())
    home.settings_path.write_text(
        f"[risk]\n{risk}\n[strategies]\ninterval_s = 1\n"
        f"[stops]\nconfirm_s = 1\nautomatic = {str(protects).lower()}\n"
    )
    home.strategies.mkdir(parents=True, exist_ok=True)
    (home.strategies / "noise.py").write_text(NOISE)


@dataclass
class Seen:
    """One look at the desk."""

    status: StatusView
    markets: list[MarketRow]
    orders: list[OrderRow]
    stops: list[StopRow]
    strategies: dict[str, StrategyRow]


@dataclass
class Slice:
    """One campaign on one home: who asks what follows from the seed."""

    folder: Path
    rng: random.Random
    desk: RunningDesk
    client: LinkClient | None = None
    told: Counter[str] = field(default_factory=Counter)
    struck: Counter[str] = field(default_factory=Counter)
    halts: list[str] = field(default_factory=list)
    places: set[str] = field(default_factory=set)
    stops_set: set[str] = field(default_factory=set)
    decided: set[str] = field(default_factory=set)
    drops: set[str] = field(default_factory=set)
    lost: list[tuple[str, Command]] = field(default_factory=list)
    number: int = 0

    # --- asking --------------------------------------------------------------------------

    async def look(self) -> Seen:
        """Pull what a person would look at."""
        topics = ("status", "markets", "orders", "stops", "strategies")
        changed = (await (await self._face()).pull(topics, 0, 0)).changed
        status = changed["status"][""]
        assert isinstance(status, StatusView)
        return Seen(
            status=status,
            markets=[r for r in changed.get("markets", {}).values() if isinstance(r, MarketRow)],
            orders=[r for r in changed.get("orders", {}).values() if isinstance(r, OrderRow)],
            stops=[r for r in changed.get("stops", {}).values() if isinstance(r, StopRow)],
            strategies={
                r.name: r
                for r in changed.get("strategies", {}).values()
                if isinstance(r, StrategyRow)
            },
        )

    async def ask(self, command: Command) -> Answer | None:
        """Have a command carried out under a new id; None when its answer was lost."""
        self.number += 1
        return await self._submit(f"slice-{self.number}", command)

    async def _submit(self, name: str, command: Command) -> Answer | None:
        if isinstance(command, PlaceOrder):
            self.places.add(name)
        if isinstance(command, DropStop):
            self.drops.add(command.stop_id)
        try:
            async with asyncio.timeout(ANSWER_S):
                answer = await (await self._face()).submit(command, name)
        except DeskError:
            self.lost.append((name, command))
            self.told["lost"] += 1
            return None
        assert answer.command_id == name
        assert answer.reasons or answer.outcome is not Outcomes.REFUSED
        for reason in answer.reasons:
            self.told[f"refused: {reason.code.value}"] += 1
        self.told[answer.outcome.value] += 1
        if isinstance(command, SetStop) and answer.outcome is Outcomes.DONE:
            self.stops_set.add(answer.text.split()[1].rstrip("."))
        return answer

    async def _face(self) -> LinkClient:
        if self.client is None:
            self.client = await face(self.desk)
        return self.client

    async def hang_up(self) -> None:
        """Leave the engine."""
        if self.client is not None:
            with contextlib.suppress(DeskError):
                await self.client.close()
        self.client = None

    # --- acting --------------------------------------------------------------------------

    async def begin(self) -> None:
        """Switch everything on."""
        await self.until(lambda seen: "noise" in seen.strategies and bool(_quoted(seen)))
        for name in ("noise", "arbitrage"):
            await self.ask(SetMode(strategy=name, mode=Mode.TRADE))
        await self.ask(SetAuto(on=True))

    async def act(self, rounds: int) -> None:
        """Do what people do, while faults strike."""
        for _ in range(rounds):
            seen = await self.look()
            await self._note_halt(seen)
            await self._switch_on(seen)
            self._strike()
            if self.rng.random() < 0.15:
                self._press(seen)
            if self.rng.random() < 0.02:
                self._resolve(seen)
            count = self.rng.choice([1, 1, 2, 3])
            commands = [c for _ in range(count) if (c := self._choose(seen)) is not None]
            await asyncio.gather(*(self.ask(command) for command in commands))
            # People think, and strategies look once a second.
            await asyncio.sleep(self.rng.uniform(0.0, 0.7))

    async def kill(self) -> None:
        """End the engine at some moment of what it does, and start it again."""
        seen = await self.look()
        commands = [c for _ in range(3) if (c := self._choose(seen)) is not None]
        tasks = [asyncio.create_task(self.ask(command)) for command in commands]
        self._strike()
        await asyncio.sleep(self.rng.choice([0.0, 0.002, 0.01, 0.03, 0.1]))
        self.desk.kill()
        await asyncio.gather(*tasks)
        await self.hang_up()
        self.struck["SIGKILL"] += 1
        self.desk = start_engine(self.folder)
        if self.rng.random() < 0.3:
            # Once more, while it still reads the account.
            self.desk.kill()
            self.struck["SIGKILL"] += 1
            self.desk = start_engine(self.folder)
        again, self.lost = self.lost, []
        # The same id is carried out once, whether or not the first time got through.
        await asyncio.gather(*(self._submit(name, command) for name, command in again))

    async def _note_halt(self, seen: Seen) -> None:
        if seen.status.risk.value == "HALTED":
            self.halts.append(seen.status.risk_reason)
            await self.ask(Resume())
            await self.ask(SetAuto(on=True))

    async def _switch_on(self, seen: Seen) -> None:
        """Let the machine not stay off for long."""
        noise = seen.strategies.get("noise")
        if self.rng.random() < 0.3:
            if not seen.status.auto_on:
                await self.ask(SetAuto(on=True))
            if noise is not None and (noise.fault or noise.mode is not Mode.TRADE):
                # On a busy machine a look may overrun its second, which switches it off.
                self.told["noise was off"] += 1
                await self.ask(SetMode(strategy="noise", mode=Mode.TRADE))

    def _strike(self) -> None:
        if self.rng.random() < 0.4:
            fault = self.rng.choice(FAULTS)
            self.struck[str(fault["kind"])] += 1
            self.admin("fault", fault)

    def admin(self, name: str, body: dict[str, object]) -> None:
        """Use the administrator's surface of the exchange."""
        url = f"{self.desk.exchange['address']['admin']}/{name}"
        answer = httpx.post(url, json=body, timeout=20, trust_env=False)
        assert answer.status_code == 200, answer.text

    def _press(self, seen: Seen) -> None:
        """Let somebody with money push the price of a held market against the desk."""
        held = [row for row in _quoted(seen) if row.position]
        if not held:
            return
        row = self.rng.choice(held)
        assert row.yes_bid is not None
        assert row.yes_ask is not None
        down, step = row.position > 0, self.rng.choice([200, 300, 500])
        price = row.yes_bid - step if down else row.yes_ask + step
        if not 500 < price < 9_500:
            return
        self.struck["push"] += 1
        order = {"account": "informed-a", "ticker": row.ticker}
        behind = price + (-100 if down else 100)
        body = {**order, "is_bid": not down, "price": price - price % 100, "count": 3_000_00}
        with contextlib.suppress(AssertionError):
            # The crowd may be out of money there: then nothing is pushed.
            self.admin("order", body)
            rests = {"is_bid": down, "price": behind - behind % 100, "count": 300_00}
            self.admin("order", {**order, **rests})

    def _resolve(self, seen: Seen) -> None:
        """Let a held market be decided; it pays a minute later."""
        held = [row for row in _quoted(seen) if row.position]
        if held:
            self.struck["resolve"] += 1
            result = self.rng.choice(["yes", "no", "scalar"])
            ticker = self.rng.choice(held).ticker
            self.decided.add(ticker)
            self.admin("resolve", {"ticker": ticker, "result": result, "value": 3_333})

    def _choose(self, seen: Seen) -> Command | None:
        rng, quoted = self.rng, _quoted(seen)
        held = [row for row in seen.markets if row.position]
        dice = rng.random()
        resting = [row for row in seen.orders if row.state == "resting" and row.order_id]
        if dice < 0.06 and resting:
            return CancelOrder(order=rng.choice(resting).order_id)
        if dice < 0.10 and quoted:
            return CancelAll(ticker=rng.choice(quoted).ticker)
        if dice < 0.18 and held:
            return Flatten(ticker=rng.choice(held).ticker)
        if dice < 0.22:
            return Flatten()
        if dice < 0.40 and held:
            kind = rng.choice(list(StopKind))
            ticker = rng.choice(held).ticker
            return SetStop(ticker=ticker, kind=kind, amount=rng.choice(AMOUNTS[kind]))
        if dice < 0.44 and seen.stops:
            return DropStop(stop_id=rng.choice(seen.stops).stop_id)
        if dice < 0.48:
            return SetAuto(on=rng.random() < 0.7)
        if dice < 0.51:
            mode = rng.choice([Mode.SHADOW, Mode.PAPER, Mode.TRADE, Mode.TRADE, Mode.TRADE])
            return SetMode(strategy=rng.choice(["noise", "arbitrage"]), mode=mode)
        if dice < 0.52:
            return Panic()
        return self._order(rng.choice(quoted)) if quoted else None

    def _order(self, row: MarketRow) -> PlaceOrder:
        rng = self.rng
        assert row.yes_bid is not None
        assert row.yes_ask is not None
        outcome, action = rng.choice(list(Outcome)), Action.BUY
        count = parse_count(rng.choice(["1", "3.5", "0.07", "12", "40", "90"]))
        if row.position and rng.random() < 0.4:
            action, outcome = Action.SELL, Outcome.YES if row.position > 0 else Outcome.NO
            count = min(count, type(count)(abs(row.position)))
        buys_yes = (action is Action.BUY) == (outcome is Outcome.YES)
        crosses = rng.random() < 0.5
        yes = (
            (row.yes_ask if crosses else row.yes_bid)
            if buys_yes
            else (row.yes_bid if crosses else row.yes_ask)
        )
        return PlaceOrder(
            ticker=row.ticker,
            action=action,
            outcome=outcome,
            count=count,
            price=yes if outcome is Outcome.YES else Price(10_000 - yes),
            time_in_force=rng.choice([TimeInForce.GTC, TimeInForce.IOC]),
        )

    # --- coming to rest ------------------------------------------------------------------

    async def calm(self) -> None:
        """End the faults and the machine, and wait until nothing is under way."""
        for kind in ("refuse", "lose", "delay", "latency", "limit", "drop", "duplicate", "reorder"):
            self.admin("fault", {"kind": kind, "count": 0})
        await self.until(lambda seen: seen.status.link.value == "live")
        await self.ask(SetAuto(on=False))
        await self.ask(CancelAll())
        await self.until(
            lambda seen: (
                seen.status.link.value == "live"
                and seen.status.unresolved == 0
                and seen.status.open_orders == 0
                and not any(row.baskets or row.open_orders for row in seen.strategies.values())
            )
        )

    async def until(self, condition: Callable[[Seen], bool], seconds: float = 90.0) -> None:
        """Wait for what a look shows."""
        give_up = time.monotonic() + seconds
        while not condition(seen := await self.look()):
            assert time.monotonic() < give_up, (seen.status, seen.strategies, seen.stops)
            await asyncio.sleep(0.1)

    def seat(self) -> Seat:
        """Return a client of the exchange with the desk's own key."""
        address = self.desk.exchange["address"]
        return Seat(address, address["key_id"], Path(address["private_key_path"]).read_bytes())


async def eventually(check: Callable[[], Awaitable[object]], seconds: float = 20.0) -> None:
    """Repeat a check that may still be ahead of the last report, and raise what it says last."""
    give_up = time.monotonic() + seconds
    while True:
        try:
            await check()
        except AssertionError:
            if time.monotonic() > give_up:
                raise
            await asyncio.sleep(0.2)
        else:
            return


def _quoted(seen: Seen) -> list[MarketRow]:
    """Return a dozen markets that can be traded on, of several events."""
    rows = [
        row
        for row in seen.markets
        if row.is_fresh and (row.yes_bid or 0) > 1_000 and 0 < (row.yes_ask or 0) < 9_000
    ]
    return sorted(rows, key=lambda row: row.ticker)[::3][:12]
