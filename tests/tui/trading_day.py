"""A few believable trades through the link, so that pictures show an account that is in use."""

from __future__ import annotations

import asyncio

from kalshi_desk.core.types import (
    Action,
    Count,
    MarketStatus,
    Outcome,
    Price,
    TimeInForce,
    complement,
)
from kalshi_desk.desk.commands import Answer, PlaceOrder
from kalshi_desk.desk.frames import BookView, Frame, MarketRow
from kalshi_desk.tui.link import Link

TOPICS = ("status", "markets", "positions", "orders", "fills")
START_S = 60.0
_LOW, _HIGH, _WIDE, _DEEP = 2_500, 7_500, 300, Count(40_00)


async def wait_for_markets(link: Link, how_many: int = 60) -> Frame:
    """Pull until that many markets have prices on both sides."""
    async with asyncio.timeout(START_S):
        while True:
            frame = await link.pull(TOPICS, 0, 0)
            rows = frame.changed.get("markets", {}).values()
            if sum(isinstance(row, MarketRow) and _is_quoted(row) for row in rows) >= how_many:
                return frame
            await asyncio.sleep(0.25)


def _is_quoted(row: MarketRow) -> bool:
    return row.yes_bid is not None and row.yes_ask is not None


def good_markets(frame: Frame) -> list[MarketRow]:
    """Return markets in whole cents with a tight two-sided price, the busiest first."""
    found = [
        row
        for row in frame.changed["markets"].values()
        if isinstance(row, MarketRow)
        and row.status is MarketStatus.ACTIVE
        and row.yes_bid is not None
        and row.yes_ask is not None
        and row.yes_bid % 100 == row.yes_ask % 100 == 0
        and row.yes_bid >= _LOW
        and row.yes_ask <= _HIGH
        and row.yes_ask - row.yes_bid <= _WIDE
        and row.yes_bid_size >= _DEEP
        and row.yes_ask_size >= _DEEP
    ]
    return sorted(found, key=lambda r: (r.ticker.startswith("KXBTC"), -r.volume, r.ticker))


async def order(
    link: Link, ticker: str, outcome: Outcome, count: int, price: int, *, now: bool = False
) -> Answer:
    """Buy whole contracts at a price of the outcome, in 1/10,000 dollar."""
    return await link.submit(
        PlaceOrder(
            ticker=ticker,
            action=Action.BUY,
            outcome=outcome,
            count=Count(count * 100),
            price=Price(price),
            time_in_force=TimeInForce.IOC if now else TimeInForce.GTC,
        )
    )


async def trade_a_little(link: Link) -> str:
    """Take positions in three markets, rest orders in two, and return the main market."""
    frame = await wait_for_markets(link)
    markets = good_markets(frame)
    main = markets[0]
    others = [row for row in markets if row.event_ticker != main.event_ticker]
    assert main.yes_ask is not None
    assert main.yes_bid is not None
    await order(link, main.ticker, Outcome.YES, 120, main.yes_ask + 200, now=True)
    for row, outcome in zip(others[:6:3], (Outcome.NO, Outcome.YES), strict=False):
        assert row.yes_bid is not None
        assert row.yes_ask is not None
        price = complement(row.yes_bid) if outcome is Outcome.NO else row.yes_ask
        await order(link, row.ticker, outcome, 35, price + 200, now=True)
        await order(link, row.ticker, outcome, 50, price - 600)
    book = await _book(link, main.ticker)
    assert book.best_bid is not None
    await order(link, main.ticker, Outcome.YES, 60, book.best_bid - 100)
    return main.ticker


async def _book(link: Link, ticker: str) -> BookView:
    topic = f"book:{ticker}"
    async with asyncio.timeout(START_S):
        while True:
            frame = await link.pull((topic,), 0, 0)
            row = frame.changed.get(topic, {}).get("")
            if isinstance(row, BookView) and row.best_bid is not None:
                return row
            await asyncio.sleep(0.1)
