"""How answers of the exchange are read: typed, page after page, all rows or none."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol, TypeVar

import msgspec

from kalshi_desk.core.errors import Retry
from kalshi_desk.kalshi.errors import Ask, unreadable_answer
from kalshi_desk.kalshi.transport import Params, SignedHttp

BAD_NUMBERS = (ValueError, msgspec.MsgspecError)


class _Page(Protocol):
    cursor: str | None


PageT = TypeVar("PageT", bound=_Page)
BodyT = TypeVar("BodyT")
RowT = TypeVar("RowT")
RecordT = TypeVar("RecordT")


def present(**params: str | int | None) -> dict[str, str | int]:
    """Keep the parameters that were given."""
    return {name: value for name, value in params.items() if value not in (None, "")}


def converted(convert_row: Callable[[RowT], RecordT], rows: Sequence[RowT] | None) -> list[RecordT]:
    """Convert every row or none: half a list is worse than an error."""
    try:
        return [convert_row(row) for row in rows or ()]
    except BAD_NUMBERS as error:
        raise unreadable_answer(str(error), ask=Ask.READ) from None


def decoded(data: bytes, kind: type[BodyT], *, ask: Ask = Ask.READ) -> BodyT:
    """Return a body as its type; raises the error of what was asked for when it is none."""
    try:
        return msgspec.json.decode(data, type=kind)
    except (*BAD_NUMBERS, RecursionError) as error:
        raise unreadable_answer(str(error), ask=ask) from None


class Answers:
    """Typed reads and writes of one connection.  Every method raises ``DeskError``."""

    def __init__(self, http: SignedHttp) -> None:
        self.http = http

    async def get(self, path: str, kind: type[BodyT], params: Params | None = None) -> BodyT:
        """Read one answer."""
        return decoded(await self.http.get(path, params), kind)

    async def pages(self, path: str, kind: type[PageT], params: Params) -> list[PageT]:
        """Read all pages; a cursor that comes again would never end and is an error."""
        pages: list[PageT] = []
        seen: set[str] = set()
        cursor = ""
        while True:
            pairs = [*(params.items() if isinstance(params, Mapping) else params)]
            asked = [*pairs, ("cursor", cursor)] if cursor else pairs
            page = await self.get(path, kind, asked)
            pages.append(page)
            cursor = page.cursor or ""
            if not cursor:
                return pages
            if cursor in seen:
                raise Retry(
                    f"The list {path} does not end: its cursor comes again.", code="cursor_stuck"
                )
            seen.add(cursor)

    async def write(
        self,
        method: str,
        path: str,
        kind: type[BodyT],
        *,
        ask: Ask,
        params: Params | None = None,
        body: object = None,
        items: int = 1,
    ) -> BodyT:
        """Write once and read the answer; ``Unknown`` when nobody knows what became of it."""
        data = None if body is None else msgspec.json.encode(body)
        answer = await self.http.write(method, path, params, data, items=items)
        return decoded(answer, kind, ask=ask)
