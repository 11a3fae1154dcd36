"""The harness that measures the news gate: same money on both sides, nothing invented."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import msgspec
import pytest

from kalshi_desk.core.events import OrderAnswered
from kalshi_desk.core.news import Tier
from kalshi_desk.core.records import OrderIntent
from kalshi_desk.core.strategy import Observation
from kalshi_desk.core.types import CENT, COUNT_SCALE, BookSide, Count, Outcome, Price
from kalshi_desk.exchange.news_beats import BEATS
from kalshi_desk.exchange.rules import read_rules
from kalshi_desk.exchange.venue import Venue
from kalshi_desk.store.journal import Journal
from kalshi_desk.strategies.news_proof import Horizon, news_cell, price_cell
from tests.power.press import make_ignorant
from tests.power.season import START_NS, Season, SeasonFound, play
from tests.power.summary import summary_of
from tests.power.wire import SECOND_NS, Exchange

pytestmark = pytest.mark.long

TAUGHT = ("Climate and Weather", "Crypto", "Financials", "Politics", "Sports")


def _taught(folder: Path) -> None:
    """Write a past into the journal in which stories moved prices: never done by a measurement."""
    journal = Journal(folder / "practice.sqlite", durable=False)
    for category in TAUGHT:
        cell = news_cell(category, Tier.PRESS, Horizon.MINUTES_30)
        for number in range(240):
            score = 0.3 * (-1) ** number
            shown = 2.0 * score + 0.05 * (number % 7 - 3)
            effect = Observation(
                strategy="news",
                cell=cell,
                event_ticker=f"PAST-{number % 60}",
                value=shown,
                at_ns=START_NS - (300 - number) * 60 * SECOND_NS,
                source=f"story-{number} PAST",
                score=score,
            )
            moved = 0.5 + 0.2 * shown
            price = msgspec.structs.replace(effect, cell=price_cell(cell), value=moved, score=0.5)
            journal.write([effect, price])
    journal.close()


@pytest.fixture(scope="module")
def traded(tmp_path_factory: pytest.TempPathFactory) -> SeasonFound:
    """One season of two short days that trades."""
    folder = tmp_path_factory.mktemp("power")
    _taught(folder)
    return play(Season(seed=3, days=2, hours=0.4, rate=5.0), folder)


def test_the_exchange_and_the_desk_hold_the_same_money(traded: SeasonFound) -> None:
    assert traded.fills > 0
    assert traded.fees > 0
    assert traded.cash_gap == 0
    assert traded.halted == ""
    assert traded.faults == ()


def test_everything_learned_stands_in_the_journal(traded: SeasonFound) -> None:
    assert traded.observations > len(TAUGHT) * 480
    assert traded.kept_gap == 0


def test_a_gate_that_history_has_opened_is_seen_at_once(traded: SeasonFound) -> None:
    assert traded.opened_day == 1
    assert traded.opened_hours < 0.1


def test_a_season_is_the_same_each_time_and_starts_shut(tmp_path: Path) -> None:
    season = Season(seed=2, days=2, hours=0.1, rate=5.0)
    found = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        found.append(play(season, tmp_path / name))
    assert found[0] == found[1]
    assert found[0].opened_day == 0
    assert (found[0].orders, found[0].net) == (0, 0)
    assert found[0].items > 0


def test_orders_meet_the_books_of_the_exchange_itself() -> None:
    exchange = Exchange(Venue.new(1, START_NS, read_rules([]), book_rate=10.0))
    line = exchange.connect()
    listed = line.open()
    market = next(m for m in listed.markets if exchange.venue.engine.books[m.ticker].best_ask)
    book = exchange.venue.engine.books[market.ticker]
    before = book.asks.size_at(book.best_ask)
    intent = OrderIntent(
        client_order_id="power-1",
        ticker=market.ticker,
        side=BookSide.BID,
        price=Price(book.best_ask or CENT),
        count=Count(COUNT_SCALE),
        outcome=Outcome.YES,
        created_ns=START_NS,
    )
    answer = line.place(intent)
    assert isinstance(answer, OrderAnswered)
    assert answer.filled == COUNT_SCALE
    assert book.asks.size_at(intent.price) == before - COUNT_SCALE
    fills = [event for event in line.events() if type(event).__name__ == "FillReported"]
    assert len(fills) == 1
    reading = line.reading()
    assert [position.position for position in reading.positions] == [COUNT_SCALE]


def test_an_ignorant_press_moves_values_as_often_but_not_as_it_says() -> None:
    """The same stories at the same times; only the way in which values then go is a coin's."""
    said: list[list[tuple[str, float]]] = []
    for ignorant in (False, True):
        venue = Venue.new(5, START_NS, read_rules(["step_ms=1000"]), book_rate=1.0)
        if ignorant:
            make_ignorant(venue)
        venue.newsroom.wire.items.clear()
        for _ in range(2_500):
            venue.step()
        said.append([(i.headline, i.impact) for i in venue.newsroom.wire.items if i.impact])
    telling, blind = said
    assert len(telling) >= 20
    first, second = telling[0], blind[0]
    assert first[0] == second[0]
    assert abs(first[1]) == abs(second[1])
    signs = [_way(text) * impact > 0 for text, impact in blind if _way(text)]
    assert 0.2 < sum(signs) / len(signs) < 0.8
    assert all(_way(text) * impact > 0 for text, impact in telling if _way(text))


def _way(headline: str) -> int:
    """Return which way a practice headline says that its value goes, 0 where it names a place."""
    for beat in BEATS.values():
        if headline in beat.up:
            return 1
        if headline in beat.down:
            return -1
    return 0


def test_the_summary_gives_an_interval_of_the_mean() -> None:
    base = SeasonFound(
        season=Season(),
        items=1,
        stories=1,
        observations=1,
        opened_day=0,
        opened_hours=0.0,
        cells=(),
        nearest="",
        orders=0,
        fills=0,
        events_traded=0,
        fees=500_000,
        net=1_000_000,
        open_value=0,
        cash_gap=Decimal(0),
        kept_gap=0,
        halted="",
        faults=(),
    )
    other = msgspec.structs.replace(base, net=3_000_000, opened_day=4, fills=2)
    total = summary_of([base, other])
    assert (total.seasons, total.opened, total.traded) == (2, 1, 1)
    assert (total.mean_net, total.mean_gross, total.mean_fees) == (2.0, 2.5, 0.5)
    # Student's t with one degree of freedom: 12.7062 standard errors of 1.
    assert total.low == pytest.approx(2.0 - 12.7062, abs=1e-3)
    assert total.high == pytest.approx(2.0 + 12.7062, abs=1e-3)
    assert summary_of([base]).low is None
