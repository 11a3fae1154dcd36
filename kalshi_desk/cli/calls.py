"""Commands that ask a running engine: lists, orders, stop; they start nothing."""

from __future__ import annotations

import argparse
import asyncio
import sys

from kalshi_desk.cli import outcome, rows
from kalshi_desk.cli.arguments import LISTS
from kalshi_desk.cli.portfolio_rows import pnl_order, portfolio_facts
from kalshi_desk.cli.printing import Form, print_list, print_object
from kalshi_desk.core.errors import Refuse, Retry, Unknown
from kalshi_desk.core.events import LinkState
from kalshi_desk.desk.automation_frames import PnlRow, PortfolioView
from kalshi_desk.desk.client import LinkClient
from kalshi_desk.desk.commands import (
    Answer,
    CancelAll,
    CancelOrder,
    Command,
    LeaveLive,
    LeaveOrders,
    Outcomes,
    Panic,
    Query,
    Reply,
    StopEngine,
)
from kalshi_desk.desk.frames import FillRow, Frame, MarketRow, OrderRow, Row, StatusView
from kalshi_desk.desk.service import SetSetting
from kalshi_desk.desk.verbs import parse_words
from kalshi_desk.store.paths import Home
from kalshi_desk.store.presence import (
    EnginePhase,
    EngineRecord,
    engine_phase,
    find_engine,
    is_locked,
    read_token,
)

START_PATIENCE_S = 20.0
"""How long a command waits for an engine that is starting, and for its first connection."""
ANSWER_PATIENCE_S = 90.0
STOP_PATIENCE_S = 30.0
_PAUSE_S = 0.05
_CLOSED = frozenset({"executed", "canceled", "rejected", "denied"})
_TOPICS = {"risk": "limits"}
_TOLD_IN_ORDER = frozenset({"risk", "exposure", "alerts"})
_COMING = (LinkState.STARTING, LinkState.CONNECTING)
_URGENT = (Panic, CancelAll, CancelOrder, LeaveLive, StopEngine, SetSetting)
_EXIT_CODES = {
    Outcomes.DONE: outcome.DONE,
    Outcomes.REFUSED: outcome.REFUSED,
    Outcomes.UNKNOWN: outcome.UNKNOWN,
}


def run(options: argparse.Namespace, home: Home) -> int:
    """Carry out one command against the engine of this home and return the exit code."""
    form = Form.JSON if options.json else Form.PLAIN if options.plain else Form.TABLE
    if options.command in LISTS:
        return asyncio.run(_show(options, home, form))
    if options.command == "stop":
        return _stop(home, LeaveOrders(options.orders), form)
    # The parser leaves a verb out of its words where an option stands before it.
    command = parse_words(options.words or [options.command])
    if isinstance(command, Panic):
        from kalshi_desk.cli.panicking import panic

        return print_answer(asyncio.run(panic(home, options.venue or options.desk_venue)), form)
    return print_answer(asyncio.run(submit(home, command)), form)


def print_answer(answer: Answer, form: Form) -> int:
    """Print how a command ended, its reasons on stderr, and return the exit code."""
    if form is Form.JSON:
        import json

        print(json.dumps(rows.answer_object(answer)), flush=True)
    else:
        for order in answer.orders:
            facts = rows.flat_result(order)
            print(
                f"{facts['ticker']}: {facts['filled']} filled, {facts['remaining']} left, "
                f"{facts['state']}, order {facts['order_id'] or '-'}"
            )
        if answer.text and answer.outcome is Outcomes.DONE:
            print(answer.text)
    if answer.outcome is not Outcomes.DONE:
        reasons = [f"{why.text} [{why.code.value}]" for why in answer.reasons]
        for line in reasons or [answer.text or "The command was not carried out."]:
            print(f"kalshi-desk: {line}", file=sys.stderr)
    if answer.outcome is Outcomes.UNKNOWN and answer.text:
        print(answer.text, file=sys.stderr)
    return _EXIT_CODES[answer.outcome]


async def submit(home: Home, command: Command) -> Answer:
    """Have the running engine carry out a command; raises as the link does.

    An engine that has just been started is first given the time to reach its venue,
    except by commands that must not wait.
    """
    client = await _connect(home, "cli")
    try:
        if not isinstance(command, _URGENT):
            await _pull(client, ())
        if isinstance(command, CancelAll) and command.ticker:
            _check_known(command.ticker, await client.pull(("markets", "orders")))
        async with asyncio.timeout(ANSWER_PATIENCE_S):
            return await client.submit(command)
    except TimeoutError:
        raise Unknown(
            f"The engine did not answer within {ANSWER_PATIENCE_S:.0f} seconds.",
            code="no_answer",
            money="The command may or may not have been carried out.",
            todo="Look at orders and positions before you repeat it.",
        ) from None
    finally:
        await client.close()


async def ask(home: Home, query: Query) -> Reply:
    """Return what the running engine answers to a query; raises as the link does."""
    client = await _connect(home, "cli")
    try:
        async with asyncio.timeout(ANSWER_PATIENCE_S):
            return await client.ask(query)
    except TimeoutError:
        text = f"The engine did not answer within {ANSWER_PATIENCE_S:.0f} seconds."
        raise Retry(text, code="no_answer") from None
    finally:
        await client.close()


def _check_known(ticker: str, frame: Frame) -> None:
    """Raise ``Refuse`` for a ticker that is neither a market nor one of an order.

    "Nothing was open" would let a slip of the hand pass for orders cancelled.
    """
    markets, orders = (frame.changed.get(topic, {}) for topic in ("markets", "orders"))
    has_order = any(isinstance(row, OrderRow) and row.ticker == ticker for row in orders.values())
    if markets and ticker not in markets and not has_order:
        raise Refuse(
            f"There is no market {ticker}.",
            code="unknown_market",
            money="Nothing was cancelled.",
            todo="See: kalshi-desk orders",
        )


async def _show(options: argparse.Namespace, home: Home, form: Form) -> int:
    name = options.command
    topic = _topic(options)
    asked: tuple[str, ...] = () if name in {"status", "balance"} else (topic,)
    if name == "why":
        asked = (topic, "strategies")
    client = await _connect(home, "cli")
    try:
        frame = await _pull(client, asked, patient=name != "status")
    finally:
        await client.close()
    status = _status(frame)
    if name == "why":
        _check_strategy(options.name, frame)
    if name == "status":
        print_object(rows.status_facts(status), form)
    elif name == "balance":
        print_object(rows.flat_balance(status), form)
    elif name == "portfolio":
        view = frame.changed[name][""]
        assert isinstance(view, PortfolioView)
        print_object(portfolio_facts(view, with_curve=form is Form.JSON), form)
    else:
        found = list(frame.changed.get(topic, {}).values())
        if name == "orders" and not options.all:
            found = [row for row in found if isinstance(row, OrderRow) and _is_open(row)]
        found = found if name in _TOLD_IN_ORDER else sorted(found, key=_order_of)
        print_list(name, [rows.flat_row(row) for row in found], form)
    return outcome.DONE


def _check_strategy(name: str, frame: Frame) -> None:
    known = sorted(frame.changed.get("strategies", {}))
    # An engine that has just started knows none yet.
    if known and name not in known:
        raise Refuse(
            f"There is no strategy {name}; there are {', '.join(known)}.",
            code="unknown_strategy",
            money="Nothing was sent.",
            todo="See: kalshi-desk strategies",
        )


async def rows_of(home: Home, *topics: str) -> list[Row]:
    """Return the rows of topics of the running engine, in order; raises as the link does."""
    client = await _connect(home, "cli")
    try:
        frame = await _pull(client, topics)
    finally:
        await client.close()
    return [row for topic in topics for row in frame.changed.get(topic, {}).values()]


def _topic(options: argparse.Namespace) -> str:
    if options.command == "why":
        return f"why:{options.name}"
    return _TOPICS.get(options.command, str(options.command))


async def _pull(client: LinkClient, topics: tuple[str, ...], *, patient: bool = True) -> Frame:
    """Pull once, or until a starting engine has first reached its venue or patience ends.

    A venue lost later is not waited for: an order must be refused now, not sent late.
    """
    loop = asyncio.get_running_loop()
    give_up = loop.time() + (START_PATIENCE_S if patient else 0.0)
    while True:
        frame = await client.pull(("status", *topics))
        status = _status(frame)
        is_first = status.link in _COMING and status.cash is None
        if not is_first or loop.time() >= give_up:
            return frame
        await asyncio.sleep(_PAUSE_S)


async def _connect(home: Home, face: str) -> LinkClient:
    record = await await_engine(home)
    client = LinkClient(record.link, read_token(record), face)
    await client.connect()
    return client


async def await_engine(home: Home) -> EngineRecord:
    """Return where the engine serves, waiting for one that is starting; raises ``Retry``."""
    loop = asyncio.get_running_loop()
    give_up = loop.time() + START_PATIENCE_S
    while (record := find_engine(home)) is None:
        if engine_phase(home) is EnginePhase.ABSENT or loop.time() > give_up:
            raise Retry(
                "No engine runs on this home.",
                code="no_engine",
                money="Nothing was sent; orders at the exchange stand as they are.",
                todo="Start it with: kalshi-desk (or kalshi-desk engine --venue practice)",
            )
        await asyncio.sleep(_PAUSE_S)
    return record


def _stop(home: Home, orders: LeaveOrders, form: Form) -> int:
    return print_answer(stop_engine(home, orders), form)


def stop_engine(home: Home, orders: LeaveOrders) -> Answer:
    """End the engine and return its answer once its process is gone.

    Raises ``Retry`` when it is still there after a while.
    """
    return asyncio.run(_stop_and_wait(home, orders))


async def _stop_and_wait(home: Home, orders: LeaveOrders) -> Answer:
    answer = await submit(home, StopEngine(orders=orders))
    if answer.outcome is not Outcomes.DONE:
        return answer
    loop = asyncio.get_running_loop()
    give_up = loop.time() + STOP_PATIENCE_S
    while is_locked(home):
        if loop.time() > give_up:
            raise Retry(
                f"The engine is still ending after {STOP_PATIENCE_S:.0f} seconds.",
                code="slow_stop",
                todo=f"Its log is {home.engine_log}.",
            )
        await asyncio.sleep(_PAUSE_S)
    return answer


def _status(frame: Frame) -> StatusView:
    view = frame.changed.get("status", {}).get("")
    if not isinstance(view, StatusView):
        raise Refuse("The engine sent no status.", code="no_status", todo="Restart it.")
    return view


def _is_open(row: OrderRow) -> bool:
    return row.state not in _CLOSED


def _order_of(row: Row) -> tuple[int, str]:
    """Sort by time where there is one, by ticker where there is none."""
    if isinstance(row, OrderRow):
        return row.created_ns, row.client_order_id
    if isinstance(row, PnlRow):
        return pnl_order(row)
    if isinstance(row, FillRow):
        return row.executed_ns, row.trade_id
    if isinstance(row, MarketRow):
        return 0, f"{row.event_ticker}\0{row.ticker}"
    return 0, getattr(row, "ticker", "")
