"""The paper broker: fills on a real book, aware of the queue, as a pure state machine.

A resting order waits behind what was displayed when it came.  Prints at its price drain
the queue and then fill it; a print through its price fills it first; a shrinking level
first pays for prints already counted, and what is left of the change is cancels, of
which ``cancel_share`` stood ahead.  Additions never hurt.  A taker order takes only what
is displayed and not yet taken by us, at the prices displayed.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, MutableMapping
from dataclasses import dataclass, field
from fractions import Fraction

import msgspec

from kalshi_desk.core.book import OrderBook
from kalshi_desk.core.fees import DIRECT, FeeGrid, FeeRule, fill_fee, trade_fee
from kalshi_desk.core.records import Fill, Order, OrderIntent, OrderState
from kalshi_desk.core.types import (
    NO_COUNT,
    NO_MONEY,
    BookSide,
    Count,
    Money,
    Price,
    TimeInForce,
)

RISK_AVERSE = Fraction(0)
PROBABLE = Fraction(1, 2)
FRONT = Fraction(1)


@dataclass(slots=True)
class PaperOrder:
    """A resting order with the contracts ahead of it and the prints its level still owes."""

    intent: OrderIntent
    order_id: str
    remaining: int
    ahead: Fraction
    owed: int = 0
    filled: int = 0
    accumulator: Money = NO_MONEY


class RestingOrders(MutableMapping[str, PaperOrder]):
    """Resting orders by id, oldest first, and found by market: books change all the time."""

    def __init__(self) -> None:
        self._by_id: dict[str, PaperOrder] = {}
        self._by_ticker: dict[str, dict[str, PaperOrder]] = {}

    def __getitem__(self, order_id: str) -> PaperOrder:
        return self._by_id[order_id]

    def __setitem__(self, order_id: str, order: PaperOrder) -> None:
        self._by_id[order_id] = order
        self._by_ticker.setdefault(order.intent.ticker, {})[order_id] = order

    def __delitem__(self, order_id: str) -> None:
        ticker = self._by_id.pop(order_id).intent.ticker
        del self._by_ticker[ticker][order_id]
        if not self._by_ticker[ticker]:
            del self._by_ticker[ticker]

    def __iter__(self) -> Iterator[str]:
        return iter(self._by_id)

    def __len__(self) -> int:
        return len(self._by_id)

    def of(self, ticker: str) -> list[PaperOrder]:
        """Return the orders of one market, oldest first."""
        return list(self._by_ticker.get(ticker, {}).values())

    def tickers(self) -> set[str]:
        """Return the markets in which any order rests."""
        return set(self._by_ticker)


class Placed(msgspec.Struct, frozen=True):
    """What became of a new order: its fills, what rests, or the reason for a refusal."""

    order_id: str
    fills: tuple[Fill, ...] = ()
    rests: Count = NO_COUNT
    refusal: str = ""


@dataclass(slots=True)
class PaperBroker:
    """All paper orders of an account; ``next_id`` numbers orders and trades."""

    cancel_share: Fraction = RISK_AVERSE
    grid: FeeGrid = DIRECT
    next_id: int = 1
    resting: RestingOrders = field(default_factory=RestingOrders)
    _taken: dict[tuple[str, BookSide, Price], int] = field(default_factory=lambda: defaultdict(int))

    def place(self, intent: OrderIntent, book: OrderBook, rule: FeeRule, now_ns: int) -> Placed:
        """Take what crosses, rest what may rest."""
        order = PaperOrder(intent, self._name("order"), int(intent.count), Fraction(0))
        offers = self._offers(intent, book)
        available = sum(size for _, size in offers)
        if intent.post_only and available:
            return Placed(order.order_id, refusal="post only cross")
        if intent.time_in_force is TimeInForce.FOK and available < intent.count:
            return Placed(order.order_id, refusal="fill or kill insufficient resting volume")
        fills = []
        for price, size in offers:
            part = min(order.remaining, size)
            if not part:
                break
            self._taken[intent.ticker, intent.side.opposite, price] += part
            fills.append(self._fill(order, price, part, rule, is_taker=True, now_ns=now_ns))
        if intent.time_in_force is not TimeInForce.GTC or not order.remaining:
            return Placed(order.order_id, tuple(fills))
        order.ahead = Fraction(book.size(intent.side, intent.price))
        self.resting[order.order_id] = order
        return Placed(order.order_id, tuple(fills), Count(order.remaining))

    def cancel(self, order_id: str) -> Count | None:
        """Take an order off and return what was left of it; None when it does not rest."""
        order = self.resting.pop(order_id, None)
        return None if order is None else Count(order.remaining)

    def on_print(
        self, ticker: str, price: Price, count: Count, taker: BookSide, rule: FeeRule, now_ns: int
    ) -> list[Fill]:
        """Take a public trade: it drains queues, and fills orders that stood in its way.

        What one of our orders took of it is gone for those behind.
        """
        fills = []
        left = int(count)
        standing = self._standing(ticker, taker.opposite)
        standing.sort(key=lambda order: -order.intent.price * order.intent.side.sign)
        for order in standing:
            through = (order.intent.price - price) * order.intent.side.sign
            if through < 0:
                break
            part = left
            if through == 0:
                order.owed += int(count)
                drained = min(order.ahead, Fraction(part))
                order.ahead -= drained
                part = int(part - drained)
            part = min(part, order.remaining)
            left -= part
            if part > 0:
                fills.append(
                    self._fill(order, order.intent.price, part, rule, is_taker=False, now_ns=now_ns)
                )
            if not order.remaining:
                del self.resting[order.order_id]
        return fills

    def on_delta(self, ticker: str, side: BookSide, price: Price, delta: Count) -> None:
        """Take a change of a displayed size; growth stands behind us and is nothing to us."""
        if delta >= 0:
            return
        key = (ticker, side, price)
        if key in self._taken:
            self._taken[key] = max(0, self._taken[key] + delta)
        for order in self._standing(ticker, side):
            if order.intent.price != price:
                continue
            gone = -int(delta)
            paid = min(order.owed, gone)
            order.owed -= paid
            if self.cancel_share and gone > paid:
                order.ahead = max(Fraction(0), order.ahead - self.cancel_share * (gone - paid))

    def on_book(self, ticker: str, book: OrderBook) -> None:
        """Take a whole new book: nobody can be ahead beyond what is displayed."""
        for key in [key for key in self._taken if key[0] == ticker]:
            del self._taken[key]
        for order in self.resting.of(ticker):
            shown = Fraction(book.size(order.intent.side, order.intent.price))
            order.ahead = min(order.ahead, shown)
            order.owed = 0

    def taken(self, ticker: str, side: BookSide) -> dict[Price, Count]:
        """Return what we took of a side that is displayed still, by price."""
        return {
            price: Count(size)
            for (name, other, price), size in self._taken.items()
            if name == ticker and other is side and size
        }

    def forget(self, ticker: str) -> None:
        """Drop all that is known of a market that is over."""
        for key in [key for key in self._taken if key[0] == ticker]:
            del self._taken[key]
        for order in self.resting.of(ticker):
            del self.resting[order.order_id]

    def concerns(self) -> set[str]:
        """Return the markets whose books and trades matter: orders rest, or depth was taken."""
        return self.resting.tickers() | {
            ticker for (ticker, _, _), size in self._taken.items() if size
        }

    def report(self, order: PaperOrder, state: OrderState, now_ns: int) -> Order:
        """Return an order as an exchange would report it."""
        intent = order.intent
        return Order(
            order_id=order.order_id,
            client_order_id=intent.client_order_id,
            ticker=intent.ticker,
            side=intent.side,
            price=intent.price,
            initial_count=intent.count,
            filled=Count(order.filled),
            remaining=Count(order.remaining) if state is OrderState.RESTING else NO_COUNT,
            state=state,
            created_ns=intent.created_ns,
            updated_ns=now_ns,
        )

    def _offers(self, intent: OrderIntent, book: OrderBook) -> list[tuple[Price, int]]:
        """Return what crosses the order, best first, less what we took ourselves."""
        other = intent.side.opposite
        found = []
        for price, size in book.levels(other):
            if (intent.price - price) * intent.side.sign < 0:
                break
            left = size - self._taken.get((intent.ticker, other, price), 0)
            if left > 0:
                found.append((price, left))
        return found

    def _standing(self, ticker: str, side: BookSide) -> list[PaperOrder]:
        return [order for order in self.resting.of(ticker) if order.intent.side is side]

    def _fill(
        self,
        order: PaperOrder,
        price: Price,
        part: int,
        rule: FeeRule,
        *,
        is_taker: bool,
        now_ns: int,
    ) -> Fill:
        count = Count(part)
        fee = trade_fee(
            rule, price, count, is_taker=is_taker, now_ns=now_ns, step=self.grid.fee_step
        )
        revenue = Money(-order.intent.side.sign * price * count)
        charged = fill_fee(fee, revenue, accumulator=order.accumulator, grid=self.grid)
        order.accumulator = charged.accumulator
        order.remaining -= part
        order.filled += part
        return Fill(
            trade_id=self._name("trade"),
            order_id=order.order_id,
            client_order_id=order.intent.client_order_id,
            ticker=order.intent.ticker,
            side=order.intent.side,
            price=price,
            count=count,
            fee=charged.net,
            is_taker=is_taker,
            executed_ns=now_ns,
        )

    def _name(self, kind: str) -> str:
        number, self.next_id = self.next_id, self.next_id + 1
        return f"paper-{kind}-{number}"
