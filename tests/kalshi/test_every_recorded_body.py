"""Every recorded body has a reader; a file without one fails, so none is forgotten."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from kalshi_desk.core.errors import DeskError
from kalshi_desk.core.types import parse_price
from kalshi_desk.kalshi import convert, convert_candles, wire, wire_history, wire_reference
from kalshi_desk.kalshi.errors import Ask, error_from_answer
from kalshi_desk.kalshi.frames import RangeBody
from kalshi_desk.kalshi.translate import Translator

pytestmark = pytest.mark.realdata
Reader = Callable[[Any], int]
"""Takes a decoded file and returns how many things of it were read."""


def every(kind: type[Any], row: Callable[[Any], object]) -> Callable[[list[Any]], int]:
    """Return a reader of a list of bodies."""

    def read(bodies: list[Any]) -> int:
        return len([row(body) for body in msgspec.convert(bodies, list[kind])])  # type: ignore[valid-type]

    return read


MARKETS = every(wire.MarketBody, convert.Terms().market)
EVENTS = every(wire.EventBody, convert.Terms().event)
CANDLES = every(wire_history.CandleBody, convert_candles.candle)
BOOKS = every(wire.BookRow, lambda row: convert.book_levels(row.orderbook_fp))
ORDERS = every(wire.OrderBody, convert.order)


def nested(events: list[Any]) -> int:
    """Read events with their markets."""
    return EVENTS(events) + MARKETS([market for event in events for market in event["markets"]])


def created(body: Any) -> int:
    """Read the answer to a create."""
    answer = msgspec.convert(body, wire.CreatedBody)
    return bool(answer.order_id)


def one(kind: type[Any], convert_one: Callable[[Any], object] = lambda body: body) -> Reader:
    """Return a reader of one body."""

    def read(body: Any) -> int:
        convert_one(msgspec.convert(body, kind))
        return 1

    return read


def grid(row: Any) -> int:
    """Read a price grid and use it."""
    found = convert.grid_of(msgspec.convert(row["price_ranges"], list[RangeBody]))
    assert not found.inferred
    assert found.is_valid(parse_price("0.50"))
    return 1


REST: dict[str, Reader] = {
    "candlesticks_mlb": lambda d: sum(CANDLES(m["candlesticks"]) for m in d["markets"].values()),
    "candlesticks_pregame_mlb": lambda d: (
        MARKETS([d["market"]]) + CANDLES(d["candlesticks_response"]["candlesticks"])
    ),
    "combo_orderbooks": BOOKS,
    "combo_priced_markets": lambda d: MARKETS(d["combos"]) + MARKETS(list(d["legs"].values())),
    "events_mlb_props_nested": lambda d: sum(map(nested, d["events_by_series"].values())),
    "events_nfl_preseason": lambda d: nested(d["events"]),
    "market_single": lambda d: (
        one(wire.MarketAnswer)(d["single"])
        + one(wire.BookAnswer, lambda a: convert.book_levels(a.orderbook_fp))(d["orderbook"])
        + MARKETS([d["nested"]])
    ),
    "markets_settled": lambda d: MARKETS(d["markets"]),
    "portfolio_fills_redacted": lambda d: every(wire.FillBody, convert.fill)(d["payload"]["fills"]),
    "portfolio_settlements_redacted": lambda d: every(wire.SettlementBody, convert.settlement)(
        d["payload"]["settlements"]
    ),
    "price_grids": lambda d: sum(map(grid, d["grids"])),
    "raw_markets_KXBTC-26JUL0921_20260710T002212Z": lambda d: MARKETS(list(d.values())),
    "series_fee_fields": lambda d: sum(map(one(wire.SeriesAnswer), d["payloads"].values())),
}

BALANCE = one(wire.BalanceBody, lambda body: convert.balance(body, 0))
PAGE: Reader = lambda d: MARKETS(d["markets"])  # noqa: E731
SINGLE: Reader = lambda d: MARKETS([d["market"]])  # noqa: E731
ORDER: Reader = lambda d: ORDERS([d["order"]])  # noqa: E731
CASES: dict[str, Reader] = {
    "account__limits": one(wire.LimitsBody),
    "auth__balance_alt_host": BALANCE,
    "auth__balance_ok": BALANCE,
    "exchange__status": one(wire.StatusBody, convert.exchange_status),
    "markets__high_temp": PAGE,
    "markets__page1": PAGE,
    "markets__page2": PAGE,
    "markets__page3": PAGE,
    "markets__single": SINGLE,
    "markets__single_filter_lastpage": PAGE,
    "markets__status_closed": PAGE,
    "markets__status_open": PAGE,
    "markets__unauth_list": PAGE,
    "markets__unauth_single": SINGLE,
    "orderbook__base": one(wire.BookAnswer, lambda a: convert.book_levels(a.orderbook_fp)),
    "orders__cancel_v2": one(wire.CanceledBody),
    "orders__create_v2_maker": created,
    "orders__create_v2_taker_ioc": created,
    "orders__get_after_create": ORDER,
    "orders__legacy_cancel": ORDER,
    "orders__legacy_create": ORDER,
    "orders__settlement_seed": created,
    "portfolio__orders_list": lambda d: ORDERS(d["orders"]),
    "series__fee_changes": one(wire_reference.SeriesFeeChanges),
}
ERRORS = {
    "auth__bad_signature": "key_mismatch",
    "auth__skew_minus30s": "header_timestamp_expired",
    "auth__skew_minus5min": "header_timestamp_expired",
    "auth__skew_plus5min": "header_timestamp_expired",
    "orders__cancel_already_canceled": "not_found",
    "orders__duplicate_client_order_id": "order_already_exists",
    "orders__post_only_cross": "invalid_order",
}
FRAMES = {"ws__orderbook_trade_yes"}
NO_STATUS = {"markets__high_temp", *FRAMES}
"""Cases whose status was not recorded."""


@pytest.fixture(scope="module")
def data() -> Path:
    folder = os.environ.get("KALSHI_DESK_REAL_DATA")
    if not folder:
        pytest.skip("KALSHI_DESK_REAL_DATA does not name the folder of the real recordings")
    if not (Path(folder) / "wire_cases").is_dir():
        pytest.fail("KALSHI_DESK_REAL_DATA names a folder without the real recordings")
    return Path(folder)


def strangers(folder: Path, known: Iterable[str]) -> set[str]:
    """Return the files that nothing here reads, and those that should be there and are not."""
    return {path.name for path in folder.iterdir()} ^ set(known)


@pytest.mark.parametrize("name", ["new.json", "new.jsonl", "new.meta.json", "new.csv.gz"])
def test_a_file_without_a_reader_is_a_stranger(tmp_path: Path, name: str) -> None:
    (tmp_path / "known.json").touch()
    assert strangers(tmp_path, {"known.json"}) == set()
    (tmp_path / name).touch()
    assert strangers(tmp_path, {"known.json"}) == {name}
    assert strangers(tmp_path, {"known.json", name, "gone.json"}) == {"gone.json"}


def test_every_file_of_rest_is_read(data: Path) -> None:
    assert strangers(data / "rest", {f"{name}.json" for name in REST}) == set()
    for name, read in REST.items():
        assert read(json.loads((data / "rest" / f"{name}.json").read_bytes())) > 0, name


def test_every_wire_case_is_read_or_is_the_error_that_it_is(data: Path) -> None:
    folder = data / "wire_cases"
    cases = {*CASES, *ERRORS}
    due = {f"{name}.json" for name in cases} | {f"{name}.jsonl" for name in FRAMES}
    due |= {f"{name}.meta.json" for name in cases - NO_STATUS}
    due |= {f"{name}.meta.json" for name in FRAMES}
    assert strangers(folder, due) == set()
    for name in sorted(cases):
        body = (folder / f"{name}.json").read_bytes()
        status = 200
        if name not in NO_STATUS:
            status = json.loads((folder / f"{name}.meta.json").read_text())["status"]
        assert (status < 300) is (name in CASES), name
        if name in CASES:
            assert CASES[name](json.loads(body)) > 0, name
        else:
            error = error_from_answer(status, body, ask=Ask.PLACE)
            assert isinstance(error, DeskError)
            assert error.code == ERRORS[name]


def test_every_recorded_frame_is_read(data: Path) -> None:
    for name in FRAMES:
        translator = Translator(yes_prices="yes" in name)
        for line in filter(None, (data / "wire_cases" / f"{name}.jsonl").read_bytes().split(b"\n")):
            translator.translate(line)
        assert translator.counts.unreadable == 0
        assert translator.counts.deltas > 0
