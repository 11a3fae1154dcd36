"""What the practice exchange serves of the published API, computed from its routes.

``python -m tests.arbiter.surface FOLDER`` prints the whole table, with ``--compact`` after it
the README's, one short line a family; FOLDER holds openapi.yaml.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from starlette.routing import Route

from kalshi_desk.exchange.server import make_app

PREFIX = "/trade-api/v2"
_GONE = re.compile(r"/portfolio/orders(/|$)")
_MOST_NAMED = 10
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


def families(
    specification: dict[str, Any], name: Callable[[Operation, dict[str, Any]], str]
) -> dict[str, tuple[list[str], list[str]]]:
    """Return by family the names of what is served, and of what is answered with 501."""
    ours = served()
    found: dict[str, tuple[list[str], list[str]]] = {}
    for item, described in published(specification).items():
        family = found.setdefault(described["tags"][0], ([], []))
        family[item not in ours].append(name(item, described))
    return dict(sorted(found.items()))


def table(specification: dict[str, Any]) -> str:
    """Return the whole table: what is served, and what is answered with 501."""
    lines = ["| Family | Served | Not served (501) |", "| --- | --- | --- |"]
    by_path = families(specification, lambda item, told: f"{item.method} {told['path']}")
    for name, sides in by_path.items():
        cells = ("<br>".join(f"`{text}`" for text in side) or "-" for side in sides)
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(lines)


def compact(specification: dict[str, Any]) -> str:
    """Return the README's table: one line a family, with operations by their short names."""
    lines = ["| Family | Served | Not served (501) |", "| --- | --- | --- |"]
    for family, sides in families(specification, short_name).items():
        assert all(len(set(side)) == len(side) for side in sides), "two operations share a name"
        cells = []
        for side in sides:
            is_wholly_missing = not sides[0] and len(side) > _MOST_NAMED
            cells.append(f"all {len(side)}" if is_wholly_missing else ", ".join(side) or "-")
        lines.append(f"| {family} | {' | '.join(cells)} |")
    return "\n".join(lines)


def short_name(item: Operation, described: dict[str, Any]) -> str:
    """Return the published name of an operation in words; a read is named by what it reads."""
    words = re.findall(r"[A-Z]+(?=[A-Z][a-z])|[A-Z][a-z]+|[A-Z]+\d*", described["operationId"])
    kept = [word if word.isupper() else word.lower() for word in words if word != "V2"]
    named = " ".join(kept[1:] if kept[0] == "get" else kept)
    # One write is published under the name of a read, without a verb.
    return f"make {named}" if item.method == "POST" and kept[0] == "intra" else named


if __name__ == "__main__":
    from tests.arbiter.schemas import read_specification

    shape = compact if "--compact" in sys.argv[2:] else table
    print(shape(read_specification(Path(sys.argv[1]) / "openapi.yaml")))
