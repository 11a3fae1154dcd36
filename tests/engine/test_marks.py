"""What a position is worth and when it ends, as faces are told."""

from __future__ import annotations

import msgspec

from kalshi_desk.core.events import BookDelta, FillReported, OrderAnswered
from kalshi_desk.core.types import BookSide, Count, parse_money
from kalshi_desk.engine.rows import position_row
from tests.engine.test_core import Bench, fill_of, sent


def test_a_position_settles_when_the_outcome_is_expected_not_when_the_market_closes() -> None:
    bench = Bench()
    intent = sent(bench.buy())[0]
    bench.take(OrderAnswered(intent.client_order_id, "o1", Count(1000), Count(0)))
    bench.take(FillReported(fill_of(intent, "o1")))
    state = bench.core.state
    live = state.markets.by_ticker["A"]
    position = state.positions.get("A")
    live.market = msgspec.structs.replace(live.market, close_ns=9_000, expiration_ns=0)
    assert position_row(state, position).settles_ns == 9_000
    live.market = msgspec.structs.replace(live.market, expiration_ns=5_000)
    assert position_row(state, position).settles_ns == 5_000


def test_a_position_is_not_marked_on_its_own_resting_order() -> None:
    bench = Bench()
    intent = sent(bench.buy())[0]
    bench.take(OrderAnswered(intent.client_order_id, "o1", Count(1000), Count(0)))
    bench.take(FillReported(fill_of(intent, "o1")))
    state = bench.core.state
    position = state.positions.get("A")
    resting = sent(bench.buy(price="0.47", count="20", name="more"))[0]
    bench.take(OrderAnswered(resting.client_order_id, "o2", Count(0), Count(2000)))
    bench.take(BookDelta("A", BookSide.BID, resting.price, Count(2000 - 41_000), 0))
    found = state.exit_of(position)
    assert found is not None
    assert found.value == parse_money("0.94") + parse_money("3.68")
