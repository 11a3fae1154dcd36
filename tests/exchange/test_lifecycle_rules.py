"""What becomes of markets by time alone, and what of it the stream is told."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from kalshi_desk.exchange.commands import Jump, MoveClose, NewOrder, ResolveMarket
from kalshi_desk.exchange.notices import LifecycleChanged, OrderChanged
from kalshi_desk.exchange.records import Market, Order
from kalshi_desk.exchange.refusals import Refusal
from kalshi_desk.exchange.rules import DEFAULT_RULES
from kalshi_desk.exchange.venue import DESK, Venue

ORIGIN = 1_795_390_000_000_000_000
SECOND = 1_000_000_000
TICKER = "KXRECSSNBER-27DEC27"


@pytest.fixture
def venue() -> Iterator[Venue]:
    """Return a new exchange with a short warm-up."""
    fresh = Venue.new(7, ORIGIN, DEFAULT_RULES, warm_minutes=1)
    fresh.take_notices()
    yield fresh
    assert fresh.total() == fresh.opening_total


def market(venue: Venue) -> Market:
    return venue.engine.markets[TICKER]


def told(venue: Venue) -> list[str]:
    """Return what the stream hears of the market since the last time."""
    return [
        notice.kind
        for notice in venue.take_notices()
        if isinstance(notice, LifecycleChanged) and notice.ticker == TICKER
    ]


def until(venue: Venue, ns: int) -> None:
    """Let time pass to the last step before a moment."""
    venue.apply(
        Jump(to_step=venue.step_number + (ns - venue.now_ns) // venue.step_ns), venue.now_ns
    )


def rested(venue: Venue) -> Order:
    buy = NewOrder(owner=DESK, ticker=TICKER, is_bid=True, price=100, count=100)
    order: Order = venue.apply(buy, venue.now_ns).order
    return order


def test_a_market_opens_in_silence_and_takes_no_order_before(venue: Venue) -> None:
    found = market(venue)
    found.status, found.open_ns = "initialized", venue.now_ns + 2 * SECOND
    venue.lifecycle.restore()
    with pytest.raises(Refusal, match="market_inactive"):
        rested(venue)
    for _ in range(3 * SECOND // venue.step_ns):
        venue.step()
    assert found.status == "active"
    assert rested(venue).status == "resting"
    assert told(venue) == []


def test_a_market_closes_in_silence_and_its_orders_are_swept(venue: Venue) -> None:
    order = rested(venue)
    venue.apply(MoveClose(ticker=TICKER, close_ns=venue.now_ns + 2 * SECOND), venue.now_ns)
    assert told(venue) == ["close_date_updated"]
    reasons = []
    while order.status == "resting":
        assert venue.now_ns < ORIGIN + 300 * SECOND
        venue.step()
        notices = venue.take_notices()
        assert not [n for n in notices if isinstance(n, LifecycleChanged) and n.ticker == TICKER]
        reasons += [
            n.reason
            for n in notices
            if isinstance(n, OrderChanged) and n.order.number == order.number
        ]
    assert market(venue).status == "closed"
    assert reasons == ["CloseCancel"]


def test_a_closed_market_with_a_later_close_trades_again_without_its_orders(venue: Venue) -> None:
    order = rested(venue)
    venue.apply(MoveClose(ticker=TICKER, close_ns=venue.now_ns), venue.now_ns)
    venue.step()
    assert market(venue).status == "closed"
    told(venue)
    venue.apply(MoveClose(ticker=TICKER, close_ns=venue.now_ns + 3_600 * SECOND), venue.now_ns)
    assert told(venue) == ["close_date_updated", "activated"]
    assert order.status == "canceled"
    assert rested(venue).status == "resting"


def test_a_determined_market_pays_when_its_timer_has_run(venue: Venue) -> None:
    venue.apply(ResolveMarket(ticker=TICKER, result="yes"), venue.now_ns)
    found = market(venue)
    pays_ns = found.determined_ns + found.settle_after_s * SECOND
    assert found.settle_after_s > 0
    until(venue, pays_ns - 1)
    assert (found.status, found.result) == ("determined", "yes")
    told(venue)
    venue.step()
    venue.step()
    assert found.status == "finalized"
    assert told(venue) == ["settled"]
