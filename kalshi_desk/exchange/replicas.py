"""What members read about themselves: copies of their accounts that follow the engine late."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from copy import copy
from dataclasses import dataclass
from decimal import Decimal

from kalshi_desk.exchange.notices import Notice, OrderChanged, PositionChanged
from kalshi_desk.exchange.records import Account, Fill, Order, Position, Settlement


@dataclass(frozen=True, slots=True)
class _Change:
    """What became different in one account at one time."""

    at_ns: int
    cash: Decimal
    purses: dict[int, Decimal]
    orders: list[Order]
    positions: list[Position]
    fills: list[Fill]
    settlements: list[Settlement]


class _Replica:
    """One account as its owner reads it."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self.view = Account(
            number=account.number,
            name=account.name,
            user_id=account.user_id,
            keyed=account.keyed,
            cash=account.cash,
            purses=dict(account.purses),
            user=account.user,
            subaccount=account.subaccount,
            positions={ticker: copy(item) for ticker, item in account.positions.items()},
            fills=list(account.fills),
            settlements=list(account.settlements),
            orders={number: copy(order) for number, order in account.orders.items()},
        )
        self._waiting: deque[_Change] = deque()
        self._fills = len(account.fills)
        self._settlements = len(account.settlements)
        self._money = (account.cash, dict(account.purses))

    def note(self, orders: set[int], tickers: set[str], now_ns: int) -> None:
        """Queue what changed, to be read later."""
        account = self._account
        money = (account.cash, dict(account.purses))
        if not orders and not tickers and money == self._money:
            return
        self._waiting.append(
            _Change(
                at_ns=now_ns,
                cash=account.cash,
                purses=money[1],
                orders=[copy(account.orders[number]) for number in sorted(orders)],
                positions=[copy(account.positions[ticker]) for ticker in sorted(tickers)],
                fills=account.fills[self._fills :],
                settlements=account.settlements[self._settlements :],
            )
        )
        self._money = money
        self._fills, self._settlements = len(account.fills), len(account.settlements)

    def catch_up(self, until_ns: int) -> None:
        """Take in the changes up to a time."""
        view = self.view
        while self._waiting and self._waiting[0].at_ns <= until_ns:
            change = self._waiting.popleft()
            view.cash, view.purses = change.cash, change.purses
            view.orders.update((order.number, order) for order in change.orders)
            view.positions.update((item.ticker, item) for item in change.positions)
            view.fills.extend(change.fills)
            view.settlements.extend(change.settlements)


class Replicas:
    """The copies of all accounts of people."""

    def __init__(self, accounts: list[Account], lag_ms: int, clock_ns: Callable[[], int]) -> None:
        self._accounts = accounts
        self._lag_ns = lag_ms * 1_000_000
        self._clock_ns = clock_ns
        self._replicas: dict[int, _Replica] = {}
        self._find()

    def as_of_ns(self) -> int:
        """Return the time up to which every change can be read."""
        return self._clock_ns() - self._lag_ns

    def view(self, number: int) -> Account:
        """Return an account as its owner reads it now."""
        replica = self._replicas[number]
        replica.catch_up(self.as_of_ns())
        return replica.view

    def note(self, notices: list[Notice], now_ns: int) -> None:
        """Take note of what a step or a command changed."""
        orders: dict[int, set[int]] = {}
        tickers: dict[int, set[str]] = {}
        for notice in notices:
            if isinstance(notice, OrderChanged):
                orders.setdefault(notice.owner, set()).add(notice.order.number)
            elif isinstance(notice, PositionChanged):
                tickers.setdefault(notice.owner, set()).add(notice.ticker)
        for number, replica in self._replicas.items():
            replica.note(orders.get(number, set()), tickers.get(number, set()), now_ns)
            replica.catch_up(now_ns - self._lag_ns)
        self._find()

    def _find(self) -> None:
        for account in self._accounts:
            if account.keyed and account.number not in self._replicas:
                self._replicas[account.number] = _Replica(account)
