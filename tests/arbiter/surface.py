"""What the practice exchange serves of the published API, computed from its routes.

``python -m tests.arbiter.surface FOLDER`` prints the README's table; FOLDER holds openapi.yaml.
"""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from starlette.routing import Route

from kalshi_desk.exchange.server import make_app

PREFIX = "/trade-api/v2"
_GONE = re.compile(r"/portfolio/orders(/|$)")
_METHODS = ("GET", "POST", "PUT", "DELETE", "PATCH")


@dataclass(frozen=True, slots=True, order=True)
class Operation:
    """One operation by HTTP method and path below the prefix, with ``{}`` for every parameter."""

    method: str
    path: str


def operation(method: str, path: str) -> Operation:
    """Return an operation from a path whose parameters have any names."""
    return Operation(method.upper(), re.sub(r"\{[^}]*\}", "{}", path))


def routed() -> set[Operation]:
    """Return every operation for which the exchange has a route of its own."""
    # Routes are made without asking anything of the host.
    app = make_app(cast(Any, object()), "token")
    return {
        operation(method, route.path.removeprefix(PREFIX))
        for route in app.routes
        if isinstance(route, Route) and route.path.startswith(PREFIX)
        for method in (route.methods or set()) - {"HEAD"}
        if ":path}" not in route.path
    }


def gone() -> set[Operation]:
    """Return the routed writes of the older order interface, which are answered with 410."""
    return {item for item in routed() if item.method != "GET" and _GONE.match(item.path)}


def served() -> set[Operation]:
    """Return the operations that are answered as the real exchange answers them."""
    return routed() - gone()


def published(specification: dict[str, Any]) -> dict[Operation, dict[str, Any]]:
    """Return every operation of an OpenAPI document with its description."""
    return {
        operation(method, path): {**described, "path": path}
        for path, item in specification["paths"].items()
        for method, described in item.items()
        if method.upper() in _METHODS
    }


def table(specification: dict[str, Any]) -> str:
    """Return the README's table: what is served, and what is answered with 501."""
    ours = served()
    families: dict[str, tuple[list[str], list[str]]] = {}
    for item, described in published(specification).items():
        family = families.setdefault(described["tags"][0], ([], []))
        family[item not in ours].append(f"{item.method} {described['path']}")
    lines = ["| Family | Served | Not served (501) |", "| --- | --- | --- |"]
    for name in sorted(families):
        cells = ("<br>".join(f"`{text}`" for text in side) or "-" for side in families[name])
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(lines)


if __name__ == "__main__":
    from tests.arbiter.schemas import read_specification

    print(table(read_specification(Path(sys.argv[1]) / "openapi.yaml")))
