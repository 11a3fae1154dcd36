"""Bodies of order changes, order groups, subaccounts, transfers and API keys."""

from __future__ import annotations

import msgspec


class AmendedBody(msgspec.Struct):
    """Answer to an amend; counts only when it filled or changed the size."""

    order_id: str
    fill_count: str | None = None
    remaining_count: str | None = None


class DecreasedBody(msgspec.Struct):
    """Answer to a decrease."""

    order_id: str
    remaining_count: str


class ItemError(msgspec.Struct):
    """Why one item of a batch failed."""

    code: str | None = None
    message: str | None = None
    details: str | None = None


class CreatedItem(msgspec.Struct):
    """One row of a batch create; with ``error`` nothing else means anything."""

    order_id: str | None = None
    client_order_id: str | None = None
    fill_count: str | None = None
    remaining_count: str | None = None
    error: ItemError | None = None


class CreatedItems(msgspec.Struct):
    """Answer to a batch create, in the order of the request."""

    orders: list[CreatedItem]


class CanceledItem(msgspec.Struct):
    """One row of a batch cancel."""

    order_id: str
    reduced_by: str = "0"
    error: ItemError | None = None


class CanceledItems(msgspec.Struct):
    """Answer to a batch cancel, in the order of the request."""

    orders: list[CanceledItem]


class QueueBody(msgspec.Struct):
    """Answer of one order's queue position."""

    queue_position_fp: str


class Nothing(msgspec.Struct):
    """An answer without content that matters."""


class GroupRow(msgspec.Struct):
    """One order group of the list."""

    id: str
    contracts_limit_fp: str | None = None
    exchange_index: int | None = None


class GroupsAnswer(msgspec.Struct):
    """Answer of ``GET /portfolio/order_groups``."""

    order_groups: list[GroupRow] | None = None


class GroupAnswer(msgspec.Struct):
    """Answer of one order group: its members' order ids."""

    orders: list[str] | None = None
    contracts_limit_fp: str | None = None
    exchange_index: int | None = None


class GroupCreated(msgspec.Struct):
    """Answer to the creation of an order group."""

    order_group_id: str
    exchange_index: int | None = None


class SubaccountCreated(msgspec.Struct):
    """Answer of ``POST /portfolio/subaccounts``."""

    subaccount_number: int


class SubaccountBalance(msgspec.Struct):
    """Cash of one subaccount on one shard, in dollars."""

    subaccount_number: int
    balance: str
    exchange_index: int | None = None


class SubaccountBalances(msgspec.Struct):
    """Answer of ``GET /portfolio/subaccounts/balances``."""

    subaccount_balances: list[SubaccountBalance] | None = None


class SubaccountTransfer(msgspec.Struct):
    """Money moved between subaccounts, in cents."""

    transfer_id: str
    from_subaccount: int
    to_subaccount: int
    amount_cents: int
    created_ts: int = 0
    exchange_index: int | None = None


class SubaccountTransfers(msgspec.Struct):
    """Answer of ``GET /portfolio/subaccounts/transfers``."""

    transfers: list[SubaccountTransfer] | None = None
    cursor: str | None = None


class ShardTransfer(msgspec.Struct):
    """Money moved between shards, in dollars."""

    transfer_id: str
    amount: str
    status: str
    client_transfer_id: str | None = None
    source_exchange_shard: int = 0
    destination_exchange_shard: int = 0
    created_ts: int = 0


class ShardTransfers(msgspec.Struct):
    """Answer of ``GET /portfolio/intra_exchange_instance_transfers``."""

    transfers: list[ShardTransfer] | None = None
    cursor: str | None = None


class ShardTransferAnswer(msgspec.Struct):
    """Answer of one move between shards."""

    transfer: ShardTransfer


class ShardTransferMade(msgspec.Struct):
    """Answer to a move between shards."""

    transfer_id: str


class NettingRow(msgspec.Struct):
    """Whether collateral of exclusive markets is returned in one subaccount."""

    subaccount_number: int
    enabled: bool
    exchange_index: int | None = None


class NettingAnswer(msgspec.Struct):
    """Answer of ``GET /portfolio/subaccounts/netting``."""

    netting_configs: list[NettingRow] | None = None


class KeyRow(msgspec.Struct):
    """One API key."""

    api_key_id: str
    name: str = ""
    scopes: list[str] | None = None
    subaccount: int | None = None


class KeysAnswer(msgspec.Struct):
    """Answer of ``GET /api_keys``."""

    api_keys: list[KeyRow] | None = None
    api_key_region_expiration_ts: int | None = None


class KeyMade(msgspec.Struct):
    """Answer of ``POST /api_keys/generate``; the private key is told this once."""

    api_key_id: str
    private_key: str
