"""API keys over REST: list, generate and delete; uploading one's own needs a higher tier."""

from __future__ import annotations

import uuid
from typing import Any

from starlette.routing import Route

from kalshi_desk.exchange import entry
from kalshi_desk.exchange.access import FULL_ACCESS, SCOPES, make_pair
from kalshi_desk.exchange.commands import AddKey, RemoveKey
from kalshi_desk.exchange.host import Host
from kalshi_desk.exchange.records import ApiKey
from kalshi_desk.exchange.refusals import Refusal, not_found, refused
from kalshi_desk.exchange.rest_support import Answer, Call, read_body, route

_PATH = "/api_keys"
_MOST_KEYS = 50


def routes(host: Host) -> list[Route]:
    """Return the routes of API keys."""
    return [
        route(host, "GET", _PATH, _list, private=True),
        route(host, "POST", _PATH, _upload, private=True),
        route(host, "POST", f"{_PATH}/generate", _generate, private=True),
        route(host, "DELETE", f"{_PATH}/{{api_key}}", _delete, private=True),
    ]


def _list(call: Call) -> Answer:
    rows: list[dict[str, Any]] = [
        {
            "api_key_id": grant.key_id,
            "name": grant.name,
            "scopes": sorted(grant.scopes),
            "subaccount": grant.subaccount,
        }
        for grant in call.host.keys.of(call.whole_member())
    ]
    return 200, {"api_key_region_expiration_ts": None, "api_keys": rows}


def _upload(call: Call) -> Answer:
    call.whole_member()
    raise refused(403, "forbidden", message="your usage tier cannot upload its own public keys")


def _generate(call: Call) -> Answer:
    owner = call.whole_member()
    body = read_body(call)
    fields = entry.Fields(body, "GenerateApiKeyRequest")
    kind = fields.optional("key_type") or "rsa"
    if kind not in {"rsa", "ed25519"}:
        raise _invalid("key_type must be rsa or ed25519")
    subaccount = fields.integer("subaccount")
    if subaccount is not None and call.host.venue.ledger.subaccount(owner, subaccount) is None:
        raise _invalid("subaccount not found")
    name, scopes = fields.required("name"), _scopes(body)
    if len(call.host.keys.of(owner)) >= _MOST_KEYS:
        raise _invalid(f"no more than {_MOST_KEYS} keys")
    private, public = make_pair(kind)
    key: ApiKey = call.host.execute(
        AddKey(
            owner=owner,
            key_id=str(uuid.uuid4()),
            name=name,
            public_pem=public,
            scopes=scopes,
            subaccount=subaccount,
        )
    )
    call.host.keys.add_made(key)
    return 201, {
        "api_key_id": key.key_id,
        "key_type": kind,
        "private_key": private,
        "warning": None,
    }


def _scopes(body: dict[str, Any]) -> list[str]:
    scopes = body.get("scopes")
    if scopes is None:
        return sorted(FULL_ACCESS)
    if not isinstance(scopes, list) or not scopes or not set(map(str, scopes)) <= SCOPES:
        raise _invalid("scopes: not known")
    return sorted(map(str, scopes))


def _delete(call: Call) -> Answer:
    owner, key_id = call.whole_member(), call.path("api_key")
    if all(grant.key_id != key_id for grant in call.host.keys.of(owner)):
        raise not_found()
    if all(key.key_id != key_id for key in call.host.venue.api_keys):
        raise refused(
            403, "forbidden", message="the key of the exchange's key folder cannot be deleted"
        )
    call.host.execute(RemoveKey(owner=owner, key_id=key_id))
    call.host.keys.remove(key_id)
    return 204, None


def _invalid(details: str) -> Refusal:
    return refused(400, "invalid_parameters", details=details)
