"""Which books a session follows by itself."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any, cast

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from kalshi_desk.core.events import MarketsListed, MarketStatusChanged
from kalshi_desk.core.records import Market, Trade
from kalshi_desk.core.types import MarketStatus
from kalshi_desk.engine import session
from kalshi_desk.engine.clock import WallClock
from kalshi_desk.engine.session import KalshiSession
from kalshi_desk.kalshi.environment import practice
from kalshi_desk.kalshi.signing import Signer


class Watching:
    """Stands in for the feed: remembers what it was asked to follow."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.described: list[str] = []

    async def describe(self, tickers: Sequence[str]) -> None:
        self.described += tickers

    async def watch(self, tickers: Sequence[str]) -> None:
        self.asked += tickers


def listed(*tickers: str, status: MarketStatus = MarketStatus.ACTIVE) -> MarketsListed:
    return MarketsListed(tuple(Market(ticker=ticker, status=status) for ticker in tickers))


async def follow(made: KalshiSession, *events: Any) -> None:
    for event in events:
        made._follow(event)
    await asyncio.sleep(0)


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> tuple[KalshiSession, Watching, set[str]]:
    """A session that follows three books unasked."""
    monkeypatch.setattr(session, "MAX_WATCHED", 3)
    mine: set[str] = set()
    environment = practice("http://127.0.0.1:1/trade-api/v2", "ws://127.0.0.1:1/trade-api/ws/v2")
    signer = Signer("key", Ed25519PrivateKey.generate())
    found = KalshiSession(environment, signer, WallClock(), None, lambda: mine, lambda ticker: None)
    feed = Watching()
    found.feed = cast(Any, feed)
    return found, feed, mine


async def test_what_the_account_is_in_is_followed_first_and_whatever_it_takes(
    made: tuple[KalshiSession, Watching, set[str]],
) -> None:
    found, feed, mine = made
    mine.update({"M4", "LATER"})
    await follow(found, listed("M0", "M1", "M2", "M3", "M4"))
    assert feed.asked == ["M4", "M0", "M1"]
    await follow(found, listed("LATER", "M5"))
    assert feed.asked[3:] == ["LATER"]


async def test_a_market_that_is_over_makes_room(
    made: tuple[KalshiSession, Watching, set[str]],
) -> None:
    found, feed, _ = made
    await follow(found, listed("M0", "M1", "M2"), listed("M3"))
    assert "M3" not in feed.asked
    over = MarketStatusChanged(ticker="M1", status=MarketStatus.FINALIZED)
    await follow(found, over, listed("M4"))
    assert feed.asked == ["M0", "M1", "M2", "M4"]


async def test_a_paused_market_is_followed_and_a_closed_one_is_not(
    made: tuple[KalshiSession, Watching, set[str]],
) -> None:
    found, feed, _ = made
    await follow(
        found,
        listed("PAUSED", status=MarketStatus.INACTIVE),
        listed("OVER", status=MarketStatus.CLOSED),
    )
    assert feed.asked == ["PAUSED"]


async def test_a_market_that_was_left_out_is_read_before_its_book_is_followed(
    made: tuple[KalshiSession, Watching, set[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    found, feed, _ = made

    async def trades(ticker: str, *, limit: int) -> list[Trade]:
        return []

    monkeypatch.setattr(found._rest, "trades", trades)
    found._universe.left_out["FAR"] = Market(ticker="FAR")
    assert list(found.unlisted) == ["FAR"]
    await found.watch(("FAR", "NEAR"))
    assert (feed.described, feed.asked) == (["FAR"], ["FAR", "NEAR"])
