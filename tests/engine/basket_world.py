"""A core with baskets, a journal on disk and an exchange in the hand that may do anything."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from kalshi_desk.core.events import (
    AccountRead,
    BookSnapshot,
    ConnectionChanged,
    CoreEvent,
    FillReported,
    LinkState,
    MarketsListed,
    OrderAnswered,
    OrderLookedUp,
    OrderRefused,
    OrderUnknown,
    TimerFired,
)
from kalshi_desk.core.fees import NON_DIRECT, FeeRule, order_fee
from kalshi_desk.core.reasons import Reason
from kalshi_desk.core.records import (
    Balance,
    ExchangePosition,
    Fill,
    Market,
    Order,
    OrderIntent,
    OrderState,
)
from kalshi_desk.core.strategy import Signal, SignalLeg
from kalshi_desk.core.types import (
    COUNT_SCALE,
    BookSide,
    Count,
    Money,
    Price,
    notional,
    parse_money,
)
from kalshi_desk.desk.frames import DeskEvent
from kalshi_desk.engine.core import TradingCore
from kalshi_desk.engine.effects import (
    Effect,
    KeepEntry,
    KeepFill,
    KeepIntent,
    KeepMeta,
    KeepOrder,
    LookUp,
    Notify,
    SendOrder,
)
from kalshi_desk.engine.restore import journal_order, restore
from kalshi_desk.engine.restore_machine import restore_machine
from kalshi_desk.engine.state import CoreSettings
from kalshi_desk.execution.baskets import BasketRecord
from kalshi_desk.risk.limits import Limits
from kalshi_desk.store.entries import MetaEntry
from kalshi_desk.store.journal import Journal

SECOND = 1_000_000_000
START = 1_800_000_000 * SECOND
CASH = parse_money("10000")
TICKERS = ("A", "B", "C")


class Crash(Exception):
    """The engine was killed here."""


@dataclass
class Exchange:
    """What really happened: orders by client id, and the fills of each."""

    orders: dict[str, Order] = field(default_factory=dict)
    fills: list[Fill] = field(default_factory=list)

    def place(self, intent: OrderIntent, filled: int, price: Price) -> Order:
        """Take an immediate order; the same id twice is the mistake that must not happen."""
        name = intent.client_order_id
        assert name not in self.orders, "an order was sent twice"
        order = Order(
            order_id=f"o-{name}",
            client_order_id=name,
            ticker=intent.ticker,
            side=intent.side,
            price=intent.price,
            initial_count=intent.count,
            filled=Count(filled),
            remaining=Count(0),
            state=OrderState.EXECUTED if filled == intent.count else OrderState.CANCELED,
            created_ns=intent.created_ns,
            updated_ns=intent.created_ns,
        )
        self.orders[name] = order
        if filled:
            count = Count(filled)
            fee = order_fee(FeeRule(), price, count, is_taker=True, grid=NON_DIRECT)
            self.fills.append(
                Fill(
                    trade_id=f"t-{name}",
                    order_id=order.order_id,
                    client_order_id=name,
                    ticker=intent.ticker,
                    side=intent.side,
                    price=price,
                    count=count,
                    fee=fee,
                    is_taker=True,
                    executed_ns=intent.created_ns,
                )
            )
        return order

    def position(self, ticker: str) -> int:
        return sum(fill.side.sign * fill.count for fill in self.fills if fill.ticker == ticker)

    def cash(self) -> Money:
        spent = sum(
            fill.side.sign * notional(fill.price, fill.count) + fill.fee for fill in self.fills
        )
        # NO costs a dollar less the YES price: the dollar of a short contract is paid up front.
        short = sum(max(0, -self.position(ticker)) * 10_000 for ticker in TICKERS)
        return Money(CASH - spent - short)


class BasketWorld:
    """Three tiling markets, a desk and an exchange; ``settle`` says what an order meets."""

    def __init__(
        self,
        path: Path,
        crash_at: Iterable[int] = (),
        *,
        side: BookSide = BookSide.BID,
        limits: Limits | None = None,
        venue: str = "practice",
    ) -> None:
        self.path = path
        self.venue = venue
        self.side = side
        self.limits = limits or Limits()
        self.exchange = Exchange()
        self.now_ns = START
        self.sent: list[OrderIntent] = []
        self.unanswered: list[OrderIntent] = []
        self.look_ups: list[LookUp] = []
        self.said: list[DeskEvent] = []
        self.books: dict[str, BookSnapshot] = {}
        self._crash_at = set(crash_at)
        self._effects = 0
        self.auto = True
        self._open()

    def _open(self) -> None:
        self.journal = Journal(self.path, durable=False)
        if not self.journal.meta("auto"):
            # A basket is under way only where AUTO was on.
            self.journal.write([MetaEntry(key="auto", value="on")])
        self.core = TradingCore(CoreSettings(venue=self.venue, limits=self.limits))
        restore(self.core.state, self.journal, self.now_ns)
        restore_machine(self.core, self.journal, self.now_ns)
        self.core.state.auto = self.auto
        self.take(
            MarketsListed(
                tuple(
                    Market(ticker=ticker, event_ticker="E", mutually_exclusive=True)
                    for ticker in TICKERS
                )
            )
        )
        self.take(ConnectionChanged(LinkState.LIVE))
        self.take(self.reading())
        for snapshot in self.books.values():
            self.take(snapshot)

    def kill(self) -> None:
        """End the engine without a word and start another one on its journal."""
        while True:
            self.journal.close()
            self.unanswered.clear()
            self.look_ups.clear()
            self.now_ns += SECOND
            try:
                return self._open()
            except Crash:
                continue

    def reading(self) -> AccountRead:
        positions = {ticker: self.exchange.position(ticker) for ticker in TICKERS}
        return AccountRead(
            orders=tuple(self.exchange.orders.values()),
            fills=tuple(self.exchange.fills),
            positions=tuple(
                ExchangePosition(ticker=ticker, position=Count(count))
                for ticker, count in positions.items()
                if count
            ),
            settlements=(),
            balance=Balance(cash=self.exchange.cash()),
            asked_ns=self.now_ns,
        )

    def take(self, event: CoreEvent) -> None:
        self.now_ns += 1_000_000
        self.perform(self.core.step(event, self.now_ns))

    def perform(self, effects: Iterable[Effect]) -> None:
        for effect in effects:
            self._effects += 1
            if self._effects in self._crash_at:
                raise Crash
            self._do(effect)

    def _do(self, effect: Effect) -> None:
        if isinstance(effect, KeepIntent):
            self.journal.append_intent(effect.intent, self.now_ns)
        elif isinstance(effect, KeepOrder):
            order = self.core.state.orders.by_client_id[effect.client_order_id]
            self.journal.write([journal_order(order)])
        elif isinstance(effect, KeepFill):
            self.journal.write([effect.fill])
        elif isinstance(effect, KeepEntry):
            self.journal.write([effect.entry])
        elif isinstance(effect, KeepMeta):
            self.journal.write([MetaEntry(key=effect.key, value=effect.value)])
        elif isinstance(effect, SendOrder):
            self.sent.append(effect.intent)
            self.unanswered.append(effect.intent)
        elif isinstance(effect, LookUp):
            self.look_ups.append(effect)
        elif isinstance(effect, Notify):
            self.said.append(effect.event)

    def show(self, ticker: str, bid: int | None, ask: int | None, size: int = 100_000) -> None:
        """Set a book in cents of what the legs buy, one level a side."""
        if self.side is BookSide.ASK:
            bid, ask = None if ask is None else 100 - ask, None if bid is None else 100 - bid
        bids = () if bid is None else ((Price(bid * 100), Count(size)),)
        asks = () if ask is None else ((Price(ask * 100), Count(size)),)
        self.books[ticker] = BookSnapshot(ticker, bids, asks)
        self.take(self.books[ticker])

    def start(
        self, legs: Sequence[SignalLeg], guaranteed: str = "5", payout: int | None = None
    ) -> tuple[Reason, ...] | None:
        signal = Signal(candidate="E", legs=tuple(legs), text="tiles")
        total = payout if payout is not None else 10_000 * legs[0].count
        self.now_ns += 1_000_000
        self.core.state.now_ns = self.now_ns
        found = self.core.baskets.start(
            "arbitrage", signal, legs, parse_money(guaranteed), (Money(total),), self.now_ns
        )
        self.perform(self.core.outbox.take())
        return found

    def wait(self, seconds: float) -> None:
        self.now_ns += int(seconds * SECOND)
        self.take(TimerFired())

    def meet(self, intent: OrderIntent) -> Price:
        """Return the price that an order meets, never beyond its limit."""
        book = self.books[intent.ticker]
        levels = book.asks if intent.side is BookSide.BID else book.bids
        touch = levels[0][0] if levels else intent.price
        better = min if intent.side is BookSide.BID else max
        return better(touch, intent.price)

    def fill(self, count: int | None = None) -> OrderIntent:
        """Fill the order under way, answer it and book it."""
        [intent] = self.unanswered
        filled = intent.count if count is None else count
        order = self.exchange.place(intent, filled, self.meet(intent))
        self.unanswered.clear()
        self.answer(order)
        if filled:
            self.take(FillReported(self.exchange.fills[-1]))
        return intent

    def answer(self, order: Order) -> None:
        self.take(
            OrderAnswered(order.client_order_id, order.order_id, order.filled, order.remaining)
        )

    def lose(self, place: int | None) -> OrderIntent:
        """Lose the answer of the order under way; ``place`` is what filled, None never placed."""
        [intent] = self.unanswered
        self.unanswered.clear()
        if place is not None:
            self.exchange.place(intent, place, self.meet(intent))
        self.take(OrderUnknown(intent.client_order_id, "no answer"))
        return intent

    def refuse(self) -> None:
        [intent] = self.unanswered
        self.unanswered.clear()
        self.take(OrderRefused(intent.client_order_id, "invalid", "refused"))

    def look_up_all(self) -> None:
        asked, self.look_ups = self.look_ups, []
        for look_up in asked:
            name = look_up.client_order_id
            self.take(OrderLookedUp(name, self.exchange.orders.get(name)))

    @property
    def flying(self) -> list[BasketRecord]:
        return self.core.baskets.in_flight()

    def last(self) -> BasketRecord:
        """Return the newest record that the journal holds."""
        from kalshi_desk.engine.restore_machine import baskets_of

        return baskets_of(self.journal)[-1]


def tiles(
    count: int = 10,
    *,
    cents: Sequence[int] = (25, 30, 35),
    side: BookSide = BookSide.BID,
) -> list[SignalLeg]:
    """Return one leg per market, at these limits of the outcome bought."""
    return [
        SignalLeg(
            ticker=ticker,
            side=side,
            price=Price(price * 100 if side is BookSide.BID else 10_000 - price * 100),
            count=Count(count * COUNT_SCALE),
        )
        for ticker, price in zip(TICKERS, cents, strict=True)
    ]
