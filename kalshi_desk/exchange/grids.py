"""Price grids by structure name, and the check that an order price lies on its market's grid."""

from __future__ import annotations

from functools import cache

from kalshi_desk.core.types import PRICE_SCALE
from kalshi_desk.exchange.amounts import price_text

Band = tuple[int, int, int]
"""Start, end and step in 1/10,000 dollar."""

STRUCTURES: dict[str, tuple[Band, ...]] = {
    "linear_cent": ((0, 10_000, 100),),
    "deci_cent": ((0, 10_000, 10),),
    "tapered_deci_cent": ((0, 1_000, 10), (1_000, 9_000, 100), (9_000, 10_000, 10)),
    "center_whole_edge_half_cent": ((0, 1_000, 50), (1_000, 9_000, 100), (9_000, 10_000, 50)),
    "center_whole_edge_quint_cent": ((0, 1_000, 20), (1_000, 9_000, 100), (9_000, 10_000, 20)),
    "center_half_edge_half_cent": ((0, 10_000, 50),),
    "center_half_edge_quint_cent": ((0, 1_000, 20), (1_000, 9_000, 50), (9_000, 10_000, 20)),
    "center_half_edge_deci_cent": ((0, 1_000, 10), (1_000, 9_000, 50), (9_000, 10_000, 10)),
    "center_quint_edge_quint_cent": ((0, 10_000, 20),),
    "center_quint_edge_deci_cent": ((0, 1_000, 10), (1_000, 9_000, 20), (9_000, 10_000, 10)),
    "center_centi_edge_centi_cent": ((0, 10_000, 1),),
    "center_deci_edge_centi_cent": ((0, 100, 1), (100, 9_900, 10), (9_900, 10_000, 1)),
}


def step_at(structure: str, price: int) -> int:
    """Return the grid step of the band that holds a price."""
    for _, end, step in STRUCTURES[structure]:
        if price < end:
            return step
    return STRUCTURES[structure][-1][2]


def is_on_grid(structure: str, price: int) -> bool:
    """Return whether an order may carry this price: inside 0 to 1 dollar and on its band."""
    if not 0 < price < PRICE_SCALE:
        return False
    for start, end, step in STRUCTURES[structure]:
        if price < end:
            return (price - start) % step == 0
    return False


def nearest(structure: str, price: float, *, up: bool) -> int:
    """Return the valid price at or beyond ``price``: above when ``up``, else below."""
    step = step_at(structure, int(price))
    floored = int(price) // step * step
    found = floored + step if up and floored < price else floored
    low = step_at(structure, 0)
    high = PRICE_SCALE - step_at(structure, PRICE_SCALE - 1)
    return min(max(found, low), high)


@cache
def ranges(structure: str) -> list[dict[str, str]]:
    """Return ``price_ranges`` as the wire writes them."""
    return [
        {"end": price_text(end), "start": price_text(start), "step": price_text(step)}
        for start, end, step in STRUCTURES[structure]
    ]
