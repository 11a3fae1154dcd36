"""What the exchange says beyond markets and orders, as records with units."""

from __future__ import annotations

import msgspec

from kalshi_desk.core.types import Count, Money, Price


class Ohlc(msgspec.Struct, frozen=True):
    """Open, high, low and close in 1/10,000 dollar."""

    open: Price
    high: Price
    low: Price
    close: Price


class Candle(msgspec.Struct, frozen=True, kw_only=True):
    """One period of a market that ended at ``end_s`` (Unix seconds).

    ``bid`` and ``ask`` are YES quotes, ``price`` the trades; each is None where there was
    nothing.  ``previous`` is the last traded price before the period.
    """

    end_s: int
    bid: Ohlc | None
    ask: Ohlc | None
    price: Ohlc | None
    mean: Price | None
    previous: Price | None
    volume: Count
    open_interest: Count


class Cutoff(msgspec.Struct, frozen=True, kw_only=True):
    """Times (ns) before which things are found under ``/historical`` only; 0 where unknown."""

    markets_ns: int = 0
    trades_ns: int = 0
    orders_ns: int = 0
    positions_ns: int = 0


class Amended(msgspec.Struct, frozen=True):
    """An order after an amend; the counts are None where the exchange left them as they were."""

    order_id: str
    filled: Count | None
    remaining: Count | None


class OrderGroup(msgspec.Struct, frozen=True, kw_only=True):
    """A breaker: more than ``limit`` filled in 15 seconds cancels its orders."""

    group_id: str
    limit: Count | None
    shard: int
    orders: tuple[str, ...] = ()


class SubaccountCash(msgspec.Struct, frozen=True, kw_only=True):
    """Cash of one subaccount on one exchange shard."""

    subaccount: int
    shard: int
    cash: Money


class Transfer(msgspec.Struct, frozen=True, kw_only=True):
    """Money moved between shards or subaccounts; not ``is_complete`` while on its way."""

    transfer_id: str
    client_transfer_id: str
    amount: Money
    is_complete: bool
    created_s: int
    source_shard: int = 0
    destination_shard: int = 0
    source_subaccount: int = 0
    destination_subaccount: int = 0


class KeyInfo(msgspec.Struct, frozen=True, kw_only=True):
    """An API key: what it may do, and the one subaccount it is locked to, if any."""

    key_id: str
    name: str
    scopes: tuple[str, ...]
    subaccount: int | None


class KeyList(msgspec.Struct, frozen=True, kw_only=True):
    """All API keys, and when the account's attestation of its place lapses (ns, 0: never)."""

    keys: tuple[KeyInfo, ...]
    attestation_ns: int


class NewKey(msgspec.Struct, frozen=True, kw_only=True):
    """A generated key; its private half is told once and never printed."""

    key_id: str
    private_key_pem: str

    def __repr__(self) -> str:
        return f"NewKey(key_id={self.key_id!r})"


class Window(msgspec.Struct, frozen=True, kw_only=True):
    """A time from ``start_ns`` to ``end_ns``."""

    start_ns: int
    end_ns: int


class Schedule(msgspec.Struct, frozen=True, kw_only=True):
    """When the exchange trades: weekly hours (Eastern time) by day, and maintenance."""

    hours: dict[str, tuple[tuple[str, str], ...]]
    maintenance: tuple[Window, ...]


class FeeChange(msgspec.Struct, frozen=True, kw_only=True):
    """A scheduled change of fees of a series, or of one event."""

    series_ticker: str
    event_ticker: str
    fee_type: str
    multiplier: str
    at_ns: int


class Milestone(msgspec.Struct, frozen=True, kw_only=True):
    """Something that happens at a time and decides events: a game, a release, a ceremony."""

    milestone_id: str
    kind: str
    category: str
    title: str
    start_ns: int
    end_ns: int
    events: tuple[str, ...]
    primary_events: tuple[str, ...]
    details: dict[str, object]


class StructuredTarget(msgspec.Struct, frozen=True, kw_only=True):
    """What a strike of type ``structured`` stands for: a team, a player, a place."""

    target_id: str
    name: str
    kind: str
    details: dict[str, object]


class LiveData(msgspec.Struct, frozen=True, kw_only=True):
    """What is going on in a milestone or an event; ``details`` depend on ``kind``."""

    kind: str
    subject: str
    details: dict[str, object]


class Incentive(msgspec.Struct, frozen=True, kw_only=True):
    """A programme that pays for liquidity or volume in one market."""

    incentive_id: str
    ticker: str
    kind: str
    reward: Money
    start_ns: int
    end_ns: int
    is_paid: bool
    target: Count | None
