"""Order groups over REST: create, list, read, limit, reset, trigger and delete."""

from __future__ import annotations

from starlette.routing import Route

from kalshi_desk.exchange import entry
from kalshi_desk.exchange.amounts import count_text
from kalshi_desk.exchange.commands import ChangeGroup
from kalshi_desk.exchange.groups import group_not_found
from kalshi_desk.exchange.host import Host
from kalshi_desk.exchange.records import OrderGroup
from kalshi_desk.exchange.rest_support import Answer, Call, Handler, read_body, route

_PATH = "/portfolio/order_groups"


def routes(host: Host) -> list[Route]:
    """Return the routes of order groups."""
    one = f"{_PATH}/{{order_group_id}}"
    table: tuple[tuple[str, str, Handler], ...] = (
        ("GET", _PATH, _list),
        ("POST", f"{_PATH}/create", _create),
        ("GET", one, _get),
        ("DELETE", one, _delete),
        ("PUT", f"{one}/reset", _reset),
        ("PUT", f"{one}/trigger", _trigger),
        ("PUT", f"{one}/limit", _limit),
    )
    return [
        route(host, method, path, handler, private=True, scope=_scope(method))
        for method, path, handler in table
    ]


def group_number(host: Host, group_id: str) -> int:
    """Return the number of a group from its public id; raises the 404."""
    venue = host.venue
    for number in venue.engine.groups:
        if venue.group_id(number) == group_id:
            return number
    raise group_not_found()


def _scope(method: str) -> str:
    return "read" if method == "GET" else "write::trade"


def _list(call: Call) -> Answer:
    venue = call.host.venue
    owners = {account.number for account in call.accounts()}
    rows = [
        {
            "contracts_limit_fp": count_text(group.limit),
            "exchange_index": group.shard,
            "id": venue.group_id(group.number),
            "is_auto_cancel_enabled": True,
        }
        for group in venue.engine.groups.values()
        if group.owner in owners
    ]
    return 200, {"order_groups": rows}


def _create(call: Call) -> Answer:
    body = read_body(call)
    account = call.account(entry.read_subaccount(body))
    group: OrderGroup = call.host.execute(
        ChangeGroup(
            owner=account.number,
            action="create",
            limit=entry.read_limit(body),
            shard=entry.read_shard(body) or 0,
        )
    )
    return 201, {
        "exchange_index": group.shard,
        "order_group_id": call.host.venue.group_id(group.number),
        "subaccount": account.subaccount,
    }


def _find(call: Call) -> OrderGroup:
    """Return the group a path names, as the subaccount and the shard asked for find it."""
    group = call.host.venue.engine.groups[group_number(call.host, call.path("order_group_id"))]
    is_theirs = group.owner in {account.number for account in call.accounts()}
    is_elsewhere = call.request.method != "GET" and group.shard != (call.shard() or 0)
    if not is_theirs or is_elsewhere:
        raise group_not_found()
    return group


def _get(call: Call) -> Answer:
    venue = call.host.venue
    group = _find(call)
    members = venue.engine.order_groups.members(group)
    return 200, {
        "contracts_limit_fp": count_text(group.limit),
        "exchange_index": group.shard,
        "is_auto_cancel_enabled": True,
        "orders": [venue.order_id(order.number) for order in members],
    }


def _change(call: Call, action: str, limit: int = 0) -> Answer:
    group = _find(call)
    call.host.execute(
        ChangeGroup(owner=group.owner, action=action, number=group.number, limit=limit)
    )
    return 200, {}


def _delete(call: Call) -> Answer:
    return _change(call, "delete")


def _reset(call: Call) -> Answer:
    return _change(call, "reset")


def _trigger(call: Call) -> Answer:
    return _change(call, "trigger")


def _limit(call: Call) -> Answer:
    return _change(call, "limit", entry.read_limit(read_body(call)))
