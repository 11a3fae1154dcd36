"""The administrator's surface on loopback: time, pauses, results, faults, ledger.

Every path begins with ``/admin/<token>``; the token is made at start and stands in the
``admin`` address of the ready line.  Bodies are JSON objects:

* ``GET health``, ``GET ledger``
* ``POST advance {"seconds": 900}``: time goes on without simulating the crowd
* ``POST pause {"what": "trading" | "exchange", "shard": 2}``, ``POST resume {"shard": 2}``;
  without a shard everywhere
* ``POST maintenance {"in_s": 0, "for_s": 600}``
* ``POST resolve {"ticker": T, "result": "yes" | "no" | "scalar", "value": 2500}``, settled
  after the market's timer (value of one YES in 1/10,000 dollar), ``POST dispute {"ticker": T}``,
  ``POST amend_result`` as ``resolve``
* ``POST market {"ticker": T, "active": false}``, ``POST close {"ticker": T, "in_s": 60}``,
  ``POST grid {"ticker": T, "structure": "deci_cent"}``
* ``POST waive {"ticker": T, "for_s": 60}``, ``POST fees {"series_ticker": S, "event_ticker": E,
  "fee_type": "quadratic", "fee_multiplier": 0.5, "in_s": 0}``
* ``POST news {"driver": "btc", "sizes": 2}``: a story now, which moves a hidden value by so many
  of its usual sizes, a negative number down
* ``POST member {"name": N, "cash": "1000.00", "key_type": "ed25519"}``: a new account with money
  from outside and a key, whose private half is in the answer
* ``POST order {"account": "maker-a", "ticker": T, "is_bid": true, "price": 4700, "count": 100}``
  for a member of the crowd (price in 1/10,000 dollar, count in 1/100 contract)
* ``POST fault {"kind": K, "count": 1, "seconds": 0}``: ``refuse``, ``lose``, ``delay`` for
  writes, ``latency``, ``limit`` for any call, ``cut``, ``gap``, ``overflow``, ``broken`` for every
  socket, ``drop``, ``duplicate``, ``reorder`` for its next frames; ``slow`` and ``skew`` last
  until ``seconds`` is 0
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from kalshi_desk.exchange.access import FULL_ACCESS, make_pair
from kalshi_desk.exchange.admin_markets import WORKS as MARKET_WORKS
from kalshi_desk.exchange.amounts import money6
from kalshi_desk.exchange.calendar import SECOND_NS
from kalshi_desk.exchange.commands import AddKey, AddMember, NewOrder, SetMaintenance, SetTrading
from kalshi_desk.exchange.faults import FRAME_FAULTS, STREAM_FAULTS
from kalshi_desk.exchange.halts import ALL_SHARDS
from kalshi_desk.exchange.host import Host
from kalshi_desk.exchange.ledger import locked
from kalshi_desk.exchange.listing import stable_uuid
from kalshi_desk.exchange.records import Account, ApiKey
from kalshi_desk.exchange.refusals import Refusal, bad_body
from kalshi_desk.exchange.rest_support import json_response

_LOOPBACK = {"127.0.0.1", "::1"}
Work = Callable[[Host, dict[str, Any]], dict[str, Any]]


def routes(host: Host, token: str) -> list[Route]:
    """Return the administrator's routes."""
    table: tuple[tuple[str, str, Work], ...] = (
        ("GET", "health", _health),
        ("GET", "ledger", _ledger),
        ("POST", "advance", _advance),
        ("POST", "pause", _pause),
        ("POST", "resume", _resume),
        ("POST", "maintenance", _maintenance),
        ("POST", "member", _member),
        ("POST", "order", _order),
        ("POST", "fault", _fault),
        *(("POST", name, _then_health(work)) for name, work in MARKET_WORKS.items()),
    )
    return [_route(host, method, f"/admin/{token}/{name}", work) for method, name, work in table]


def _route(host: Host, method: str, path: str, work: Work) -> Route:
    async def endpoint(request: Request) -> Response:
        now_ns = host.clock.signing_ns()
        try:
            if request.client is None or request.client.host not in _LOOPBACK:
                raise Refusal(403, {"msg": "loopback only"})
            body = await request.body()
            fields = msgspec.json.decode(body) if body else {}
            if not isinstance(fields, dict):
                raise bad_body("expected an object")
            return json_response(200, work(host, fields), now_ns)
        except msgspec.DecodeError as error:
            return json_response(400, {"msg": str(error)}, now_ns)
        except (KeyError, TypeError, ValueError) as error:
            return json_response(400, {"msg": f"missing or wrong field: {error}"}, now_ns)
        except Refusal as refusal:
            return json_response(refusal.status, refusal.body, now_ns)

    return Route(path, endpoint, methods=[method])


def _health(host: Host, fields: dict[str, Any]) -> dict[str, Any]:
    venue = host.venue
    active = [m for m in venue.engine.markets.values() if m.status == "active"]
    return {
        "active_markets": len(active),
        "exchange_active": venue.engine.exchange_active,
        "frames_sent": host.sent_frames(),
        "idle_s": round(host.idle_s(), 3),
        "now_ms": host.clock.now_ns() // 1_000_000,
        "open_sockets": host.open_sockets,
        "seed": venue.seed,
        "step": venue.step_number,
        "trading_active": venue.engine.trading_active,
    }


def _ledger(host: Host, fields: dict[str, Any]) -> dict[str, Any]:
    venue = host.venue
    return {
        "accounts": [
            {
                "cash": money6(account.funds),
                "fees_paid": money6(sum((p.fees for p in account.positions.values()), locked({}))),
                "name": account.name,
                "positions": {
                    ticker: position.quantity
                    for ticker, position in account.positions.items()
                    if position.quantity
                },
                "resting_orders": len(venue.engine.open_orders[account.number]),
            }
            for account in venue.ledger.accounts
        ],
        "cash": money6(venue.ledger.cash()),
        "collateral": money6(locked(venue.engine.markets)),
        "fees": money6(venue.ledger.fees),
        "holds": venue.total() == venue.opening_total,
        "opening_total": money6(venue.opening_total),
        "total": money6(venue.total()),
    }


def _advance(host: Host, fields: dict[str, Any]) -> dict[str, Any]:
    seconds = float(fields["seconds"])
    if not 0 < seconds <= 366 * 86_400:
        raise ValueError("seconds must be above 0 and at most a year")
    host.advance(seconds)
    return _health(host, fields)


def _then_health(work: Callable[[Host, dict[str, Any]], None]) -> Work:
    def run(host: Host, fields: dict[str, Any]) -> dict[str, Any]:
        work(host, fields)
        return _health(host, fields)

    return run


def _pause(host: Host, fields: dict[str, Any]) -> dict[str, Any]:
    """Pause ``what``: ``trading`` (the default) or ``exchange``, on one shard or everywhere."""
    engine = host.venue.engine
    whole = fields.get("what", "trading") == "exchange"
    host.execute(
        SetTrading(
            trading_active=False,
            exchange_active=engine.exchange_active and not whole,
            shard=int(fields.get("shard", ALL_SHARDS)),
        )
    )
    return _health(host, fields)


def _resume(host: Host, fields: dict[str, Any]) -> dict[str, Any]:
    shard = int(fields.get("shard", ALL_SHARDS))
    host.execute(SetTrading(trading_active=True, exchange_active=True, shard=shard))
    return _health(host, fields)


def _maintenance(host: Host, fields: dict[str, Any]) -> dict[str, Any]:
    """Enter a maintenance window that begins ``in_s`` from now and lasts ``for_s``."""
    start_ns = host.clock.now_ns() + int(float(fields.get("in_s", 0)) * SECOND_NS)
    end_ns = start_ns + int(float(fields["for_s"]) * SECOND_NS)
    host.execute(SetMaintenance(start_ns=start_ns, end_ns=end_ns))
    return _health(host, fields)


def _member(host: Host, fields: dict[str, Any]) -> dict[str, Any]:
    """Open an account for another person; the answer holds its key."""
    name, kind = str(fields["name"]), str(fields.get("key_type", "ed25519"))
    if kind not in {"ed25519", "rsa"}:
        raise ValueError("key_type must be ed25519 or rsa")
    try:
        cash = Decimal(str(fields["cash"]))
    except InvalidOperation as error:
        raise ValueError("cash must be dollars") from error
    account: Account = host.execute(AddMember(name=name, cash=cash))
    private, public = make_pair(kind)
    key: ApiKey = host.execute(
        AddKey(
            owner=account.number,
            key_id=stable_uuid("key", host.venue.seed, name),
            name=name,
            public_pem=public,
            scopes=sorted(FULL_ACCESS),
        )
    )
    host.keys.add_made(key)
    return {"key_id": key.key_id, "private_key": private, "user_id": account.user_id}


def _order(host: Host, fields: dict[str, Any]) -> dict[str, Any]:
    """Place an order for a member of the crowd, so that a test can make a certain fill."""
    names = {account.name: account.number for account in host.venue.ledger.accounts}
    new = msgspec.convert({**fields, "type": "create", "owner": names[fields["account"]]}, NewOrder)
    outcome = host.execute(new)
    return {"filled": outcome.filled, "remaining": outcome.order.remaining}


def _fault(host: Host, fields: dict[str, Any]) -> dict[str, Any]:
    """Let ``kind`` go wrong: in the next ``count`` calls or frames, or in every socket now."""
    kind, count = str(fields["kind"]), int(fields.get("count", 1))
    if kind in STREAM_FAULTS | FRAME_FAULTS:
        host.on_stream_fault(kind, count)
    else:
        host.faults.order(kind, count, float(fields.get("seconds", 0)))
    return _health(host, fields)
