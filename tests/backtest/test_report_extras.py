"""Markouts, the worst 5 per cent, turnover and dearer fees, each against its own arithmetic."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from kalshi_desk.backtest import Backtester
from kalshi_desk.backtest.ledger import FilledTrade, Ledger
from kalshi_desk.backtest.report_extras import fee_stress, shortfall, turnover
from kalshi_desk.backtest.result import BacktestResult
from kalshi_desk.core.records import Fill
from kalshi_desk.core.types import BookSide, Money, parse_count, parse_money, parse_price
from kalshi_desk.engine.state import CoreSettings, CoreState
from tests.backtest.days import TakeOffer, settled_days


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> BacktestResult:
    home: Path = tmp_path_factory.mktemp("home")
    return Backtester(
        events=settled_days(), initial_capital=1_000, home=home, fill_model="queue-front"
    ).run_strategy(TakeOffer)


def test_a_markout_is_against_the_middle_after_the_fee(result: BacktestResult) -> None:
    """Books of two cents stand for half an hour: a minute later half the spread is lost."""
    found = result.report["markouts"]
    assert list(found) == ["taker, 1 min", "taker, 5 min", "taker, 30 min"]
    fees = [trade.fill.fee / 1e6 / (trade.fill.count / 100) for trade in result.fills]
    assert found["taker, 1 min"]["fills"] == len(result.fills) > 3
    expected = -0.01 - sum(fees) / len(fees)
    assert found["taker, 1 min"]["dollars_a_contract"] == pytest.approx(expected)
    assert found["taker, 5 min"] == found["taker, 1 min"]
    assert found["taker, 30 min"]["dollars_a_contract"] != pytest.approx(expected)


def test_the_same_trades_with_fees_half_as_high_again(result: BacktestResult) -> None:
    found, bridge = result.report["fee_stress"], result.report["bridge"]
    fees, net = Decimal(bridge["fees"]), Decimal(bridge["net"])
    assert Decimal(found["stressed_fees"]) == pytest.approx(fees * 3 / 2, abs=Decimal("1e-6"))
    assert Decimal(found["stressed_net"]) == net + Decimal(found["stressed_fees"]) - fees < net
    assert found["stressed_return"] == pytest.approx(float(found["stressed_net"]) / 1_000)


def test_turnover_of_buys_is_what_was_paid(result: BacktestResult) -> None:
    paid = sum(trade.fill.price * trade.fill.count for trade in result.fills)
    found = result.report["turnover"]
    assert Decimal(found["traded"]) * 1_000_000 == paid
    assert found["times_equity"] == pytest.approx(paid / 1e9, rel=0.05)
    assert found["times_equity_a_day"] == pytest.approx(found["times_equity"] / 3)


def test_three_days_have_no_worst_5_per_cent(result: BacktestResult) -> None:
    found = result.report["shortfall"]
    assert (found["es95_day"], found["days_counted"]) == (None, 3)
    assert (found["es95_bet"], found["bets_counted"]) == (None, 6)


def test_the_worst_5_per_cent_of_days_and_bets() -> None:
    days, equity = [], 1_000
    for day in range(40):
        equity += -10 if day == 7 else -4 if day == 21 else 1
        days.append(parse_money(str(equity)))
    bets = {f"M{n}": -n * 1_000_000 for n in range(30)}
    found = shortfall(parse_money("1000"), days, bets)
    assert Decimal(found["es95_day"]) == 7, "two of forty days: 10 and 4"
    assert Decimal(found["es95_bet"]) == Decimal("28.666667"), "29 and half of 28"


def ledger(*fills: tuple[BookSide, str, str]) -> Ledger:
    found = Ledger(CoreState(CoreSettings()), parse_money("100"))
    for number, (side, price, count) in enumerate(fills):
        fill = Fill(
            trade_id=str(number),
            order_id="o",
            ticker="M",
            side=side,
            price=parse_price(price),
            count=parse_count(count),
            fee=Money(333_333),
            is_taker=True,
            executed_ns=number,
        )
        trade = FilledTrade(
            fill=fill, at_ns=number, event_ticker="E", category="", strategy="s", middle=None
        )
        found.trades.append(trade)
    return found


def test_a_sale_counts_at_the_price_of_what_is_held_and_a_short_at_that_of_no() -> None:
    bid, ask = BookSide.BID, BookSide.ASK
    one = ledger((bid, "0.40", "10"), (ask, "0.90", "25"), (bid, "0.80", "15"))
    # 4.00 bought, 9.00 of YES sold and 1.50 of NO bought, 15 NO sold at 20 cents.
    assert Decimal(turnover(one, [])["traded"]) == Decimal("17.5")
    assert turnover(one, [])["times_equity_a_day"] is None
    stress = fee_stress(one, -1_000_000)
    assert Decimal(stress["stressed_fees"]) == Decimal("-1.499999"), "up to the micro-dollar"
