"""What a person may type about a stop, what it says it costs, and what faces are shown."""

from __future__ import annotations

import msgspec
import pytest

from kalshi_desk.core.events import FillReported, MarketsListed, OrderAnswered
from kalshi_desk.core.records import Market
from kalshi_desk.core.stops import StopKind, StopState
from kalshi_desk.core.types import Action, Count, Outcome, Price, parse_price
from kalshi_desk.desk.automation import PreviewStop, SetStop, StopPreview
from kalshi_desk.desk.automation_frames import StopRow
from kalshi_desk.desk.commands import Outcomes, PlaceOrder, QueryFailed
from kalshi_desk.engine.board import Board
from kalshi_desk.engine.preview import reply_to
from kalshi_desk.risk.stop_book import StopBook
from kalshi_desk.risk.stops import StopRules
from tests.engine.test_core import SECOND, answer, fill_of, sent
from tests.engine.test_stops import StopBench, exits

HOUR_NS = 3_600 * SECOND


def held_at(entry: str, bid: str, ask: str, *, hours: float = 0) -> StopBench:
    """A bench with ten YES at an entry, quoted so, of a market that ends in so many hours."""
    bench = StopBench(holds=False)
    close_ns = bench.now_ns + int(hours * HOUR_NS) if hours else 0
    bench.take(MarketsListed((Market(ticker="A", event_ticker="E", close_ns=close_ns),)))
    bench.quote(f"{float(entry) - 0.01:.2f}", entry)
    bench.hold(price=entry)
    bench.quote(bid, ask)
    return bench


def preview(bench: StopBench, kind: StopKind, amount: str) -> StopPreview:
    found = reply_to(bench.core.state, PreviewStop(ticker="A", kind=kind, amount=amount))
    assert isinstance(found, StopPreview), found
    return found


@pytest.mark.parametrize(
    ("entry", "amount", "level", "hit", "cents", "winners"),
    [
        ("0.50", "15c", 3_500, 0.7692, 1.994, 0.538),
        ("0.50", "50%", 2_500, 0.6667, 1.542, 0.333),
        ("0.70", "30%", 4_900, 0.5882, 1.617, 0.412),
        ("0.30", "30%", 2_100, 0.8861, 1.915, 0.620),
        ("0.85", "15c", 7_000, 0.5000, 1.235, 0.412),
    ],
)
def test_a_preview_shows_what_the_stop_costs(
    entry: str, amount: str, level: int, hit: float, cents: float, winners: float
) -> None:
    middle = float(entry)
    bench = held_at(entry, f"{middle - 0.01:.2f}", f"{middle + 0.01:.2f}")
    found = preview(bench, StopKind.FIXED, amount)
    assert found.level == level
    assert found.chance == pytest.approx(hit, abs=5e-5)
    assert found.winners_stopped == pytest.approx(winners, abs=5e-4)
    assert found.expected_cost is not None
    assert found.expected_cost / 10_000 == pytest.approx(cents, abs=5e-4)
    assert f"{hit:.1%}" in found.text
    leaving = bench.core.state.exit_of(bench.core.state.positions.get("A"))
    assert leaving is not None
    assert found.worst_exit == leaving.net


def test_a_trailing_preview_shows_its_chance_on_the_grid() -> None:
    bench = held_at("0.50", "0.49", "0.51")
    found = preview(bench, StopKind.TRAILING, "10c")
    assert found.chance == pytest.approx(1 - 0.008519, abs=5e-7)
    assert found.winners_stopped == pytest.approx(1 - 0.008519 / 0.5, abs=5e-6)
    assert found.expected_cost is None
    assert found.level == 3_900


def test_a_volatility_stop_is_as_wide_as_the_expected_move() -> None:
    bench = held_at("0.50", "0.50", "0.51", hours=168)
    found = preview(bench, StopKind.VOLATILITY, "2sd")
    assert found.level == pytest.approx(5_000 - 3_779.6, abs=1.5)


def test_a_move_wider_than_the_price_is_refused_with_what_fits() -> None:
    bench = held_at("0.50", "0.50", "0.51", hours=24)
    query = PreviewStop(ticker="A", kind=StopKind.VOLATILITY, amount="2sd")
    found = reply_to(bench.core.state, query)
    assert isinstance(found, QueryFailed)
    assert "a stop inside the noise is a fee" in found.reasons[0].text
    assert "below 1sd" in found.reasons[0].text


@pytest.mark.parametrize(
    ("kind", "amount", "said"),
    [
        (StopKind.FIXED, "20", "Type per cent of the entry (20%) or cents (5c)"),
        (StopKind.FIXED, "lots", "is no amount of a fixed stop"),
        (StopKind.FIXED, "0c", "more than nothing"),
        (StopKind.FIXED, "-5c", "more than nothing"),
        (StopKind.FIXED, "48c", "It must be less than 48¢"),
        (StopKind.FIXED, "200%", "It must be less than 48¢"),
        (StopKind.FIXED, "1c", "47¢ is bid now"),
        (StopKind.TRAILING, "50c", "It must be less than 47¢"),
        (StopKind.TIME, "5c", "Type hours (4h) or minutes (30m)"),
        (StopKind.TIME, "0h", "a time of up to a year"),
        (StopKind.TIME, "9999999h", "a time of up to a year"),
        (StopKind.TIME, "3h", "The market closes before that, in 119 minutes"),
        (StopKind.VOLATILITY, "2", "Type standard deviations (2sd)"),
        (StopKind.VOLATILITY, "0sd", "more than 0"),
    ],
)
def test_nonsense_is_refused_with_what_can_be_typed(kind: StopKind, amount: str, said: str) -> None:
    bench = held_at("0.48", "0.47", "0.48", hours=2)
    refused = answer(bench.do(SetStop(ticker="A", kind=kind, amount=amount), "p"))
    assert refused is not None
    assert refused.outcome is Outcomes.REFUSED
    assert said in refused.reasons[0].text
    assert not list(bench.core.state.stops.live())


def test_what_is_not_held_can_not_be_protected() -> None:
    bench = StopBench(holds=False)
    for ticker in ("A", "NONE"):
        command = SetStop(ticker=ticker, kind=StopKind.FIXED, amount="5c")
        refused = answer(bench.do(command, ticker))
        assert refused is not None
        assert refused.outcome is Outcomes.REFUSED


@pytest.mark.parametrize(
    ("kind", "level", "amount"),
    [
        (StopKind.FIXED, 4_560, "5%"),
        (StopKind.TRAILING, 3_700, "10c"),
        (StopKind.TIME, None, "24h"),
        (StopKind.VOLATILITY, 928, "2sd"),
    ],
)
def test_no_amount_takes_the_setting(kind: StopKind, level: int | None, amount: str) -> None:
    bench = held_at("0.48", "0.47", "0.48", hours=168)
    record = bench.protect(kind, "")
    assert record.amount == amount
    assert record.level == (None if level is None else pytest.approx(level, abs=1))
    assert bool(record.until_ns) == (kind is StopKind.TIME)


def test_a_time_stop_sells_when_its_time_has_come() -> None:
    bench = held_at("0.48", "0.47", "0.48")
    bench.protect(StopKind.TIME, "30m")
    assert not exits(bench.wait(1_700))
    (intent,) = exits(bench.wait(101))
    assert intent.price == parse_price("0.47")


def test_faces_see_the_stops() -> None:
    bench = held_at("0.50", "0.49", "0.51")
    record = bench.protect(amount="15c")
    frame = Board(bench.core.state, 1).frame(("stops",), 0, (), 0)
    row = frame.changed["stops"][record.stop_id]
    assert isinstance(row, StopRow)
    assert (row.state, row.level, row.now_price, row.count) == ("armed", 3_500, 4_900, 1_000)
    assert row.expected_cost == pytest.approx(19_942, abs=1)
    assert row.worst_exit == 4_900_000 - 175_000
    (intent,) = exits(bench.fall("0.35", "0.36"))
    bench.answered(intent, Count(1_000))
    frame = Board(bench.core.state, 1).frame(("stops",), 0, (), 0)
    row = frame.changed["stops"][record.stop_id]
    assert isinstance(row, StopRow)
    assert (row.state, row.filled, row.worst_exit) == ("done", 1_000, None)


class AutomaticBench(StopBench):
    """A desk that protects what strategies buy."""

    def __init__(self, percent: int = 5) -> None:
        super().__init__(holds=False)
        rules = StopRules(is_automatic=True, fixed_percent=percent)
        self.core.state.stops = StopBook(rules)

    def strategy_buys(self, name: str, price: str, origin: str = "volatility") -> None:
        command = PlaceOrder(
            ticker="A",
            action=Action.BUY,
            outcome=Outcome.YES,
            count=Count(1_000),
            price=parse_price(price),
            origin=origin,
        )
        intent = sent(self.do(command, name))[0]
        self.take(OrderAnswered(intent.client_order_id, name, Count(1_000), Count(0)))
        fill = msgspec.structs.replace(fill_of(intent, name), executed_ns=self.now_ns)
        self.take(FillReported(fill))
        self.take(FillReported(fill))
        self.now_ns += SECOND


def test_a_position_of_a_strategy_is_protected_without_asking() -> None:
    bench = AutomaticBench(percent=10)
    bench.strategy_buys("first", "0.48")
    (machine,) = bench.core.state.stops.live()
    assert machine.record.level == Price(4_320)
    assert machine.record.is_automatic
    bench.quote("0.50", "0.52")
    bench.strategy_buys("second", "0.52")
    (moved,) = bench.core.state.stops.live()
    assert (moved.record.entry, moved.record.level) == (5_000, 4_500)
    assert machine.record.state is StopState.DROPPED


def test_an_automatic_stop_never_fires_on_the_spread_alone() -> None:
    bench = AutomaticBench()
    bench.quote("0.43", "0.48")
    bench.strategy_buys("first", "0.48")
    (machine,) = bench.core.state.stops.live()
    assert machine.record.level == 4_200
    assert not exits(bench.fall("0.43", "0.48"))


@pytest.mark.parametrize("origin", ["manual", "foreign", "arbitrage"])
def test_what_a_person_buys_or_a_basket_holds_is_left_alone(origin: str) -> None:
    bench = AutomaticBench()
    bench.strategy_buys("first", "0.48", origin=origin)
    assert not list(bench.core.state.stops.live())
