"""Every recorded body has a reader; a file without one fails, so none is forgotten."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
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


@pytest.fixture(scope="module")
def data() -> Path:
    folder = os.environ.get("KALSHI_DESK_REAL_DATA")
    if not folder or not (Path(folder) / "wire_cases").is_dir():
        pytest.skip("KALSHI_DESK_REAL_DATA does not name the folder of the real recordings")
    return Path(folder)


def test_every_file_of_rest_is_read(data: Path) -> None:
    files = {path.stem: path for path in (data / "rest").glob("*.json")}
    assert set(files) == set(REST)
    for name, path in files.items():
        assert REST[name](json.loads(path.read_bytes())) > 0, name


def test_every_wire_case_is_read_or_is_the_error_that_it_is(data: Path) -> None:
    errors = 0
    folder = data / "wire_cases"
    names = {path.stem for path in folder.glob("*.json") if not path.stem.endswith(".meta")}
    for name in sorted(names):
        body = (folder / f"{name}.json").read_bytes()
        meta = folder / f"{name}.meta.json"
        status = json.loads(meta.read_text())["status"] if meta.exists() else 200
        if status < 300:
            assert CASES[name](json.loads(body)) > 0, name
            continue
        assert name not in CASES
        assert isinstance(error_from_answer(status, body, ask=Ask.PLACE), DeskError)
        errors += 1
    assert errors == len(names) - len(CASES)


def test_every_recorded_frame_is_read(data: Path) -> None:
    for path in (data / "wire_cases").glob("*.jsonl"):
        translator = Translator(yes_prices="yes" in path.stem)
        for line in filter(None, path.read_bytes().split(b"\n")):
            translator.translate(line)
        assert translator.counts.unreadable == 0
        assert translator.counts.deltas > 0
