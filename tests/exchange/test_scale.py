"""Larger exchanges: what they list, how often their books change, and that they stay exact."""

from __future__ import annotations

from collections import Counter
from random import Random

import msgspec
import pytest

from kalshi_desk.exchange.beliefs import new_drivers
from kalshi_desk.exchange.catalog import TEMPLATES
from kalshi_desk.exchange.catalog_wide import templates_for, terms_for
from kalshi_desk.exchange.commands import Jump, NewOrder
from kalshi_desk.exchange.listing import list_event
from kalshi_desk.exchange.main import run
from kalshi_desk.exchange.messages import delta_body
from kalshi_desk.exchange.notices import LevelChanged
from kalshi_desk.exchange.rules import DEFAULT_RULES
from kalshi_desk.exchange.statefile import replay
from kalshi_desk.exchange.venue import DESK, Venue, VenueState

ORIGIN = 1_795_390_000_000_000_000
MARKETS, RATE = 400, 1_500.0
encode = msgspec.msgpack.encode


def large(seed: int = 7, *, markets: int = MARKETS, book_rate: float = RATE) -> Venue:
    """Return a new exchange with a short warm-up."""
    return Venue.new(
        seed, ORIGIN, DEFAULT_RULES, warm_minutes=2, markets=markets, book_rate=book_rate
    )


def is_open(venue: Venue) -> int:
    """Return how many markets trade."""
    return sum(market.status == "active" for market in venue.engine.markets.values())


def test_a_larger_catalog_is_the_smaller_one_and_more() -> None:
    usual, small, big = templates_for(0), templates_for(MARKETS), templates_for(3_000)
    assert usual == TEMPLATES
    assert big[: len(small)] == small
    assert small[: len(usual)] == usual
    assert sum(template.size for template in big) >= 3_000
    assert len({template.key for template in big}) == len(big)
    # Behind each kind of question there is a value of its own.
    shapes = Counter(template.shape for template in big)
    assert set(shapes) == {"updown", "brackets", "ladder", "range", "choice", "single"}


def test_all_that_can_be_listed_has_a_ticker_of_its_own() -> None:
    templates = templates_for(7_000)
    drivers = new_drivers(Random(7), ORIGIN, terms_for(templates))
    listed = [list_event(item, drivers[item.driver], ORIGIN) for item in templates]
    markets = [market for _, found in listed for market in found]
    assert len(markets) == sum(template.size for template in templates) >= 7_000
    assert len({event.ticker for event, _ in listed}) == len(listed)
    assert len({market.ticker for market in markets}) == len(markets)
    questions = {(market.title, market.yes_sub_title, market.close_ns) for market in markets}
    assert len(questions) == len(markets)


def test_at_size_the_same_seed_gives_the_same_exchange_and_another_one_another() -> None:
    first, second, other = large(), large(), large(8)
    for venue in (first, second, other):
        for _ in range(30):
            venue.step()
    assert encode(first.state()) == encode(second.state())
    assert encode(first.state()) != encode(other.state())


def test_books_change_as_often_as_asked_and_nothing_is_lost() -> None:
    venue = large()
    venue.take_notices()
    changes: list[LevelChanged] = []
    for _ in range(100):
        venue.step()
        changes += [n for n in venue.take_notices() if isinstance(n, LevelChanged)]
    assert len(changes) == pytest.approx(RATE * 10, rel=0.03)
    assert len({change.ticker for change in changes}) > MARKETS * 0.8
    assert venue.total() == venue.opening_total
    for ticker, book in venue.engine.books.items():
        for side in (book.bids, book.asks):
            for level in side.levels.values():
                assert level.total == sum(order.remaining for order in level.orders.values())
                for order in level.orders.values():
                    assert venue.engine.open_orders[order.owner][order.number].ticker == ticker


def test_the_log_replays_at_size() -> None:
    venue, log = large(), []
    ticker = next(t for t in venue.engine.markets if t.startswith("KXHIGHATL"))
    for number in range(10):
        for _ in range(3):
            venue.step()
        order = NewOrder(owner=DESK, ticker=ticker, is_bid=True, price=9_900, count=100 + number)
        log.append((venue.step_number, venue.now_ns, order))
        venue.apply(order, venue.now_ns)
    log.append((venue.step_number, venue.now_ns, jump := Jump(to_step=venue.step_number + 2_000)))
    venue.apply(jump, venue.now_ns)
    again = large()
    replay(again, log, venue.step_number)
    assert encode(again.state()) == encode(venue.state())


def test_days_pass_at_size_with_as_many_markets_open_as_asked() -> None:
    venue = large()
    for _ in range(4):
        venue.apply(Jump(to_step=venue.step_number + 864_000), venue.now_ns)
        for _ in range(5):
            venue.step()
        assert is_open(venue) >= MARKETS
    assert venue.total() == venue.opening_total
    assert len(venue.engine.markets) < MARKETS * 40


def test_a_saved_exchange_can_be_enlarged_and_set_to_another_pace() -> None:
    state = msgspec.msgpack.decode(encode(large(markets=0).state()), type=VenueState)
    venue = Venue(state, DEFAULT_RULES)
    venue.enlarge(markets=MARKETS, book_rate=300.0)
    assert is_open(venue) >= MARKETS
    for _ in range(50):
        venue.step()
    changes = [notice for notice in venue.take_notices() if isinstance(notice, LevelChanged)]
    assert len(changes) == pytest.approx(1_500, rel=0.1)
    assert venue.total() == venue.opening_total
    assert venue.state().book_rate == 300.0
    opened = is_open(venue)
    venue.enlarge(markets=1, book_rate=None)
    assert (is_open(venue), venue.state().book_rate) == (opened, 300.0)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--markets", "0"), "--markets must be at least 1"),
        (("--markets", "1000000"), "markets can be listed"),
        (("--rate", "0"), "--rate must be above 0"),
        (("--rate", "-5"), "--rate must be above 0"),
        (("--rate", "nan"), "--rate must be above 0"),
        (("--rate", "1e9"), "at most 20,000"),
    ],
)
def test_a_size_that_cannot_be_is_refused_in_one_line(
    options: tuple[str, str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["--json", *options]) == 2
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert words in err


@pytest.mark.parametrize("option", ["--markets", "--rate"])
def test_a_size_that_is_no_number_is_a_usage_error(
    option: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run([option, "many"]) == 2
    assert f"argument {option}: invalid" in capsys.readouterr().err


def test_the_message_written_by_hand_is_json_whatever_a_client_names_its_order() -> None:
    venue = large(markets=0)
    ticker = next(t for t, m in venue.engine.markets.items() if m.shard == 0)
    venue.take_notices()
    name = 'a"b\\c\n\u00e9'
    order = NewOrder(
        owner=DESK, ticker=ticker, is_bid=False, price=9_900, count=150, client_id=name
    )
    venue.apply(order, venue.now_ns)
    notice = next(n for n in venue.take_notices() if isinstance(n, LevelChanged))
    own = msgspec.json.decode(delta_body(venue, notice, use_yes_price=False, is_own=True))
    assert own["client_order_id"] == name
    assert own["subaccount"] == 0
    assert (own["side"], own["price_dollars"], own["delta_fp"]) == ("no", "0.0100", "1.50")
    assert own["market_id"] == venue.engine.markets[ticker].market_id
    public = msgspec.json.decode(delta_body(venue, notice, use_yes_price=True, is_own=False))
    assert public["price_dollars"] == "0.9900"
    assert set(own) - set(public) == {"client_order_id", "subaccount"}
    assert public["ts_ms"] == venue.now_ns // 1_000_000
