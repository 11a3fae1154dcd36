"""A scripted engine in the same process: believable frames and a record of what was asked."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import msgspec

from kalshi_desk.core.errors import Retry
from kalshi_desk.core.events import LinkState
from kalshi_desk.core.reasons import Reason
from kalshi_desk.core.types import (
    Action,
    BookSide,
    Count,
    MarketStatus,
    Money,
    Outcome,
    Price,
)
from kalshi_desk.desk.automation import PreviewStop, StopKind, StopPreview
from kalshi_desk.desk.commands import (
    Answer,
    AskRules,
    Command,
    OrderResult,
    Outcomes,
    PlaceOrder,
    Preview,
    PreviewOrder,
    Query,
    QueryFailed,
    Reply,
    RulesText,
)
from kalshi_desk.desk.frames import (
    BookView,
    ChartMark,
    ChartView,
    DeskEvent,
    EventKind,
    FillRow,
    Frame,
    LadderRow,
    Level,
    MarketRow,
    OrderRow,
    PositionRow,
    ReplayView,
    RiskState,
    Row,
    StatusView,
)
from kalshi_desk.desk.protocol import PROTOCOL_VERSION, Welcome
from kalshi_desk.desk.service import AskMarkets
from tests.tui.listing import ScriptedMarkets

KEYED = frozenset(
    {"status", "markets", "positions", "orders", "fills", "strategies", "news", "book", "chart"}
)
"""Topics of which a frame has what changed; others come whole each time."""
NOW_NS = 1_795_373_000_000_000_000
SECOND = 1_000_000_000

_EVENTS = (
    ("KXBTC15M", "BTC price up in next 15 mins?", ("Price to beat: $91,240.00",), 10, "Crypto"),
    (
        "KXHIGHNY",
        "Will the high temp in NYC be {} on Nov 23?",
        ("48° or below", "49° to 50°", "51° to 52°", "53° to 54°", "55° to 56°", "57° or above"),
        100,
        "Climate and Weather",
    ),
    (
        "KXHIGHCHI",
        "Will the high temp in Chicago be {} on Nov 23?",
        ("40° or below", "41° to 42°", "43° to 44°", "45° to 46°", "47° or above"),
        100,
        "Climate",
    ),
    (
        "KXFED",
        "Will the upper bound of the federal funds rate be above {} after the Dec meeting?",
        ("3.25%", "3.50%", "3.75%", "4.00%", "4.25%", "4.50%"),
        100,
        "Economics",
    ),
    (
        "KXCPI",
        "Will CPI rise more than {} in November?",
        ("0.0%", "0.1%", "0.2%", "0.3%", "0.4%", "0.5%"),
        100,
        "Economics",
    ),
    (
        "KXINX",
        "Will the S&P 500 close {} on Nov 23?",
        tuple(f"between {n:,} and {n + 24:,}" for n in range(6600, 6850, 25)),
        10,
        "Financials",
    ),
    (
        "KXOSCARPIC",
        "Will {} win Best Picture?",
        (
            "Sinners",
            "Hamnet",
            "One Battle After Another",
            "Marty Supreme",
            "Sentimental Value",
            "Wicked: For Good",
            "Bugonia",
        ),
        100,
        "Entertainment",
    ),
    ("KXHOUSE", "Will {} win the House?", ("Democrats", "Republicans"), 100, "Politics"),
    ("KXNFLGAME", "{} to win: Philadelphia at Dallas", ("Philadelphia", "Dallas"), 100, "Sports"),
    (
        "KXNBATOTAL",
        "Will Boston at Denver score over {} points?",
        ("215.5", "220.5", "225.5", "230.5", "235.5"),
        100,
        "Sports",
    ),
    (
        "KXGAS",
        "Will US gas prices be above {} on Nov 30?",
        ("$2.95", "$3.00", "$3.05", "$3.10", "$3.15"),
        100,
        "Economics",
    ),
    ("KXRAINNYC", "Will it rain in NYC on Nov 23?", ("Rain in NYC",), 100, "Climate"),
    ("KXRECESSION", "Will there be a recession in 2027?", ("Recession in 2027",), 100, "Economics"),
    (
        "KXBTCD",
        "Will Bitcoin be above {} at 5pm EST?",
        tuple(f"${n:,}" for n in range(88000, 96000, 1000)),
        10,
        "Crypto",
    ),
)


@dataclass
class World:
    """Markets with a fair value that wanders, drawn from a seed."""

    seed: int = 7
    rows: dict[str, MarketRow] = field(default_factory=dict)
    steps: dict[str, int] = field(default_factory=dict)
    fair: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.rng = random.Random(self.seed)
        for n, (series, title, labels, step, category) in enumerate(_EVENTS):
            event = f"{series}-26NOV23"
            for m, label in enumerate(labels):
                ticker = event if len(labels) == 1 else f"{event}-T{m}"
                fair = max(300, min(9700, int(self.rng.gauss(9000 - 8000 * m / len(labels), 400))))
                self.fair[ticker], self.steps[ticker] = fair // step * step, step
                self.rows[ticker] = MarketRow(
                    ticker=ticker,
                    event_ticker=event,
                    title=title.format(label),
                    subtitle=label,
                    category=category,
                    status=MarketStatus.ACTIVE,
                    yes_bid=None,
                    yes_ask=None,
                    yes_bid_size=Count(0),
                    yes_ask_size=Count(0),
                    last_price=None,
                    change=0,
                    volume=Count(self.rng.randrange(500_000, 60_000_000)),
                    close_ns=NOW_NS + (240 + n * n * 9_000) * SECOND,
                    is_fresh=True,
                    is_starred=False,
                    position=Count(0),
                )
                self.move(ticker)

    def move(self, ticker: str) -> None:
        """Let one market tick."""
        row, step, rng = self.rows[ticker], self.steps[ticker], self.rng
        fair = max(
            2 * step, min(10_000 - 3 * step, self.fair[ticker] + rng.choice((-1, 0, 1)) * step)
        )
        change = (row.change or 0) + fair - self.fair[ticker]
        self.fair[ticker] = fair
        self.rows[ticker] = msgspec.structs.replace(
            row,
            yes_bid=Price(fair - step),
            yes_ask=Price(fair + step),
            last_price=Price(fair),
            yes_bid_size=Count(rng.randrange(1_00, 3_000_00, 1_00)),
            yes_ask_size=Count(rng.randrange(1_00, 3_000_00, 1_00)),
            change=change,
            volume=Count(row.volume + rng.randrange(0, 50_00, 1_00)),
        )

    def book(self, ticker: str, position: int = 0) -> BookView:
        """Return a ladder around the fair value."""
        row, step = self.rows[ticker], self.steps[ticker]
        rng = random.Random(f"{ticker}{self.fair[ticker]}")
        bid, ask = row.yes_bid or 0, row.yes_ask or 0
        lines = []
        for price in range(min(ask + 20 * step, 9900), max(bid - 20 * step, 100) - 1, -step):
            size = rng.randrange(10_00, 1_800_00, 1_00)
            mine = price == bid - step
            gain = (price - 4620) * position if position else None
            lines.append(
                LadderRow(
                    Price(price),
                    Count(size if price <= bid else 0),
                    Count(size if price >= ask else 0),
                    Count(60_00 if mine and position else 0),
                    Count(0),
                    Count(12_00) if mine and position else None,
                    Money(gain) if gain is not None else None,
                )
            )
        return BookView(
            ticker=ticker,
            title=row.title,
            subtitle=row.subtitle,
            status=row.status,
            close_ns=row.close_ns,
            volume=row.volume,
            fee_text="taker fee",
            shard=0,
            step=Price(step),
            best_bid=row.yes_bid,
            best_ask=row.yes_ask,
            last_price=row.last_price,
            position=Count(position),
            average_price=Price(4620) if position else None,
            is_fresh=True,
            stale_reason="",
            age_ms=40,
            grid_inferred=False,
            rows=tuple(lines),
        )

    def chart(self, ticker: str) -> ChartView:
        """Return an hour of prices that ends at the last one."""
        rng = random.Random(ticker)
        price, points = self.fair[ticker], []
        for n in range(240):
            points.append((NOW_NS - n * 15 * SECOND, Price(price)))
            price = max(100, min(9900, price + rng.choice((-100, -50, 0, 0, 50, 100))))
        points.reverse()
        marks = (ChartMark(NOW_NS - 900 * SECOND, points[180][1], BookSide.BID),)
        return ChartView(ticker=ticker, span_s=3600, points=tuple(points), marks=marks)


HELD = "KXFED-26NOV23-T3"


def status(**changes: object) -> StatusView:
    """Return a top line of a practice account."""
    fields: dict[str, object] = {
        "venue": "practice",
        "link": LinkState.LIVE,
        "waiting_for": "",
        "exchange_text": "open · maint 2d 4h",
        "now_ns": NOW_NS,
        "equity": Money(10_234_500_000),
        "cash": Money(8_120_000_000),
        "day_pnl": Money(34_200_000),
        "buying_power": Money(8_120_000_000),
        "worst_case": Money(-412_000_000),
        "auto_running": 0,
        "auto_total": 0,
        "risk": RiskState.ACTIVE,
        "risk_reason": "",
        "data_age_ms": 40,
        "write_tokens": 98,
        "write_capacity": 100,
        "open_orders": 1,
        "unresolved": 0,
        "engine_pid": 4711,
        "replay": None,
        "notice": "",
    }
    return StatusView(**{**fields, **changes})  # type: ignore[arg-type]


def replay_view(**changes: object) -> ReplayView:
    """Return a recording that plays."""
    fields: dict[str, object] = {
        "name": "btc15m-20260513T1333Z",
        "fraction": 0.25,
        "speed": 2.0,
        "is_paused": False,
        "frames": 1_200,
        "total_frames": 4_800,
        "is_at_end": False,
    }
    return ReplayView(**{**fields, **changes})  # type: ignore[arg-type]


def position(world: World, ticker: str = HELD) -> PositionRow:
    """Return 120 YES bought at 46.2 cents."""
    row = world.rows[ticker]
    return PositionRow(
        ticker=ticker,
        title=row.title,
        position=Count(120_00),
        average_price=Price(4620),
        market_price=row.yes_bid,
        net_price=Price((row.yes_bid or 200) - 170),
        unrealized_pnl=Money(-1_130_000),
        realized_pnl=Money(0),
        fees=Money(2_090_000),
        worst_case=Money(-55_440_000),
        status=row.status,
        close_ns=row.close_ns,
        origin="manual",
    )


def order(world: World, ticker: str = HELD, **changes: object) -> OrderRow:
    """Return 60 YES resting below the best bid."""
    row = world.rows[ticker]
    price = Price((row.yes_bid or 200) - world.steps[ticker])
    fields: dict[str, object] = {
        "client_order_id": "c-1",
        "order_id": "o-1",
        "ticker": ticker,
        "title": row.title,
        "action": Action.BUY,
        "outcome": Outcome.YES,
        "price": price,
        "side": BookSide.BID,
        "yes_price": price,
        "count": Count(60_00),
        "filled": Count(0),
        "remaining": Count(60_00),
        "state": "resting",
        "ahead": Count(12_00),
        "created_ns": NOW_NS - 95 * SECOND,
        "updated_ns": NOW_NS,
        "origin": "manual",
        "reason": "",
    }
    return OrderRow(**{**fields, **changes})  # type: ignore[arg-type]


def fill(world: World, ticker: str = HELD) -> FillRow:
    """Return the fill that opened the position."""
    return FillRow(
        trade_id="t-1",
        order_id="o-0",
        client_order_id="c-0",
        ticker=ticker,
        title=world.rows[ticker].title,
        action=Action.BUY,
        outcome=Outcome.YES,
        price=Price(4620),
        side=BookSide.BID,
        yes_price=Price(4620),
        count=Count(120_00),
        fee=Money(2_090_000),
        is_taker=True,
        executed_ns=NOW_NS - 900 * SECOND,
        origin="manual",
    )


def event(seq: int, kind: EventKind, level: Level, title: str, text: str = "") -> DeskEvent:
    """Return something that happened."""
    return DeskEvent(seq=seq, at_ns=NOW_NS, kind=kind, level=level, title=title, text=text)


class Engine:
    """What stands behind the scripted links: topics with rows, events, and what was asked."""

    def __init__(self, *, with_account: bool = True) -> None:
        self.world = World()
        self.listing = ScriptedMarkets(NOW_NS)
        self.seq = 1
        self.is_up = True
        self.commands: list[Command] = []
        self.queries: list[Query] = []
        self.events: list[DeskEvent] = []
        self.refusals: tuple[Reason, ...] = ()
        self.answer_outcome = Outcomes.DONE
        self.pid = 4711
        self.rows: dict[str, dict[str, Row]] = {
            "status": {"": status()},
            "markets": dict(self.world.rows),
            "positions": {},
            "orders": {},
            "fills": {},
        }
        if with_account:
            held = msgspec.structs.replace(self.world.rows[HELD], position=Count(120_00))
            self.world.rows[HELD] = self.rows["markets"][HELD] = held
            self.rows["positions"] = {HELD: position(self.world)}
            self.rows["orders"] = {"c-1": order(self.world)}
            self.rows["fills"] = {"t-1": fill(self.world)}
        self.changed_at: dict[tuple[str, str], int] = {}
        self.replies: dict[type[object], Callable[[Any], Reply]] = {}
        """What answers a kind of query, where a test says it."""

    def put(self, topic: str, key: str, row: Row) -> None:
        """Change a row."""
        self.seq += 1
        self.rows.setdefault(topic, {})[key] = row
        self.changed_at[topic, key] = self.seq

    def tell(self, kind: EventKind, level: Level, title: str, text: str = "") -> None:
        """Let something happen."""
        self.events.append(event(len(self.events) + 1, kind, level, title, text))

    def tick(self, how_many: int) -> None:
        """Move some markets."""
        for ticker in self.world.rng.sample(sorted(self.world.rows), how_many):
            self.world.move(ticker)
            self.put("markets", ticker, self.world.rows[ticker])

    def _topic(self, topic: str) -> dict[str, Row]:
        kind, _, ticker = topic.partition(":")
        if kind in ("book", "chart") and ticker not in self.world.rows:
            return self.rows.get(topic, {})
        if kind == "book" and topic not in self.rows:
            held = self.rows["positions"].get(ticker)
            amount = held.position if isinstance(held, PositionRow) else 0
            return {"": self.world.book(ticker, amount)}
        if kind == "chart" and topic not in self.rows:
            return {"": self.world.chart(ticker)}
        return self.rows.get(topic, {})

    def frame(self, topics: tuple[str, ...], board_seq: int, event_seq: int) -> Frame:
        """Return what changed since."""
        changed, full = {}, []
        for topic in topics:
            rows = self._topic(topic)
            if board_seq == 0 or topic.partition(":")[0] not in KEYED:
                full.append(topic)
                changed[topic] = dict(rows)
            elif topic.startswith(("book:", "chart:")):
                changed[topic] = rows
            else:
                new = {
                    key: row
                    for key, row in rows.items()
                    if self.changed_at.get((topic, key), 0) > board_seq
                }
                if new:
                    changed[topic] = new
        events = tuple(e for e in self.events if e.seq > event_seq)
        return Frame(
            board_seq=self.seq,
            event_seq=len(self.events),
            changed=changed,
            removed={},
            full=tuple(full),
            events=events,
        )

    def preview(self, query: PreviewOrder) -> Reply:
        """Answer a preview with round numbers; what a real engine would say is tested there."""
        self.queries.append(query)
        try:
            count = int(float(query.size.strip("$%k")) * 100)
        except ValueError:
            return QueryFailed(reasons=self.refusals)
        now = min(count, 310_00)
        return Preview(
            count=Count(count),
            fills_now=Count(now),
            average_now=query.price,
            rests=Count(count - now),
            fee_now=Money(5_420_000),
            fee_worst=Money(5_420_000),
            max_loss=Money(197_420_000),
            max_win=Money(202_580_000),
            break_even=Price(4936),
            position_after=Count(count),
            worst_after=Money(-197_420_000),
            event_worst_after=Money(-210_000_000),
            shard=0,
            cash=Money(8_120_000_000),
            refusals=self.refusals,
        )

    def preview_stop(self, query: PreviewStop) -> Reply:
        """Answer what a stop would cost, with the numbers that its kind has."""
        self.queries.append(query)
        if self.refusals:
            return QueryFailed(reasons=self.refusals)
        has_level = query.kind is not StopKind.TIME
        return StopPreview(
            ticker=query.ticker,
            kind=query.kind,
            count=Count(120_00),
            level=Price(3700) if has_level else None,
            chance=0.34 if has_level else None,
            expected_cost=Money(14_000) if has_level else None,
            winners_stopped=0.21 if has_level else None,
            worst_exit=Money(50_120_000),
            text="Sells all at what the book pays when it lets go.",
        )


class ScriptedLink:
    """A link to a scripted engine; it fails when that engine is down."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    def _check(self) -> None:
        if not self.engine.is_up:
            raise Retry("The engine does not answer.", todo="Start it with: kalshi-desk")

    async def connect(self) -> Welcome:
        await asyncio.sleep(0)
        self._check()
        return Welcome(
            version=PROTOCOL_VERSION,
            venue="practice",
            pid=self.engine.pid,
            event_seq=len(self.engine.events),
        )

    async def pull(self, topics: tuple[str, ...], board_seq: int, event_seq: int) -> Frame:
        await asyncio.sleep(0)
        self._check()
        return self.engine.frame(topics, board_seq, event_seq)

    async def submit(self, command: Command, command_id: str | None = None) -> Answer:
        await asyncio.sleep(0)
        self._check()
        self.engine.commands.append(command)
        orders = ()
        if isinstance(command, PlaceOrder):
            orders = (
                OrderResult(
                    client_order_id="c-2",
                    order_id="o-2",
                    ticker=command.ticker,
                    filled=command.count,
                    remaining=Count(0),
                    state="executed",
                ),
            )
        return Answer(
            command_id=command_id or "x",
            outcome=self.engine.answer_outcome,
            orders=orders,
            reasons=self.engine.refusals,
        )

    async def ask(self, query: Query) -> Reply:
        await asyncio.sleep(0)
        self._check()
        if isinstance(query, AskRules):
            self.engine.queries.append(query)
            return RulesText(
                ticker=query.ticker,
                title=self.engine.world.rows[query.ticker].title,
                text="If it happens, the market resolves to Yes.",
            )
        if type(query) in self.engine.replies:
            self.engine.queries.append(query)
            return self.engine.replies[type(query)](query)
        if isinstance(query, AskMarkets):
            return self.engine.listing.answer(self.engine.world.rows, query)
        if isinstance(query, PreviewStop):
            return self.engine.preview_stop(query)
        return self.engine.preview(query)

    async def close(self) -> None:
        await asyncio.sleep(0)
