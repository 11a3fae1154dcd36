"""The REST side over real sockets: authentication, reads, order writes and error bodies."""

from __future__ import annotations

import base64
import time
import uuid
from typing import Any

import httpx
import pytest

from tests.exchange.client import Exchange

ORDERS = "/portfolio/events/orders"


def error(answer: httpx.Response, status: int) -> Any:
    """Return the body of an error of the expected status."""
    assert answer.status_code == status, answer.text
    return answer.json()


class TestAuthentication:
    """The recorded bodies for every way of not being let in."""

    def ask(self, exchange: Exchange, headers: dict[str, str]) -> Any:
        return error(exchange.http.get("/portfolio/positions", headers=headers), 401)

    def test_a_signed_call_is_answered(self, exchange: Exchange) -> None:
        assert exchange.get("/portfolio/positions?limit=5")["cursor"] == ""

    def test_bad_signature(self, exchange: Exchange) -> None:
        headers = exchange.headers("POST", "/trade-api/v2/portfolio/positions")
        expected = {
            "error": {
                "code": "authentication_error",
                "message": "authentication_error",
                "details": "INCORRECT_API_KEY_SIGNATURE",
            }
        }
        assert self.ask(exchange, headers) == expected
        headers["KALSHI-ACCESS-SIGNATURE"] = "not base64!"
        assert self.ask(exchange, headers) == expected
        headers["KALSHI-ACCESS-SIGNATURE"] = base64.b64encode(b"x" * 64).decode()
        assert self.ask(exchange, headers) == expected

    def test_unknown_key(self, exchange: Exchange) -> None:
        headers = exchange.headers("GET", "/trade-api/v2/portfolio/positions")
        headers["KALSHI-ACCESS-KEY"] = str(uuid.uuid4())
        assert self.ask(exchange, headers)["error"]["details"] == "NOT_FOUND"

    def test_missing_headers(self, exchange: Exchange) -> None:
        assert self.ask(exchange, {}) == {
            "error": {
                "code": "signature_is_missing_from_headers",
                "message": "signature is missing from headers",
            }
        }

    @pytest.mark.parametrize("offset_s", [-30.0, 300.0, -300.0])
    def test_a_clock_that_is_off(self, exchange: Exchange, offset_s: float) -> None:
        path = "/trade-api/v2/portfolio/positions"
        assert self.ask(exchange, exchange.headers("GET", path, offset_s=offset_s)) == {
            "error": {
                "code": "header_timestamp_expired",
                "message": "header timestamp expired",
            }
        }

    @pytest.mark.parametrize("offset_s", [-10.0, 10.0])
    def test_a_clock_that_is_nearly_right(self, exchange: Exchange, offset_s: float) -> None:
        path = "/trade-api/v2/portfolio/positions"
        headers = exchange.headers("GET", path, offset_s=offset_s)
        assert exchange.http.get("/portfolio/positions", headers=headers).status_code == 200


class TestPublicReads:
    """What everybody may read, without a key."""

    def test_status_and_schedule(self, exchange: Exchange) -> None:
        status = exchange.http.get("/exchange/status").json()
        assert status["exchange_active"]
        assert status["trading_active"]
        shards = status["exchange_index_statuses"]
        assert [shard["exchange_index"] for shard in shards] == [0, 1, 2, 3]
        assert all(shard["trading_active"] for shard in shards)
        week = exchange.http.get("/exchange/schedule").json()["schedule"]["standard_hours"][0]
        assert week["monday"][0].keys() == {"open_time", "close_time"}
        assert "as_of_time" in exchange.http.get("/exchange/user_data_timestamp").json()

    def test_pages_meet_and_end(self, exchange: Exchange) -> None:
        whole = exchange.http.get("/markets?limit=1000").json()
        assert whole["cursor"] == ""
        seen: list[str] = []
        cursor = ""
        while True:
            answer = exchange.http.get(f"/markets?limit=40&cursor={cursor}").json()
            seen += [market["ticker"] for market in answer["markets"]]
            cursor = answer["cursor"]
            if not cursor:
                break
        assert seen == [market["ticker"] for market in whole["markets"]]
        garbage = exchange.http.get("/markets?limit=40&cursor=garbage").json()
        assert garbage["markets"][0]["ticker"] == seen[0]

    def test_filters(self, exchange: Exchange) -> None:
        event = exchange.http.get("/events?limit=1").json()["events"][0]
        only = exchange.http.get(f"/markets?event_ticker={event['event_ticker']}").json()
        assert {m["event_ticker"] for m in only["markets"]} == {event["event_ticker"]}
        two = [m["ticker"] for m in only["markets"]][:2]
        named = exchange.http.get(f"/markets?tickers={','.join(two)}").json()["markets"]
        assert [m["ticker"] for m in named] == two
        series = exchange.http.get("/markets?series_ticker=KXBTC15M&status=open").json()
        assert len(series["markets"]) == 1

    def test_events_with_and_without_their_markets(self, exchange: Exchange) -> None:
        nested = exchange.http.get("/events?limit=200&with_nested_markets=true").json()["events"]
        assert len(nested) >= 12
        assert sum(len(event["markets"]) for event in nested) >= 60
        ticker = nested[0]["event_ticker"]
        one = exchange.http.get(f"/events/{ticker}").json()
        assert "markets" not in one["event"]
        assert [m["ticker"] for m in one["markets"]] == [m["ticker"] for m in nested[0]["markets"]]
        inside = exchange.http.get(f"/events/{ticker}?with_nested_markets=true").json()
        assert len(inside["event"]["markets"]) == len(one["markets"])

    def test_books_are_bids_only_with_the_best_last(self, exchange: Exchange) -> None:
        ticker = exchange.quiet_market()["ticker"]
        book = exchange.http.get(f"/markets/{ticker}/orderbook").json()["orderbook_fp"]
        for levels in (book["yes_dollars"], book["no_dollars"]):
            prices = [price for price, _ in levels]
            assert prices == sorted(prices)
        shallow = exchange.http.get(f"/markets/{ticker}/orderbook?depth=2").json()["orderbook_fp"]
        assert len(shallow["yes_dollars"]) == 2
        several = exchange.http.get(f"/markets/orderbooks?tickers={ticker}&tickers=NOPE").json()
        assert [row["ticker"] for row in several["orderbooks"]] == [ticker]

    def test_trades_newest_first_in_pages(self, exchange: Exchange) -> None:
        first = exchange.http.get("/markets/trades?limit=50").json()
        times = [trade["created_time"] for trade in first["trades"]]
        assert len(times) == 50
        assert [t[:19] for t in times] == sorted((t[:19] for t in times), reverse=True)
        second = exchange.http.get(f"/markets/trades?limit=50&cursor={first['cursor']}").json()
        ids = {trade["trade_id"] for trade in first["trades"]}
        assert ids.isdisjoint(trade["trade_id"] for trade in second["trades"])

    def test_candlesticks(self, exchange: Exchange) -> None:
        ticker = exchange.quiet_market()["ticker"]
        path = f"/series/KXRECSSNBER/markets/{ticker}/candlesticks"
        now = int(time.time())
        found = exchange.http.get(
            f"{path}?period_interval=1&start_ts={now - 7200}&end_ts={now + 60}"
        ).json()
        assert found["ticker"] == ticker
        assert len(found["candlesticks"]) > 10
        for candle in found["candlesticks"]:
            assert candle["end_period_ts"] % 60 == 0
            assert candle["yes_bid"].keys() >= {"open_dollars", "close_dollars"}
            if candle["volume_fp"] == "0.00":
                assert "open_dollars" not in candle["price"]
            else:
                assert candle["price"]["low_dollars"] <= candle["price"]["high_dollars"]
        hours = exchange.http.get(f"{path}?period_interval=60&start_ts=0&end_ts={now + 9999}")
        assert hours.json()["candlesticks"]

    def test_errors_of_reads(self, exchange: Exchange) -> None:
        assert "msg" in error(exchange.http.get("/markets?limit=1001"), 400)
        assert "msg" in error(exchange.http.get("/markets?limit=many"), 400)
        assert "msg" in error(exchange.http.get("/markets?status=weird"), 400)
        missing = error(exchange.http.get("/markets/NOPE"), 404)
        assert missing == {"error": {"code": "not_found", "message": "not found"}}
        unserved = error(exchange.http.get("/milestones"), 501)
        assert "GET milestones" in unserved["error"]["details"]

    def test_series_and_costs(self, exchange: Exchange) -> None:
        series = exchange.http.get("/series/KXFED").json()["series"]
        assert series["fee_type"] == "quadratic_with_maker_fees"
        assert series["fee_multiplier"] == 1
        assert len(exchange.http.get("/series").json()["series"]) >= 12
        assert exchange.http.get("/series/fee_changes").json() == {"series_fee_change_arr": []}
        assert exchange.http.get("/account/endpoint_costs").json()["default_cost"] == 10
        limits = exchange.get("/account/limits")
        assert limits["read"] == {"bucket_capacity": 600, "refill_rate": 300}


class TestOrders:
    """Order writes and what can be read afterwards."""

    def test_a_resting_order_from_birth_to_death(self, exchange: Exchange) -> None:
        ticker = exchange.quiet_market()["ticker"]
        answer = exchange.order(ticker, "bid", "0.0100", "2.5")
        assert answer.status_code == 201
        made = answer.json()
        assert made["fill_count"] == "0.00"
        assert made["remaining_count"] == "2.50"
        assert made.keys() == {
            "client_order_id",
            "fill_count",
            "order_id",
            "remaining_count",
            "ts_ms",
        }
        path = f"/portfolio/orders/{made['order_id']}"
        order = exchange.get(path)["order"]
        assert (order["status"], order["book_side"], order["outcome_side"]) == (
            "resting",
            "bid",
            "yes",
        )
        assert order["no_price_dollars"] == "0.9900"
        assert float(exchange.get(f"{path}/queue_position")["queue_position_fp"]) > 0
        rows = exchange.get(f"/portfolio/orders/queue_positions?market_tickers={ticker}")
        assert rows["queue_positions"][0]["order_id"] == made["order_id"]
        amended = exchange.call(
            "POST",
            f"{ORDERS}/{made['order_id']}/amend",
            {"ticker": ticker, "side": "bid", "price": "0.0200", "count": "4.00"},
        ).json()
        assert amended["remaining_count"] == "4.00"
        lower = exchange.call("POST", f"{ORDERS}/{made['order_id']}/decrease", {"reduce_by": "1"})
        assert lower.json()["remaining_count"] == "3.00"
        gone = exchange.call("DELETE", f"{ORDERS}/{made['order_id']}?market_ticker={ticker}")
        assert gone.json()["reduced_by"] == "3.00"
        again = exchange.call("DELETE", f"{ORDERS}/{made['order_id']}")
        unknown = exchange.call("DELETE", f"{ORDERS}/{uuid.uuid4()}")
        assert error(again, 404) == error(unknown, 404)
        order = exchange.get(path)["order"]
        assert (order["status"], order["remaining_count_fp"]) == ("canceled", "0.00")

    def held(self, exchange: Exchange, ticker: str) -> float:
        """Return the account's position in a market."""
        rows = exchange.get(f"/portfolio/positions?ticker={ticker}")["market_positions"]
        return float(rows[0]["position_fp"]) if rows else 0.0

    def test_a_purchase_shows_in_fills_positions_and_balance(self, exchange: Exchange) -> None:
        market = exchange.quiet_market()
        held = self.held(exchange, market["ticker"])
        before = exchange.get("/portfolio/balance")["balance_dollars"]
        answer = exchange.order(
            market["ticker"], "bid", "0.9500", "1.00", time_in_force="immediate_or_cancel"
        ).json()
        assert (answer["fill_count"], answer["remaining_count"]) == ("1.00", "0.00")
        fill = exchange.get(f"/portfolio/fills?order_id={answer['order_id']}")["fills"][0]
        assert fill["yes_price_dollars"] == answer["average_fill_price"]
        assert fill["fee_cost"][:6] == answer["average_fee_paid"]
        assert fill["is_taker"] is True
        rows = exchange.get(f"/portfolio/positions?ticker={market['ticker']}")
        assert self.held(exchange, market["ticker"]) == held + 1
        assert rows["event_positions"][0]["event_ticker"] == market["event_ticker"]
        after = exchange.get("/portfolio/balance")["balance_dollars"]
        paid = float(fill["yes_price_dollars"]) + float(fill["fee_cost"])
        assert float(before) - float(after) == pytest.approx(paid, abs=1e-9)

    def test_the_recorded_error_bodies(self, exchange: Exchange) -> None:
        ticker = exchange.quiet_market()["ticker"]
        cross = exchange.order(ticker, "bid", "0.9900", "1", post_only=True)
        assert error(cross, 400) == {
            "error": {
                "code": "invalid_order",
                "message": "invalid order",
                "details": "post only cross",
            }
        }
        twice = {"client_order_id": "the-same-id"}
        assert exchange.order(ticker, "bid", "0.0100", "1", **twice).status_code == 201
        assert error(exchange.order(ticker, "bid", "0.0100", "1", **twice), 409) == {
            "error": {"code": "order_already_exists", "message": "order already exists"}
        }
        off_grid = error(exchange.order(ticker, "bid", "0.0150", "1"), 400)
        assert off_grid == {"error": {"code": "invalid_price", "message": "invalid price"}}
        killed = exchange.order(ticker, "bid", "0.0100", "1", time_in_force="fill_or_kill")
        assert error(killed, 409)["error"]["code"] == "fill_or_kill_insufficient_resting_volume"
        poor = exchange.order(ticker, "bid", "0.5000", "90000", post_only=False)
        assert error(poor, 400)["error"]["code"] == "insufficient_balance"
        past = exchange.order(ticker, "bid", "0.0100", "1", expiration_time=1_000_000_000)
        assert error(past, 400)["error"]["details"] == "Expiration timestamp must be in the future"
        assert exchange.call("DELETE", ORDERS).status_code == 204

    def test_numbers_where_strings_belong(self, exchange: Exchange) -> None:
        answer = exchange.order("KXFED-26DEC-T3.75", "bid", "0.0100", 1)  # type: ignore[arg-type]
        body = error(answer, 400)
        assert body["code"] == "bad_request"
        assert "cannot unmarshal number" in body["details"]
        assert "count of type string" in body["details"]

    def test_bodies_that_are_not_json(self, exchange: Exchange) -> None:
        wrong = exchange.call("POST", ORDERS, content=b"{}", headers={"Content-Type": "text/plain"})
        assert error(wrong, 400)["code"] == "invalid_content_type"
        broken = exchange.call(
            "POST", ORDERS, content=b"{", headers={"Content-Type": "application/json"}
        )
        assert error(broken, 400)["code"] == "bad_request"

    def test_old_writes_are_gone(self, exchange: Exchange) -> None:
        for method, path in (("POST", ""), ("DELETE", "/abc"), ("POST", "/abc/amend")):
            answer = exchange.call(method, f"/portfolio/orders{path}", {})
            assert error(answer, 410)["error"]["code"] == "deprecated_v1_order_endpoint"

    def test_batches_answer_item_by_item(self, exchange: Exchange) -> None:
        ticker = exchange.quiet_market()["ticker"]
        good = {
            "ticker": ticker,
            "side": "bid",
            "price": "0.0100",
            "count": "1",
            "time_in_force": "good_till_canceled",
            "self_trade_prevention_type": "taker_at_cross",
            "client_order_id": str(uuid.uuid4()),
        }
        answer = exchange.call("POST", f"{ORDERS}/batched", {"orders": [good, good, {"side": 1}]})
        assert answer.status_code == 201
        first, second, third = answer.json()["orders"]
        assert first["error"] is None
        assert second["error"]["code"] == "order_already_exists"
        assert third["error"]["code"] in {"bad_request", "invalid_parameters"}
        body = {"orders": [{"order_id": first["order_id"]}, {"order_id": "nobody"}]}
        gone, missing = exchange.call("DELETE", f"{ORDERS}/batched", body).json()["orders"]
        assert (gone["reduced_by"], gone["error"]) == ("1.00", None)
        assert missing["error"]["code"] == "not_found"

    def test_pages_of_orders(self, exchange: Exchange) -> None:
        ticker = exchange.quiet_market()["ticker"]
        ids = [exchange.order(ticker, "bid", "0.0100", "1").json()["order_id"] for _ in range(3)]
        rows = exchange.get(f"/portfolio/orders?status=resting&ticker={ticker}&limit=2")
        assert [row["order_id"] for row in rows["orders"]] == [ids[2], ids[1]]
        more = exchange.get(
            f"/portfolio/orders?status=resting&ticker={ticker}&limit=2&cursor={rows['cursor']}"
        )
        assert [row["order_id"] for row in more["orders"]] == [ids[0]]
        assert exchange.call("DELETE", ORDERS).status_code == 204
        assert exchange.get("/portfolio/orders?status=resting")["orders"] == []


def test_a_trailing_slash_is_redirected_to_the_bare_path(exchange: Exchange) -> None:
    answer = exchange.http.get("/markets/?limit=2")
    assert answer.status_code == 301
    assert answer.headers["location"] == "/trade-api/v2/markets?limit=2"


def test_the_administrator_needs_the_token(exchange: Exchange) -> None:
    root = exchange.ready["admin"].rpartition("/")[0]
    assert httpx.get(f"{root}/health", trust_env=False).status_code == 404
    assert httpx.get(f"{root}/guess/health", trust_env=False).status_code == 404
    assert exchange.admin("health")["active_markets"] >= 60
    ledger = exchange.admin("ledger")
    assert ledger["holds"] is True
    assert ledger["total"] == ledger["opening_total"]


def test_pauses_through_the_administrator(exchange: Exchange) -> None:
    ticker = exchange.quiet_market()["ticker"]
    resting = exchange.order(ticker, "bid", "0.0100", "1").json()["order_id"]
    exchange.admin("pause")
    try:
        assert exchange.http.get("/exchange/status").json()["trading_active"] is False
        refused = exchange.order(ticker, "bid", "0.0100", "1")
        assert error(refused, 409)["error"]["code"] == "trading_is_paused"
        assert exchange.call("DELETE", f"{ORDERS}/{resting}").status_code == 200
        exchange.admin("pause", what="exchange")
        refused = exchange.order(ticker, "bid", "0.0100", "1")
        assert error(refused, 409)["error"]["code"] == "exchange_is_paused"
    finally:
        exchange.admin("resume")
    assert exchange.http.get("/exchange/status").json()["trading_active"] is True
