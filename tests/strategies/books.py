"""Views of related markets written down as books, for tests of strategies."""

from __future__ import annotations

from typing import Any

from kalshi_desk.core.fees import FeeRule
from kalshi_desk.core.records import Market
from kalshi_desk.core.relations import Relation
from kalshi_desk.core.strategy import Levels, MarketSnapshot, MarketView, RelationGroup
from kalshi_desk.core.types import MarketStatus, Price, parse_count, parse_price

NOW = 1_800_000_000_000_000_000
SECOND = 1_000_000_000
DAY = 86_400 * SECOND
GROUP = "EVENT"


def levels(text: str) -> Levels:
    """Read ``0.45x30 0.50x100``, best first."""
    pairs = (level.split("x") for level in text.split())
    return tuple((parse_price(price), parse_count(size)) for price, size in pairs)


def book(
    ticker: str,
    bids: str = "",
    asks: str = "",
    *,
    status: MarketStatus = MarketStatus.ACTIVE,
    fee: FeeRule = FeeRule(),  # noqa: B008
    ends_ns: int = NOW + DAY,
    last: str = "",
    **fields: Any,
) -> MarketSnapshot:
    """Return one market's snapshot; fresh unless told otherwise."""
    market = Market(
        ticker=ticker, event_ticker=GROUP, status=status, fee=fee, expiration_ns=ends_ns
    )
    price: Price | None = parse_price(last) if last else None
    given = {"is_fresh": True, "last_price": price, **fields}
    return MarketSnapshot(market=market, bids=levels(bids), asks=levels(asks), **given)


def view_of(
    relations: tuple[Relation, ...],
    *books: MarketSnapshot,
    now_ns: int = NOW,
    lasted_ms: int | None = 5_000,
    can_void: bool = False,
) -> MarketView:
    """Return a view of one group; its edge has lasted for so long, None for never seen."""
    names = tuple(one.market.ticker for one in books)
    group = RelationGroup(
        name=GROUP, markets=names, relations=relations, source="a test", can_void=can_void
    )
    since = {} if lasted_ms is None else {GROUP: now_ns - lasted_ms * 1_000_000}
    return MarketView(
        now_ns=now_ns,
        markets={one.market.ticker: one for one in books},
        groups=(group,),
        since_ns=since,
    )
