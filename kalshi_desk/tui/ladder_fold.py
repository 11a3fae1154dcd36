"""Folds a spread that is wider than the screen, so that both its sides can be seen."""

from __future__ import annotations

from dataclasses import dataclass

from kalshi_desk.core.types import Price
from kalshi_desk.desk.frames import BookView, LadderRow

_KEPT_INSIDE = 3
_SEEN_BESIDE = 8


@dataclass(frozen=True, slots=True)
class Fold:
    """Prices without any order that are not drawn: from ``price`` down over ``width``."""

    price: Price
    width: Price


def fold(book: BookView, page: int) -> tuple[LadderRow | Fold, ...]:
    """Return the rows to draw; only the inside of a spread too wide for ``page`` is folded."""
    rows = book.rows
    if book.best_bid is None or book.best_ask is None:
        return rows
    inside = [n for n, row in enumerate(rows) if book.best_bid < row.price < book.best_ask]
    if len(inside) <= max(page - _SEEN_BESIDE, 2 * _KEPT_INSIDE):
        return rows
    first, last = inside[_KEPT_INSIDE], inside[-_KEPT_INSIDE - 1]
    hidden = Fold(rows[first].price, Price(rows[first].price - rows[last].price + book.step))
    return (*rows[:first], hidden, *rows[last + 1 :])
