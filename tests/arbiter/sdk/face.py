"""One face for both official SDKs: what they can call, calling it, and what came of it.

Runs in the SDKs' own environment and imports nothing of this project.
"""

from __future__ import annotations

import importlib
import inspect
import json
import re
import types
import typing
import uuid
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from enum import Enum
from typing import Any

_ROUTE = re.compile(r"method='(\w+)',\s*resource_path='([^']+)'")
_WHOLE = "_with_http_info"


@dataclass(slots=True)
class Row:
    """What one call of an operation came to.

    ``outcome`` is ``parsed``, ``refused`` (an error status that the SDK understood),
    ``unparsed`` (an answer its models do not take) or ``unsent`` (a request they do not take).
    """

    name: str
    method: str
    path: str
    outcome: str = "parsed"
    status: int = 0
    model: str = ""
    detail: str = ""
    is_probe: bool = False
    lists: dict[str, int] = field(default_factory=dict)
    """Every list within the answer and how many items it had."""

    def line(self) -> str:
        """Return the row as one JSON line."""
        return json.dumps(asdict(self))


class Face:
    """An SDK, unmodified except host and key, asynchronous or not."""

    def __init__(self, kind: str, host: str, key_id: str, pem: str) -> None:
        self.package = importlib.import_module(f"kalshi_python_{kind}")
        self._exceptions = importlib.import_module(f"kalshi_python_{kind}.exceptions")
        self._host = host
        self.credentials = (key_id, pem)
        self.rows: list[Row] = []
        self._routes = {name: route for name, *route in operations(self.package)}
        self._client = self._open(key_id, pem)

    def _open(self, key_id: str, pem: str) -> Any:
        settings = self.package.Configuration(host=self._host)
        settings.api_key_id, settings.private_key_pem = key_id, pem
        return self.package.KalshiClient(settings)

    async def sign_as(self, key_id: str, pem: str) -> None:
        """Go on with another key."""
        await self.close()
        self._client = self._open(key_id, pem)

    def model(self, name: str, /, **fields: Any) -> Any:
        """Return one of the SDK's request models."""
        return getattr(self.package, name)(**fields)

    async def call(
        self, name: str, /, *positional: Any, is_probe: bool = False, **fields: Any
    ) -> Any:
        """Call an operation, remember what came of it, and return the data (None on refusal)."""
        method, path = self._routes[name]
        row = Row(name=name, method=method, path=path, is_probe=is_probe)
        self.rows.append(row)
        try:
            answer = getattr(self._client, name + _WHOLE)(*positional, **fields)
            if inspect.isawaitable(answer):
                answer = await answer
        except self._exceptions.ApiException as error:
            row.outcome, row.status = "refused", int(error.status or 0)
            row.detail = _body_text(error)
            return None
        except Exception as error:  # the SDK raises whatever its models raise
            row.outcome = "unsent" if is_probe else "unparsed"
            row.detail = f"{type(error).__name__}: {error}"
            return None
        row.status, row.model = answer.status_code, type(answer.data).__name__
        _count_lists(answer.data, "", row.lists)
        return answer.data

    async def probe(self, name: str) -> None:
        """Call an operation with made-up arguments."""
        function = getattr(self._client, name + _WHOLE)
        fields = {
            parameter.name: made_up(parameter.annotation)
            for parameter in inspect.signature(function).parameters.values()
            if parameter.default is parameter.empty
            and parameter.kind is parameter.POSITIONAL_OR_KEYWORD
        }
        await self.call(name, is_probe=True, **fields)

    async def close(self) -> None:
        """Close the connections; only the asynchronous SDK keeps any that want it."""
        if inspect.iscoroutinefunction(getattr(type(self._client), "close", None)):
            await self._client.close()


def operations(package: types.ModuleType) -> list[tuple[str, str, str]]:
    """Return name, HTTP method and path of every operation that an SDK has."""
    found = []
    for group in (name for name in dir(package) if name.endswith("Api")):
        for name, function in inspect.getmembers(getattr(package, group), inspect.isfunction):
            serializer = re.fullmatch(r"_(\w+)_serialize", name)
            if serializer is None:
                continue
            route = _ROUTE.search(inspect.getsource(function))
            if route is None:
                raise LookupError(f"{group}.{name} shows no route")
            found.append((serializer[1], route[1], route[2]))
    return found


def made_up(annotation: Any) -> Any:
    """Return some value of a type, as far as a request needs one."""
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is typing.Annotated:
        return made_up(arguments[0])
    if origin in {typing.Union, types.UnionType}:
        return made_up(next(item for item in arguments if item is not type(None)))
    if origin in {list, typing.List}:  # noqa: UP006 - the SDK writes it so
        return [made_up(arguments[0])]
    if origin is dict:
        return {}
    simple: dict[Any, Any] = {
        str: "made-up",
        int: 1,
        float: 1.0,
        bool: True,
        uuid.UUID: uuid.uuid4(),
        datetime: datetime.now(UTC),
    }
    if annotation in simple:
        return simple[annotation]
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        return next(iter(annotation))
    if hasattr(annotation, "model_construct"):
        required = {
            name: made_up(info.annotation)
            for name, info in annotation.model_fields.items()
            if info.is_required()
        }
        return annotation.model_construct(**required)
    return "made-up"


def _body_text(error: Any) -> str:
    body = getattr(error, "body", None)
    return str(body if body is not None else error)


def _count_lists(value: Any, where: str, found: dict[str, int]) -> None:
    """Count the items of every list within a model, lists of lists under the same name."""
    if isinstance(value, list):
        found[where] = found.get(where, 0) + len(value)
        for item in value:
            _count_lists(item, where + "[]", found)
    elif hasattr(type(value), "model_fields"):
        for name in type(value).model_fields:
            _count_lists(getattr(value, name), f"{where}.{name}".lstrip("."), found)
