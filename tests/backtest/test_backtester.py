"""Backtests: the queue fixture through the whole desk, latency, settlement, and honest sums."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from kalshi_desk.backtest import Backtester
from kalshi_desk.core.errors import Refuse
from kalshi_desk.core.types import BookSide, parse_count
from tests.backtest.days import (
    SECOND,
    START_NS,
    BidOnce,
    Raises,
    TakeOffer,
    Timed,
    book,
    delta,
    listed,
    printed,
    queue_day,
    settled_days,
)


@pytest.mark.parametrize(
    ("model", "expected"), [("queue-averse", 75), ("queue-probable", 80), ("queue-front", 85)]
)
def test_the_queue_fixture_through_the_desk(tmp_path: Path, model: str, expected: int) -> None:
    """A naive touch model says 100, one that counts a trade twice 90."""
    result = Backtester(events=queue_day(), fill_model=model, home=tmp_path).run_strategy(BidOnce)
    assert sum(trade.fill.count for trade in result.fills) == parse_count(str(expected))
    assert result.report["fill_model"] == model
    assert {trade.fill.is_taker for trade in result.fills} == {False}


def test_a_queue_that_was_never_reached_fills_nothing(tmp_path: Path) -> None:
    def day() -> list[Timed]:
        return [
            (START_NS, listed("M-1")),
            (START_NS, book("M-1", "0.55", "0.57", "40")),
            (START_NS + 5 * SECOND, printed("M-1", "0.55", "40", BookSide.ASK, 1)),
            (START_NS + 6 * SECOND, delta("M-1", BookSide.BID, "0.55", "-40")),
            (START_NS + 7 * SECOND, printed("M-1", "0.56", "9", BookSide.ASK, 2)),
        ]

    for model in ("queue-averse", "queue-probable", "queue-front"):
        found = Backtester(events=day(), fill_model=model, home=tmp_path).run_strategy(BidOnce)
        assert (found.report["orders"], found.fills) == (1, ())


def test_an_order_meets_the_book_that_stands_when_it_arrives(tmp_path: Path) -> None:
    """The offer moves up within the latency: an order at the old offer rests unfilled."""

    def day(moved_ns: int) -> list[Timed]:
        return [
            (START_NS, listed("M-1")),
            (START_NS, book("M-1", "0.50", "0.52")),
            (START_NS + moved_ns, book("M-1", "0.50", "0.54")),
            (START_NS + 10 * SECOND, book("M-1", "0.50", "0.54")),
        ]

    beat = SECOND
    late = Backtester(events=day(beat + 151_000_000), home=tmp_path).run_strategy(TakeOffer)
    assert [trade.fill.price for trade in late.fills] == [5_200]
    early = Backtester(events=day(beat + 149_000_000), home=tmp_path).run_strategy(TakeOffer)
    assert (early.report["orders"], early.fills) == (1, ())


def test_post_only_that_would_cross_at_arrival_is_rejected(tmp_path: Path) -> None:
    events: list[Timed] = [
        (START_NS, listed("M-1")),
        (START_NS, book("M-1", "0.53", "0.57")),
        (START_NS + SECOND + 100_000_000, book("M-1", "0.53", "0.55")),
        (START_NS + 10 * SECOND, printed("M-1", "0.50", "500", BookSide.ASK, 1)),
    ]
    result = Backtester(events=events, home=tmp_path, parameters={"post_only": True}).run_strategy(
        BidOnce
    )
    assert (result.report["orders"], result.fills) == (1, ())


def test_settled_days_add_up_to_the_micro_dollar(tmp_path: Path) -> None:
    result = Backtester(
        events=settled_days(), initial_capital=1_000, home=tmp_path, fill_model="queue-front"
    ).run_strategy(TakeOffer)
    report = result.report
    bridge = {name: Decimal(text) for name, text in report["bridge"].items()}
    gained = Decimal(report["final_equity"]) - Decimal(report["initial_capital"])
    assert bridge["at_middle"] + bridge["spread"] == bridge["gross"]
    assert bridge["gross"] + bridge["fees"] + bridge["closing"] == bridge["net"] == gained
    assert bridge["spread"] < 0 < len(result.fills)
    assert (report["settled"], report["open_positions"], report["bets"]["count"]) == (6, 0, 6)
    assert report["bets"]["events"] == report["events"] == 3
    for groups in ("by_strategy", "by_category", "by_role"):
        assert sum(Decimal(group["net"]) for group in report[groups].values()) == bridge["net"]
    assert set(report["by_strategy"]) == {"take_offer"}
    assert report["bets"]["win_rate"] == pytest.approx(2 / 6)
    assert result.total_return == pytest.approx(float(gained) / 1_000)
    assert result.sharpe_ratio is not None
    assert 0 < result.max_drawdown < 1


def test_frames_hold_the_fills_and_the_equity(tmp_path: Path) -> None:
    result = Backtester(events=settled_days(), home=tmp_path).run_strategy(TakeOffer)
    trades, equity = result.trades, result.equity
    assert len(trades) == len(result.fills) == result.report["fills"]
    assert set(trades["role"]) == {"taker"}
    assert equity.index.is_monotonic_increasing
    assert equity["equity"].iloc[-1] == pytest.approx(float(result.report["final_equity"]))


def test_one_day_has_no_sharpe_ratio(tmp_path: Path) -> None:
    result = Backtester(events=queue_day(), home=tmp_path).run_strategy(BidOnce)
    assert result.sharpe_ratio is None
    assert result.report["sharpe_daily"] is None


def test_the_same_inputs_give_the_same_bytes(tmp_path: Path) -> None:
    def run() -> tuple[bytes, object]:
        found = Backtester(events=settled_days(), home=tmp_path).run_strategy(TakeOffer)
        return found.to_json(), found.decisions

    assert run() == run()


@pytest.mark.long
def test_what_comes_later_changes_no_earlier_decision(tmp_path: Path) -> None:
    whole = Backtester(events=settled_days(), home=tmp_path).run_strategy(TakeOffer)
    events = list(settled_days())
    cut = Backtester(events=events[: len(events) // 2], home=tmp_path).run_strategy(TakeOffer)
    known = len(cut.decisions)
    assert 100 < known < len(whole.decisions)
    assert whole.decisions[:known] == cut.decisions
    assert whole.fills[: len(cut.fills)] == cut.fills


def test_a_strategy_that_raises_is_switched_off_and_named(tmp_path: Path) -> None:
    result = Backtester(events=queue_day(), home=tmp_path).run_strategy(Raises)
    assert result.fault == "RuntimeError: boom"
    assert result.report["orders"] == 0


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"fill_model": "touch"}, "There is no fill model touch"),
        ({"initial_capital": "-5"}, "no capital"),
        ({"initial_capital": "lots"}, "no capital"),
        ({"start_date": "yesterday"}, "is no date"),
        ({"start_date": "2026-02-02", "end_date": "2026-02-01"}, "ends before it starts"),
        ({"latency_ms": 20}, "at least 150 ms"),
    ],
)
def test_what_makes_no_sense_is_refused_in_words(
    tmp_path: Path, wrong: dict[str, object], words: str
) -> None:
    with pytest.raises(Refuse, match=words):
        Backtester(home=tmp_path, **wrong)  # type: ignore[arg-type]


def test_unknown_strategies_are_refused_naming_those_that_are(tmp_path: Path) -> None:
    words = (
        "There is no strategy martingale. "
        "Choose one of arbitrage, volatility, harvester, news, pairs"
    )
    with pytest.raises(Refuse, match=words):
        Backtester(events=queue_day(), home=tmp_path).run_strategy("martingale")


@pytest.mark.parametrize("name", ["news", "sentiment_strategy"])
def test_news_is_known_by_both_names(tmp_path: Path, name: str) -> None:
    report = Backtester(events=queue_day(), home=tmp_path).run_strategy(name).report
    assert (report["strategy"], report["signals"]) == ("news", 0)
    assert report["reasons"].keys() == {"no_fresh_relevant_item"}


def test_parameters_are_held_to_their_declaration(tmp_path: Path) -> None:
    with pytest.raises(Refuse, match=r"price can't be '2'"):
        Backtester(events=queue_day(), home=tmp_path, parameters={"price": "2"}).run_strategy(
            BidOnce
        )
    with pytest.raises(Refuse, match="has no parameter colour"):
        Backtester(events=queue_day(), home=tmp_path, parameters={"colour": 1}).run_strategy(
            BidOnce
        )


def test_without_recording_or_dates_it_says_what_it_needs(tmp_path: Path) -> None:
    with pytest.raises(Refuse, match="needs a recording"):
        Backtester(home=tmp_path).run_strategy(BidOnce)
    with pytest.raises(Refuse, match="no recording of that time"):
        Backtester(home=tmp_path, start_date="2026-01-01").run_strategy(BidOnce)
