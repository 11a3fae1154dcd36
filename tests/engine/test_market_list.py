"""The list of markets: what fits, in which order, in pages that fit together, what lies below."""

from __future__ import annotations

from decimal import Decimal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kalshi_desk.core.events import BookSnapshot, CoreEvent, MarketsListed, MarketStatusChanged
from kalshi_desk.core.records import Event, Market
from kalshi_desk.core.types import Count, MarketStatus, Price
from kalshi_desk.desk.service import AskMarkets, MarketFilter, MarketSort, MarketsPage
from kalshi_desk.engine.market_desk import coverage
from kalshi_desk.engine.market_list import (
    MAX_PAGE,
    MOST_BEYOND,
    SHORT_BEAT_NS,
    SLOW_BEAT_NS,
    MarketList,
)
from kalshi_desk.engine.state import CoreSettings, CoreState

SECOND = 1_000_000_000
HOUR = 3_600 * SECOND
NOW = 1_800_000_000 * SECOND

FED = Event(
    event_ticker="KXFED-26DEC",
    series_ticker="KXFED",
    title="Fed decision in December?",
    category="Economics",
)
BEST = Event(
    event_ticker="KXOSCAR-27",
    series_ticker="KXOSCAR",
    title="Best Picture?",
    category="Entertainment",
    mutually_exclusive=True,
)


def fed(strike: str, volume: int = 0, **fields: object) -> Market:
    """Return a market on the rate in December."""
    known: dict[str, object] = {
        "ticker": f"KXFED-26DEC-T{strike}",
        "event_ticker": "KXFED-26DEC",
        "series_ticker": "KXFED",
        "category": "Economics",
        "title": f"Will the rate be above {strike}%?",
        "subtitle": f"Above {strike}%",
        "volume": Count(volume),
        "close_ns": NOW + 48 * HOUR,
        "floor_strike": Decimal(strike),
        "rules": "Resolves by the statement of the Federal Open Market Committee.",
    }
    return Market(**{**known, **fields})  # type: ignore[arg-type]


def film(name: str, volume: int = 0, **fields: object) -> Market:
    """Return a market on who wins the prize."""
    known: dict[str, object] = {
        "ticker": f"KXOSCAR-27-{name[:3].upper()}",
        "event_ticker": "KXOSCAR-27",
        "title": f"Will {name} win Best Picture?",
        "subtitle": name,
        "volume": Count(volume),
        "close_ns": NOW + 24 * HOUR,
    }
    return Market(**{**known, **fields})  # type: ignore[arg-type]


class Listed:
    """A state with markets, and the list of them."""

    def __init__(self, *markets: Market, beyond: tuple[Market, ...] = ()) -> None:
        self.state = CoreState(CoreSettings())
        self.state.now_ns = NOW
        self.beyond = {market.ticker: market for market in beyond}
        self.list = MarketList(self.state, lambda: self.beyond)
        self.take(MarketsListed(markets, (FED, BEST)))

    def take(self, event: CoreEvent) -> None:
        self.state.markets.apply(event, self.state.now_ns)

    def quote(self, ticker: str, bid: int | None, ask: int | None) -> None:
        def level(price: int | None) -> tuple[tuple[Price, Count], ...]:
            return () if price is None else ((Price(price), Count(100)),)

        self.take(BookSnapshot(ticker, level(bid), level(ask)))

    def page(self, **fields: object) -> MarketsPage:
        asked = {name: fields.pop(name) for name in _ASKED if name in fields}
        wanted = MarketFilter(**fields)  # type: ignore[arg-type]
        return self.list.page(AskMarkets(wanted=wanted, **asked))  # type: ignore[arg-type]

    def names(self, **fields: object) -> list[str]:
        return [row.ticker.rpartition("-")[2] for row in self.page(**fields).rows]


_ASKED = ("sort", "descending", "offset", "limit", "around")


@pytest.fixture
def world() -> Listed:
    """Three strikes and two films."""
    return Listed(
        fed("4.00", 50), fed("3.75", 90), fed("10.00", 5), film("Hamnet", 70), film("Sinners")
    )


def test_events_that_close_first_come_first_and_strikes_in_their_order(world: Listed) -> None:
    assert world.names() == ["HAM", "SIN", "T3.75", "T4.00", "T10.00"]
    assert world.names(descending=True) == ["T3.75", "T4.00", "T10.00", "HAM", "SIN"]


def test_a_market_without_a_close_stands_last_either_way() -> None:
    world = Listed(film("Hamnet", close_ns=0), fed("4.00"))
    assert world.names() == world.names(descending=True) == ["T4.00", "HAM"]


def test_other_orders(world: Listed) -> None:
    assert world.names(sort=MarketSort.VOLUME, descending=True)[:3] == ["T3.75", "HAM", "T4.00"]
    assert world.names(sort=MarketSort.VOLUME)[:2] == ["SIN", "T10.00"]
    assert world.names(sort=MarketSort.TITLE)[:2] == ["HAM", "SIN"]
    assert world.names(sort=MarketSort.TITLE, descending=True)[-1] == "HAM"


def test_the_tightest_spread_comes_first_and_half_a_book_last(world: Listed) -> None:
    world.quote("KXFED-26DEC-T4.00", 4_000, 4_500)
    world.quote("KXOSCAR-27-SIN", 1_000, 1_100)
    world.quote("KXFED-26DEC-T10.00", 100, None)
    assert world.names(sort=MarketSort.SPREAD)[:2] == ["SIN", "T4.00"]
    assert world.names(sort=MarketSort.SPREAD, descending=True)[:2] == ["T4.00", "SIN"]


def test_the_largest_moves_whichever_way() -> None:
    up = fed("4.00", previous_price=Price(4_000), last_price=Price(4_300))
    down = fed("3.75", previous_price=Price(9_000), last_price=Price(8_000))
    world = Listed(up, down, fed("5.00"))
    found = world.names(sort=MarketSort.CHANGE, descending=True)
    assert found == ["T3.75", "T4.00", "T5.00"]
    assert [row.change for row in world.page().rows] == [-1_000, 300, None]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("fed", ["T3.75", "T4.00", "T10.00"]),
        ("FED dec", ["T3.75", "T4.00", "T10.00"]),
        ("kxfed-26dec-t4", ["T4.00"]),
        ("committee", ["T3.75", "T4.00", "T10.00"]),
        ("picture sinn", ["SIN"]),
        ("entertainment", ["HAM", "SIN"]),
        ("amne", ["HAM"]),
        ("sinners fed", []),
        ("[/", []),
    ],
)
def test_every_word_is_somewhere(world: Listed, text: str, found: list[str]) -> None:
    assert world.names(text=text) == found
    assert world.page(text=text).total == len(found)


def test_the_best_fit_comes_first() -> None:
    world = Listed(
        film("Hamnet", 1, rules="Not the fed."),
        fed("4.00", 2),
        film("Old Federer", 3),
    )
    assert world.names(text="fed", sort=MarketSort.RELEVANCE) == ["T4.00", "OLD", "HAM"]


def test_filters(world: Listed) -> None:
    world.quote("KXFED-26DEC-T4.00", 4_000, 4_200)
    world.quote("KXFED-26DEC-T3.75", 8_000, 8_900)
    world.state.starred.add("KXOSCAR-27-SIN")
    assert world.names(closes_within_s=25 * 3_600) == ["HAM", "SIN"]
    assert world.names(min_volume=70) == ["HAM", "T3.75"]
    assert world.names(max_spread=Price(200)) == ["T4.00"]
    assert world.names(price_low=Price(4_100)) == ["T3.75", "T4.00"]
    assert world.names(price_low=Price(4_100), price_high=Price(5_000)) == ["T4.00"]
    assert world.names(only_starred=True) == ["SIN"]
    assert world.names(only_exclusive=True) == ["HAM", "SIN"]
    assert world.names(only_mine=True) == []
    assert world.names(category="Entertainment", only_starred=True, text="picture") == ["SIN"]


def test_what_is_over_and_combos_come_only_when_asked(world: Listed) -> None:
    combo = fed("1.00", is_combo=True)
    world.take(MarketsListed((combo,)))
    world.take(MarketStatusChanged(ticker="KXOSCAR-27-HAM", status=MarketStatus.CLOSED))
    assert "T1.00" not in world.names()
    assert "HAM" not in world.names()
    assert "T1.00" in world.names(with_combos=True)
    assert "HAM" in world.names(only_active=False)
    paused = MarketStatusChanged(ticker="KXOSCAR-27-SIN", status=MarketStatus.INACTIVE)
    world.take(paused)
    assert "SIN" in world.names()


def test_places_from_categories_down_to_events(world: Listed) -> None:
    top = world.page().branches
    assert [(b.kind, b.name, b.markets, b.volume) for b in top] == [
        ("category", "Economics", 3, 145),
        ("category", "Entertainment", 2, 70),
    ]
    (series,) = world.page(category="Economics").branches
    assert (series.kind, series.name, series.title) == ("series", "KXFED", FED.title)
    (event,) = world.page(category="Economics", series="KXFED").branches
    assert (event.kind, event.name, event.closes_ns) == ("event", FED.event_ticker, NOW + 48 * HOUR)
    assert world.page(event=FED.event_ticker).branches == ()
    assert world.names(event=FED.event_ticker) == ["T3.75", "T4.00", "T10.00"]


def test_branches_count_what_fits_and_are_titled_by_what_is_shared() -> None:
    december = fed("4.00")
    january = fed("4.00", ticker="KXFED-27JAN-T4", event_ticker="KXFED-27JAN")
    world = Listed(december, january)
    event = msgspec.structs.replace(
        FED, event_ticker="KXFED-27JAN", title="Fed decision in January?"
    )
    world.take(MarketsListed((), (event,)))
    (series,) = world.page(category="Economics").branches
    assert (series.title, series.markets) == ("Fed decision in …", 2)
    (only,) = world.page(category="Economics", text="january").branches
    assert only.markets == 1


def test_pages_of_one_order_fit_together_while_numbers_move(world: Listed) -> None:
    first = world.page(sort=MarketSort.VOLUME, descending=True, limit=2)
    world.take(MarketsListed((fed("10.00", 900),)))
    second = world.page(sort=MarketSort.VOLUME, descending=True, limit=2, offset=2)
    assert first.ordered_ns == second.ordered_ns
    names = [row.ticker for page in (first, second) for row in page.rows]
    assert len(set(names)) == 4
    assert second.offset == 2
    assert second.total == 5
    world.state.now_ns += SLOW_BEAT_NS
    third = world.page(sort=MarketSort.VOLUME, descending=True, limit=2)
    assert third.ordered_ns > first.ordered_ns
    assert third.rows[0].ticker == "KXFED-26DEC-T10.00"


def test_rows_tell_the_numbers_of_now_whatever_the_order_is(world: Listed) -> None:
    assert world.page().rows[0].yes_bid is None
    world.quote("KXOSCAR-27-HAM", 2_000, 2_200)
    row = world.page().rows[0]
    assert (row.yes_bid, row.yes_ask, row.is_fresh) == (2_000, 2_200, True)


def test_a_new_market_comes_in_on_the_short_beat(world: Listed) -> None:
    world.names()
    world.take(MarketsListed((fed("5.00"),)))
    assert "T5.00" not in world.names()
    world.state.now_ns += SHORT_BEAT_NS
    assert "T5.00" in world.names()


def test_an_empty_list_fills_at_once() -> None:
    world = Listed()
    assert world.page().total == 0
    world.take(MarketsListed((fed("5.00"),)))
    assert world.names() == ["T5.00"]


def test_a_clock_set_back_makes_the_order_anew(world: Listed) -> None:
    made = world.page().ordered_ns
    world.state.now_ns -= HOUR
    assert world.page().ordered_ns == made - HOUR


def test_the_page_around_a_market(world: Listed) -> None:
    page = world.page(limit=2, around="KXFED-26DEC-T10.00")
    assert page.offset == 4
    assert [row.ticker for row in page.rows] == ["KXFED-26DEC-T10.00"]
    assert world.page(limit=2, offset=2, around="GONE").offset == 2


@given(offset=st.integers(-5, 20), limit=st.integers(-3, 1_000))
def test_no_page_is_asked_wrongly(offset: int, limit: int) -> None:
    world = Listed(*(fed(f"{n}.00") for n in range(7)))
    page = world.page(offset=offset, limit=limit)
    assert page.total == 7
    assert 0 <= page.offset <= 7
    assert len(page.rows) == min(max(limit, 1), MAX_PAGE, 7 - page.offset)


# --- markets that the desk does not follow -----------------------------------------------


def test_a_search_finds_what_is_not_followed_after_what_is() -> None:
    far = tuple(fed(f"{n}.50", n) for n in range(5))
    world = Listed(fed("4.00"), beyond=far)
    assert world.names() == ["T4.00"]
    page = world.page(text="fed")
    assert (page.total, page.beyond) == (6, 5)
    assert [row.ticker[-4:] for row in page.rows[:2]] == ["4.00", "4.50"]
    row = page.rows[1]
    assert (row.yes_bid, row.is_fresh, row.volume) == (None, False, 4)
    world.state.starred.add(row.ticker)
    assert world.page(text="fed").rows[1].is_starred


@pytest.mark.parametrize("wanted", [{"max_spread": Price(100)}, {"only_mine": True}])
def test_what_has_no_book_is_not_found_by_what_a_book_says(wanted: dict[str, object]) -> None:
    assert Listed(beyond=(fed("4.00"),)).page(text="fed", **wanted).total == 0


def test_what_is_followed_meanwhile_is_found_once() -> None:
    far = fed("4.00")
    world = Listed(fed("3.00"), beyond=(far,))
    assert world.page(text="fed").beyond == 1
    world.take(MarketsListed((far,)))
    row = next(row for row in world.page(text="fed").rows if row.ticker == far.ticker)
    assert row.ticker == far.ticker
    world.beyond.clear()
    world.state.now_ns += SHORT_BEAT_NS
    page = world.page(text="fed")
    assert (page.total, page.beyond) == (2, 0)


def test_no_more_are_found_than_a_person_reads() -> None:
    far = tuple(fed(f"{n}.00") for n in range(MOST_BEYOND + 50))
    assert Listed(beyond=far).page(text="fed").beyond == MOST_BEYOND


def test_what_the_list_covers_is_said() -> None:
    assert coverage(2_000, 0) == ""
    assert "2,000 of 41,000 open markets" in coverage(2_000, 39_000)


async def test_two_questions_at_a_time_get_their_own_answers() -> None:
    import asyncio

    world = Listed(*(fed(f"{n}.00") for n in range(700)))
    asks = [AskMarkets(), AskMarkets(wanted=MarketFilter(text="699.00"))]
    every, one = await asyncio.gather(*(world.list.answer(ask) for ask in asks))
    assert (every.total, one.total) == (700, 1)
