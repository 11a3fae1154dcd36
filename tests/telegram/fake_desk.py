"""A desk in memory for the bridge's own tests: the real words, none of the engine."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from kalshi_desk.core.errors import Retry
from kalshi_desk.core.events import LinkState
from kalshi_desk.core.reasons import Reason
from kalshi_desk.core.types import Count, MarketStatus, Money, Price
from kalshi_desk.desk.automation_frames import PortfolioView
from kalshi_desk.desk.commands import (
    Answer,
    Command,
    OrderResult,
    Outcomes,
    PlaceOrder,
    Preview,
    PreviewOrder,
    Query,
    QueryFailed,
    Reply,
)
from kalshi_desk.desk.frames import (
    DeskEvent,
    EventKind,
    Frame,
    Level,
    MarketRow,
    PositionRow,
    RiskState,
    Row,
    StatusView,
)
from kalshi_desk.desk.protocol import MAX_EVENTS_PER_FRAME, PROTOCOL_VERSION, Welcome
from kalshi_desk.desk.service import AskMarkets, MarketsPage

NOW_NS = 1_790_000_000_000_000_000


class KeptInMemory:
    """A store that outlives a bridge, as a disk would."""

    def __init__(self) -> None:
        self.tables: dict[tuple[str, str], bytes] = {}

    def read(self, table: str) -> dict[str, bytes]:
        return {name: body for (tab, name), body in self.tables.items() if tab == table}

    def write(
        self, puts: Mapping[tuple[str, str], bytes], drops: Sequence[tuple[str, str]] = ()
    ) -> None:
        for key in drops:
            self.tables.pop(key, None)
        self.tables.update(puts)


class FakeDesk:
    """Answers like an engine; ``is_gone`` makes it one that is not there."""

    def __init__(self) -> None:
        self.venue, self.pid = "practice", 77
        self.is_gone = False
        self.events: list[DeskEvent] = []
        self.topics: dict[str, dict[str, Row]] = {}
        self.submitted: list[tuple[str, Command]] = []
        self.done: dict[str, Answer] = {}
        self.refusals: tuple[Reason, ...] = ()
        self.query_fails: tuple[Reason, ...] = ()
        self.lose: list[Exception] = []
        self.panics = 0
        self.status = a_status()
        self.slow_s = 0.0
        self.asked: list[Query] = []
        self.pulled: set[str] = set()
        self.replies: dict[str, Reply] = {}

    async def connect(self) -> Welcome:
        self._here()
        seq = self.events[-1].seq if self.events else 0
        return Welcome(version=PROTOCOL_VERSION, venue=self.venue, pid=self.pid, event_seq=seq)

    async def pull(self, topics: tuple[str, ...], board_seq: int, event_seq: int) -> Frame:
        self._here()
        self.pulled.update(topics)
        found = [event for event in self.events if event.seq > event_seq][:MAX_EVENTS_PER_FRAME]
        whole: dict[str, dict[str, Row]] = {**self.topics, "status": {"": self.status}}
        return Frame(
            board_seq=1,
            event_seq=found[-1].seq if found else event_seq,
            changed={topic: whole[topic] for topic in topics if topic in whole},
            removed={},
            full=topics,
            events=tuple(found),
        )

    async def submit(self, command: Command, command_id: str | None = None) -> Answer:
        self._here()
        name = command_id or f"new-{len(self.submitted)}"
        if name in self.done:
            return self.done[name]
        if self.lose:
            error = self.lose.pop(0)
            if not isinstance(error, Retry):
                self._carry_out(name, command)
            raise error
        await asyncio.sleep(self.slow_s)
        return self._carry_out(name, command)

    def _carry_out(self, name: str, command: Command) -> Answer:
        self.submitted.append((name, command))
        orders: tuple[OrderResult, ...] = ()
        if isinstance(command, PlaceOrder):
            order = OrderResult(
                client_order_id="c",
                order_id="o",
                ticker=command.ticker,
                filled=command.count,
                remaining=Count(0),
                state="executed",
            )
            orders = (order,)
        answer = Answer(command_id=name, outcome=Outcomes.DONE, text="Done.", orders=orders)
        if self.refusals:
            answer = Answer(command_id=name, outcome=Outcomes.REFUSED, reasons=self.refusals)
        self.done[name] = answer
        return answer

    async def ask(self, query: Query) -> Reply:
        self._here()
        self.asked.append(query)
        if type(query).__name__ in self.replies:
            return self.replies[type(query).__name__]
        if isinstance(query, AskMarkets):
            return self._markets(query)
        if self.query_fails or not isinstance(query, PreviewOrder):
            return QueryFailed(reasons=self.query_fails)
        return a_preview(self.refusals)

    def _markets(self, query: AskMarkets) -> MarketsPage:
        wanted = query.wanted
        rows = [
            row
            for row in self.topics.get("markets", {}).values()
            if isinstance(row, MarketRow)
            and row.status is MarketStatus.ACTIVE
            and all(word in f"{row.ticker} {row.title}".lower() for word in wanted.text.split())
            and (not wanted.only_mine or row.position)
            and (not wanted.only_starred or row.is_starred)
        ]
        rows.sort(key=lambda row: (-row.volume, row.ticker))
        return MarketsPage(total=len(rows), rows=tuple(rows[: query.limit]))

    async def panic(self) -> Answer:
        self.panics += 1
        return Answer(command_id="panic", outcome=Outcomes.DONE, text="All orders are canceled.")

    async def close(self) -> None:
        return None

    def _here(self) -> None:
        if self.is_gone:
            raise Retry("The engine has ended.", code="no_engine", retry_after_s=0.05)

    def say(self, kind: EventKind, title: str, **more: Any) -> DeskEvent:
        """Let something happen."""
        event = DeskEvent(
            seq=(self.events[-1].seq if self.events else 0) + 1,
            at_ns=more.pop("at_ns", NOW_NS),
            kind=kind,
            level=more.pop("level", Level.INFO),
            title=title,
            **more,
        )
        self.events.append(event)
        return event

    @property
    def orders(self) -> list[PlaceOrder]:
        """The orders that it was sent."""
        return [command for _, command in self.submitted if isinstance(command, PlaceOrder)]


def a_status(**more: Any) -> StatusView:
    fields: dict[str, Any] = {
        "venue": "practice", "link": LinkState.LIVE, "waiting_for": "", "exchange_text": "",
        "now_ns": NOW_NS, "equity": Money(10_000_000_000), "cash": Money(9_000_000_000),
        "day_pnl": Money(0), "buying_power": Money(9_000_000_000), "worst_case": Money(-5_000_000),
        "auto_running": 0, "auto_total": 3, "risk": RiskState.ACTIVE, "risk_reason": "",
        "data_age_ms": 40, "write_tokens": None, "write_capacity": None, "open_orders": 0,
        "unresolved": 0, "engine_pid": 77,
    }  # fmt: skip
    return StatusView(**{**fields, **more})


def a_portfolio(**more: Any) -> PortfolioView:
    fields: dict[str, Any] = {
        "equity": Money(10_000_000_000), "cash": Money(9_000_000_000),
        "realized_gross": Money(0), "fees": Money(0), "predicted_fees": Money(0),
        "realized_net": Money(0), "unrealized": Money(0), "settled": 0, "wins": 0,
        "win_rate": None, "break_even_win_rate": None, "average_win": None,
        "average_loss": None, "best": None, "worst": None, "days": 1, "daily_sharpe": None,
        "max_drawdown": 0.0, "drawdown_now": 0.0, "stages": {}, "equity_curve": (),
        "start": Money(10_000_000_000),
    }  # fmt: skip
    return PortfolioView(**{**fields, **more})


def a_preview(refusals: tuple[Reason, ...] = ()) -> Preview:
    return Preview(
        count=Count(1_000), fills_now=Count(600), average_now=Price(4_520), rests=Count(400),
        fee_now=Money(20_000), fee_worst=Money(70_000), max_loss=Money(4_570_000),
        max_win=Money(5_430_000), break_even=Price(4_570), position_after=Count(1_000),
        worst_after=Money(-4_570_000), event_worst_after=Money(-4_570_000), shard=0,
        cash=Money(9_000_000_000), refusals=refusals,
    )  # fmt: skip


def a_market(ticker: str, **more: Any) -> MarketRow:
    fields: dict[str, Any] = {
        "event_ticker": "EV", "title": f"Will {ticker} happen?", "subtitle": "Above 4",
        "category": "Economics", "status": MarketStatus.ACTIVE, "yes_bid": Price(4_400),
        "yes_ask": Price(4_700), "yes_bid_size": Count(100), "yes_ask_size": Count(100),
        "last_price": Price(4_500), "change": 0, "volume": Count(100), "close_ns": 0,
        "is_fresh": True, "is_starred": False, "position": Count(0),
    }  # fmt: skip
    return MarketRow(ticker=ticker, **{**fields, **more})


def a_position(ticker: str, count: int, **more: Any) -> PositionRow:
    fields: dict[str, Any] = {
        "title": f"Will {ticker} happen?", "average_price": Price(4_500),
        "market_price": Price(4_700), "net_price": Price(4_650),
        "unrealized_pnl": Money(200_000), "realized_pnl": Money(0), "fees": Money(10_000),
        "worst_case": Money(-4_500_000), "status": MarketStatus.ACTIVE, "close_ns": 0,
        "origin": "manual",
    }  # fmt: skip
    return PositionRow(ticker=ticker, position=Count(count), **{**fields, **more})
