"""The OpenAPI document as a page: no script, nothing fetched from anywhere."""

from __future__ import annotations

import base64
import hashlib
import html
from functools import cache
from typing import Any

from kalshi_desk.api.openapi import document

_STYLE = """
body{font:16px/1.5 system-ui,sans-serif;max-width:62rem;margin:2rem auto;padding:0 1rem;
color:#1d2733;background:#fff}h1,h2{line-height:1.2}h2{margin-top:2.5rem;border-top:1px solid
#ccd4dd;padding-top:1rem}code,pre{font:14px/1.45 ui-monospace,monospace;background:#eef2f6;
border-radius:4px}code{padding:.1em .3em}pre{padding:.8rem;overflow:auto}table{border-collapse:
collapse;width:100%;margin:.6rem 0}td,th{text-align:left;vertical-align:top;padding:.3rem .6rem;
border-bottom:1px solid #dde4eb}th{font-weight:600}.verb{display:inline-block;min-width:3.4rem}
@media (prefers-color-scheme:dark){body{color:#dfe7ef;background:#12181f}code,pre{background:
#1d2731}td,th,h2{border-color:#33404d}}
"""
_DIGEST = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
PAGE_POLICY = f"default-src 'none'; style-src 'sha256-{_DIGEST}'; frame-ancestors 'none'"


@cache
def page() -> str:
    """Return the whole page."""
    told = document()
    schemas = told["components"]["schemas"]
    parts = [f"<h1>{_text(told['info']['title'])} {_text(told['info']['version'])}</h1>"]
    parts += [f"<p>{_prose(block)}</p>" for block in told["info"]["description"].split("\n\n")]
    base = told["servers"][0]["url"]
    for path, verbs in told["paths"].items():
        for verb, operation in verbs.items():
            parts.append(_operation(verb, base + path, operation, schemas))
    parts.append("<h2>WebSocket: trade_executed</h2>" + _fields(schemas["TradeBody"]))
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8"><title>kalshi-desk API</title>'
        f"<style>{_STYLE}</style>{''.join(parts)}</html>"
    )


def _operation(verb: str, path: str, operation: dict[str, Any], schemas: dict[str, Any]) -> str:
    parts = [
        f"<h2><code><span class=verb>{_text(verb.upper())}</span> {_text(path)}</code></h2>",
        f"<p>{_text(operation['summary'])}. {_text(operation.get('description', ''))}</p>",
    ]
    takes = operation.get("requestBody")
    if takes is not None:
        parts.append(f"<p>Takes</p>{_body(takes['content'], schemas)}")
    answer = operation["responses"]["200"]["content"]
    parts.append(f"<p>Answers</p>{_body(answer, schemas)}")
    refusals = [
        f"<tr><td>{_text(status)}<td>{_text(told['description'])}"
        for status, told in operation["responses"].items()
        if status != "200"
    ]
    parts.append(f"<p>Refusals</p><table>{''.join(refusals)}</table>")
    return "".join(parts)


def _body(content: dict[str, Any], schemas: dict[str, Any]) -> str:
    media, told = next(iter(content.items()))
    schema = told["schema"]
    if schema.get("type") == "array":
        return f"<p>a list of</p>{_fields(_resolve(schema['items'], schemas))}"
    found = _resolve(schema, schemas)
    return _fields(found) if "properties" in found else f"<p><code>{_text(media)}</code></p>"


def _resolve(schema: dict[str, Any], schemas: dict[str, Any]) -> dict[str, Any]:
    if "$ref" not in schema:
        return schema
    found: dict[str, Any] = schemas[schema["$ref"].rpartition("/")[2]]
    return found


def _fields(schema: dict[str, Any]) -> str:
    rows = [
        f"<tr><td><code>{_text(name)}</code><td>{_text(_kind(told))}"
        f"<td>{_text(told.get('description', ''))}"
        for name, told in schema["properties"].items()
    ]
    return f"<table><tr><th>field<th>type<th>meaning{''.join(rows)}</table>"


def _kind(told: dict[str, Any]) -> str:
    if "enum" in told:
        return " | ".join(map(str, told["enum"]))
    if "anyOf" in told:
        return " or ".join(_kind(one) for one in told["anyOf"])
    kind = str(told.get("type", ""))
    return f"list of {_kind(told['items'])}" if kind == "array" else kind


def _text(text: str) -> str:
    return html.escape(text)


def _prose(text: str) -> str:
    """Return a paragraph with what stands between backquotes as code."""
    parts = _text(text.replace("**", "")).split("`")
    return "".join(f"<code>{p}</code>" if n % 2 else p for n, p in enumerate(parts))
