"""Shell commands against a running engine and its practice exchange."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import COMMAND_S, Desk, Done

pytestmark = pytest.mark.long

FIELDS = {
    "markets": "ticker event_ticker title status yes_bid yes_ask yes_bid_size yes_ask_size "
    "last_price volume close_time",
    "positions": "ticker position average_price market_price unrealized_pnl realized_pnl fees",
    "orders": "order_id client_order_id ticker price count filled remaining",
    "fills": "trade_id order_id ticker price count fee",
}
ATTEMPTS = 20


def a_market(desk: Desk, *avoid: str) -> dict[str, Any]:
    """Return a market with cent prices, far from its ends, that one can buy into."""
    for row in desk.run("markets", "--json").data:
        quotes = [row["yes_bid"], row["yes_ask"]]
        if None in quotes or row["status"] != "active" or row["ticker"] in avoid:
            continue
        bid, ask = (Decimal(quote) * 100 for quote in quotes)
        if bid > 15 and ask < 85 and ask - bid <= 5 and bid % 1 == 0 == ask % 1:
            return dict(row)
    raise AssertionError("the crowd makes no market to trade in")


def buy_some(desk: Desk, outcome: str = "yes", *avoid: str) -> tuple[str, Done]:
    """Buy two contracts at once, again when the crowd was faster."""
    for _ in range(ATTEMPTS):
        market = a_market(desk, *avoid)
        ask = (
            Decimal(market["yes_ask"]) if outcome == "yes" else 1 - Decimal(market["yes_bid"])
        ) * 100 + 5
        done = desk.run("buy", market["ticker"], outcome, "2", "@", f"{ask:.0f}", "--ioc", "--json")
        if done.code == 0 and done.data["filled"] == "2.00":
            return market["ticker"], done
    raise AssertionError(f"nothing filled: {done}")


def rest_one(desk: Desk, cents: int = 2) -> Done:
    """Leave an order far below the market."""
    done = desk.run("buy", a_market(desk)["ticker"], "yes", "3", "@", str(cents), "--json")
    assert (done.code, done.data["remaining"], done.data["reasons"]) == (0, "3.00", [])
    return done


def test_the_ready_file_and_the_token_are_private(desk: Desk) -> None:
    for name in ("engine.json", "link.token"):
        assert stat.S_IMODE((desk.home / "state" / name).stat().st_mode) == 0o600


def test_status_and_balance_are_flat_objects(desk: Desk) -> None:
    status = desk.run("status", "--json").data
    assert (status["venue"], status["link"], status["risk"]) == ("practice", "live", "ACTIVE")
    balance = desk.run("balance", "--json").data
    assert Decimal(balance["cash"]) > 0
    assert all(not isinstance(value, dict | list | float) for value in balance.values())


def test_markets_have_the_fields_and_forms_they_promise(desk: Desk) -> None:
    rows = desk.run("markets", "--json").data
    assert len(rows) >= 60
    assert len({row["event_ticker"] for row in rows}) >= 12
    for row in rows:
        assert set(FIELDS["markets"].split()) <= set(row)
        for name in ("yes_bid", "yes_ask", "last_price"):
            assert row[name] is None or len(row[name].partition(".")[2]) == 4
        assert len(row["volume"].partition(".")[2]) == 2


def test_buying_shows_in_fills_and_positions_and_selling_closes(desk: Desk) -> None:
    ticker, bought = buy_some(desk)
    answer = bought.data
    assert (answer["remaining"], answer["reasons"], answer["outcome"]) == ("0.00", [], "done")
    fills = [row for row in desk.run("fills", "--json").data if row["ticker"] == ticker]
    assert set(FIELDS["fills"].split()) <= set(fills[0])
    assert sum(Decimal(row["count"]) for row in fills) == 2
    assert {row["order_id"] for row in fills} == {answer["order_id"]}
    (held,) = (row for row in desk.run("positions", "--json").data if row["ticker"] == ticker)
    assert set(FIELDS["positions"].split()) <= set(held)
    assert held["position"] == "2.00"
    assert Decimal(held["fees"]) == sum(Decimal(row["fee"]) for row in fills)
    paid = sum(Decimal(row["count"]) * Decimal(row["price"]) for row in fills)
    assert abs(Decimal(held["average_price"]) * 2 - paid) <= Decimal("0.0002")

    flat = desk.run("flatten", ticker, "--json")
    assert flat.code == 0, flat
    left = [row for row in desk.run("positions", "--json").data if row["ticker"] == ticker]
    assert all(row["position"] == "0.00" for row in left)


def test_buying_no_is_a_negative_position(desk: Desk) -> None:
    ticker, _ = buy_some(desk, "no")
    (held,) = (row for row in desk.run("positions", "--json").data if row["ticker"] == ticker)
    assert held["position"] == "-2.00"
    assert desk.run("flatten", "all", "--json").code == 0


def test_a_resting_order_is_done_and_can_be_canceled_by_either_id(desk: Desk) -> None:
    for name in ("order_id", "client_order_id"):
        answer = rest_one(desk).data
        listed = {row[name]: row for row in desk.run("orders", "--json").data}
        row = listed[answer[name]]
        assert set(FIELDS["orders"].split()) <= set(row)
        assert (row["price"], row["count"], row["state"]) == ("0.0200", "3.00", "resting")
        assert desk.run("cancel", answer[name], "--json").code == 0
        assert answer[name] not in desk.run("orders", "--json").out
        assert answer[name] in desk.run("orders", "--all", "--json").out


def test_cancel_all_leaves_none(desk: Desk) -> None:
    rest_one(desk)
    rest_one(desk, cents=3)
    done = desk.run("cancel", "all", "--json")
    assert (done.code, len(done.data["orders"])) == (0, 2)
    assert desk.run("orders", "--json").data == []


REFUSALS = [
    (("buy", "NO-SUCH", "yes", "1", "@", "50"), 1, "unknown_market"),
    (("buy", "TICKER", "yes", "0", "@", "50"), 1, "bad_size"),
    (("buy", "TICKER", "yes", "1.005", "@", "50"), 1, "bad_size"),
    (("buy", "TICKER", "yes", "9" * 20, "@", "50"), 1, "bad_size"),
    (("buy", "TICKER", "yes", "1", "@", "2.05"), 1, "off_grid"),
    (("buy", "TICKER", "yes", "1", "@", "45.555"), 1, "off_grid"),
    (("buy", "TICKER", "yes", "1", "@", "99"), 1, "collar"),
    (("sell", "TICKER", "yes", "1", "@", "50"), 1, "nothing_to_close"),
    (("cancel", "no-such-order"), 1, "unknown_order"),
    (("flatten", "NO-SUCH"), 1, "nothing_to_close"),
    (("cancel", "all", "NO-SUCH"), 1, "unknown_market"),
    (("buy", "TICKER", "maybe", "1", "@", "50"), 2, "usage"),
    (("buy", "TICKER"), 2, "usage"),
    (("buy", "TICKER", "yes", "1", "@", "50", "--now"), 2, "usage"),
]


def test_refusals_say_why_and_leave_nothing(desk: Desk) -> None:
    ticker = a_market(desk)["ticker"]
    for words, code, reason in REFUSALS:
        done = desk.run(*(ticker if word == "TICKER" else word for word in words), "--json")
        said = (done.code, [why["code"] for why in done.data["reasons"]])
        assert said == (code, [reason]), words
        assert done.data["order_id"] is None
        assert 1 <= len(done.err.strip().splitlines()) <= 2
        assert "Traceback" not in done.err
    assert desk.run("orders", "--json").data == []


def test_limits_are_listed_set_and_kept(desk: Desk) -> None:
    def limit(name: str) -> dict[str, Any]:
        rows = desk.run("risk", "--json").data
        return next(dict(row) for row in rows if row["name"] == name)

    assert limit("open_positions")["allowed"] == 10
    assert limit("correlation")["allowed"] == 0.7
    wealth = Decimal(limit("event_percent")["allowed"]) * 25
    assert Decimal(limit("theme_percent")["allowed"]) == wealth / 10
    assert Decimal(limit("shortfall_percent")["allowed"]) == wealth / 10
    assert Decimal(limit("stress_shortfall_percent")["allowed"]) == wealth / 5
    assert limit("theme_correlation")["allowed"] == 0.6
    day = limit("daily_loss_percent")
    assert (day["unit"], day["is_breached"]) == ("money", False)
    assert 195 < Decimal(day["allowed"]) <= 200
    done = desk.run("limit", "open_positions", "12", "--json")
    assert (done.code, done.data["outcome"]) == (0, "done")
    assert limit("open_positions")["allowed"] == 12
    assert "open_positions = 12" in (desk.home / "settings.toml").read_text()
    refused = desk.run("limit", "open_positions", "0")
    assert refused.code == 1
    assert "allowed is a whole number from 1 to 1000" in refused.err
    assert "Open positions" in desk.run("risk").out
    assert desk.run("limit", "open_positions", "10").code == 0


def test_exposure_is_listed_by_event_theme_category_day_and_strategy(desk: Desk) -> None:
    ticker, _ = buy_some(desk)
    rows = desk.run("exposure", "--json").data
    assert {row["scope"] for row in rows} == {"event", "theme", "category", "day", "strategy"}
    assert all(Decimal(row["worst_case"]) <= 0 for row in rows)
    assert any(row["name"] == "manual" for row in rows)
    assert desk.run("flatten", ticker).code == 0


def test_people_get_tables_and_plain_facts(desk: Desk) -> None:
    table = desk.run("markets").out.splitlines()
    assert table[0].split()[:2] == ["ticker", "title"]
    assert len(table) >= 61
    plain = desk.run("markets", "--plain").out
    assert plain.count("\nticker: ") + plain.startswith("ticker: ") == len(table) - 1
    assert desk.run("orders").out == "No orders.\n"
    assert "venue:" in desk.run("status").out


def test_a_second_engine_is_refused_and_the_first_one_stays(desk: Desk) -> None:
    before = desk.run("status", "--json").data["engine_pid"]
    second = desk.run("engine", "--venue", "practice", "--json")
    assert second.code == 1
    assert str(before) in second.err
    assert len(second.err.strip().splitlines()) <= 2
    assert desk.run("status", "--json").data["engine_pid"] == before


def test_panic_halts_until_resume(desk: Desk) -> None:
    rest_one(desk)
    done = desk.run("panic", "--json")
    assert done.code == 0, done
    assert desk.run("orders", "--json").data == []
    refused = desk.run("buy", a_market(desk)["ticker"], "yes", "1", "@", "2", "--json")
    assert (refused.code, refused.data["reasons"][0]["code"]) == (1, "halted")
    assert desk.run("resume").code == 0
    assert rest_one(desk).code == 0
    assert desk.run("cancel", "all").code == 0


def test_the_home_may_stand_before_the_command_or_in_the_environment(desk: Desk) -> None:
    kept = {name: text for name, text in os.environ.items() if name != "KALSHI_DESK_HOME"}
    for words, env in (
        (["--home", str(desk.home), "status", "--json"], kept),
        (["status", "--json"], {**kept, "KALSHI_DESK_HOME": str(desk.home)}),
    ):
        done = subprocess.run(
            [sys.executable, "-m", "kalshi_desk.cli.main", *words],
            capture_output=True,
            env=env,
            timeout=COMMAND_S,
            check=True,
        )
        assert json.loads(done.stdout)["venue"] == "practice"


def test_a_reader_that_goes_away_is_no_error(desk: Desk, tmp_path: Path) -> None:
    script = f'"{sys.executable}" -m kalshi_desk markets --plain --home "{desk.home}" | head -1'
    done = subprocess.run(
        ["bash", "-c", f"set -o pipefail; {script}"],
        capture_output=True,
        timeout=COMMAND_S,
        check=False,
        cwd=Path(__file__).parents[2],
    )
    assert (done.returncode, done.stderr) == (0, b"")


def test_portfolio_and_pnl_bridge_from_gross_to_net(desk: Desk) -> None:
    ticker, _ = buy_some(desk)
    view = desk.run("portfolio", "--json").data
    assert Decimal(view["start_cash"]) > 0
    assert Decimal(view["fees"]) == Decimal(view["predicted_fees"]) > 0
    net = Decimal(view["realized_gross"]) - Decimal(view["fees"])
    assert Decimal(view["realized_net"]) == net
    assert [stage["stage"] for stage in view["stages"]][:4] == [
        "open", "closed", "determined", "paid",
    ]  # fmt: skip
    assert view["stages"][0]["positions"] >= 1
    for point in view["equity_curve"]:
        assert set(point) == {"time", "equity", "drawdown"}
    rows = desk.run("pnl", "--json").data
    for scope in ("strategy", "event", "category", "role"):
        mine = [row for row in rows if row["scope"] == scope]
        assert sum(Decimal(row["fees"]) for row in mine) == Decimal(view["fees"])
    assert {row["name"] for row in rows if row["scope"] == "strategy"} >= {"manual"}
    assert [row["scope"] for row in rows] == sorted(
        (row["scope"] for row in rows), key=["strategy", "event", "category", "role"].index
    )
    table = desk.run("pnl").out.splitlines()
    assert table[0].split()[:4] == ["scope", "name", "trades", "contracts"]
    assert len(table) == len(rows) + 1
    told = desk.run("portfolio").out
    assert " open, " in told
    assert "equity_curve" not in told
    assert desk.run("flatten", ticker, "--json").code == 0
