"""Routes that the practice exchange does not serve, against a server with the published shapes."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import quote

import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from kalshi_desk.core.errors import Retry
from kalshi_desk.core.types import parse_count
from kalshi_desk.engine.clock import WallClock
from kalshi_desk.kalshi.api_keys import ApiKeys
from kalshi_desk.kalshi.convert import time_ns
from kalshi_desk.kalshi.environment import practice
from kalshi_desk.kalshi.models import KeyInfo
from kalshi_desk.kalshi.reference import Reference
from kalshi_desk.kalshi.rest import RestClient
from kalshi_desk.kalshi.transfers import Transfers
from tests.exchange.client import Exchange

WHEN = "2026-12-10T13:30:00Z"
MILESTONE = {
    "id": "m-1",
    "category": "Economics",
    "type": "data_release",
    "start_date": WHEN,
    "end_date": None,
    "related_event_tickers": ["KXCPI-26NOV"],
    "title": "CPI \x1b[31mrelease",
    "notification_message": "",
    "details": {"agency": "BLS"},
    "primary_event_tickers": ["KXCPI-26NOV"],
    "last_updated_ts": WHEN,
}
LIVE = {"type": "football_game", "details": {"home_points": 7}, "milestone_id": "m-1"}
INCENTIVE = {
    "id": "i-1",
    "market_id": "x",
    "market_ticker": "KXCPI-26NOV-T0.3",
    "incentive_type": "liquidity",
    "incentive_description": "",
    "start_date": WHEN,
    "end_date": WHEN,
    "period_reward": 1_000_000,
    "paid_out": False,
    "target_size_fp": "500.00",
}
KEYS = {
    "api_keys": [
        {"api_key_id": "k-1", "name": "desk", "scopes": ["read", "write::trade"], "subaccount": 3}
    ],
    "api_key_region_expiration_ts": 1_800_000_000,
}
NETTING = {"netting_configs": [{"subaccount_number": 1, "enabled": True, "exchange_index": 0}]}
PAGES: dict[str, dict[str, Any]] = {
    "/milestones": {"milestones": [MILESTONE]},
    "/incentive_programs": {"incentive_programs": [INCENTIVE]},
}
WHOLE: dict[str, dict[str, Any]] = {
    "/milestones/m-1": {"milestone": MILESTONE},
    "/structured_targets": {
        "structured_targets": [
            {"id": "t-1", "name": "Boston", "type": "basketball_team", "details": {"market": 3}}
        ],
        "cursor": "",
    },
    "/live_data/batch": {"live_datas": [LIVE]},
    "/api_keys": KEYS,
    "/portfolio/subaccounts/netting": NETTING,
    "/live_data/events/KXCPI-26NOV": {"live_data": {"type": "chart", "details": {"points": []}}},
    "/search/filters_by_sport": {
        "filters_by_sports": {"Tennis": {}, "Basketball": {}},
        "sport_ordering": ["Basketball", "Tennis"],
    },
}


class Published:
    """A real server with the shapes of the published document, two pages a list."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.ends = True

    def answer(self, request: Request) -> JSONResponse:
        path = request.url.path.removeprefix("/trade-api/v2")
        self.asked.append(str(request.url.query))
        if path in WHOLE:
            return JSONResponse(WHOLE[path])
        name = "next_cursor" if path == "/incentive_programs" else "cursor"
        is_last = self.ends and "cursor=two" in request.url.query
        return JSONResponse({**PAGES[path], name: "" if is_last else "two"})


@pytest.fixture
async def reached() -> AsyncIterator[tuple[Published, RestClient]]:
    """Return the server and a client of it."""
    published = Published()
    app = Starlette(routes=[Route("/{path:path}", published.answer)])
    sock = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(app, log_level="warning", lifespan="off")
    running = uvicorn.Server(config)
    serving = asyncio.create_task(running.serve(sockets=[sock]))
    base = f"127.0.0.1:{sock.getsockname()[1]}"
    rest = RestClient(practice(f"http://{base}/trade-api/v2", f"ws://{base}/x"), None, WallClock())
    yield published, rest
    await rest.close()
    running.should_exit = True
    await serving


@pytest.fixture
def server(reached: tuple[Published, RestClient]) -> tuple[Published, Reference]:
    """Return the server and the reads that need no account."""
    published, rest = reached
    return published, Reference(rest.answers)


Served = tuple[Published, Reference]


async def test_milestones_of_all_pages_are_read_and_cleaned(server: Served) -> None:
    published, reference = server
    found = await reference.milestones(event_ticker="KXCPI-26NOV")
    assert len(found) == 2
    assert "\x1b" not in found[0].title
    assert found[0].start_ns == time_ns(WHEN)
    assert found[0].events == ("KXCPI-26NOV",)
    assert "limit=100" in published.asked[0]
    await reference.milestones(
        kind="data_release",
        competition="none",
        source_id="s",
        category="Economics",
        min_start_ns=time_ns(WHEN),
        min_updated_ts=7,
    )
    assert published.asked[-2] == (
        "category=Economics&competition=none&type=data_release&source_id=s"
        f"&minimum_start_date={quote(WHEN, safe='')}&min_updated_ts=7&limit=100"
    )
    assert (await reference.milestone("m-1")).details == {"agency": "BLS"}


async def test_a_list_that_does_not_end_is_an_error(server: Served) -> None:
    published, reference = server
    published.ends = False
    with pytest.raises(Retry, match="does not end"):
        await reference.milestones()
    with pytest.raises(Retry, match="does not end"):
        await reference.incentives()


async def test_incentives_have_a_cursor_of_their_own(server: Served) -> None:
    published, reference = server
    found = await reference.incentives()
    assert len(found) == 2
    await reference.incentives(status="all", kind="liquidity", description="d")
    asked = "status=all&type=liquidity&incentive_description=d&limit=200"
    assert published.asked[-2] == asked
    assert (found[0].reward, found[0].target) == (100_000_000, parse_count("500"))


async def test_targets_live_data_and_sports(server: Served) -> None:
    published, reference = server
    (target,) = await reference.targets(["t-1", "t-2"])
    assert (target.name, published.asked[-1]) == ("Boston", "page_size=200&ids=t-1&ids=t-2")
    await reference.targets(kind="basketball_team", competition="NBA")
    assert published.asked[-1] == "type=basketball_team&competition=NBA&page_size=200"
    before = len(published.asked)
    assert len(await reference.targets([f"t-{n}" for n in range(250)])) == 3
    assert [text.count("ids=") for text in published.asked[before:]] == [100, 100, 50]
    assert len(await reference.live_data(["m-1"] * 101)) == 2
    (live,) = await reference.live_data(["m-1"])
    assert (live.subject, live.details) == ("m-1", {"home_points": 7})
    assert (await reference.event_live_data("KXCPI-26NOV")).kind == "chart"
    assert await reference.sports() == ("Basketball", "Tennis")


async def test_a_key_says_its_scopes_its_subaccount_and_when_its_place_lapses(
    reached: tuple[Published, RestClient],
) -> None:
    _, rest = reached
    found = await ApiKeys(rest).all()
    assert found.keys == (
        KeyInfo(key_id="k-1", name="desk", scopes=("read", "write::trade"), subaccount=3),
    )
    assert found.attestation_ns == 1_800_000_000 * 10**9
    assert await Transfers(rest).netting() == {1: True}


async def test_calendar_fees_and_tags_of_the_practice_exchange() -> None:
    exchange = Exchange("--history-min", "2")
    try:
        rest = RestClient(practice(exchange.ready["rest"], exchange.ready["ws"]), None, WallClock())
        reference = Reference(rest.answers)
        event = exchange.quiet_market("KXHOUSEVOTE")["event_ticker"]
        exchange.admin("maintenance", in_s=3_600, for_s=60)
        exchange.admin("fees", series_ticker="KXFED", fee_type="quadratic_with_maker_fees", in_s=60)
        exchange.admin(
            "fees",
            series_ticker="KXHOUSEVOTE",
            event_ticker=event,
            fee_type="quadratic",
            fee_multiplier=0.5,
        )
        schedule = await reference.schedule()
        assert schedule.hours["monday"] == (("00:00", "00:00"),)
        (window,) = schedule.maintenance
        assert window.end_ns - window.start_ns == 60 * 10**9
        (series,) = await reference.series_fee_changes()
        assert (series.series_ticker, series.fee_type) == ("KXFED", "quadratic_with_maker_fees")
        (change,) = await reference.event_fee_changes()
        assert (change.event_ticker, change.multiplier) == (event, "0.5")
        assert "Crypto" in await reference.tags()
        await rest.close()
    finally:
        assert exchange.stop() == 0
