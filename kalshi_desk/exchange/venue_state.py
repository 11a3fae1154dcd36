"""What survives a restart of the exchange, and what a new exchange begins with."""

from __future__ import annotations

from decimal import Decimal
from random import Random

import msgspec

from kalshi_desk.exchange import beliefs
from kalshi_desk.exchange.amounts import ZERO
from kalshi_desk.exchange.catalog_wide import templates_for, terms_for
from kalshi_desk.exchange.crowd import CROWD_NAMES
from kalshi_desk.exchange.listing import series_record, stable_uuid
from kalshi_desk.exchange.news import Wire
from kalshi_desk.exchange.records import (
    Account,
    ApiKey,
    Driver,
    Event,
    FeeChange,
    Market,
    Order,
    OrderGroup,
    Series,
    Transfer,
)
from kalshi_desk.exchange.rules import Rules

DESK = 0
"""The number of the account that people trade with."""
STATE_FORMAT = 3
_DESK_CASH = {0: Decimal(6_000), 2: Decimal(2_000), 3: Decimal(2_000)}
_CROWD_CASH = {0: Decimal(15_000_000), 2: Decimal(5_000_000), 3: Decimal(5_000_000)}
_CROWD_CASH_MARKETS = 100
"""How many markets that cash is meant for."""


class VenueState(msgspec.Struct, kw_only=True):
    """Everything that must survive a restart; books are rebuilt from the resting orders."""

    format: int
    seed: int
    origin_ns: int
    step: int
    markets_wanted: int = 0
    """How many markets are to be open at least; 0 for the usual ones."""
    book_rate: float = 0.0
    """Book changes a second that the crowd makes; 0 for its usual pace."""
    generation: int = 0
    """Which pieces of the state file belong to it; 0 for a state that is in one piece."""
    accounts: list[Account]
    fees: Decimal
    opening_total: Decimal
    series: dict[str, Series]
    events: dict[str, Event]
    markets: dict[str, Market]
    drivers: dict[str, Driver]
    resting: list[Order]
    next_order: int
    next_trade: int
    next_priority: int
    trading_active: bool
    exchange_active: bool
    sharded: bool = False
    """Whether series live on several shards; a state of format 1 has one only."""
    paused_shards: list[int] = []
    transfers: list[Transfer] = []
    groups: dict[int, OrderGroup] = {}
    next_group: int = 1
    fee_changes: list[FeeChange] = []
    api_keys: list[ApiKey] = []
    maintenance: list[list[int]] = []
    """Start and end (ns) of maintenance windows."""
    wire: Wire = msgspec.field(default_factory=Wire)


def new_state(
    seed: int,
    origin_ns: int,
    start_ns: int,
    rules: Rules,
    *,
    markets: int = 0,
    book_rate: float = 0.0,
) -> VenueState:
    """Return an exchange with its members and no market yet, as it is at ``start_ns``."""
    templates = templates_for(markets)
    accounts = [_account(DESK, "desk", _DESK_CASH, seed, rules, keyed=True)]
    for number, name in enumerate(CROWD_NAMES, start=1):
        accounts.append(_account(number, name, _CROWD_CASH, seed, rules, keyed=False))
    endow(accounts, 0, markets)
    return VenueState(
        format=STATE_FORMAT,
        seed=seed,
        origin_ns=origin_ns,
        step=0,
        markets_wanted=markets,
        book_rate=book_rate,
        accounts=accounts,
        fees=ZERO,
        opening_total=sum((account.funds for account in accounts), ZERO),
        series={
            template.series: series_record(template, sharded=rules.sharding)
            for template in templates
        },
        events={},
        markets={},
        drivers=beliefs.new_drivers(Random(seed), start_ns, terms_for(templates)),
        resting=[],
        next_order=1,
        next_trade=1,
        next_priority=1,
        trading_active=True,
        exchange_active=True,
        sharded=rules.sharding,
    )


def endow(accounts: list[Account], before: int, markets: int) -> Decimal:
    """Give the crowd, which quotes every market, money for more of them; return the dollars."""
    times = max(markets // _CROWD_CASH_MARKETS, 1) - max(before // _CROWD_CASH_MARKETS, 1)
    given = ZERO
    for account in accounts[1 : len(CROWD_NAMES) + 1]:
        for shard, amount in _CROWD_CASH.items():
            account.pay(shard if shard in account.purses else 0, amount * times)
            given += amount * times
    return given


def _account(
    number: int, name: str, cash: dict[int, Decimal], seed: int, rules: Rules, *, keyed: bool
) -> Account:
    elsewhere = {shard: amount for shard, amount in cash.items() if shard and rules.sharding}
    return Account(
        number=number,
        name=name,
        user_id=stable_uuid("user", seed, name),
        keyed=keyed,
        cash=sum(cash.values(), ZERO) - sum(elsewhere.values(), ZERO),
        purses=elsewhere,
    )
