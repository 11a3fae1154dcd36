"""Which markets the desk carries of more than it can."""

from __future__ import annotations

from kalshi_desk.core.events import MarketsListed
from kalshi_desk.core.records import Event, Market
from kalshi_desk.core.types import Count
from kalshi_desk.engine.universe import Universe, trim


def listing(**volumes: list[int]) -> MarketsListed:
    """Return a listing of events, each with markets of these volumes."""
    markets = tuple(
        Market(ticker=f"{event}-{n}", event_ticker=event, volume=Count(volume))
        for event, found in volumes.items()
        for n, volume in enumerate(found)
    )
    events = tuple(Event(event_ticker=e, series_ticker=e, title=e) for e in volumes)
    return MarketsListed(markets, events)


def tickers(listed: MarketsListed) -> list[str]:
    return [market.ticker for market in listed.markets]


def test_a_listing_that_fits_is_left_alone() -> None:
    listed = listing(A=[1, 2], B=[3])
    assert trim(listed, set(), limit=3) is listed


def test_the_most_traded_events_stay_and_stay_whole() -> None:
    trimmed = trim(listing(A=[0, 1], B=[0, 90], C=[50, 0, 3]), set(), limit=5)
    assert tickers(trimmed) == ["B-0", "B-1", "C-0", "C-1", "C-2"]
    assert [event.event_ticker for event in trimmed.events] == ["B", "C"]


def test_an_event_that_does_not_fit_leaves_its_room_to_others() -> None:
    assert tickers(trim(listing(A=[9, 9, 9], B=[2], C=[1]), set(), limit=2)) == ["B-0", "C-0"]


def test_what_is_held_is_carried_whatever_it_takes() -> None:
    listed = listing(A=[0, 0, 0], B=[7, 7])
    assert tickers(trim(listed, {"A-1"}, limit=4)) == ["A-0", "A-1", "A-2"]
    assert tickers(trim(listed, {"A-1", "A-2"}, limit=1)) == ["A-1", "A-2"]


def test_what_is_left_out_is_remembered_until_it_is_carried() -> None:
    universe = Universe(set, limit=2)
    carried = universe.take(listing(A=[9, 9], B=[1]))
    assert tickers(carried) == ["A-0", "A-1"]
    assert set(universe.left_out) == {"B-0"}
    again = universe.take(MarketsListed((universe.left_out["B-0"],)))
    assert tickers(again) == ["B-0"]
    assert [event.event_ticker for event in again.events] == ["B"], "told with its event"
    assert universe.left_out == {}
