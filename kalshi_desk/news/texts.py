"""What a market says of itself, as news are compared with it."""

from __future__ import annotations

import msgspec


class MarketText(msgspec.Struct, frozen=True, kw_only=True):
    """The words of one market; ``close_ns`` is 0 when the exchange names no time."""

    ticker: str
    event_ticker: str = ""
    series_ticker: str = ""
    category: str = ""
    title: str = ""
    subtitle: str = ""
    rules: str = ""
    close_ns: int = 0
