"""Subaccounts and moves of money between them and between shards, over REST."""

from __future__ import annotations

import uuid
from decimal import Decimal
from typing import Any

from starlette.routing import Route

from kalshi_desk.exchange import entry
from kalshi_desk.exchange.admission import resting_cash
from kalshi_desk.exchange.amounts import CENT, ZERO, cents, money4
from kalshi_desk.exchange.calendar import SECOND_NS
from kalshi_desk.exchange.commands import AddSubaccount, MoveMoney
from kalshi_desk.exchange.host import Host
from kalshi_desk.exchange.records import Account, Transfer
from kalshi_desk.exchange.refusals import not_found, refused
from kalshi_desk.exchange.rest_support import Answer, Call, Handler, page, read_body, route
from kalshi_desk.exchange.shards import SHARDS

_MOVES = "/portfolio/intra_exchange_instance_transfers"
_SUBACCOUNTS = "/portfolio/subaccounts"
_PER_DOLLAR = 10_000


def routes(host: Host) -> list[Route]:
    """Return the routes of subaccounts and transfers."""
    table: tuple[tuple[str, str, Handler], ...] = (
        ("POST", _SUBACCOUNTS, _create),
        ("POST", f"{_SUBACCOUNTS}/transfer", _transfer),
        ("GET", f"{_SUBACCOUNTS}/balances", _balances),
        ("GET", f"{_SUBACCOUNTS}/transfers", _transfers),
        ("POST", "/portfolio/intra_exchange_instance_transfer", _move),
        ("GET", _MOVES, _moves),
        ("GET", f"{_MOVES}/{{transfer_id}}", _one_move),
        ("GET", "/portfolio/deposits", _deposits),
        ("GET", "/portfolio/withdrawals", _withdrawals),
        ("GET", "/portfolio/summary/total_resting_order_value", _resting_value),
    )
    return [
        route(host, method, path, handler, private=True, scope=_scope(method))
        for method, path, handler in table
    ]


def _scope(method: str) -> str:
    return "read" if method == "GET" else "write::transfer"


def _create(call: Call) -> Answer:
    if call.body:
        read_body(call)
    account: Account = call.host.execute(AddSubaccount(owner=call.whole_member()))
    return 201, {"subaccount_number": account.subaccount}


def _balances(call: Call) -> Answer:
    host = call.host
    rows = [
        {
            "balance": money4(view.on_shard(shard)),
            "exchange_index": shard,
            "subaccount_number": view.subaccount,
            "updated_ts": host.replicas.as_of_ns() // SECOND_NS,
        }
        for account in host.venue.ledger.family(call.whole_member())
        for view in [host.replicas.view(account.number)]
        for shard in sorted({0, *view.purses})
    ]
    return 200, {"subaccount_balances": rows}


# -- between subaccounts ----------------------------------------------------------------


def _transfer(call: Call) -> Answer:
    fields = entry.Fields(read_body(call), "ApplySubaccountTransferRequest")
    shard = _shard(fields, "exchange_index")
    call.host.execute(
        MoveMoney(
            owner=call.whole_member(),
            client_id=_client_id(fields.required("client_transfer_id")),
            source=fields.whole("from_subaccount"),
            destination=fields.whole("to_subaccount"),
            source_shard=shard,
            destination_shard=shard,
            amount=_positive(fields.whole("amount_cents")) * CENT,
            between_subaccounts=True,
        )
    )
    return 200, {}


def _transfers(call: Call) -> Answer:
    accounts = call.host.venue.ledger.accounts
    found = _own(call, between_subaccounts=True)
    items, cursor = page(found, call, 100, 1_000)
    rows = [
        {
            "amount_cents": cents(item.amount),
            "created_ts": item.created_ns // SECOND_NS,
            "exchange_index": item.source_shard,
            "from_subaccount": accounts[item.source].subaccount,
            "to_subaccount": accounts[item.destination].subaccount,
            "transfer_id": call.host.venue.transfer_id(item.number),
        }
        for item in items
    ]
    return 200, {"cursor": cursor, "transfers": rows}


# -- between shards ---------------------------------------------------------------------


def _move(call: Call) -> Answer:
    fields = entry.Fields(read_body(call), "IntraExchangeInstanceTransferRequest")
    ends = {fields.required("source"), fields.required("destination")}
    if ends != {"event_contract"}:
        raise refused(403, "forbidden", message="this account has no margined funds")
    owner = call.whole_member()
    client_id = fields.optional("client_transfer_id")
    transfer: Transfer = call.host.execute(
        MoveMoney(
            owner=owner,
            client_id=_client_id(client_id) if client_id else str(uuid.uuid4()),
            source=fields.integer("source_subaccount") or 0,
            destination=fields.integer("destination_subaccount") or 0,
            source_shard=_shard(fields, "source_exchange_shard"),
            destination_shard=_shard(fields, "destination_exchange_shard"),
            amount=Decimal(_positive(fields.whole("amount"))) / _PER_DOLLAR,
        )
    )
    return 200, {"transfer_id": call.host.venue.transfer_id(transfer.number)}


def _moves(call: Call) -> Answer:
    items, cursor = page(_own(call, between_subaccounts=False), call, 100, 500)
    return 200, {"cursor": cursor, "transfers": [_move_json(call, item) for item in items]}


def _one_move(call: Call) -> Answer:
    wanted = call.path("transfer_id")
    as_of_ns = call.host.replicas.as_of_ns()
    for item in _own(call, between_subaccounts=False):
        is_readable = item.created_ns <= as_of_ns
        if is_readable and call.host.venue.transfer_id(item.number) == wanted:
            return 200, {"transfer": _move_json(call, item)}
    raise not_found()


def _move_json(call: Call, item: Transfer) -> dict[str, Any]:
    return {
        "amount": money4(item.amount),
        "client_transfer_id": item.client_id,
        "created_ts": item.created_ns // SECOND_NS,
        "destination": "event_contract",
        "destination_exchange_shard": item.destination_shard,
        "source": "event_contract",
        "source_exchange_shard": item.source_shard,
        "status": "complete" if item.is_done else "pending",
        "transfer_id": call.host.venue.transfer_id(item.number),
    }


# -- nothing comes in or goes out -------------------------------------------------------


def _deposits(call: Call) -> Answer:
    call.whole_member()
    call.limit(100, 500)
    return 200, {"cursor": "", "deposits": []}


def _withdrawals(call: Call) -> Answer:
    call.whole_member()
    call.limit(100, 500)
    return 200, {"cursor": "", "withdrawals": []}


def _resting_value(call: Call) -> Answer:
    engine = call.host.venue.engine
    family = call.host.venue.ledger.family(call.whole_member())
    shards = {shard: ZERO for account in family for shard in sorted({0, *account.purses})}
    for account in family:
        for shard in shards:
            shards[shard] += resting_cash(engine, account, shard)
    return 200, {
        "resting_order_value_breakdown": [
            {"balance": money4(value), "exchange_index": shard} for shard, value in shards.items()
        ],
        "total_resting_order_value": cents(sum(shards.values(), ZERO)),
    }


# -- reading the fields -----------------------------------------------------------------


def _own(call: Call, *, between_subaccounts: bool) -> list[Transfer]:
    """Return a member's transfers of one kind, the newest first."""
    owner = call.whole_member()
    return [
        item
        for item in reversed(call.host.venue.ledger.transfers)
        if item.user == owner and item.between_subaccounts == between_subaccounts
    ]


def _client_id(text: str) -> str:
    try:
        return str(uuid.UUID(text))
    except ValueError as error:
        raise refused(400, "invalid_parameters", details="client_transfer_id: no UUID") from error


def _positive(amount: int) -> int:
    if amount <= 0:
        raise refused(400, "invalid_parameters", details="the amount must be positive")
    return amount


def _shard(fields: entry.Fields, name: str) -> int:
    shard = fields.integer(name) or 0
    if all(shard != number for number, _ in SHARDS):
        raise refused(400, "invalid_parameters", details=f"{name}: no such exchange shard")
    return shard
