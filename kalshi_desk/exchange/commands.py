"""Everything that changes the exchange from outside, as records that the command log keeps."""

from __future__ import annotations

from decimal import Decimal

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
    group: int = 0


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


class AddMember(msgspec.Struct, kw_only=True, frozen=True, tag="member"):
    """Open an account with cash (dollars) on shard 0 for a person with an API key."""

    name: str
    cash: Decimal


class AddSubaccount(msgspec.Struct, kw_only=True, frozen=True, tag="subaccount"):
    """Open the next subaccount of a member."""

    owner: int


class MoveMoney(msgspec.Struct, kw_only=True, frozen=True, tag="move"):
    """Move dollars between two of a member's subaccounts, or between shards."""

    owner: int
    client_id: str
    source: int
    """Number of the subaccount that gives."""
    destination: int
    source_shard: int
    destination_shard: int
    amount: Decimal
    between_subaccounts: bool = False


class ChangeGroup(msgspec.Struct, kw_only=True, frozen=True, tag="group"):
    """Create, reset, trigger, limit or delete an order group; a limit is in 1/100 contract."""

    owner: int
    action: str
    number: int = 0
    limit: int = 0
    shard: int = 0


class AddKey(msgspec.Struct, kw_only=True, frozen=True, tag="add_key"):
    """Let another key act for a member."""

    owner: int
    key_id: str
    name: str
    public_pem: str
    scopes: list[str]
    subaccount: int | None = None


class RemoveKey(msgspec.Struct, kw_only=True, frozen=True, tag="remove_key"):
    """Take a key away from a member."""

    owner: int
    key_id: str


class SetTrading(msgspec.Struct, kw_only=True, frozen=True, tag="trading"):
    """Pause or resume trading, on one shard (0 and up) or everywhere, or the whole exchange."""

    trading_active: bool
    exchange_active: bool
    shard: int = -1


class SetMaintenance(msgspec.Struct, kw_only=True, frozen=True, tag="maintenance"):
    """Enter a window in which trading is paused and sockets are closed."""

    start_ns: int
    end_ns: int


class ResolveMarket(msgspec.Struct, kw_only=True, frozen=True, tag="resolve"):
    """Close a market now with a result; settlement follows after its timer.

    ``value`` is what one YES contract is worth (1/10,000 dollar) when the result is scalar.
    """

    ticker: str
    result: str
    value: int = 0


class DisputeMarket(msgspec.Struct, kw_only=True, frozen=True, tag="dispute"):
    """Challenge a result: settlement waits."""

    ticker: str


class AmendResult(msgspec.Struct, kw_only=True, frozen=True, tag="amend_result"):
    """Give a determined or disputed market a result anew; its timer starts again."""

    ticker: str
    result: str
    value: int = 0


class MoveClose(msgspec.Struct, kw_only=True, frozen=True, tag="move_close"):
    """Move a market's close time; a closed market with a later one trades again."""

    ticker: str
    close_ns: int


class SetGrid(msgspec.Struct, kw_only=True, frozen=True, tag="grid"):
    """Change a market's price level structure; resting orders keep their prices."""

    ticker: str
    structure: str


class WaiveFees(msgspec.Struct, kw_only=True, frozen=True, tag="waive"):
    """Take no fees in a market until a time."""

    ticker: str
    until_ns: int


class ChangeFees(msgspec.Struct, kw_only=True, frozen=True, tag="fees"):
    """Change the fees of a series, or of one event, at a time; an empty type ends an override."""

    series_ticker: str
    event_ticker: str
    fee_type: str
    fee_multiplier: float | None
    at_ns: int


class SetMarketActive(msgspec.Struct, kw_only=True, frozen=True, tag="market_active"):
    """Deactivate or reactivate one market."""

    ticker: str
    active: bool


class TellStory(msgspec.Struct, kw_only=True, frozen=True, tag="story"):
    """Publish a story now that moves a hidden value by so many of its usual sizes."""

    driver: str
    sizes: float


class Jump(msgspec.Struct, kw_only=True, frozen=True, tag="jump"):
    """Move time forward to a step without simulating the crowd in between."""

    to_step: int


Command = (
    NewOrder
    | CancelOrder
    | CancelAll
    | DecreaseOrder
    | AmendOrder
    | AddMember
    | AddSubaccount
    | MoveMoney
    | ChangeGroup
    | AddKey
    | RemoveKey
    | SetTrading
    | SetMaintenance
    | ResolveMarket
    | DisputeMarket
    | AmendResult
    | MoveClose
    | SetGrid
    | WaiveFees
    | ChangeFees
    | SetMarketActive
    | TellStory
    | Jump
)
