"""Plants violations of relations on a practice exchange, as orders of one of its crowd."""

from __future__ import annotations

import random
from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any

from tests.exchange.client import Exchange
from tests.seams.planted_oracle import CONTRACT, ONE, Basket, Book, Family, Kind, Verdict, judge

CENT = 100
PLANTER = "informed-a"
"""Rests no orders of its own, so that no plant trades with itself."""
_DRAWS = 60
_SOON_S = 3 * 3_600


@dataclass(frozen=True)
class Plant:
    """One order that puts a market out of line, and what must become of its event."""

    family: Family
    ticker: str
    is_bid: bool
    price: int
    count: int
    resting: int
    verdict: Verdict
    basket: Basket | None

    def __str__(self) -> str:
        side = "bid" if self.is_bid else "ask"
        return (
            f"{self.ticker} {side} {self.price / CENT:g}c x {self.resting / CONTRACT:g}:"
            f" {self.verdict.value}"
        )


def families_of(exchange: Exchange) -> list[Family]:
    """Return the events of related markets that are open for long, from the public lists."""
    members: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for market in exchange.http.get("/markets?status=open&limit=1000").json()["markets"]:
        members[market["event_ticker"]].append(market)
    found = []
    for event, markets in members.items():
        ends = datetime.fromisoformat(markets[0]["expected_expiration_time"])
        left_s = (ends - datetime.now(UTC)).total_seconds()
        if len(markets) < 2 or left_s < _SOON_S:
            continue
        markets.sort(key=lambda market: Decimal(str(market.get("floor_strike", -1))))
        series = exchange.http.get(f"/series/{event.partition('-')[0]}").json()["series"]
        is_exclusive = exchange.http.get(f"/events/{event}").json()["event"]["mutually_exclusive"]
        types = {market["strike_type"] for market in markets}
        kind = Kind.EXCLUSIVE if is_exclusive else Kind.LADDER
        if is_exclusive and types == {"less", "between", "greater"}:
            kind = Kind.PARTITION
        elif not is_exclusive and types != {"greater"}:
            continue
        found.append(
            Family(
                event,
                tuple(market["ticker"] for market in markets),
                kind,
                Fraction(str(series["fee_multiplier"])),
                left_s / 86_400,
            )
        )
    return found


def books_of(exchange: Exchange, family: Family) -> list[Book]:
    """Return the books of an event's markets, whole."""
    query = "&".join(f"tickers={ticker}" for ticker in family.tickers)
    answer = exchange.http.get(f"/markets/orderbooks?{query}").json()["orderbooks"]
    wire = {one["ticker"]: one["orderbook_fp"] for one in answer}
    return [_book(wire[ticker]) for ticker in family.tickers]


def _book(wire: dict[str, Any]) -> Book:
    bids, asks = (
        [(int(Decimal(price) * ONE), int(Decimal(size) * CONTRACT)) for price, size in side[::-1]]
        for side in (wire["yes_dollars"], wire["no_dollars"])
    )
    return Book(tuple(bids), tuple((ONE - price, size) for price, size in asks))


def draw(
    rng: random.Random, family: Family, books: list[Book], wanted: set[Verdict]
) -> Plant | None:
    """Return a random plant of which one of the wanted things must become."""
    for _ in range(_DRAWS):
        index, is_bid = rng.randrange(len(books)), rng.random() < 0.5
        price = _price(rng, family, books, index, is_bid)
        if not 2 * CENT <= price <= ONE - 2 * CENT:
            continue
        resting = rng.choice((rng.randrange(50, 5 * CONTRACT), rng.randrange(700, 4_500)))
        resting = rng.choice((resting, resting // CONTRACT * CONTRACT or CONTRACT))
        touch = (books[index].bids if is_bid else books[index].asks)[:1]
        if touch and (price - touch[0][0]) * (1 if is_bid else -1) <= 0:
            continue
        book, count = books[index].with_order(is_bid, price, resting)
        after = [*books[:index], book, *books[index + 1 :]]
        verdict, basket = judge(family, after, resting)
        if verdict in wanted:
            return Plant(
                family, family.tickers[index], is_bid, price, count, resting, verdict, basket
            )
    return None


def _price(rng: random.Random, family: Family, books: list[Book], index: int, is_bid: bool) -> int:
    """Return a price that breaks a relation by up to 45 cents before fees, in whole cents."""
    bids = [book.bids[0][0] if book.bids else 0 for book in books]
    asks = [book.asks[0][0] if book.asks else ONE for book in books]
    excess = rng.choice((rng.randrange(-2, 9), rng.randrange(5, 46))) * CENT
    if family.kind is not Kind.LADDER:
        others = bids if is_bid else asks
        line = ONE - sum(others) + others[index]
    elif is_bid:
        line = min(asks[:index], default=-ONE)
    else:
        line = max(bids[index + 1 :], default=2 * ONE)
    return (line + excess if is_bid else line - excess) // CENT * CENT


def plant(exchange: Exchange, wanted: Plant) -> None:
    """Place the order and see that it stands as it was meant to."""
    done = exchange.admin(
        "order",
        account=PLANTER,
        ticker=wanted.ticker,
        is_bid=wanted.is_bid,
        price=wanted.price,
        count=wanted.count,
    )
    assert done["remaining"] == wanted.resting, (str(wanted), done)
