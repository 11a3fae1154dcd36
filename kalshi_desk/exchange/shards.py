"""The exchange's shards: what trades where, each with collateral of its own."""

from __future__ import annotations

SHARDS: tuple[tuple[int, str], ...] = (
    (0, "Default"),
    (1, "Combos"),
    (2, "Crypto and commodities"),
    (3, "Tennis, baseball and basketball"),
)
"""Number and description of every exchange shard."""
_BY_CATEGORY = {"Crypto": 2}
_BY_PREFIX = {"KXNBA": 3, "KXWTA": 3, "KXATP": 3, "KXMLB": 3, "KXAAAGAS": 2}


def shard_of(series_ticker: str, category: str) -> int:
    """Return the shard on which the markets of a series trade."""
    for prefix, shard in _BY_PREFIX.items():
        if series_ticker.startswith(prefix):
            return shard
    return _BY_CATEGORY.get(category, 0)
