"""Accounts, cash and positions: netting of YES and NO pairs, locked dollars, fees, settlement.

A pair of one YES and one NO contract locks one dollar while it exists.  Cash of all accounts
on all shards plus money on its way plus the dollars locked in pairs plus the fees taken is the
same number after every event.
"""

from __future__ import annotations

from decimal import ROUND_FLOOR, ROUND_HALF_UP, Decimal

from kalshi_desk.core.types import PRICE_SCALE
from kalshi_desk.exchange.amounts import CENT, ZERO, contracts, dollars, floor_micro
from kalshi_desk.exchange.records import Account, Market, Position, Settlement, Transfer


class Ledger:
    """The money of the exchange."""

    def __init__(
        self,
        accounts: list[Account],
        fees: Decimal = ZERO,
        transfers: list[Transfer] | None = None,
    ) -> None:
        self.accounts = accounts
        self.fees = fees
        self.transfers = transfers if transfers is not None else []

    def subaccount(self, user: int, number: int) -> Account | None:
        """Return a member's subaccount, 0 being the primary account."""
        if number == 0:
            return self.accounts[user]
        return next((item for item in self.family(user) if item.subaccount == number), None)

    def family(self, user: int) -> list[Account]:
        """Return a member's primary account and its subaccounts."""
        return [account for account in self.accounts if account.primary == user]

    def position(self, owner: int, ticker: str) -> Position:
        """Return an account's position in a market, made empty when there is none."""
        positions = self.accounts[owner].positions
        found = positions.get(ticker)
        if found is None:
            found = positions[ticker] = Position(ticker=ticker)
        return found

    def quantity(self, owner: int, ticker: str) -> int:
        """Return an account's signed position without making one."""
        found = self.accounts[owner].positions.get(ticker)
        return found.quantity if found is not None else 0

    def apply_fill(
        self,
        owner: int,
        market: Market,
        *,
        is_bid: bool,
        price: int,
        count: int,
        fee: Decimal,
        now_ns: int,
    ) -> Position:
        """Book one side of a trade: close pairs first, open the rest, take the fee."""
        account = self.accounts[owner]
        position = self.position(owner, market.ticker)
        long_before = max(position.quantity, 0)
        held = position.quantity if not is_bid else -position.quantity
        closing = min(count, held) if held > 0 else 0
        unit = price if is_bid else PRICE_SCALE - price
        if closing:
            account.pay(market.shard, _close(position, PRICE_SCALE - unit, closing))
        if count > closing:
            account.pay(market.shard, -_open(position, unit, count - closing))
        position.quantity += count if is_bid else -count
        position.fees += fee
        position.volume += count
        position.updated_ns = now_ns
        account.pay(market.shard, -fee)
        self.fees += fee
        market.open_interest += max(position.quantity, 0) - long_before
        return position

    def settle(
        self, market: Market, yes_value: Decimal, now_ns: int, rounding: str = "floor"
    ) -> list[int]:
        """Pay every net position of a determined market; return the accounts that held one.

        Whole cents are paid; what a scalar value leaves over goes to the fees.
        """
        paid: list[int] = []
        for account in self.accounts:
            position = account.positions.get(market.ticker)
            if position is None or position.settled:
                continue
            self._settle_one(account, position, market, yes_value, now_ns, rounding)
            paid.append(account.number)
            if not account.keyed:
                del account.positions[market.ticker]
        market.open_interest = 0
        return paid

    def _settle_one(
        self,
        account: Account,
        position: Position,
        market: Market,
        yes_value: Decimal,
        now_ns: int,
        rounding: str,
    ) -> None:
        held = position.quantity
        value = yes_value if held > 0 else 1 - yes_value
        exact = contracts(abs(held)) * value
        mode = ROUND_HALF_UP if rounding == "nearest" else ROUND_FLOOR
        revenue = exact.quantize(CENT, rounding=mode)
        account.pay(market.shard, revenue)
        self.fees += exact - revenue
        if account.keyed and (held or position.volume):
            account.settlements.append(
                Settlement(
                    ticker=market.ticker,
                    event_ticker=market.event_ticker,
                    result=market.result,
                    yes_count=max(held, 0),
                    yes_cost=position.cost if held > 0 else ZERO,
                    no_count=max(-held, 0),
                    no_cost=position.cost if held < 0 else ZERO,
                    revenue=revenue,
                    fees=position.fees + exact - revenue,
                    value=market.settlement_value,
                    ts_ns=now_ns,
                )
            )
        position.realized += revenue - position.cost
        position.cost = ZERO
        position.quantity = 0
        position.settled = True
        position.updated_ns = now_ns

    def cash(self) -> Decimal:
        """Return the cash of all accounts on all shards."""
        return sum((account.funds for account in self.accounts), ZERO)

    def on_the_way(self) -> Decimal:
        """Return the dollars that have left one place and not reached the other."""
        return sum((item.amount for item in self.transfers if not item.is_done), ZERO)

    def total(self, markets: dict[str, Market]) -> Decimal:
        """Return cash plus locked dollars plus fees: the number that never changes."""
        return self.cash() + self.on_the_way() + locked(markets) + self.fees


def locked(markets: dict[str, Market]) -> Decimal:
    """Return the dollars that open pairs lock: one for each."""
    return contracts(sum(market.open_interest for market in markets.values()))


def _close(position: Position, proceeds_price: int, count: int) -> Decimal:
    """Take ``count`` contracts off a position at average cost; return the cash it brings."""
    held = abs(position.quantity)
    released = (
        position.cost if count == held else floor_micro(position.cost * count / Decimal(held))
    )
    proceeds = dollars(proceeds_price, count)
    position.cost -= released
    position.realized += proceeds - released
    position.traded += proceeds
    return proceeds


def _open(position: Position, unit_price: int, count: int) -> Decimal:
    """Add ``count`` contracts of one outcome at its price; return the cash it costs."""
    paid = dollars(unit_price, count)
    position.cost += paid
    position.traded += paid
    position.opened_cost += paid
    position.opened_count += count
    return paid
