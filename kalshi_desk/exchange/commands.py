"""Everything that changes the exchange from outside, as records that the command log keeps."""

from __future__ import annotations

import msgspec


class NewOrder(msgspec.Struct, kw_only=True, tag="create", omit_defaults=True):
    """An order as its owner asks for it, already decoded; prices and counts are scaled."""

    owner: int
    ticker: str
    is_bid: bool
    price: int
    count: int
    time_in_force: str = "good_till_canceled"
    self_trade: str = "taker_at_cross"
    client_id: str = ""
    post_only: bool = False
    reduce_only: bool = False
    expires_ns: int = 0
    cancel_on_pause: bool = False


class CancelOrder(msgspec.Struct, kw_only=True, frozen=True, tag="cancel"):
    """Cancel one order by number."""

    owner: int
    number: int


class CancelAll(msgspec.Struct, kw_only=True, frozen=True, tag="cancel_all"):
    """Cancel every resting order of an account."""

    owner: int


class DecreaseOrder(msgspec.Struct, kw_only=True, frozen=True, tag="decrease"):
    """Reduce an order by, or to, a count; exactly one is set."""

    owner: int
    number: int
    reduce_by: int | None = None
    reduce_to: int | None = None


class AmendOrder(msgspec.Struct, kw_only=True, frozen=True, tag="amend"):
    """Restate an order's price and total count, and optionally its expiry and client id."""

    owner: int
    number: int
    ticker: str
    is_bid: bool
    price: int
    total: int
    expires_ns: int | None = None
    client_id: str | None = None
    new_client_id: str | None = None


class SetTrading(msgspec.Struct, kw_only=True, frozen=True, tag="trading"):
    """Pause or resume trading, or the whole exchange."""

    trading_active: bool
    exchange_active: bool


class ResolveMarket(msgspec.Struct, kw_only=True, frozen=True, tag="resolve"):
    """Close a market now with a result; settlement follows after its timer."""

    ticker: str
    result: str


class SetMarketActive(msgspec.Struct, kw_only=True, frozen=True, tag="market_active"):
    """Deactivate or reactivate one market."""

    ticker: str
    active: bool


class Jump(msgspec.Struct, kw_only=True, frozen=True, tag="jump"):
    """Move time forward to a step without simulating the crowd in between."""

    to_step: int


Command = (
    NewOrder
    | CancelOrder
    | CancelAll
    | DecreaseOrder
    | AmendOrder
    | SetTrading
    | ResolveMarket
    | SetMarketActive
    | Jump
)
