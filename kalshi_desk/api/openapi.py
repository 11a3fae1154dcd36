"""The OpenAPI document, made from the table of offers and the types that they answer."""

from __future__ import annotations

from functools import cache
from typing import Any

import msgspec

from kalshi_desk import __version__
from kalshi_desk.api.bodies import ConfigChange, Result, TradeBody
from kalshi_desk.api.offers import BASE, EVERYWHERE, FOR_BROWSERS, OFFERS, Offer
from kalshi_desk.api.replies import JSON

OPENAPI = "3.1.0"
_TEXT = """\
The local API of kalshi-desk. It listens on 127.0.0.1 only, and every call must carry the
token: `Authorization: Bearer TOKEN`. Calls under another host name and from pages of other
origins are refused.

Money and prices are dollars, quantities contracts; null is what is not known or not defined.
Times are ISO 8601 in UTC. All numbers are those that the screen shows at that moment.

A POST may carry an `Idempotency-Key`: repeated with the same key and body it happens once
and gets the same answer. `/stop-trading` and `/panic` take none: they happen each time.

**WebSocket** at `ws://127.0.0.1:PORT/` and `/ws`: send `{"type": "subscribe"}`, with
`"token": "TOKEN"` beside it where the header can't be set. Then come
`{"type": ..., "data": ..., "timestamp": ...}` of the types `status` (first, on each change and
every 5 seconds), `trade_executed`, `bot_output` and `bot_error` (what happens on the desk, in
words), and `config_updated`. A client that does not keep up is dropped.
"""
_REFUSALS = {
    400: "The request can't be understood.",
    401: "The token is missing or wrong.",
    403: "The call came under a foreign name or from a foreign page.",
    405: "This address takes other methods; see the header Allow.",
    408: "The body did not come in time.",
    409: "The desk refused, or the Idempotency-Key was used for another request.",
    413: "The body is too large.",
    415: "The body is no JSON.",
    422: "A value is not allowed; the text says what is. Nothing was changed.",
    429: "Too many calls; see the header Retry-After.",
    503: "The engine does not answer. Nothing was sent.",
    504: "The engine did not say how it ended: look before you repeat it.",
}
_ALWAYS = (400, 401, 403, 408, 413, 429)
_MUST_ASK = (503,)


@cache
def document() -> dict[str, Any]:
    """Return the OpenAPI document."""
    types = [_struct(offer.answers) for offer in OFFERS if not isinstance(offer.answers, str)]
    types += [offer.takes for offer in OFFERS if offer.takes is not None]
    kinds = list(dict.fromkeys([*types, Result, TradeBody]))
    _, components = msgspec.json.schema_components(
        kinds, ref_template="#/components/schemas/{name}"
    )
    components[ConfigChange.__name__]["minProperties"] = 1
    paths: dict[str, dict[str, Any]] = {}
    for offer in OFFERS:
        paths.setdefault(offer.path, {})[offer.method.lower()] = _operation(offer)
    return {
        "openapi": OPENAPI,
        "info": {"title": "kalshi-desk", "version": __version__, "description": _TEXT},
        "servers": [{"url": BASE}],
        "security": [{"token": []}],
        "paths": paths,
        "components": {
            "schemas": components,
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer"},
                "browser": {"type": "http", "scheme": "basic"},
            },
        },
    }


def _operation(offer: Offer) -> dict[str, Any]:
    told = [*_ALWAYS, *(() if offer.name in FOR_BROWSERS else _MUST_ASK)]
    operation: dict[str, Any] = {"operationId": offer.name, "summary": offer.summary}
    if offer.name in EVERYWHERE:
        operation["description"] = f"Also served at {offer.path} without {BASE}."
    if offer.name in FOR_BROWSERS:
        operation["security"] = [{"token": []}, {"browser": []}]
    if offer.method == "POST":
        told += [409, 504]
    if offer.method == "POST" and not offer.protective:
        operation["parameters"] = [
            {
                "name": "Idempotency-Key",
                "in": "header",
                "required": False,
                "description": "Makes a repeated request happen once.",
                "schema": {"type": "string", "pattern": "^[!-~]{1,200}$"},
            }
        ]
    if offer.takes is not None:
        told += [415, offer.refused or 409]
        operation["requestBody"] = {
            "required": True,
            "content": {JSON: {"schema": _reference(offer.takes)}},
        }
    refusals = {str(status): _refusal(status) for status in sorted(set(told))}
    answer = {"description": offer.summary, "content": _content(offer.answers)}
    operation["responses"] = {"200": answer, **refusals}
    if offer.name == "health":
        operation["responses"]["503"] = {
            "description": "The engine does not answer.",
            "content": _content(offer.answers),
        }
    return operation


def _content(answers: Any) -> dict[str, Any]:
    if isinstance(answers, str):
        schema: dict[str, Any] = {"type": "object"} if answers == JSON else {"type": "string"}
        return {answers: {"schema": schema}}
    struct = _struct(answers)
    schema = _reference(struct)
    if struct is not answers:
        schema = {"type": "array", "items": schema}
    return {JSON: {"schema": schema}}


def _refusal(status: int) -> dict[str, Any]:
    return {
        "description": _REFUSALS[status],
        "content": {JSON: {"schema": _reference(Result)}},
    }


def _struct(answers: Any) -> Any:
    """Return the struct of an answer, of each entry where it is a list."""
    return answers.__args__[0] if hasattr(answers, "__args__") else answers


def _reference(struct: Any) -> dict[str, Any]:
    return {"$ref": f"#/components/schemas/{struct.__name__}"}
