"""The matching engine: price-time priority in YES space, order rules, and what they change."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

from kalshi_desk.exchange import admission, collateral, grids
from kalshi_desk.exchange.amounts import ZERO
from kalshi_desk.exchange.book import Book, Side
from kalshi_desk.exchange.booking import Booking
from kalshi_desk.exchange.commands import NewOrder
from kalshi_desk.exchange.fees import FeeSchedule
from kalshi_desk.exchange.groups import Groups
from kalshi_desk.exchange.ledger import Ledger
from kalshi_desk.exchange.records import Market, Order, Trade
from kalshi_desk.exchange.refusals import refused
from kalshi_desk.exchange.rules import Rules


@dataclass(slots=True)
class Outcome:
    """What an order did at once: how much it filled, for how much, at what fee."""

    order: Order
    filled: int = 0
    value: int = 0
    """Sum of YES price times count, micro-dollars."""
    fees: Decimal = ZERO


class MatchingEngine(Booking):
    """Books, resting orders and the one path by which contracts change hands."""

    def __init__(self, ledger: Ledger, markets: dict[str, Market], rules: Rules) -> None:
        super().__init__(ledger, markets, rules)
        self.next_order = 1
        self.next_trade = 1
        self.next_priority = 1
        self.order_groups = Groups(self, lambda: self.notices, self.remove)
        self.on_expiring: Callable[[Order], None] = lambda order: None

    def add_market(self, market: Market, schedule: FeeSchedule) -> None:
        """Make a market known, with an empty book."""
        self.markets[market.ticker] = market
        self.books[market.ticker] = Book()
        self.fee_of[market.ticker] = schedule

    def drop_market(self, ticker: str) -> None:
        """Forget a finalized market."""
        del self.markets[ticker]
        del self.books[ticker]
        del self.fee_of[ticker]

    def restore(self, orders: list[Order]) -> None:
        """Put resting orders back into the books, in the order of their priority."""
        for order in sorted(orders, key=lambda item: item.priority):
            self.books[order.ticker].side(order.is_bid).add(order)
            self._track(order)

    # -- order operations ---------------------------------------------------------------

    def place(self, new: NewOrder, now_ns: int) -> Outcome:
        """Accept an order, match it and rest what remains; raises ``Refusal``."""
        count = admission.admit(self, new, now_ns)
        order = self._make(new, count, now_ns)
        outcome = Outcome(order)
        if count == 0:
            self._kill(order, "ReduceOnlyCancel", now_ns)
            return outcome
        side = self.books[order.ticker].side(not order.is_bid)
        if order.post_only and admission.would_cross(side, order.price):
            self._kill(order, "PostOnlyCrossCancel", now_ns)
            return outcome
        self._match(order, outcome, new.self_trade, now_ns)
        if order.remaining and new.time_in_force == "good_till_canceled":
            self._rest(order, now_ns)
            self.tell_order(order, "Trade" if outcome.filled else "")
        elif order.remaining:
            self._kill(order, self.rules.remainder_reason, now_ns)
        return outcome

    def cancel(self, owner: int, number: int, now_ns: int) -> tuple[Order, int]:
        """Cancel one resting order; return it and the count taken off the book."""
        order = admission.resting(self, owner, number)
        admission.check_open(self, self.markets[order.ticker], now_ns)
        return order, self.remove(order, "", now_ns)

    def cancel_all(self, owner: int, now_ns: int) -> int:
        """Cancel every resting order of an account that may be canceled; return how many."""
        if not self.exchange_active:
            raise refused(409, "exchange_is_paused")
        orders = [
            order
            for order in self.open_orders[owner].values()
            if admission.is_open(self.markets[order.ticker], now_ns)
        ]
        for order in orders:
            self.remove(order, "", now_ns)
        return len(orders)

    def decrease(self, owner: int, number: int, new_remaining: int, now_ns: int) -> Order:
        """Reduce a resting order's remaining count, keeping its queue position."""
        order = admission.resting(self, owner, number)
        admission.check_open(self, self.markets[order.ticker], now_ns)
        if new_remaining < 0 or new_remaining > order.remaining:
            raise refused(400, "invalid_order_size")
        if new_remaining == 0:
            if not self.rules.reduce_to_zero_cancels:
                raise refused(400, "invalid_order_size")
            self.remove(order, "Decrease", now_ns)
            return order
        self._take_off(order, order.remaining - new_remaining, now_ns)
        order.updated_ns = now_ns
        self.tell_order(order, "Decrease")
        return order

    def amend(
        self,
        owner: int,
        number: int,
        *,
        price: int,
        total: int,
        expires_ns: int | None,
        now_ns: int,
    ) -> Outcome:
        """Change price, total count or expiry; a better price may trade at once."""
        order = admission.resting(self, owner, number)
        market = admission.tradable(self, order.ticker, now_ns)
        if not grids.is_on_grid(market.structure, price):
            raise refused(400, "invalid_price")
        remaining = total - order.filled
        if remaining <= 0:
            raise refused(400, "invalid_order_size")
        outcome = Outcome(order)
        is_smaller = price == order.price and remaining <= order.remaining
        keeps_queue = is_smaller and (
            self.rules.smaller_amend_keeps_queue or remaining == order.remaining
        )
        if not keeps_queue:
            self._check_requeue(order, price, remaining, now_ns)
        if expires_ns is not None:
            order.expires_ns = expires_ns
            self.on_expiring(order)
        if self.rules.amend_restates_initial:
            order.initial = total
        order.updated_ns = now_ns
        if keeps_queue:
            self._take_off(order, order.remaining - remaining, now_ns)
            self.tell_order(order, "Amend")
        else:
            self._requeue(order, price, remaining, outcome, now_ns)
        return outcome

    def remove(self, order: Order, reason: str, now_ns: int) -> int:
        """Take a resting order off the book for ``reason``; return its former remainder."""
        count = order.remaining
        self._take_off(order, count, now_ns)
        self._kill(order, reason, now_ns)
        return count

    # -- the book -----------------------------------------------------------------------

    def _make(self, new: NewOrder, count: int, now_ns: int) -> Order:
        order = Order(
            number=self.next_order,
            owner=new.owner,
            ticker=new.ticker,
            is_bid=new.is_bid,
            price=new.price,
            initial=new.count,
            remaining=count,
            created_ns=now_ns,
            updated_ns=now_ns,
            client_id=new.client_id,
            self_trade=new.self_trade,
            expires_ns=new.expires_ns,
            post_only=new.post_only,
            cancel_on_pause=new.cancel_on_pause,
            group=new.group,
        )
        self.next_order += 1
        account = self.ledger.accounts[new.owner]
        if account.keyed:
            account.orders[order.number] = order
            if new.client_id:
                primary = self.ledger.accounts[account.primary]
                primary.client_ids[new.client_id] = order.number
        return order

    def _match(self, order: Order, outcome: Outcome, mode: str, now_ns: int) -> None:
        side = self.books[order.ticker].side(not order.is_bid)
        while order.remaining:
            best = side.best
            if best is None or not side.crosses(best, order.price):
                return
            resting = next(iter(side.levels[best].orders.values()))
            if self.is_own(resting.owner, order.owner):
                if mode == "taker_at_cross":
                    self._kill(order, "SelfTradeCancel", now_ns)
                    return
                self.remove(resting, "SelfTradeCancel", now_ns)
                continue
            self._trade(order, resting, side, outcome, now_ns)

    def _trade(self, taker: Order, maker: Order, side: Side, outcome: Outcome, now_ns: int) -> None:
        market = self.markets[taker.ticker]
        count = min(taker.remaining, maker.remaining)
        price = maker.price
        number = self.next_trade
        self.next_trade += 1
        self._untrack_part(maker, count)
        side.shrink(maker, count)
        taker.remaining -= count
        self.tell_level(market, maker, price, -count, now_ns)
        trade = Trade(number, now_ns, price, count, taker.is_bid)
        self.print_trade(market, trade)
        schedule = self.fees_of(market, now_ns)
        self.book_fill(market, maker, trade, is_taker=False, rate=schedule.maker)
        outcome.fees += self.book_fill(market, taker, trade, is_taker=True, rate=schedule.taker)
        outcome.filled += count
        outcome.value += price * count
        if maker.group:
            self.order_groups.note_fill(maker, count, now_ns)
        if taker.group and self.order_groups.note_fill(taker, count, now_ns) and taker.remaining:
            self._kill(taker, "", now_ns)

    def _check_requeue(self, order: Order, price: int, remaining: int, now_ns: int) -> None:
        """Refuse an amended price or size that a new order would be refused for."""
        side = self.books[order.ticker].side(not order.is_bid)
        if order.post_only and admission.would_cross(side, price):
            raise refused(400, "invalid_order", details="post only cross")
        new = NewOrder(
            owner=order.owner,
            ticker=order.ticker,
            is_bid=order.is_bid,
            price=price,
            count=remaining,
        )
        admission.check_cash(self, new, side, remaining, now_ns, replaces=order.number)

    def _requeue(
        self, order: Order, price: int, remaining: int, outcome: Outcome, now_ns: int
    ) -> None:
        """Give an amended order its new price and size at the end of the queue."""
        self._take_off(order, order.remaining, now_ns)
        order.price, order.remaining = price, remaining
        self._match(order, outcome, order.self_trade, now_ns)
        if order.remaining:
            self._rest(order, now_ns)
            self.tell_order(order, "Amend")

    def _rest(self, order: Order, now_ns: int) -> None:
        order.priority = self.next_priority
        self.next_priority += 1
        order.status = "resting"
        self.books[order.ticker].side(order.is_bid).add(order)
        self._track(order)
        market = self.markets[order.ticker]
        market.was_quoted = True
        self.tell_level(market, order, order.price, order.remaining, now_ns)

    def _take_off(self, order: Order, count: int, now_ns: int) -> None:
        if not count:
            return
        self._untrack_part(order, count)
        self.books[order.ticker].side(order.is_bid).shrink(order, count)
        self.tell_level(self.markets[order.ticker], order, order.price, -count, now_ns)

    def _kill(self, order: Order, reason: str, now_ns: int) -> None:
        order.remaining = 0
        order.status = "canceled"
        order.updated_ns = now_ns
        self.tell_order(order, reason)

    def _track(self, order: Order) -> None:
        self.open_orders[order.owner][order.number] = order
        shard = self.markets[order.ticker].shard
        self.gross_need[order.owner][shard] += collateral.opening_cost(
            order.is_bid, order.price, order.remaining
        )
        if order.expires_ns:
            self.on_expiring(order)

    def _untrack_part(self, order: Order, count: int) -> None:
        shard = self.markets[order.ticker].shard
        self.gross_need[order.owner][shard] -= collateral.opening_cost(
            order.is_bid, order.price, count
        )
        if count == order.remaining:
            del self.open_orders[order.owner][order.number]
