"""The columns of a table and how they share its width; headings between its rows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from kalshi_desk.tui.ink import Cell

R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Column(Generic[R]):
    """A column: fixed width, what it is worth when room is short, and how a row fills it.

    The one flexible column takes what is left; ``number`` gives the value whose change
    makes the cell flash.
    """

    title: str
    width: int
    value: int
    cell: Callable[[R], Cell]
    right: bool = True
    flex: bool = False
    number: Callable[[R], int | None] | None = None


@dataclass(frozen=True, slots=True)
class Heading:
    """A line between rows that names a group."""

    text: str


Item = str | Heading


def fit_columns(columns: Sequence[Column[R]], width: int) -> list[tuple[Column[R], int]]:
    """Return the columns that fit with their widths, dropping the least valuable first."""
    kept = list(columns)

    def needed() -> int:
        return sum(column.width for column in kept) + max(len(kept) - 1, 0)

    while needed() > width and len(kept) > 1:
        drop = min((c for c in kept if not c.flex), key=lambda c: c.value, default=kept[-1])
        kept.remove(drop)
    spare = max(width - needed(), 0)
    return [(c, c.width + spare if c.flex else c.width) for c in kept]
