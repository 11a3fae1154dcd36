"""Bodies that the real exchange sent are read whole: nothing skipped, nothing guessed."""

import json
import os
from pathlib import Path

import msgspec
import pytest

from kalshi_desk.core.errors import Refuse, Retry, Stop, Unknown
from kalshi_desk.core.types import MarketStatus
from kalshi_desk.kalshi import convert, wire
from kalshi_desk.kalshi.errors import Ask, error_from_answer
from kalshi_desk.kalshi.translate import Translator

pytestmark = pytest.mark.realdata


@pytest.fixture(scope="module")
def data():
    folder = os.environ.get("KALSHI_DESK_REAL_DATA")
    if not folder:
        pytest.skip("KALSHI_DESK_REAL_DATA does not name the folder of the real recordings")
    if not (Path(folder) / "wire_cases").is_dir():
        pytest.fail("KALSHI_DESK_REAL_DATA names a folder without the real recordings")
    return Path(folder)


def case(data, name):
    folder = data / "wire_cases"
    meta = json.loads((folder / f"{name}.meta.json").read_text())
    return meta["status"], (folder / f"{name}.json").read_bytes()


@pytest.mark.parametrize(
    ("name", "kind", "code"),
    [
        ("auth__bad_signature", Stop, "key_mismatch"),
        ("auth__skew_minus30s", Retry, "header_timestamp_expired"),
        ("auth__skew_minus5min", Retry, "header_timestamp_expired"),
        ("auth__skew_plus5min", Retry, "header_timestamp_expired"),
        ("orders__cancel_already_canceled", Refuse, "not_found"),
        ("orders__duplicate_client_order_id", Unknown, "order_already_exists"),
        ("orders__post_only_cross", Refuse, "invalid_order"),
    ],
)
def test_recorded_errors(data, name, kind, code):
    error = error_from_answer(*case(data, name), ask=Ask.PLACE)
    assert (type(error), error.code) == (kind, code)


def test_every_recorded_market_is_read(data):
    count = 0
    for path in (data / "wire_cases").glob("markets__*.json"):
        if path.name.endswith(".meta.json"):
            continue
        page = msgspec.json.decode(path.read_bytes(), type=wire.MarketsPage)
        bodies = page.markets or []
        if not bodies:
            bodies = [msgspec.json.decode(path.read_bytes(), type=wire.MarketAnswer).market]
        count += check_markets(bodies)
    assert count > 200


def check_markets(bodies):
    terms = convert.Terms()
    for body in bodies:
        market = terms.market(body)
        assert market.ticker == body.ticker
        assert market.close_ns > 0
        assert market.status is not MarketStatus.UNKNOWN
        assert not market.grid.inferred
        assert market.grid.is_valid(5000)
    return len(bodies)


def test_markets_of_production_are_read(data):
    rest = data / "rest"
    events = msgspec.json.decode((rest / "events_nfl_preseason.json").read_bytes())["events"]
    nested = [market for event in events for market in event["markets"]]
    settled = msgspec.json.decode((rest / "markets_settled.json").read_bytes())["markets"]
    combos = msgspec.json.decode((rest / "combo_priced_markets.json").read_bytes())["combos"]
    combo_bodies = msgspec.convert(combos, list[wire.MarketBody])
    assert check_markets(msgspec.convert(nested, list[wire.MarketBody])) > 10
    assert check_markets(msgspec.convert(settled, list[wire.MarketBody])) > 0
    assert check_markets(combo_bodies) > 0
    terms = convert.Terms()
    assert all(terms.market(body).is_combo for body in combo_bodies)
    for event in msgspec.convert(events, list[wire.EventBody]):
        assert terms.event(event).mutually_exclusive


def test_the_account_is_read(data):
    rest = data / "rest"
    fills = json.loads((rest / "portfolio_fills_redacted.json").read_text())["payload"]
    for body in msgspec.convert(fills, wire.FillsPage).fills:
        fill = convert.fill(body)
        assert fill.count > 0
        assert fill.fee >= 0
        assert fill.executed_ns > 0
    paid = json.loads((rest / "portfolio_settlements_redacted.json").read_text())["payload"]
    settlements = [
        convert.settlement(body) for body in msgspec.convert(paid, wire.SettlementsPage).settlements
    ]
    assert {settlement.value for settlement in settlements} <= {0, 10_000}
    _, body = case(data, "portfolio__orders_list")
    orders = [convert.order(row) for row in msgspec.json.decode(body, type=wire.OrdersPage).orders]
    assert orders
    assert all(order.client_order_id for order in orders)
    _, body = case(data, "auth__balance_ok")
    balance = convert.balance(msgspec.json.decode(body, type=wire.BalanceBody), 0)
    assert balance.cash == 98_018_600


def test_fee_fields_of_real_series_are_known(data):
    payloads = json.loads((data / "rest" / "series_fee_fields.json").read_text())["payloads"]
    for answer in payloads.values():
        series = msgspec.convert(answer, wire.SeriesAnswer).series
        terms = convert.Terms()
        terms.series[series.ticker] = series
        terms.events["E"] = wire.EventBody("E", series.ticker)
        assert terms.fee_rule(wire.MarketBody("M", "E")).is_known


def test_recorded_answers_to_orders_are_read(data):
    _, body = case(data, "orders__create_v2_taker_ioc")
    created = msgspec.json.decode(body, type=wire.CreatedBody)
    assert (created.fill_count, created.remaining_count) == ("1.00", "0.00")
    _, body = case(data, "orders__cancel_v2")
    assert msgspec.json.decode(body, type=wire.CanceledBody).reduced_by == "1.00"
    _, body = case(data, "account__limits")
    assert msgspec.json.decode(body, type=wire.LimitsBody).write.bucket_capacity == 100


def test_recorded_stream_frames_are_read(data):
    translator = Translator(yes_prices=False)
    lines = (data / "wire_cases" / "ws__orderbook_trade_yes.jsonl").read_bytes().split(b"\n")
    for line in filter(None, lines):
        translator.translate(line)
    counts = translator.counts
    assert (counts.snapshots, counts.deltas, counts.gaps, counts.unreadable) == (1, 2, 0, 0)
