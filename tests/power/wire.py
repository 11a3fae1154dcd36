"""The practice exchange in this process, heard and asked as over the wire, without sockets.

Frames are those of the stream, answers those of REST, and both are read by the desk's own
translation: what the core sees is what the wire says.  Reads don't lag here.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeGuard

import msgspec

from kalshi_desk.core.events import (
    AccountRead,
    BookStale,
    CancelAnswered,
    CancelFailed,
    CoreEvent,
    MarketsListed,
    MarketStatusChanged,
    OrderAnswered,
    OrderLookedUp,
    OrderRefused,
)
from kalshi_desk.core.records import Event, Market, OrderIntent
from kalshi_desk.core.types import MarketStatus, parse_count
from kalshi_desk.exchange import entry
from kalshi_desk.exchange import wire as exchange_wire
from kalshi_desk.exchange.access import KeyRing
from kalshi_desk.exchange.amounts import count_text
from kalshi_desk.exchange.clock import Clock
from kalshi_desk.exchange.commands import CancelAll, CancelOrder
from kalshi_desk.exchange.commandset import CommandReader
from kalshi_desk.exchange.fanout import Fanout
from kalshi_desk.exchange.host import Host
from kalshi_desk.exchange.matching import Outcome
from kalshi_desk.exchange.records import Account
from kalshi_desk.exchange.refusals import Refusal
from kalshi_desk.exchange.subscriptions import Member
from kalshi_desk.exchange.venue import DESK, Venue
from kalshi_desk.kalshi import convert, wire
from kalshi_desk.kalshi.decode import LostBooks
from kalshi_desk.kalshi.errors import Ask, error_from_answer
from kalshi_desk.kalshi.order_body import intent_body
from kalshi_desk.kalshi.translate import MarketChanged, Translator

SECOND_NS = 1_000_000_000
_LATE_NS = 300_000_000
"""So long after an opening or a closing by the clock a market is read again."""
_GOING = frozenset({"initialized", "active", "inactive"})
_PUBLIC = ("orderbook_delta", "trade")
_PRIVATE = ("market_lifecycle_v2", "fill", "user_orders")


def is_finalized(event: CoreEvent) -> TypeGuard[MarketStatusChanged]:
    """Return whether an event says that a market is paid out."""
    return isinstance(event, MarketStatusChanged) and event.status is MarketStatus.FINALIZED


def read_as(kind: type[Any], answer: object) -> Any:
    """Return what a REST answer says, through its bytes."""
    return msgspec.json.decode(msgspec.json.encode(answer), type=kind)


class Exchange:
    """A venue on a clock that only the caller moves; ``now_ns`` is its time."""

    def __init__(self, venue: Venue) -> None:
        self.now_ns = venue.now_ns
        clock = Clock(venue.now_ns, 1.0, lambda: self.now_ns, self.now_ns)
        self.host = Host(venue, clock, KeyRing(venue.rules))
        self.venue = venue
        self._members: set[Member] = set()
        fanout = Fanout(self.host, self._members)
        self.host.listen(fanout.tell)

    @property
    def account(self) -> Account:
        """The account that the desk trades with."""
        return self.venue.ledger.accounts[DESK]

    def run_until(self, at_ns: int) -> None:
        """Let the crowd live up to a time."""
        self.now_ns = max(at_ns, self.now_ns)
        self.host.tick()

    def sleep_until(self, at_ns: int) -> None:
        """Jump to a time as after a night: values move, markets end, the crowd sleeps."""
        step_ns = self.venue.step_ns
        at_ns = -(-at_ns // step_ns) * step_ns
        self.host.advance((at_ns - self.host.clock.now_ns()) / SECOND_NS)
        self.now_ns = self.host.clock.now_ns()
        self.host.clock.advanced_ns = 0
        self.host.clock = self._clock()

    def _clock(self) -> Clock:
        return Clock(self.now_ns, 1.0, lambda: self.now_ns, self.now_ns)

    def connect(self) -> Line:
        """Open a connection of the desk."""
        member = Member(DESK, 1 << 30)
        self._members.add(member)
        return Line(self, member, lambda: self._members.discard(member))


class Line:
    """One connection: events from frames, listings, readings of the account, and orders."""

    def __init__(self, exchange: Exchange, member: Member, close: Callable[[], None]) -> None:
        self.close = close
        self.touched: set[str] = set()
        self._exchange = exchange
        self._venue = exchange.venue
        self._member = member
        self._commands = CommandReader(exchange.venue)
        self._lost: list[CoreEvent] = []
        self._translator = Translator(yes_prices=False, on_lost=self._on_lost)
        self._translator.reader.begin_connection(yes_prices=False)
        self._terms = convert.Terms()
        self._watched: set[str] = set()
        self._calendar: list[tuple[int, str]] = []
        self._finished: list[str] = []
        self._command = 0
        self._since_ns = 0

    # -- markets --------------------------------------------------------------------------

    def open(self) -> MarketsListed:
        """Describe every open market and follow them all."""
        markets = self._venue.engine.markets.values()
        listed = self.describe(m.ticker for m in markets if m.status in _GOING)
        held = [p.ticker for p in self._exchange.account.positions.values() if p.quantity]
        self.touched.update(held)
        tickers = sorted(self._watched)
        self._say("subscribe", channels=list(_PUBLIC), market_tickers=tickers)
        self._say("subscribe", channels=list(_PRIVATE))
        return listed

    def describe(self, tickers: Iterable[str]) -> MarketsListed:
        """Return markets as REST describes them, with events that are new to the desk."""
        venue, rules = self._venue, self._venue.rules
        markets: list[Market] = []
        events: list[Event] = []
        for ticker in tickers:
            found = venue.engine.markets.get(ticker)
            if found is None:
                continue
            event = venue.events[found.event_ticker]
            series = venue.series[event.series_ticker]
            if event.ticker not in self._terms.events:
                answer = exchange_wire.series_json(series, rules)
                self._terms.series[series.ticker] = read_as(wire.SeriesBody, answer)
                body = read_as(wire.EventBody, exchange_wire.event_json(event, series, rules))
                self._terms.events[event.ticker] = body
                events.append(self._terms.event(body))
            book = venue.engine.books[ticker]
            answer = exchange_wire.market_json(found, book, self._exchange.now_ns, rules)
            market = self._terms.market(read_as(wire.MarketBody, answer))
            markets.append(market)
            self._watched.add(ticker)
            for moment_ns in (market.open_ns, market.close_ns):
                if moment_ns > self._exchange.now_ns:
                    heapq.heappush(self._calendar, (moment_ns + _LATE_NS, ticker))
        return MarketsListed(tuple(markets), tuple(events))

    def events(self) -> Iterator[CoreEvent]:
        """Yield what the connection has said since the last call, and listings that are due."""
        yield from self._frames()
        due: set[str] = set()
        while self._calendar and self._calendar[0][0] <= self._exchange.now_ns:
            due.add(heapq.heappop(self._calendar)[1])
        if due:
            new = sorted(due - self._watched)
            listed = self.describe(sorted(due))
            if listed.markets:
                yield listed
            if new:
                self._follow("add_markets", new)
                yield from self._frames()
        if self._finished:
            over, self._finished = self._finished, []
            self._follow("delete_markets", [t for t in over if t in self._venue.engine.markets])
            yield from self._frames()

    def _frames(self) -> Iterator[CoreEvent]:
        frames = self._member.outbox.frames
        tail = b',"sending_ts_ms":%d}\n' % (self._exchange.now_ns // 1_000_000)
        while frames:
            _, event = self._translator.translate(frames.popleft()[1] + tail)
            if self._lost:
                yield from self._lost
                self._lost.clear()
            if isinstance(event, MarketChanged):
                if event.event_ticker:
                    self._terms.events.pop(event.event_ticker, None)
                if event.ticker:
                    heapq.heappush(self._calendar, (0, event.ticker))
            elif event is not None:
                if is_finalized(event):
                    self._finished.append(event.ticker)
                yield event

    def _follow(self, action: str, tickers: list[str]) -> None:
        for channel in _PUBLIC:
            sid = self._member.by_channel[channel].sid
            self._say("update_subscription", sids=[sid], action=action, market_tickers=tickers)

    def _say(self, command: str, **params: object) -> None:
        self._command += 1
        body = {"id": self._command, "cmd": command, "params": params}
        self._commands.run(self._member, msgspec.json.encode(body))

    def _on_lost(self, lost: LostBooks) -> None:
        if lost.tickers:
            self._lost.append(BookStale(tuple(sorted(lost.tickers)), lost.why))

    # -- the account ----------------------------------------------------------------------

    def reading(self) -> AccountRead:
        """Read the whole account; lists begin a minute before the last reading."""
        venue, account, since_ns = self._venue, self._exchange.account, self._since_ns
        now_ns = self._exchange.now_ns
        orders = [
            order
            for order in account.orders.values()
            if order.status == "resting" or order.updated_ns >= since_ns
        ]
        fills = [fill for fill in account.fills if fill.ts_ns >= since_ns]
        settlements = [one for one in account.settlements if one.ts_ns >= since_ns]
        held = [position for position in account.positions.values() if position.quantity]
        balance = exchange_wire.balance_json(venue, account, now_ns, None)
        self._since_ns = max(now_ns - 60 * SECOND_NS, 0)
        return AccountRead(
            orders=tuple(
                convert.order(read_as(wire.OrderBody, exchange_wire.order_json(venue, one)))
                for one in orders
            ),
            fills=tuple(
                convert.fill(read_as(wire.FillBody, exchange_wire.fill_json(venue, one, account)))
                for one in fills
            ),
            positions=tuple(
                convert.position(
                    read_as(wire.PositionBody, exchange_wire.position_json(venue, one))
                )
                for one in held
            ),
            settlements=tuple(
                convert.settlement(
                    read_as(wire.SettlementBody, exchange_wire.settlement_json(venue, one))
                )
                for one in settlements
            ),
            balance=convert.balance(read_as(wire.BalanceBody, balance), now_ns),
            asked_ns=now_ns,
            since_ns=since_ns,
        )

    def place(self, intent: OrderIntent) -> OrderAnswered | OrderRefused:
        """Bring an order to the matching engine now."""
        self.touched.add(intent.ticker)
        name = intent.client_order_id
        try:
            new = entry.read_new_order(
                read_as(dict, intent_body(intent)), DESK, self._exchange.now_ns, int
            )
            outcome: Outcome = self._exchange.host.execute(new)
        except Refusal as refusal:
            body = msgspec.json.encode(refusal.body)
            error = error_from_answer(refusal.status, body, ask=Ask.PLACE)
            return OrderRefused(name, error.code, str(error))
        return OrderAnswered(
            client_order_id=name,
            order_id=self._venue.order_id(outcome.order.number),
            filled=parse_count(count_text(outcome.filled)),
            remaining=parse_count(count_text(outcome.order.remaining)),
        )

    def cancel(self, order_id: str) -> CancelAnswered | CancelFailed:
        """Take an order off the book now."""
        try:
            number = self._venue.order_number(order_id)
            _, reduced = self._exchange.host.execute(CancelOrder(owner=DESK, number=number))
        except Refusal as refusal:
            return CancelFailed(order_id, refusal.code, is_gone=refusal.code == "not_found")
        return CancelAnswered(order_id, parse_count(count_text(reduced)))

    def cancel_everything(self) -> None:
        """Take every order off the book."""
        self._exchange.host.execute(CancelAll(owner=DESK))

    def look_up(self, name: str) -> OrderLookedUp:
        """Find an order by the desk's name for it, or by its own."""
        for order in self._exchange.account.orders.values():
            if name in (order.client_id, self._venue.order_id(order.number)):
                body = exchange_wire.order_json(self._venue, order)
                return OrderLookedUp(name, convert.order(read_as(wire.OrderBody, body)))
        return OrderLookedUp(name, None)
