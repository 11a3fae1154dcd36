"""The REST client against recorded shapes: requests as the wire wants them, answers as records."""

import json
import threading
from decimal import Decimal

import httpx
import pytest

from kalshi_desk.core.errors import Refuse, Retry, Stop, Unknown
from kalshi_desk.core.events import (
    CancelAnswered,
    CancelFailed,
    OrderAnswered,
    OrderLookedUp,
    OrderRefused,
    OrderUnknown,
)
from kalshi_desk.core.fees import FeeRule
from kalshi_desk.core.records import OrderIntent, OrderState
from kalshi_desk.core.types import BookSide, MarketStatus, TimeInForce
from kalshi_desk.kalshi.broker import KalshiBroker
from kalshi_desk.kalshi.budget import Budget
from kalshi_desk.kalshi.environment import DEMO, LIVE, practice
from kalshi_desk.kalshi.rest import RestClient
from kalshi_desk.kalshi.wire import EventBody, SeriesBody

NOW_NS = 1_793_000_000_000_000_000
WHEN = "2026-11-23T00:00:00Z"
INTENT = OrderIntent(client_order_id="c-1", ticker="M", side=BookSide.BID, price=4700, count=1000)


class FixedClock:
    def __init__(self, now_ns=NOW_NS):
        self.ns = now_ns

    def now_ns(self):
        return self.ns


class FakeSteadyClock:
    """A steady clock that sleeping moves on."""

    def __init__(self):
        self.now_s = 0.0

    def __call__(self):
        return self.now_s

    async def sleep(self, seconds):
        self.now_s += seconds


def client(handler, clock=None, signer=None):
    steady = FakeSteadyClock()
    return RestClient(
        DEMO,
        signer,
        clock or FixedClock(),
        budget=Budget(sleep=steady.sleep, steady=steady),
        sleep=steady.sleep,
        transport=httpx.MockTransport(handler),
    )


def answering(*answers):
    """Serve the answers one after another and keep the requests."""
    requests = []
    left = list(answers)

    def handler(request):
        requests.append(request)
        answer = left.pop(0) if len(left) > 1 else left[0]
        if isinstance(answer, Exception):
            raise answer
        status, body = answer
        return httpx.Response(status, content=body if isinstance(body, bytes) else json.dumps(body))

    return handler, requests


MARKET = {
    "ticker": "S-E-M",
    "event_ticker": "S-E",
    "title": "Will \u001b[2Jit\u202e rain?",
    "yes_sub_title": "Rain",
    "status": "active",
    "close_time": "2026-11-23T00:00:00Z",
    "expected_expiration_time": "2026-11-09T00:00:00Z",
    "last_price_dollars": "0.0000",
    "volume_fp": "12.50",
    "price_ranges": [
        {"start": "0.9000", "end": "1.0000", "step": "0.0010"},
        {"start": "0.0000", "end": "0.1000", "step": "0.0010"},
        {"start": "0.1000", "end": "0.9000", "step": "0.0100"},
    ],
    "exchange_index": 2,
    "something_new": {"a": [1, None]},
}


async def test_markets_become_records_with_grid_fee_and_clean_text():
    def handler(request):
        path = request.url.path.removeprefix("/trade-api/v2")
        bodies = {
            "/series/S": {
                "series": {
                    "ticker": "S",
                    "fee_type": "quadratic_with_maker_fees",
                    "fee_multiplier": 0.5,
                    "category": "Weather",
                    "tags": None,
                }
            },
            "/events": {
                "events": [
                    {
                        "event_ticker": "S-E",
                        "series_ticker": "S",
                        "title": "E",
                        "mutually_exclusive": True,
                        "settlement_sources": None,
                    }
                ],
                "cursor": "",
            },
            "/markets": {
                "markets": [MARKET, {"ticker": "BAD", "volume_fp": "many"}],
                "cursor": None,
            },
        }
        return httpx.Response(200, json=bodies[path])

    rest = client(handler)
    await rest.events()
    await rest.series("S")
    (market,) = await rest.markets(status="open")
    assert rest.skipped == 1
    assert market.title == "Will [2Jit rain?"
    assert (market.category, market.mutually_exclusive, market.shard) == ("Weather", True, 2)
    assert market.fee == FeeRule(fee_type="quadratic_with_maker_fees", multiplier=5000)
    assert market.last_price is None
    assert market.volume == 1250
    assert market.grid.is_valid(55) is False
    assert market.grid.is_valid(50) is True
    assert market.grid.is_valid(4750) is False
    assert market.close_ns == 1_795_392_000 * 10**9
    assert market.expiration_ns == market.close_ns - 14 * 86_400 * 10**9


async def test_a_market_without_a_known_series_has_no_fee_that_may_be_stated():
    handler, _ = answering((200, {"market": MARKET}))
    market = await client(handler).market("S-E-M")
    assert not market.fee.is_known
    assert market.status is MarketStatus.ACTIVE


async def test_an_event_may_override_the_fee_of_its_series():
    handler, _ = answering((200, {"market": MARKET}))
    rest = client(handler)
    rest.terms.events["S-E"] = EventBody("S-E", "S", fee_type_override="flat")
    rest.terms.series["S"] = SeriesBody("S", fee_type="quadratic", fee_multiplier=Decimal(1))
    fee = (await rest.market("S-E-M")).fee
    assert fee.fee_type == "flat"
    assert not fee.is_known


async def test_unknown_words_are_kept_apart():
    handler, _ = answering((200, {"market": {"ticker": "M", "status": "sleeping"}}))
    market = await client(handler).market("M")
    assert market.status is MarketStatus.UNKNOWN
    assert market.grid.inferred


async def test_the_end_of_trading_is_not_the_time_of_the_outcome():
    times = {"close_time": "2026-12-06T00:00:00Z", "expected_expiration_time": WHEN}
    handler, _ = answering((200, {"market": {**MARKET, **times}}))
    market = await client(handler).market("S-E-M")
    assert market.close_ns - market.expiration_ns == 13 * 86_400 * 10**9


async def test_limits_that_are_no_whole_numbers_and_lists_that_are_null_are_read():
    bucket = {"refill_rate": 240.5, "bucket_capacity": 721.5}
    handler, _ = answering(
        (200, {"usage_tier": "advanced", "read": bucket, "write": bucket, "grants": None})
    )
    rest = client(handler)
    assert (await rest.limits()).write.bucket_capacity == 721.5
    assert rest.budget.left()[3] == 721
    handler, _ = answering((200, {"default_cost": 10, "endpoint_costs": None}))
    assert (await client(handler).endpoint_costs()).default_cost == 10


async def test_all_pages_are_read_and_null_lists_are_empty():
    handler, requests = answering(
        (200, {"orders": None, "cursor": "p2"}), (200, {"orders": [], "cursor": ""})
    )
    assert await client(handler).orders(status="resting") == []
    assert requests[0].url.params["status"] == "resting"
    assert requests[1].url.params["cursor"] == "p2"


async def test_a_cursor_that_comes_again_is_an_error_and_no_endless_loop():
    handler, _ = answering(
        (200, {"markets": [], "cursor": "a"}),
        (200, {"markets": [], "cursor": "b"}),
        (200, {"markets": [], "cursor": "a"}),
    )
    with pytest.raises(Retry) as caught:
        await client(handler).markets()
    assert caught.value.code == "cursor_stuck"


async def test_a_row_that_makes_no_sense_fails_the_whole_account_list():
    order = {
        "order_id": "o",
        "ticker": "M",
        "status": "resting",
        "yes_price_dollars": "0.47",
        "initial_count_fp": "1",
        "fill_count_fp": "0",
        "remaining_count_fp": "1",
    }
    handler, _ = answering((200, {"orders": [order], "cursor": ""}))
    with pytest.raises(Retry) as caught:
        await client(handler).orders()
    assert caught.value.code == "bad_answer"


async def test_the_direction_of_an_order_is_its_book_side():
    order = {
        "order_id": "o",
        "client_order_id": "c",
        "ticker": "M",
        "status": "executed",
        "side": "yes",
        "action": "buy",
        "book_side": "ask",
        "outcome_side": "no",
        "yes_price_dollars": "0.4700",
        "initial_count_fp": "3.00",
        "fill_count_fp": "3.00",
        "remaining_count_fp": "0.00",
        "created_time": "2026-06-11T06:29:20.866753Z",
    }
    handler, _ = answering((200, {"order": order}))
    read = await client(handler).order("o")
    assert (read.side, read.state, read.filled) == (BookSide.ASK, OrderState.EXECUTED, 300)
    assert read.created_ns == 1_781_159_360_866_753_000


async def test_reads_survive_429_and_5xx():
    handler, requests = answering(
        (429, {"error": "too many requests"}),
        (503, b""),
        (
            200,
            {
                "balance": 9801,
                "balance_dollars": "98.0186",
                "portfolio_value": 198,
                "balance_breakdown": [{"balance": "98.0186", "exchange_index": 0}],
                "updated_ts": 1,
            },
        ),
    )
    balance = await client(handler).balance()
    assert balance.cash == 98_018_600
    assert balance.by_shard == {0: 98_018_600}
    assert len(requests) == 3


async def test_a_create_is_sent_once_with_strings_and_a_yes_price():
    handler, requests = answering(
        (
            201,
            {
                "order_id": "o-1",
                "client_order_id": "c-1",
                "fill_count": "4.00",
                "remaining_count": "6.00",
                "average_fill_price": "0.4650",
                "ts_ms": 1,
            },
        )
    )
    answer = await client(handler).create_order(INTENT)
    assert answer == OrderAnswered("c-1", "o-1", 400, 600)
    assert json.loads(requests[0].content) == {
        "ticker": "M",
        "client_order_id": "c-1",
        "side": "bid",
        "count": "10.00",
        "price": "0.4700",
        "time_in_force": "good_till_canceled",
        "self_trade_prevention_type": "taker_at_cross",
    }
    assert requests[0].headers["content-type"] == "application/json"


async def test_flags_are_sent_only_when_set():
    handler, requests = answering(
        (201, {"order_id": "o", "fill_count": "0.00", "remaining_count": "0.00"})
    )
    await client(handler).create_order(
        OrderIntent(
            client_order_id="c",
            ticker="M",
            side=BookSide.ASK,
            price=10,
            count=1,
            time_in_force=TimeInForce.IOC,
            reduce_only=True,
        )
    )
    body = json.loads(requests[0].content)
    assert (body["count"], body["price"], body["reduce_only"]) == ("0.01", "0.0010", True)
    assert "post_only" not in body


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (httpx.ConnectError("refused"), OrderRefused),
        (httpx.ReadTimeout("slow"), OrderUnknown),
        ((503, b""), OrderUnknown),
        ((500, b"{}"), OrderUnknown),
        ((201, b"not json"), OrderUnknown),
        ((201, {"fill_count": "0.00", "remaining_count": "1.00"}), OrderUnknown),
        ((201, {"order_id": "o", "fill_count": "x", "remaining_count": "1"}), OrderUnknown),
        ((409, {"error": {"code": "order_already_exists"}}), OrderUnknown),
        ((409, {"error": {"code": "trading_is_paused"}}), OrderRefused),
        ((429, {"error": "too many requests"}), OrderRefused),
        ((401, {"error": {"code": "authentication_error", "details": "NOT_FOUND"}}), OrderRefused),
    ],
)
async def test_a_write_is_never_repeated_and_always_answered(answer, kind):
    handler, requests = answering(answer)
    event = await KalshiBroker(client(handler), FixedClock()).send(INTENT)
    assert type(event) is kind
    assert event.client_order_id == "c-1"
    assert len(requests) == 1


async def test_a_time_stamp_that_is_off_is_corrected_from_the_date_and_sent_again():
    class Recording:
        is_slow = False
        venue = ""

        def __init__(self):
            self.stamps = []

        def headers(self, method, path, timestamp_ms):
            self.stamps.append(timestamp_ms)
            return {}

    calls = []

    def handler(request):
        calls.append(request)
        date = {"Date": "Mon, 23 Nov 2026 00:01:00 GMT"}
        if len(calls) == 1:
            body = {"error": {"code": "header_timestamp_expired"}}
            return httpx.Response(401, json=body, headers=date)
        return httpx.Response(200, json={"order_id": "o", "reduced_by": "1.00"}, headers=date)

    clock = FixedClock(1_795_392_000 * 10**9)
    signer = Recording()
    answer = await client(handler, clock, signer).cancel_order("o", "M")
    assert answer == CancelAnswered("o", 100)
    assert signer.stamps == [1_795_392_000_000, 1_795_392_060_500]


async def test_rsa_signs_off_the_event_loop_and_ed25519_on_it():
    class Slow:
        venue = ""

        def __init__(self, is_slow):
            self.is_slow = is_slow
            self.threads = []

        def headers(self, method, path, timestamp_ms):
            self.threads.append(threading.get_ident())
            return {}

    handler, _ = answering((200, {"order_id": "o", "reduced_by": "1.00"}))
    for is_slow in (True, False):
        signer = Slow(is_slow)
        await client(handler, signer=signer).cancel_order("o", "M")
        assert [name != threading.get_ident() for name in signer.threads] == [is_slow]


async def test_a_cancel_that_the_rate_limit_turned_away_is_sent_again():
    busy = (429, {"error": "too many requests"})
    handler, requests = answering(busy, busy, (204, b""))
    await client(handler).cancel_all()
    assert [request.method for request in requests] == ["DELETE"] * 3
    handler, requests = answering(busy)
    with pytest.raises(Retry) as caught:
        await client(handler).cancel_all()
    assert (caught.value.code, len(requests)) == ("too_many_requests", 6)


async def test_a_clock_that_stays_wrong_stops_with_what_to_do():
    handler, requests = answering((401, {"error": {"code": "header_timestamp_expired"}}))
    with pytest.raises(Stop, match="clock"):
        await client(handler).balance()
    assert len(requests) == 2


async def test_a_cancel_names_its_market_and_404_means_gone():
    handler, requests = answering((404, {"error": {"code": "not_found"}}))
    event = await KalshiBroker(client(handler), FixedClock()).cancel("o/1", "M")
    assert event == CancelFailed("o/1", event.text, is_gone=True)
    assert requests[0].url.params["market_ticker"] == "M"
    assert requests[0].url.raw_path.startswith(b"/trade-api/v2/portfolio/events/orders/o%2F1?")


def lookup_handler(as_of, orders, *, old=(), cutoff="2026-11-09T00:00:00Z"):
    def handler(request):
        path = request.url.path
        if path.endswith("user_data_timestamp"):
            return httpx.Response(200, json={"as_of_time": as_of})
        if path.endswith("/historical/cutoff"):
            names = ("market_settled_ts", "trades_created_ts", "orders_updated_ts")
            return httpx.Response(200, json=dict.fromkeys(names, cutoff))
        if path.endswith("/historical/orders"):
            return httpx.Response(200, json={"orders": list(old), "cursor": ""})
        return httpx.Response(200, json={"orders": orders, "cursor": ""})

    return handler


async def test_a_look_up_trusts_silence_only_when_reads_are_complete():
    since_ns = 1_795_392_000 * 10**9
    clock = FixedClock(since_ns + 60 * 10**9)
    for as_of, expected in (
        ("2026-11-23T00:00:01Z", None),
        ("2026-11-23T00:00:30Z", OrderLookedUp("c-1", None)),
    ):
        broker = KalshiBroker(client(lookup_handler(as_of, []), clock), clock)
        assert await broker.look_up("c-1", "M", since_ns, since_ns) == expected


async def test_a_look_up_looks_from_the_making_and_trusts_silence_only_after_the_sending():
    made_ns = 1_795_392_000 * 10**9
    clock = FixedClock(made_ns + 600 * 10**9)
    asked = []

    def handler(request):
        asked.append(request.url)
        return lookup_handler("2026-11-23T00:01:00Z", [])(request)

    broker = KalshiBroker(client(handler, clock), clock)
    for until_s, expected in ((57, None), (54, OrderLookedUp("c-1", None))):
        assert await broker.look_up("c-1", "M", made_ns, made_ns + until_s * 10**9) == expected
    listed = next(url for url in asked if url.path.endswith("/portfolio/orders"))
    assert int(listed.params["min_ts"]) < made_ns // 10**9


FOUND = {
    "order_id": "o",
    "client_order_id": "c-1",
    "ticker": "M",
    "status": "resting",
    "book_side": "bid",
    "yes_price_dollars": "0.4700",
    "initial_count_fp": "3.00",
    "fill_count_fp": "0.00",
    "remaining_count_fp": "3.00",
}


async def test_a_look_up_finds_the_order_by_client_id():
    broker = KalshiBroker(client(lookup_handler("2026-11-23T00:00:01Z", [FOUND])), FixedClock())
    event = await broker.look_up("c-1", "M", NOW_NS, NOW_NS)
    assert event.order.order_id == "o"


async def test_a_look_up_finds_an_order_without_a_client_id_by_its_own():
    foreign = FOUND | {"client_order_id": ""}
    broker = KalshiBroker(client(lookup_handler("2026-11-23T00:00:01Z", [foreign])), FixedClock())
    event = await broker.look_up("o", "M", NOW_NS, NOW_NS)
    assert event.order.order_id == "o"


async def test_a_look_up_of_weeks_ago_asks_the_archive_before_it_says_never_placed():
    since_ns = 1_795_392_000 * 10**9
    clock = FixedClock(since_ns + 20 * 86_400 * 10**9)
    for cutoff, expected in (("2026-12-01T00:00:00Z", "o"), ("2026-11-09T00:00:00Z", None)):
        handler = lookup_handler("2026-12-12T00:00:00Z", [], old=[FOUND], cutoff=cutoff)
        broker = KalshiBroker(client(handler, clock), clock)
        event = await broker.look_up("c-1", "M", since_ns, since_ns)
        assert (event.order.order_id if event.order else None) == expected


async def test_the_status_of_an_exchange_that_is_down_is_an_answer():
    handler, _ = answering((503, {"exchange_active": False, "trading_active": False}))
    status = await client(handler).exchange_status()
    assert (status.is_up, status.is_trading) == (False, False)


async def test_a_read_of_something_unknown_is_refused():
    handler, _ = answering((404, {"error": {"code": "not_found"}}))
    with pytest.raises(Refuse):
        await client(handler).market("NOPE")


async def test_books_come_best_first_in_yes_prices():
    handler, _ = answering(
        (
            200,
            {
                "orderbook_fp": {
                    "yes_dollars": [["0.4600", "120.00"], ["0.4700", "3.50"]],
                    "no_dollars": [["0.5100", "40.00"], ["0.5200", "8.00"]],
                }
            },
        )
    )
    book = await client(handler).orderbook("M")
    assert book.bids == ((4700, 350), (4600, 12000))
    assert book.asks == ((4800, 800), (4900, 4000))


async def test_a_lost_cancel_all_is_unknown():
    handler, _ = answering(httpx.ReadError("reset"))
    with pytest.raises(Unknown):
        await client(handler).cancel_all()


def test_a_practice_desk_can_not_be_pointed_at_the_real_exchange():
    with pytest.raises(Stop):
        practice(LIVE.rest_url, "ws://127.0.0.1:1/x")
    with pytest.raises(Stop):
        practice("http://127.0.0.1:1/trade-api/v2", DEMO.ws_url)
    assert practice("http://127.0.0.1:1/trade-api/v2/", "ws://127.0.0.1:1/a/b").ws_path == "/a/b"
