"""Every filter of the lists, asked of the practice exchange and found to choose."""

from __future__ import annotations

import time
import uuid
from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx
import pytest

from kalshi_desk.core.errors import Refuse
from kalshi_desk.core.records import Market, OrderIntent
from kalshi_desk.core.types import BookSide, MarketStatus, Price, TimeInForce, parse_count
from kalshi_desk.engine.clock import WallClock
from kalshi_desk.kalshi.environment import practice
from kalshi_desk.kalshi.filters import MarketTime, TimeRange
from kalshi_desk.kalshi.reference import Reference
from kalshi_desk.kalshi.rest import RestClient
from kalshi_desk.kalshi.signing import Signer, parse_private_key
from tests.exchange.client import Exchange

SECOND = 1_000_000_000
QUIET = "KXRECSSNBER"


@pytest.fixture(scope="module")
def running() -> Iterator[Exchange]:
    """Return an exchange whose reads follow its writes at once."""
    exchange = Exchange("--seed", "7", "--history-min", "30", "--rule", "read_lag_ms=0")
    yield exchange
    assert exchange.stop() == 0


@pytest.fixture
async def rest(running: Exchange) -> AsyncIterator[RestClient]:
    """Return a client of a new member with $1,000."""
    made = running.admin("member", name=str(uuid.uuid4()), cash="1000")
    signer = Signer(made["key_id"], parse_private_key(made["private_key"].encode()))
    client = RestClient(practice(running.ready["rest"], running.ready["ws"]), signer, WallClock())
    yield client
    await client.close()


def names(markets: list[Market]) -> set[str]:
    return {market.ticker for market in markets}


async def test_markets_by_the_time_of_their_close(rest: RestClient) -> None:
    everything = await rest.markets()
    middle_s = sorted(market.close_ns for market in everything)[len(everything) // 2] // SECOND
    early = await rest.markets(times=TimeRange(time=MarketTime.CLOSE, max_s=middle_s))
    late = await rest.markets(times=TimeRange(time=MarketTime.CLOSE, min_s=middle_s + 1))
    assert names(early) == {m.ticker for m in everything if m.close_ns // SECOND <= middle_s}
    assert names(early)
    assert names(late)
    assert names(early) | names(late) == names(everything)


async def test_markets_by_when_they_were_made_and_changed(
    running: Exchange, rest: RestClient
) -> None:
    now_s = int(time.time())
    for kind in (MarketTime.CREATED, MarketTime.UPDATED):
        assert names(await rest.markets(times=TimeRange(time=kind, max_s=now_s + 60)))
        assert not await rest.markets(times=TimeRange(time=kind, min_s=now_s + 3_600))
    ticker = running.open_markets("KXHOUSEVOTE")[0]["ticker"]
    running.admin("advance", seconds=2)
    grid = TimeRange(time=MarketTime.UPDATED, min_s=now_s + 1)
    assert ticker not in names(await rest.markets(tickers=[ticker], times=grid))
    running.admin("grid", ticker=ticker, structure="deci_cent")
    assert names(await rest.markets(tickers=[ticker], times=grid)) == {ticker}


async def test_a_time_that_does_not_go_with_a_status_is_refused(rest: RestClient) -> None:
    times = TimeRange(time=MarketTime.SETTLED, min_s=1)
    with pytest.raises(Refuse):
        await rest.markets(status="open", times=times)


async def test_more_names_than_one_request_holds_keep_every_filter(rest: RestClient) -> None:
    everything = await rest.markets()
    named = [market.ticker for market in everything] + [f"NOBODY-{n}" for n in range(150)]
    event = everything[-1].event_ticker
    found = await rest.markets(tickers=named, event_ticker=event)
    assert names(found) == {m.ticker for m in everything if m.event_ticker == event}
    assert names(await rest.markets(tickers=named[::-1])) == names(everything)


async def test_combos_stay_out_unless_they_are_asked_for(rest: RestClient) -> None:
    asked: list[Any] = []

    async def note(request: httpx.Request) -> None:
        asked.append(request.url.params.get("mve_filter"))

    rest.http._client.event_hooks["request"].append(note)
    (market, *_) = await rest.markets()
    assert await rest.markets(combos="only") == []
    assert await rest.markets(combos="")
    assert await rest.markets(tickers=[market.ticker])
    assert asked == ["exclude", "only", None, None]


async def test_events_by_name_close_and_change(running: Exchange, rest: RestClient) -> None:
    everything = await rest.events(status=None)
    two = [event.event_ticker for event in everything[:2]]
    many = [*two, *(f"NOBODY-{n}" for n in range(150))]
    assert [event.event_ticker for event in await rest.events(status=None, tickers=many)] == two
    now_s = int(time.time())
    later = {event.event_ticker for event in await rest.events(min_close_ts=now_s + 30 * 86_400)}
    closing = {m.event_ticker for m in await rest.markets() if m.close_ns > later_ns(now_s)}
    assert later == closing
    assert 0 < len(later) < len(everything)
    assert not await rest.events(status=None, min_updated_ts=now_s + 3_600)


def later_ns(now_s: int) -> int:
    return (now_s + 30 * 86_400) * SECOND


async def test_series_by_category_tag_and_change(running: Exchange, rest: RestClient) -> None:
    everything = await rest.all_series()
    crypto = {body.ticker for body in await rest.all_series(category="Crypto")}
    assert crypto
    assert crypto < {body.ticker for body in everything}
    tag = running.http.get("/series/KXBTC15M").json()["series"]["tags"][0]
    tagged = {body.ticker for body in await rest.all_series(tags=[tag, "nothing has this tag"])}
    assert "KXBTC15M" in tagged
    assert len(tagged) < len(everything)
    now_s = int(time.time())
    running.admin("advance", seconds=2)
    assert not await rest.all_series(min_updated_ts=now_s + 1)
    running.admin("fees", series_ticker="KXFED", fee_type="quadratic")
    deadline = time.monotonic() + 10
    while not (changed := await rest.all_series(min_updated_ts=now_s + 1)):
        assert time.monotonic() < deadline
    assert [body.ticker for body in changed] == ["KXFED"]
    changes = await Reference(rest.answers).series_fee_changes("KXFED")
    assert changes == []
    past = await Reference(rest.answers).series_fee_changes("KXFED", with_past=True)
    assert [change.fee_type for change in past] == ["quadratic"]


async def test_books_of_so_many_levels_and_trades_of_a_time(
    running: Exchange, rest: RestClient
) -> None:
    ticker = running.quiet_market(QUIET)["ticker"]
    whole, top = await rest.orderbook(ticker), await rest.orderbook(ticker, depth=2)
    assert (len(top.bids), len(top.asks)) == (2, 2)
    assert top.bids[0] == whole.bids[0]
    trades = await rest.trades(limit=100)
    middle_s = trades[50].executed_ns // SECOND
    older = await rest.trades(limit=100, max_ts=middle_s)
    assert older
    assert all(trade.executed_ns <= middle_s * SECOND for trade in older)
    assert await rest.trades(block_trades=False)
    assert await rest.trades(block_trades=True) == []


async def test_lists_of_the_account(running: Exchange, rest: RestClient) -> None:
    market = running.quiet_market(QUIET)
    ticker, event = market["ticker"], market["event_ticker"]
    placed = [
        await rest.create_order(
            OrderIntent(
                client_order_id=str(uuid.uuid4()),
                ticker=ticker,
                side=BookSide.BID,
                price=Price(9_900),
                count=parse_count("1"),
                time_in_force=TimeInForce.IOC,
            )
        )
        for _ in range(2)
    ]
    now_s = int(time.time())
    one = await rest.fills(order_id=placed[0].order_id)
    assert {fill.order_id for fill in one} == {placed[0].order_id}
    assert len(await rest.fills(ticker=ticker)) > len(one)
    assert await rest.fills(max_ts=now_s - 3_600) == []
    assert len(await rest.orders(event_tickers=[event, "NOBODY"], max_ts=now_s + 60)) == 2
    assert await rest.orders(event_tickers=["NOBODY"]) == []
    assert await rest.orders(max_ts=now_s - 3_600) == []
    for named, count in ((event, 1), ("NOBODY", 0)):
        assert len(await rest.positions(event_ticker=named)) == count
    assert len(await rest.positions(ticker=ticker)) == 1
    running.admin("resolve", ticker=ticker, result="yes")
    running.admin("advance", seconds=30 * 86_400)
    for named, count in ((event, 1), ("NOBODY", 0)):
        assert len(await rest.settlements(event_ticker=named)) == count
    assert len(await rest.settlements(ticker=ticker, max_ts=now_s + 60 * 86_400)) == 1
    assert await rest.settlements(max_ts=now_s) == []
    during = TimeRange(time=MarketTime.SETTLED, min_s=now_s, max_s=now_s + 60 * 86_400)
    paid = await rest.markets(status="settled", times=during)
    assert {market.status for market in paid} == {MarketStatus.FINALIZED}
    assert ticker in names(paid)
    before = TimeRange(time=MarketTime.SETTLED, max_s=now_s)
    assert ticker not in names(await rest.markets(status="settled", times=before))
