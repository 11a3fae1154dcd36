"""Combos stay out unless they are wanted, and are read with what they are made of."""

from __future__ import annotations

from typing import Any

import httpx

from kalshi_desk.core.records import ComboLeg
from kalshi_desk.engine.clock import WallClock
from kalshi_desk.kalshi.environment import DEMO
from kalshi_desk.kalshi.rest import RestClient

COMBO = {
    "ticker": "KXMVE-1",
    "event_ticker": "KXMVE",
    "status": "active",
    "mve_collection_ticker": "KXMVE-C",
    "mve_selected_legs": [
        {"event_ticker": "E-1", "market_ticker": "E-1-A", "side": "yes"},
        {
            "event_ticker": "E-2",
            "market_ticker": "E-2-B",
            "side": "no",
            "yes_settlement_value_dollars": "0.0000",
        },
    ],
    "yes_ask_dollars": "1.0000",
    "no_ask_dollars": "1.0000",
    "last_price_dollars": "0.0000",
}
PLAIN = {"ticker": "E-1-A", "event_ticker": "E-1", "status": "active"}
LISTS = ("markets", "events", "series", "orders", "fills", "market_positions", "settlements")


class Lists:
    """An exchange whose lists hold the same everywhere."""

    def __init__(self, *markets: dict[str, Any]) -> None:
        self.asked: list[httpx.Request] = []
        self.body = {**{name: [] for name in LISTS}, "markets": list(markets), "cursor": ""}
        self.rest = RestClient(DEMO, None, WallClock(), transport=httpx.MockTransport(self._answer))

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        return httpx.Response(200, json=self.body)


async def test_combos_stay_out_even_where_the_exchange_sends_them() -> None:
    lists = Lists(PLAIN, COMBO)
    assert [market.ticker for market in await lists.rest.markets()] == ["E-1-A"]
    found = {market.ticker: market for market in await lists.rest.markets(combos="only")}
    assert found.keys() == {"E-1-A", "KXMVE-1"}
    named = await lists.rest.markets(tickers=["KXMVE-1", "E-1-A"])
    assert [market.is_combo for market in named] == [False, True]
    await lists.rest.close()


async def test_a_combo_says_what_it_is_made_of_and_shows_no_price_that_is_none() -> None:
    (combo,) = await Lists(COMBO).rest.markets(tickers=["KXMVE-1"])
    assert combo.legs == (
        ComboLeg(ticker="E-1-A", event_ticker="E-1", side="yes"),
        ComboLeg(ticker="E-2-B", event_ticker="E-2", side="no", value=0),  # type: ignore[arg-type]
    )
    assert combo.last_price is None


async def test_events_of_combos_have_a_list_of_their_own() -> None:
    lists = Lists()
    lists.body["events"] = [{"event_ticker": "KXMVE", "series_ticker": "KXMVES", "title": "Combo"}]
    (event,) = await lists.rest.combo_events(series_ticker="KXMVES")
    assert event.event_ticker == "KXMVE"
    (request,) = lists.asked
    assert request.url.path == "/trade-api/v2/events/multivariate"
    assert request.url.query.decode() == "series_ticker=KXMVES&limit=200"
