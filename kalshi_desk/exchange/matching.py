"""The matching engine: price-time priority in YES space, order rules, and what they change."""

from __future__ import annotations

from collections.abc import Callable
from copy import copy
from dataclasses import dataclass
from decimal import Decimal

from kalshi_desk.core.types import PRICE_SCALE
from kalshi_desk.exchange import collateral, grids
from kalshi_desk.exchange.amounts import ZERO, dollars
from kalshi_desk.exchange.book import Book, Side
from kalshi_desk.exchange.commands import NewOrder
from kalshi_desk.exchange.fees import FeeSchedule, ceil_to, fill_charge, model_fee
from kalshi_desk.exchange.ledger import Ledger
from kalshi_desk.exchange.notices import (
    Filled,
    LevelChanged,
    Notice,
    OrderChanged,
    PositionChanged,
    Traded,
)
from kalshi_desk.exchange.records import Fill, Market, Order, Position, Trade
from kalshi_desk.exchange.refusals import not_found, refused
from kalshi_desk.exchange.rules import Rules

_TRADES_KEPT = 400
_REJECTED = "fill_or_kill_insufficient_resting_volume"


@dataclass(slots=True)
class Outcome:
    """What an order did at once: how much it filled, for how much, at what fee."""

    order: Order
    filled: int = 0
    value: int = 0
    """Sum of YES price times count, micro-dollars."""
    fees: Decimal = ZERO


class MatchingEngine:
    """Books, resting orders and the one path by which contracts change hands."""

    def __init__(self, ledger: Ledger, markets: dict[str, Market], rules: Rules) -> None:
        self.ledger = ledger
        self.markets = markets
        self.rules = rules
        self.books: dict[str, Book] = {}
        self.open_orders: list[dict[int, Order]] = [{} for _ in ledger.accounts]
        self.gross_need: list[int] = [0 for _ in ledger.accounts]
        self.fee_of: dict[str, FeeSchedule] = {}
        self.notices: list[Notice] = []
        self.dirty: set[str] = set()
        self.next_order = 1
        self.next_trade = 1
        self.next_priority = 1
        self.trading_active = True
        self.exchange_active = True
        self.on_expiring: Callable[[Order], None] = lambda order: None

    def add_market(self, market: Market, schedule: FeeSchedule) -> None:
        """Make a market known, with an empty book."""
        self.markets[market.ticker] = market
        self.books[market.ticker] = Book()
        self.fee_of[market.ticker] = schedule

    def restore(self, orders: list[Order]) -> None:
        """Put resting orders back into the books, in the order of their priority."""
        for order in sorted(orders, key=lambda item: item.priority):
            self.books[order.ticker].side(order.is_bid).add(order)
            self._track(order)

    # -- order operations ---------------------------------------------------------------

    def place(self, new: NewOrder, now_ns: int) -> Outcome:
        """Accept an order, match it and rest what remains; raises ``Refusal``."""
        market = self._tradable(new.ticker, now_ns)
        self._check_client_id(new)
        if not grids.is_on_grid(market.structure, new.price):
            raise refused(400, "invalid_price")
        if new.count <= 0:
            raise refused(400, "invalid_order_size")
        count = self._reducible(new) if new.reduce_only else new.count
        side = self.books[new.ticker].side(not new.is_bid)
        if new.post_only and self._would_cross(side, new.price):
            raise refused(400, "invalid_order", details="post only cross")
        if new.time_in_force == "fill_or_kill":
            self._check_fill_or_kill(new, side)
        self._check_cash(new, side, count)
        order = self._make(new, count, now_ns)
        outcome = Outcome(order)
        if count == 0:
            self._kill(order, "ReduceOnlyCancel", now_ns)
            return outcome
        self._match(order, outcome, new.self_trade, now_ns)
        if order.remaining and new.time_in_force == "good_till_canceled":
            self._rest(order, now_ns)
            self._tell_order(order, "Trade" if outcome.filled else "")
        elif order.remaining:
            self._kill(order, "", now_ns)
        return outcome

    def cancel(self, owner: int, number: int, now_ns: int) -> tuple[Order, int]:
        """Cancel one resting order; return it and the count taken off the book."""
        order = self._resting(owner, number)
        self._check_open(self.markets[order.ticker], now_ns)
        return order, self.remove(order, "", now_ns)

    def cancel_all(self, owner: int, now_ns: int) -> int:
        """Cancel every resting order of an account that may be canceled; return how many."""
        orders = [
            order
            for order in self.open_orders[owner].values()
            if self._is_open(self.markets[order.ticker], now_ns)
        ]
        for order in orders:
            self.remove(order, "", now_ns)
        return len(orders)

    def decrease(self, owner: int, number: int, new_remaining: int, now_ns: int) -> Order:
        """Reduce a resting order's remaining count, keeping its queue position."""
        order = self._resting(owner, number)
        self._check_open(self.markets[order.ticker], now_ns)
        if new_remaining < 0 or new_remaining > order.remaining:
            raise refused(400, "invalid_order_size")
        if new_remaining == 0:
            if not self.rules.reduce_to_zero_cancels:
                raise refused(400, "invalid_order_size")
            self.remove(order, "Decrease", now_ns)
            return order
        self._take_off(order, order.remaining - new_remaining, now_ns)
        order.updated_ns = now_ns
        self._tell_order(order, "Decrease")
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
        order = self._resting(owner, number)
        market = self._tradable(order.ticker, now_ns)
        if not grids.is_on_grid(market.structure, price):
            raise refused(400, "invalid_price")
        remaining = total - order.filled
        if remaining <= 0:
            raise refused(400, "invalid_order_size")
        if expires_ns is not None:
            order.expires_ns = expires_ns
            self.on_expiring(order)
        outcome = Outcome(order)
        if price == order.price and remaining <= order.remaining:
            self._take_off(order, order.remaining - remaining, now_ns)
            order.initial = total
            order.updated_ns = now_ns
            self._tell_order(order, "Amend")
            return outcome
        self._requeue(order, price, remaining, total, outcome, now_ns)
        return outcome

    def remove(self, order: Order, reason: str, now_ns: int) -> int:
        """Take a resting order off the book for ``reason``; return its former remainder."""
        count = order.remaining
        self._take_off(order, count, now_ns)
        self._kill(order, reason, now_ns)
        return count

    # -- checks -------------------------------------------------------------------------

    def _is_open(self, market: Market, now_ns: int) -> bool:
        return market.status in {"active", "inactive"} and now_ns < market.close_ns

    def _check_open(self, market: Market, now_ns: int) -> None:
        if not self.exchange_active:
            raise refused(409, "exchange_is_paused")
        if not self._is_open(market, now_ns):
            raise refused(400, self.rules.market_inactive_code)

    def _tradable(self, ticker: str, now_ns: int) -> Market:
        market = self.markets.get(ticker)
        if market is None:
            raise refused(404, "market_not_found")
        self._check_open(market, now_ns)
        if not self.trading_active:
            raise refused(409, "trading_is_paused")
        if market.status != "active":
            raise refused(400, self.rules.market_inactive_code)
        return market

    def _check_client_id(self, new: NewOrder) -> None:
        if not new.client_id:
            return
        number = self.ledger.accounts[new.owner].client_ids.get(new.client_id)
        if number is None:
            return
        alive = number in self.open_orders[new.owner]
        if alive or self.rules.dead_client_ids_refused:
            raise refused(409, "order_already_exists")

    def _resting(self, owner: int, number: int) -> Order:
        order = self.open_orders[owner].get(number)
        if order is None:
            raise not_found()
        return order

    def _reducible(self, new: NewOrder) -> int:
        if new.time_in_force != "immediate_or_cancel":
            raise refused(400, "invalid_order", details="reduce only requires immediate_or_cancel")
        held = self.ledger.quantity(new.owner, new.ticker)
        return min(new.count, max(-held if new.is_bid else held, 0))

    @staticmethod
    def _would_cross(side: Side, price: int) -> bool:
        return side.best is not None and side.crosses(side.best, price)

    def _check_fill_or_kill(self, new: NewOrder, side: Side) -> None:
        found = 0
        for price in side.best_first():
            if not side.crosses(price, new.price) or found >= new.count:
                break
            for order in side.levels[price].orders.values():
                if order.owner == new.owner:
                    return
                found += order.remaining
        if found < new.count:
            if new.client_id and self.rules.killed_client_ids_refused:
                self.ledger.accounts[new.owner].client_ids[new.client_id] = 0
            raise refused(409, _REJECTED)

    def _check_cash(self, new: NewOrder, side: Side, count: int, *, replaces: int = 0) -> None:
        """Refuse what the account cannot pay: cash less other resting orders' needs."""
        account = self.ledger.accounts[new.owner]
        gross = self.gross_need[new.owner] + collateral.opening_cost(new.is_bid, new.price, count)
        rate = self.fee_of[new.ticker].taker
        if not account.keyed and account.cash > collateral.as_dollars(gross):
            return
        slices, fees = self._preview(new, side, count, rate)
        mine = [o for o in self.open_orders[new.owner].values() if o.number != replaces]
        held = {ticker: item.quantity for ticker, item in account.positions.items()}
        position = held.get(new.ticker, 0)
        same = [
            (order.price, order.remaining)
            for order in mine
            if order.ticker == new.ticker and order.is_bid == new.is_bid
        ]
        before = collateral.side_need(new.is_bid, [], same, position)
        after = collateral.side_need(new.is_bid, slices, same, position)
        if after <= before:
            return
        elsewhere = collateral.resting_need(mine, held) - before
        if account.cash < collateral.as_dollars(elsewhere + after) + fees:
            raise refused(400, "insufficient_balance")

    def _preview(
        self, new: NewOrder, side: Side, count: int, rate: Decimal
    ) -> tuple[list[collateral.Slice], Decimal]:
        """Return the slices an order would execute or rest at, and its taker fees at most."""
        slices: list[collateral.Slice] = []
        fees = ZERO
        left = count
        for price in side.best_first():
            if not left or not side.crosses(price, new.price):
                break
            taken = min(left, side.levels[price].total)
            left -= taken
            slices.append((price, taken))
            fees += ceil_to(model_fee(rate, price, taken), self.rules.fee_step)
        if left and new.time_in_force == "good_till_canceled":
            slices.append((new.price, left))
        return slices, fees

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
        )
        self.next_order += 1
        account = self.ledger.accounts[new.owner]
        if account.keyed:
            account.orders[order.number] = order
            if new.client_id:
                account.client_ids[new.client_id] = order.number
        return order

    def _match(self, order: Order, outcome: Outcome, mode: str, now_ns: int) -> None:
        side = self.books[order.ticker].side(not order.is_bid)
        while order.remaining:
            best = side.best
            if best is None or not side.crosses(best, order.price):
                return
            resting = next(iter(side.levels[best].orders.values()))
            if resting.owner == order.owner:
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
        self._level_notice(market, maker, price, -count, now_ns)
        trade = Trade(number, now_ns, price, count, taker.is_bid)
        self._print(market, trade)
        schedule = self.fee_of[taker.ticker]
        self._fill(market, maker, trade, is_taker=False, rate=schedule.maker)
        outcome.fees += self._fill(market, taker, trade, is_taker=True, rate=schedule.taker)
        outcome.filled += count
        outcome.value += price * count

    def _print(self, market: Market, trade: Trade) -> None:
        market.last_price = trade.price
        market.last_size = trade.count
        market.volume += trade.count
        market.dollar_volume += dollars(trade.price, trade.count)
        market.trades.append(trade)
        if len(market.trades) > _TRADES_KEPT * 2:
            del market.trades[:_TRADES_KEPT]
        self.notices.append(Traded(market.ticker, trade))

    def _fill(
        self, market: Market, order: Order, trade: Trade, *, is_taker: bool, rate: Decimal
    ) -> Decimal:
        """Book one side of a trade on its order and account; return the fee."""
        charge = fill_charge(
            rate,
            is_bid=order.is_bid,
            price=trade.price,
            count=trade.count,
            accumulator=order.rounding,
            rules=self.rules,
        )
        fee = charge.net
        order.rounding = charge.accumulator
        order.filled += trade.count
        order.updated_ns = trade.ts_ns
        unit = trade.price if order.is_bid else PRICE_SCALE - trade.price
        if is_taker:
            order.taker_cost += dollars(unit, trade.count)
            order.taker_fees += fee
        else:
            order.maker_cost += dollars(unit, trade.count)
            order.maker_fees += fee
        if not order.remaining:
            order.status = "executed"
        position = self.ledger.apply_fill(
            order.owner,
            market,
            is_bid=order.is_bid,
            price=trade.price,
            count=trade.count,
            fee=fee,
            now_ns=trade.ts_ns,
        )
        if self.ledger.accounts[order.owner].keyed:
            self._tell_fill(order, trade, position, fee, is_taker)
        return fee

    def _tell_fill(
        self, order: Order, trade: Trade, position: Position, fee: Decimal, is_taker: bool
    ) -> None:
        fill = Fill(
            trade=trade.number,
            order=order.number,
            ticker=order.ticker,
            is_bid=order.is_bid,
            price=trade.price,
            count=trade.count,
            is_taker=is_taker,
            fee=fee,
            ts_ns=trade.ts_ns,
        )
        self.ledger.accounts[order.owner].fills.append(fill)
        self.notices.append(Filled(order.owner, fill, order.client_id, position.quantity))
        if not is_taker or not order.remaining:
            self._tell_order(order, "Trade")
        self.tell_position(order.owner, position)

    def tell_position(self, owner: int, position: Position) -> None:
        """Announce a keyed account's position."""
        self.notices.append(
            PositionChanged(
                owner,
                position.ticker,
                position.quantity,
                position.cost,
                position.realized,
                position.fees,
                position.volume,
            )
        )

    def _requeue(
        self, order: Order, price: int, remaining: int, total: int, outcome: Outcome, now_ns: int
    ) -> None:
        """Give an amended order its new price and size at the end of the queue."""
        side = self.books[order.ticker].side(not order.is_bid)
        if order.post_only and self._would_cross(side, price):
            raise refused(400, "invalid_order", details="post only cross")
        new = NewOrder(
            owner=order.owner,
            ticker=order.ticker,
            is_bid=order.is_bid,
            price=price,
            count=remaining,
        )
        self._check_cash(new, side, remaining, replaces=order.number)
        self._take_off(order, order.remaining, now_ns)
        order.price, order.remaining, order.initial = price, remaining, total
        order.updated_ns = now_ns
        self._match(order, outcome, order.self_trade, now_ns)
        if order.remaining:
            self._rest(order, now_ns)
            self._tell_order(order, "Amend")

    def _rest(self, order: Order, now_ns: int) -> None:
        order.priority = self.next_priority
        self.next_priority += 1
        order.status = "resting"
        self.books[order.ticker].side(order.is_bid).add(order)
        self._track(order)
        market = self.markets[order.ticker]
        market.was_quoted = True
        self._level_notice(market, order, order.price, order.remaining, now_ns)

    def _take_off(self, order: Order, count: int, now_ns: int) -> None:
        if not count:
            return
        self._untrack_part(order, count)
        self.books[order.ticker].side(order.is_bid).shrink(order, count)
        self._level_notice(self.markets[order.ticker], order, order.price, -count, now_ns)

    def _kill(self, order: Order, reason: str, now_ns: int) -> None:
        order.remaining = 0
        order.status = "canceled"
        order.updated_ns = now_ns
        self._tell_order(order, reason)

    def _track(self, order: Order) -> None:
        self.open_orders[order.owner][order.number] = order
        self.gross_need[order.owner] += collateral.opening_cost(
            order.is_bid, order.price, order.remaining
        )
        if order.expires_ns:
            self.on_expiring(order)

    def _untrack_part(self, order: Order, count: int) -> None:
        self.gross_need[order.owner] -= collateral.opening_cost(order.is_bid, order.price, count)
        if count == order.remaining:
            del self.open_orders[order.owner][order.number]

    def _level_notice(
        self, market: Market, order: Order, price: int, delta: int, now_ns: int
    ) -> None:
        market.clock += 1
        self.dirty.add(market.ticker)
        self.notices.append(
            LevelChanged(
                market.ticker,
                order.is_bid,
                price,
                delta,
                market.clock,
                order.owner,
                order.client_id,
                now_ns,
            )
        )

    def _tell_order(self, order: Order, reason: str) -> None:
        if self.ledger.accounts[order.owner].keyed:
            self.notices.append(OrderChanged(order.owner, copy(order), reason))
