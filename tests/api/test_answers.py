"""What the API answers: the numbers of the screen under the names of its document."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from decimal import Decimal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kalshi_desk.api import answers
from kalshi_desk.api.answers import TOPICS, Seen, duration
from kalshi_desk.api.bodies import moment
from kalshi_desk.core.events import ConnectionChanged, LinkState
from kalshi_desk.core.types import BookSide, Money
from kalshi_desk.desk.automation import SetAuto
from kalshi_desk.engine.inputs import CommandReceived
from tests.api.core_desk import EVIL_TITLE, CoreDesk, Served
from tests.running_desk import wait_until

ISO = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")
FIELDS = {
    "/api/health": {"status", "timestamp", "pythonBot"},
    "/api/status": {
        *("trading", "lastUpdate", "uptime", "apiConnected", "activeStrategies", "tradesCount")
    },
    "/api/balance": {"available", "totalEquity", "unrealizedPnL", "todayPnL", "timestamp"},
    "/api/performance": {
        *("totalReturn", "sharpeRatio", "maxDrawdown", "winRate", "totalTrades", "avgTrade"),
        *("bestTrade", "worstTrade", "timestamp"),
    },
    "/api/config": {
        *("maxPositionSize", "stopLoss", "newsSentimentThreshold", "statArbitrageThreshold"),
        *("volatilityThreshold", "tradeInterval"),
    },
}
POSITION = {*("eventName", "eventId", "quantity", "entryPrice", "currentPrice", "pnl", "timestamp")}


def seen(desk: CoreDesk) -> Seen:
    return answers.read(desk.board.frame(TOPICS, 0, (), 0))


@pytest.mark.parametrize("path", FIELDS)
def test_every_body_has_the_promised_fields_and_no_other(api: Served, path: str) -> None:
    answer = api.call("GET", path)
    assert answer.status_code == 200
    body = answer.json()
    assert set(body) == FIELDS[path]
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["cache-control"] == "no-store"
    for name in {"timestamp", "lastUpdate"} & set(body):
        assert ISO.fullmatch(body[name])
    numbers = set(body) - {"status", "timestamp", "lastUpdate", "pythonBot", "uptime"}
    for name in numbers - {"activeStrategies"}:
        assert body[name] is None or isinstance(body[name], bool | int | float), name


def test_positions_are_a_list_of_what_is_held() -> None:
    desk = CoreDesk()
    desk.fill("RAIN", "10", "0.40")
    desk.fill("SUN", "5", "0.38", side=BookSide.ASK)
    found = answers.positions(seen(desk))
    yes, no = found
    assert (yes.event_id, yes.event_name, yes.quantity) == ("RAIN", EVIL_TITLE, 10.0)
    assert (yes.entry_price, yes.current_price) == (0.40, 0.38)
    # Of the held side: 5 NO at 62 cents, to be sold where YES is asked for at 40.
    assert (no.event_id, no.quantity) == ("SUN", -5.0)
    assert (no.entry_price, no.current_price) == (0.62, 0.60)
    row = next(row for row in seen(desk).positions if row.ticker == "RAIN")
    assert row.unrealized_pnl is not None
    assert yes.pnl == row.unrealized_pnl / 1_000_000


def test_a_closed_position_is_not_listed() -> None:
    desk = CoreDesk()
    desk.fill("RAIN", "10", "0.40")
    desk.fill("RAIN", "10", "0.50", side=BookSide.ASK)
    assert answers.positions(seen(desk)) == []
    record = answers.performance(seen(desk))
    assert record.total_trades == 1
    assert record.win_rate == 100.0
    # 10 contracts by 10 cents, less 1.7 cents of fee for each execution.
    assert record.avg_trade == record.best_trade == record.worst_trade == pytest.approx(0.966)
    assert answers.status(seen(desk)).trades_count == 2


def test_numbers_hold_no_noise_of_binary_fractions() -> None:
    desk = CoreDesk()
    desk.fill("RAIN", "10", "0.40")
    account = seen(desk).portfolio
    assert account is not None
    noisy = msgspec.structs.replace(
        account,
        total_return=0.1 + 0.2,
        daily_sharpe=1.1 * 3,
        max_drawdown=0.07,
        win_rate=2 / 3,
        average_trade=Money(-1_234_567),
    )
    record = answers.performance(msgspec.structs.replace(seen(desk), portfolio=noisy))
    assert 0.07 * 100 != 7.0, "or this shows nothing"
    assert (record.total_return, record.sharpe_ratio, record.max_drawdown) == (30.0, 3.3, 7.0)
    assert (record.win_rate, record.avg_trade) == (66.6667, -1.234567)
    assert answers.statistic(float("nan")) is answers.statistic(float("inf")) is None
    assert answers.statistic(-0.000123456789) == -0.000123457


@given(st.integers(-(10**15), 10**15))
def test_money_is_exact_to_the_micro_dollar(micro: int) -> None:
    shown = answers.dollars(Money(micro))
    assert shown is not None
    assert Decimal(repr(shown)) == Decimal(micro) / 1_000_000


def test_what_is_not_known_is_null_and_never_zero() -> None:
    desk = CoreDesk(has_account=False)
    body = answers.balance(seen(desk))
    assert (body.available, body.total_equity, body.today_pnl) == (None, None, None)
    record = answers.performance(seen(desk))
    assert record.sharpe_ratio is None
    assert record.win_rate is None
    assert record.avg_trade is None
    assert record.total_return is None


def test_the_balance_is_that_of_the_status_line() -> None:
    desk = CoreDesk()
    desk.fill("RAIN", "10", "0.40")
    now = seen(desk)
    body = answers.balance(now)
    assert now.status.buying_power is not None
    assert now.status.equity is not None
    assert now.portfolio is not None
    assert now.portfolio.unrealized is not None
    assert body.available == now.status.buying_power / 1_000_000
    assert body.total_equity == now.status.equity / 1_000_000
    assert body.unrealized_pnl == now.portfolio.unrealized / 1_000_000


def test_health_says_whether_one_may_rely_on_it() -> None:
    desk = CoreDesk()
    assert answers.health(seen(desk)).status == "healthy"
    desk.take(ConnectionChanged(LinkState.LOST, "no route"))
    lost = answers.health(seen(desk))
    assert (lost.status, lost.python_bot) == ("degraded", "running")
    gone = answers.health(None)
    assert (gone.status, gone.python_bot) == ("unhealthy", "stopped")


def test_active_strategies_are_those_that_may_send() -> None:
    desk = CoreDesk()
    desk.trade_with("volatility")
    assert answers.status(seen(desk)).active_strategies == []
    desk.take(CommandReceived("auto", SetAuto(on=True)))
    status = answers.status(seen(desk))
    title = desk.core.state.strategies["volatility"].info.title
    assert (status.trading, status.active_strategies) == (True, [title])


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0s"),
        (-5, "0s"),
        (59, "59s"),
        (60, "1m"),
        (9_240, "2h 34m"),
        (86_400, "1d"),
        (273_900, "3d 4h 5m"),
    ],
)
def test_a_duration_reads_as_people_say_it(seconds: int, text: str) -> None:
    assert duration(seconds) == text


def test_a_moment_is_exact_to_the_microsecond() -> None:
    at = moment(1_800_000_000_123_456_789)
    assert at == datetime(2027, 1, 15, 8, 0, 0, 123_456, tzinfo=UTC)


def test_the_engine_that_is_gone_is_said_in_words_everywhere(api: Served) -> None:
    api.inside(lambda: setattr(api.desk, "is_gone", True))
    try:
        wait_until(lambda: api.call("GET", "/api/health").status_code == 503)
        assert api.call("GET", "/api/health").json()["pythonBot"] == "stopped"
        for path in ("/api/status", "/api/positions", "/api/balance", "/api/config"):
            answer = api.call("GET", path)
            assert answer.status_code == 503
            assert answer.headers["retry-after"] == "1"
            assert answer.json() == {
                "success": False,
                "message": "The engine does not answer. Nothing was sent.",
            }
        assert api.call("POST", "/api/panic").status_code == 503
        shown = api.call("GET", "/api/metrics")
        assert shown.status_code == 200
        assert "kalshi_desk_engine_up 0.0" in shown.text
        assert "equity" not in shown.text
    finally:
        api.inside(lambda: setattr(api.desk, "is_gone", False))
    assert api.call("GET", "/api/health").status_code == 200
