"""What an order must pass before it reaches the book: market, client id, grid, size, cash."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal

from kalshi_desk.exchange import collateral, grids
from kalshi_desk.exchange.amounts import ZERO
from kalshi_desk.exchange.book import Book, Side
from kalshi_desk.exchange.commands import NewOrder
from kalshi_desk.exchange.fees import NO_FEES, FeeSchedule, ceil_to, model_fee
from kalshi_desk.exchange.ledger import Ledger
from kalshi_desk.exchange.records import Account, Market, Order, OrderGroup
from kalshi_desk.exchange.refusals import Refusal, not_found, refused
from kalshi_desk.exchange.rules import Rules

_FEE_SLACK = Decimal(1)
_KILLED = "fill_or_kill_insufficient_resting_volume"


class Floor:
    """What the checks look at: accounts, markets, books, resting orders, and the two switches."""

    def __init__(self, ledger: Ledger, markets: dict[str, Market], rules: Rules) -> None:
        self.ledger = ledger
        self.markets = markets
        self.rules = rules
        self.books: dict[str, Book] = {}
        self.open_orders: list[dict[int, Order]] = [{} for _ in ledger.accounts]
        self.gross_need: list[Counter[int]] = [Counter() for _ in ledger.accounts]
        """By shard, the micro-dollars an account's resting orders would lock if all opened."""
        self.fee_of: dict[str, FeeSchedule] = {}
        self.groups: dict[int, OrderGroup] = {}
        self.next_group = 1
        self.trading_active = True
        self.exchange_active = True
        self.paused_shards: set[int] = set()
        """Shards on which trading alone is paused."""

    def add_account(self) -> None:
        """Make room for an account that the ledger has got."""
        self.open_orders.append({})
        self.gross_need.append(Counter())

    def is_trading(self, shard: int) -> bool:
        """Return whether orders may be placed on a shard."""
        return self.exchange_active and self.trading_active and shard not in self.paused_shards

    def is_own(self, one: int, other: int) -> bool:
        """Return whether orders of two accounts count as one member's."""
        if one == other:
            return True
        accounts = self.ledger.accounts
        return (
            self.rules.self_trade_spans_subaccounts
            and accounts[one].primary == accounts[other].primary
        )

    def fees_of(self, market: Market, now_ns: int) -> FeeSchedule:
        """Return the fees of a market now: none while they are waived."""
        return NO_FEES if now_ns < market.waived_until_ns else self.fee_of[market.ticker]

    def check_free_cash(self, owner: int, shard: int, amount: Decimal) -> None:
        """Refuse to take away what a shard lacks or what its resting orders may need."""
        account = self.ledger.accounts[owner]
        if account.on_shard(shard) - resting_cash(self, account, shard) < amount:
            raise refused(400, "insufficient_balance")


def admit(floor: Floor, new: NewOrder, now_ns: int) -> int:
    """Return the count that a new order may execute or rest; raises ``Refusal``."""
    market = tradable(floor, new.ticker, now_ns)
    _check_client_id(floor, new)
    _check_group(floor, new, market)
    if not grids.is_on_grid(market.structure, new.price):
        raise refused(400, "invalid_price")
    if new.count <= 0:
        raise refused(400, "invalid_order_size")
    count = _reducible(floor, new) if new.reduce_only else new.count
    side = floor.books[new.ticker].side(not new.is_bid)
    if new.post_only and would_cross(side, new.price) and not floor.rules.post_only_cross_cancels:
        raise refused(400, "invalid_order", details="post only cross")
    if new.time_in_force == "fill_or_kill":
        _check_fill_or_kill(floor, new, side, count)
    elif new.time_in_force == "immediate_or_cancel" and not floor.rules.empty_ioc_is_created:
        _check_something_to_hit(side, new)
    check_cash(floor, new, side, count, now_ns)
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
    if not floor.trading_active or market.shard in floor.paused_shards:
        raise refused(floor.rules.trading_paused_status, "trading_is_paused")
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


def resting_cash(floor: Floor, account: Account, shard: int) -> Decimal:
    """Return the dollars that an account's resting orders on a shard may need."""
    held = {ticker: item.quantity for ticker, item in account.positions.items()}
    return collateral.as_dollars(
        collateral.resting_need(_resting_on(floor, account.number, shard), held)
    )


def check_cash(
    floor: Floor, new: NewOrder, side: Side, count: int, now_ns: int, *, replaces: int = 0
) -> None:
    """Refuse what the account cannot pay: cash less what its other resting orders may need.

    Only cash and orders of the market's shard count.  What only closes a position needs no
    cash.  ``replaces`` is an order that goes away.
    """
    account = floor.ledger.accounts[new.owner]
    market = floor.markets[new.ticker]
    cash = account.on_shard(market.shard)
    if _is_plenty(floor, new, count, cash, market):
        return
    crossing, rest, fees = _preview(floor, new, side, count, now_ns)
    mine = [
        order for order in _resting_on(floor, new.owner, market.shard) if order.number != replaces
    ]
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
    if floor.rules.reserves_fees:
        fees += _resting_fees(floor, mine, rest, market)
    if cash < collateral.as_dollars(elsewhere + after - proceeds) + fees:
        raise _too_little(floor, account, market.shard)


def _is_plenty(floor: Floor, new: NewOrder, count: int, cash: Decimal, market: Market) -> bool:
    """Return whether cash covers everything even if all orders opened, at the highest fee.

    This spares a member with hundreds of resting orders from having them all priced again.
    """
    gross = floor.gross_need[new.owner][market.shard]
    gross += collateral.opening_cost(new.is_bid, new.price, count)
    fee = floor.fee_of[new.ticker].taker / 4 * count / 100 + _FEE_SLACK
    return not floor.rules.reserves_fees and cash > collateral.as_dollars(gross) + fee


def _check_client_id(floor: Floor, new: NewOrder) -> None:
    if not new.client_id:
        return
    accounts = floor.ledger.accounts
    primary = accounts[new.owner].primary
    number = accounts[primary].client_ids.get(new.client_id)
    if number is None:
        return
    is_alive = any(
        number in floor.open_orders[account.number] for account in floor.ledger.family(primary)
    )
    if is_alive or floor.rules.dead_client_ids_refused:
        raise refused(409, "order_already_exists")


def _reducible(floor: Floor, new: NewOrder) -> int:
    allowed = {"immediate_or_cancel"}
    if floor.rules.reduce_only_takes_fill_or_kill:
        allowed.add("fill_or_kill")
    if new.time_in_force not in allowed:
        raise refused(400, "invalid_order", details="reduce only requires immediate_or_cancel")
    held = floor.ledger.quantity(new.owner, new.ticker)
    return min(new.count, max(-held if new.is_bid else held, 0))


def _check_group(floor: Floor, new: NewOrder, market: Market) -> None:
    if not new.group:
        return
    group = floor.groups.get(new.group)
    if group is None or group.owner != new.owner or group.shard != market.shard:
        raise refused(404, "order_group_not_found")
    if group.is_triggered:
        raise refused(400, "exceeded_order_group_risk_limit")


def _check_something_to_hit(side: Side, new: NewOrder) -> None:
    if not would_cross(side, new.price):
        raise refused(409, "immediate_or_cancel_insufficient_resting_volume")


def _resting_on(floor: Floor, owner: int, shard: int) -> list[Order]:
    mine = floor.open_orders[owner].values()
    return [order for order in mine if floor.markets[order.ticker].shard == shard]


def _resting_fees(
    floor: Floor, mine: list[Order], rest: list[collateral.Slice], market: Market
) -> Decimal:
    """Return the maker fees at most of what rests and is to rest."""
    step = floor.rules.fee_step
    fees = ZERO
    for price, count in rest:
        fees += ceil_to(model_fee(floor.fee_of[market.ticker].maker, price, count), step)
    for order in mine:
        rate = floor.fee_of[order.ticker].maker
        fees += ceil_to(model_fee(rate, order.price, order.remaining), step)
    return fees


def _too_little(floor: Floor, account: Account, shard: int) -> Refusal:
    if account.knows(shard):
        return refused(400, "insufficient_balance")
    return refused(
        floor.rules.shard_balance_status,
        "insufficient_shard_balance",
        details="Exchange user not found: move money to this shard first",
    )


def _check_fill_or_kill(floor: Floor, new: NewOrder, side: Side, count: int) -> None:
    """Refuse what cannot fill in full; an order that meets its owner's is treated as IOC."""
    found = 0
    for price in side.best_first():
        if not side.crosses(price, new.price) or found >= count:
            break
        for order in side.levels[price].orders.values():
            if floor.is_own(order.owner, new.owner):
                return
            found += order.remaining
    if found < count:
        if new.client_id and floor.rules.killed_client_ids_refused:
            accounts = floor.ledger.accounts
            accounts[accounts[new.owner].primary].client_ids[new.client_id] = 0
        raise refused(floor.rules.fill_or_kill_status, _KILLED)


def _preview(
    floor: Floor, new: NewOrder, side: Side, count: int, now_ns: int
) -> tuple[list[collateral.Slice], list[collateral.Slice], Decimal]:
    """Return the slices an order would execute, what would rest, and its taker fees at most."""
    rate = floor.fees_of(floor.markets[new.ticker], now_ns).taker
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
