"""What an order must pass before it reaches the book: market, client id, grid, size, cash."""

from __future__ import annotations

from decimal import Decimal

from kalshi_desk.exchange import collateral, grids
from kalshi_desk.exchange.amounts import ZERO
from kalshi_desk.exchange.book import Book, Side
from kalshi_desk.exchange.commands import NewOrder
from kalshi_desk.exchange.fees import FeeSchedule, ceil_to, model_fee
from kalshi_desk.exchange.ledger import Ledger
from kalshi_desk.exchange.records import Market, Order
from kalshi_desk.exchange.refusals import not_found, refused
from kalshi_desk.exchange.rules import Rules

_KILLED = "fill_or_kill_insufficient_resting_volume"


class Floor:
    """What the checks look at: accounts, markets, books, resting orders, and the two switches."""

    def __init__(self, ledger: Ledger, markets: dict[str, Market], rules: Rules) -> None:
        self.ledger = ledger
        self.markets = markets
        self.rules = rules
        self.books: dict[str, Book] = {}
        self.open_orders: list[dict[int, Order]] = [{} for _ in ledger.accounts]
        self.gross_need: list[int] = [0 for _ in ledger.accounts]
        """Micro-dollars each account's resting orders would lock if all of them opened."""
        self.fee_of: dict[str, FeeSchedule] = {}
        self.trading_active = True
        self.exchange_active = True


def admit(floor: Floor, new: NewOrder, now_ns: int) -> int:
    """Return the count that a new order may execute or rest; raises ``Refusal``."""
    market = tradable(floor, new.ticker, now_ns)
    _check_client_id(floor, new)
    if not grids.is_on_grid(market.structure, new.price):
        raise refused(400, "invalid_price")
    if new.count <= 0:
        raise refused(400, "invalid_order_size")
    count = _reducible(floor, new) if new.reduce_only else new.count
    side = floor.books[new.ticker].side(not new.is_bid)
    if new.post_only and would_cross(side, new.price):
        raise refused(400, "invalid_order", details="post only cross")
    if new.time_in_force == "fill_or_kill":
        _check_fill_or_kill(floor, new, side)
    check_cash(floor, new, side, count)
    return count


def is_open(market: Market, now_ns: int) -> bool:
    """Return whether orders of a market may still be canceled."""
    return market.status in {"active", "inactive"} and now_ns < market.close_ns


def check_open(floor: Floor, market: Market, now_ns: int) -> None:
    """Refuse any order operation in a closed market or a paused exchange."""
    if not floor.exchange_active:
        raise refused(409, "exchange_is_paused")
    if not is_open(market, now_ns):
        raise refused(400, floor.rules.market_inactive_code)


def tradable(floor: Floor, ticker: str, now_ns: int) -> Market:
    """Return a market that takes orders now."""
    market = floor.markets.get(ticker)
    if market is None:
        raise refused(404, "market_not_found")
    check_open(floor, market, now_ns)
    if not floor.trading_active:
        raise refused(409, "trading_is_paused")
    if market.status != "active":
        raise refused(400, floor.rules.market_inactive_code)
    return market


def resting(floor: Floor, owner: int, number: int) -> Order:
    """Return a resting order of an account; the 404 is the same for every dead one."""
    order = floor.open_orders[owner].get(number)
    if order is None:
        raise not_found()
    return order


def would_cross(side: Side, price: int) -> bool:
    """Return whether an order at a price would trade at once against a side."""
    return side.best is not None and side.crosses(side.best, price)


def check_cash(floor: Floor, new: NewOrder, side: Side, count: int, *, replaces: int = 0) -> None:
    """Refuse what the account cannot pay: cash less what its other resting orders may need.

    What only closes a position needs no cash.  ``replaces`` is an order that goes away.
    """
    account = floor.ledger.accounts[new.owner]
    gross = floor.gross_need[new.owner] + collateral.opening_cost(new.is_bid, new.price, count)
    if not account.keyed and account.cash > collateral.as_dollars(gross):
        return
    crossing, rest, fees = _preview(floor, new, side, count)
    mine = [order for order in floor.open_orders[new.owner].values() if order.number != replaces]
    held = {ticker: item.quantity for ticker, item in account.positions.items()}
    position = held.get(new.ticker, 0)
    same = [
        (order.price, order.remaining)
        for order in mine
        if order.ticker == new.ticker and order.is_bid == new.is_bid
    ]
    before = collateral.side_need(new.is_bid, [], same, position)
    after = collateral.side_need(new.is_bid, crossing, [*same, *rest], position)
    if after <= before:
        return
    elsewhere = collateral.resting_need(mine, held) - before
    proceeds = collateral.closing_proceeds(new.is_bid, crossing, position)
    if account.cash < collateral.as_dollars(elsewhere + after - proceeds) + fees:
        raise refused(400, "insufficient_balance")


def _check_client_id(floor: Floor, new: NewOrder) -> None:
    if not new.client_id:
        return
    number = floor.ledger.accounts[new.owner].client_ids.get(new.client_id)
    if number is None:
        return
    is_alive = number in floor.open_orders[new.owner]
    if is_alive or floor.rules.dead_client_ids_refused:
        raise refused(409, "order_already_exists")


def _reducible(floor: Floor, new: NewOrder) -> int:
    if new.time_in_force != "immediate_or_cancel":
        raise refused(400, "invalid_order", details="reduce only requires immediate_or_cancel")
    held = floor.ledger.quantity(new.owner, new.ticker)
    return min(new.count, max(-held if new.is_bid else held, 0))


def _check_fill_or_kill(floor: Floor, new: NewOrder, side: Side) -> None:
    """Refuse what cannot fill in full; an order that meets its owner's is treated as IOC."""
    found = 0
    for price in side.best_first():
        if not side.crosses(price, new.price) or found >= new.count:
            break
        for order in side.levels[price].orders.values():
            if order.owner == new.owner:
                return
            found += order.remaining
    if found < new.count:
        if new.client_id and floor.rules.killed_client_ids_refused:
            floor.ledger.accounts[new.owner].client_ids[new.client_id] = 0
        raise refused(409, _KILLED)


def _preview(
    floor: Floor, new: NewOrder, side: Side, count: int
) -> tuple[list[collateral.Slice], list[collateral.Slice], Decimal]:
    """Return the slices an order would execute, what would rest, and its taker fees at most."""
    rate = floor.fee_of[new.ticker].taker
    crossing: list[collateral.Slice] = []
    fees = ZERO
    left = count
    for price in side.best_first():
        if not left or not side.crosses(price, new.price):
            break
        taken = min(left, side.levels[price].total)
        left -= taken
        crossing.append((price, taken))
        fees += ceil_to(model_fee(rate, price, taken), floor.rules.fee_step)
    rests = left and new.time_in_force == "good_till_canceled"
    return crossing, [(new.price, left)] if rests else [], fees
