"""The life of a market over real sockets: results, disputes, closing, pauses, fees, history."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.exchange.client import Exchange, Seat
from tests.exchange.test_rest import ORDERS, error

IOC = "immediate_or_cancel"
DAY_S = 86_400


@pytest.fixture
def world() -> Iterator[Exchange]:
    """Return an exchange whose time a test may move."""
    running = Exchange("--history-min", "2", "--rule", "read_lag_ms=0")
    yield running
    assert running.stop() == 0


def until(found: Callable[[], bool]) -> None:
    """Wait for something that the exchange does in its own time."""
    deadline = time.monotonic() + 10
    while not found():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def state_of(exchange: Exchange, ticker: str) -> dict[str, Any]:
    """Return a market as everybody reads it."""
    found: dict[str, Any] = exchange.http.get(f"/markets/{ticker}").json()["market"]
    return found


def bought(seat: Seat, ticker: str, count: str) -> dict[str, Any]:
    """Return the answer of an order that bought YES."""
    done: dict[str, Any] = seat.order(ticker, "bid", "0.9900", count, time_in_force=IOC).json()
    assert done["fill_count"] == f"{float(count):.2f}", done
    return done


def test_a_scalar_result_pays_its_value(world: Exchange) -> None:
    seat = world.member("scalar")
    ticker = world.quiet_market()["ticker"]
    bought(seat, ticker, "3")
    cash = seat.get("/portfolio/balance")["balance"]
    world.admin("resolve", ticker=ticker, result="scalar", value=2_550)
    assert state_of(world, ticker)["settlement_value_dollars"] == "0.2550"
    world.admin("advance", seconds=30 * DAY_S)
    paid = seat.get("/portfolio/settlements")["settlements"][0]
    assert (paid["market_result"], paid["value"], paid["revenue"]) == ("scalar", 25, 76)
    assert seat.get("/portfolio/balance")["balance"] == cash + 76
    assert world.admin("ledger")["holds"] is True


def test_a_disputed_result_waits_and_may_change(world: Exchange) -> None:
    seat = world.member("dispute")
    ticker = world.quiet_market()["ticker"]
    bought(seat, ticker, "1")
    world.admin("resolve", ticker=ticker, result="yes")
    assert state_of(world, ticker)["status"] == "determined"
    world.admin("dispute", ticker=ticker)
    world.admin("advance", seconds=30 * DAY_S)
    assert state_of(world, ticker)["status"] == "disputed"
    world.admin("amend_result", ticker=ticker, result="no")
    assert state_of(world, ticker)["status"] == "amended"
    world.admin("advance", seconds=30 * DAY_S)
    assert (state_of(world, ticker)["status"], state_of(world, ticker)["result"]) == (
        "finalized",
        "no",
    )
    assert seat.get("/portfolio/settlements")["settlements"][0]["revenue"] == 0


def test_an_early_close_sweeps_what_rests(world: Exchange) -> None:
    ticker = world.quiet_market()["ticker"]
    order_id = world.order(ticker, "bid", "0.0100", "1").json()["order_id"]
    world.admin("close", ticker=ticker, in_s=0)
    refused = world.order(ticker, "bid", "0.0100", "1")
    assert error(refused, 400)["error"]["code"] == "market_inactive"
    until(lambda: world.get(f"/portfolio/orders/{order_id}")["order"]["status"] == "canceled")


def test_reactivation_cancels_what_rested(world: Exchange) -> None:
    ticker = world.quiet_market()["ticker"]
    order_id = world.order(ticker, "bid", "0.0100", "1").json()["order_id"]
    world.admin("market", ticker=ticker, active=False)
    error(world.order(ticker, "bid", "0.0100", "1"), 400)
    assert world.get(f"/portfolio/orders/{order_id}")["order"]["status"] == "resting"
    world.admin("market", ticker=ticker, active=True)
    assert world.get(f"/portfolio/orders/{order_id}")["order"]["status"] == "canceled"


def test_one_shard_pauses_alone(world: Exchange) -> None:
    game, other = world.quiet_market("KXNBAGAME")["ticker"], world.quiet_market()["ticker"]
    kept = world.order(game, "bid", "0.0100", "1").json()["order_id"]
    flees = world.order(game, "bid", "0.0100", "1", cancel_order_on_pause=True).json()["order_id"]
    world.admin("pause", shard=3)
    code = error(world.order(game, "bid", "0.0100", "1"), 409)["error"]["code"]
    assert code == "trading_is_paused"
    assert world.order(other, "bid", "0.0100", "1").status_code == 201
    shards = world.http.get("/exchange/status").json()["exchange_index_statuses"]
    assert [shard["trading_active"] for shard in shards] == [True, True, True, False]
    assert world.get(f"/portfolio/orders/{flees}")["order"]["status"] == "canceled"
    gone = world.call("DELETE", f"{ORDERS}/{kept}?market_ticker={game}")
    assert gone.status_code == 200
    world.admin("resume", shard=3)
    assert world.order(game, "bid", "0.0100", "1").status_code == 201


def test_an_exchange_pause_stops_even_cancels(world: Exchange) -> None:
    ticker = world.quiet_market()["ticker"]
    order_id = world.order(ticker, "bid", "0.0100", "1").json()["order_id"]
    world.admin("pause", what="exchange")
    status = world.http.get("/exchange/status")
    assert (status.status_code, status.json()["exchange_active"]) == (503, False)
    refused = world.call("DELETE", f"{ORDERS}/{order_id}")
    assert error(refused, 409)["error"]["code"] == "exchange_is_paused"


def test_maintenance_pauses_and_ends(world: Exchange) -> None:
    ticker = world.quiet_market()["ticker"]
    world.admin("maintenance", for_s=3_600)
    status = world.http.get("/exchange/status").json()
    assert (status["trading_active"], "exchange_estimated_resume_time" in status) == (False, True)
    assert len(world.http.get("/exchange/schedule").json()["schedule"]["maintenance_windows"]) == 1
    error(world.order(ticker, "bid", "0.0100", "1"), 409)
    world.admin("advance", seconds=3_601)
    assert world.http.get("/exchange/status").json()["trading_active"] is True


def test_a_waiver_and_an_event_override_change_the_fee(world: Exchange) -> None:
    market = world.quiet_market()
    ticker, event = market["ticker"], market["event_ticker"]
    series = world.http.get(f"/events/{event}").json()["event"]["series_ticker"]
    usual = float(bought(world, ticker, "1")["average_fee_paid"])
    assert usual > 0
    world.admin(
        "fees", series_ticker=series, event_ticker=event, fee_type="quadratic", fee_multiplier=0.5
    )
    until(lambda: "fee_type_override" in world.http.get(f"/events/{event}").json()["event"])
    halved = float(bought(world, ticker, "1")["average_fee_paid"])
    assert 0 < halved < usual * 0.75
    world.admin("waive", ticker=ticker, for_s=3_600)
    assert "fee_waiver_expiration_time" in state_of(world, ticker)
    assert float(bought(world, ticker, "1")["average_fee_paid"]) == 0
    changes = world.http.get("/events/fee_changes").json()["event_fee_changes"]
    assert [row["event_ticker"] for row in changes] == [event]


def test_a_new_market_is_unknown_to_reads_for_a_moment() -> None:
    running = Exchange("--history-min", "2", "--rule", "listing_lag_ms=1500")
    try:
        path = "/markets?series_ticker=KXETH5M&status=open"
        (old,) = running.http.get(path).json()["markets"]
        running.admin("advance", seconds=420)
        event = running.http.get("/events?series_ticker=KXETH5M&limit=200").json()["events"][-1]
        assert not old["ticker"].startswith(event["event_ticker"])
        assert running.http.get(path).json()["markets"] == []
        until(lambda: running.http.get(path).json()["markets"] != [])
        (new,) = running.http.get(path).json()["markets"]
        assert new["event_ticker"] == event["event_ticker"]
    finally:
        assert running.stop() == 0


def test_a_finer_grid_takes_finer_prices(world: Exchange) -> None:
    ticker = world.quiet_market()["ticker"]
    assert error(world.order(ticker, "bid", "0.0110", "1"), 400)["error"]["code"] == "invalid_price"
    world.admin("grid", ticker=ticker, structure="deci_cent")
    assert state_of(world, ticker)["price_level_structure"] == "deci_cent"
    assert world.order(ticker, "bid", "0.0110", "1").status_code == 201


def test_old_things_are_found_under_historical_only(world: Exchange) -> None:
    seat = world.member("history")
    market = world.quiet_market()
    ticker = market["ticker"]
    done = bought(seat, ticker, "2")
    world.admin("resolve", ticker=ticker, result="yes")
    world.admin("advance", seconds=30 * DAY_S)
    order = f"order_id={done['order_id']}"
    assert len(seat.get(f"/portfolio/fills?{order}")["fills"]) == 1
    assert seat.get("/portfolio/orders")["orders"] == []
    assert seat.get("/historical/orders")["orders"][0]["order_id"] == done["order_id"]
    assert state_of(world, ticker)["status"] == "finalized"
    world.admin("advance", seconds=91 * DAY_S)
    error(world.http.get(f"/markets/{ticker}"), 404)
    assert seat.get(f"/portfolio/fills?{order}")["fills"] == []
    assert len(seat.get(f"/historical/fills?{order}")["fills"]) == 1
    old = world.http.get(f"/historical/markets/{ticker}").json()["market"]
    assert old["result"] == "yes"
    assert ticker not in world.http.get("/markets?limit=1000").text
    prints = world.http.get(f"/historical/trades?ticker={ticker}").json()["trades"]
    assert prints
    assert seat.get("/historical/positions")["market_positions"][0]["ticker"] == ticker
    cutoff = world.http.get("/historical/cutoff").json()
    assert cutoff["market_settled_ts"] < cutoff["orders_updated_ts"]
