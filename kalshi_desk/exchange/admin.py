"""The administrator's surface on loopback: time, pauses, results, faults, ledger.

Every path begins with ``/admin/<token>``; the token is made at start and stands in the
``admin`` address of the ready line.  Bodies are JSON objects:

* ``GET health``, ``GET ledger``
* ``POST advance {"seconds": 900}``: time goes on without simulating the crowd
* ``POST pause {"what": "trading" | "exchange"}``, ``POST resume {}``
* ``POST resolve {"ticker": T, "result": "yes" | "no"}``, settled after the market's timer
* ``POST market {"ticker": T, "active": false}``
* ``POST order {"account": "maker-a", "ticker": T, "is_bid": true, "price": 4700, "count": 100}``
  for a member of the crowd (price in 1/10,000 dollar, count in 1/100 contract)
* ``POST fault {"kind": "refuse" | "lose" | "delay", "count": 1, "seconds": 0}`` for order
  writes, ``{"kind": "cut" | "gap" | "overflow"}`` for sockets
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from kalshi_desk.exchange.amounts import money6
from kalshi_desk.exchange.commands import NewOrder, ResolveMarket, SetMarketActive, SetTrading
from kalshi_desk.exchange.faults import STREAM_FAULTS
from kalshi_desk.exchange.host import Host
from kalshi_desk.exchange.ledger import locked
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
        ("POST", "resolve", _resolve),
        ("POST", "market", _market),
        ("POST", "order", _order),
        ("POST", "fault", _fault),
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
                "cash": money6(account.cash),
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


def _pause(host: Host, fields: dict[str, Any]) -> dict[str, Any]:
    """Pause ``what``: ``trading`` (the default) or ``exchange``."""
    engine = host.venue.engine
    whole = fields.get("what", "trading") == "exchange"
    host.execute(
        SetTrading(trading_active=False, exchange_active=engine.exchange_active and not whole)
    )
    return _health(host, fields)


def _resume(host: Host, fields: dict[str, Any]) -> dict[str, Any]:
    host.execute(SetTrading(trading_active=True, exchange_active=True))
    return _health(host, fields)


def _resolve(host: Host, fields: dict[str, Any]) -> dict[str, Any]:
    result = fields["result"]
    if result not in {"yes", "no"}:
        raise ValueError("result must be yes or no")
    host.execute(ResolveMarket(ticker=str(fields["ticker"]), result=result))
    return _health(host, fields)


def _market(host: Host, fields: dict[str, Any]) -> dict[str, Any]:
    """Deactivate or reactivate one market."""
    host.execute(SetMarketActive(ticker=str(fields["ticker"]), active=bool(fields["active"])))
    return _health(host, fields)


def _order(host: Host, fields: dict[str, Any]) -> dict[str, Any]:
    """Place an order for a member of the crowd, so that a test can make a certain fill."""
    names = {account.name: account.number for account in host.venue.ledger.accounts}
    new = msgspec.convert({**fields, "type": "create", "owner": names[fields["account"]]}, NewOrder)
    outcome = host.execute(new)
    return {"filled": outcome.filled, "remaining": outcome.order.remaining}


def _fault(host: Host, fields: dict[str, Any]) -> dict[str, Any]:
    """Let ``kind`` go wrong: in the next ``count`` order writes, or in every socket now."""
    kind = str(fields["kind"])
    if kind in STREAM_FAULTS:
        host.on_stream_fault(kind)
    else:
        host.faults.order(kind, int(fields.get("count", 1)), float(fields.get("seconds", 0)))
    return _health(host, fields)
