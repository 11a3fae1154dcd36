"""Price-time priority, order rules and what each refusal says."""

from __future__ import annotations

from decimal import Decimal

import msgspec
import pytest

from kalshi_desk.exchange.notices import OrderChanged
from kalshi_desk.exchange.refusals import Refusal
from kalshi_desk.exchange.rules import DEFAULT_RULES
from tests.exchange.bench import CLOSE, NOW, TICKER, Bench

IOC = {"time_in_force": "immediate_or_cancel"}
FOK = {"time_in_force": "fill_or_kill"}


def refusal(bench: Bench, *order: str | int, **extra: object) -> Refusal:
    """Return the refusal of an order that must be refused."""
    with pytest.raises(Refusal) as caught:
        bench.place(*order, **extra)  # type: ignore[arg-type]
    return caught.value


def reasons(bench: Bench) -> list[tuple[int, str, str]]:
    """Return owner, status and reason of every order change so far."""
    return [
        (notice.owner, notice.order.status, notice.reason)
        for notice in bench.engine.notices
        if isinstance(notice, OrderChanged)
    ]


def test_better_price_first_then_earlier_time() -> None:
    bench = Bench(5)
    late = bench.rest(1, "ask", "0.50", "10")
    bench.rest(2, "ask", "0.49", "5")
    bench.rest(3, "ask", "0.50", "10")
    outcome = bench.place(4, "bid", "0.50", "12")
    assert outcome.filled == 1200
    assert outcome.value == 4900 * 500 + 5000 * 700
    assert bench.held(2) == -500
    assert bench.held(1) == -700
    assert bench.held(3) == 0
    assert late.remaining == 300


def test_trades_happen_at_the_resting_price() -> None:
    bench = Bench()
    bench.rest(0, "bid", "0.60", "3")
    outcome = bench.place(1, "ask", "0.20", "3")
    assert outcome.value == 6000 * 300
    assert bench.market.last_price == 6000


def test_a_hundredth_of_a_contract_trades() -> None:
    bench = Bench()
    bench.rest(0, "ask", "0.50", "0.01")
    assert bench.place(1, "bid", "0.50", "0.01").filled == 1
    assert bench.market.open_interest == 1


def test_immediate_or_cancel_leaves_nothing() -> None:
    bench = Bench()
    bench.rest(0, "ask", "0.50", "4")
    outcome = bench.place(1, "bid", "0.50", "10", **IOC)
    assert (outcome.filled, outcome.order.remaining, outcome.order.status) == (400, 0, "canceled")
    assert bench.book.best_bid is None
    empty = bench.place(1, "bid", "0.50", "10", **IOC)
    assert (empty.filled, empty.order.remaining) == (0, 0)


def test_fill_or_kill_is_an_error_that_uses_up_its_client_id() -> None:
    bench = Bench()
    bench.rest(0, "ask", "0.50", "4")
    found = refusal(bench, 1, "bid", "0.50", "4.01", client_id="a", **FOK)
    assert (found.status, found.code) == (409, "fill_or_kill_insufficient_resting_volume")
    assert refusal(bench, 1, "bid", "0.50", "1", client_id="a").code == "order_already_exists"
    assert bench.place(1, "bid", "0.50", "4", client_id="b", **FOK).filled == 400


def test_fill_or_kill_that_meets_its_owner_is_treated_as_immediate() -> None:
    bench = Bench()
    bench.rest(0, "ask", "0.50", "4")
    own = bench.rest(1, "ask", "0.51", "4")
    outcome = bench.place(1, "bid", "0.52", "9", **FOK)
    assert outcome.filled == 400
    assert own.remaining == 400


def test_post_only_that_would_trade_is_refused() -> None:
    bench = Bench()
    bench.rest(0, "ask", "0.50", "4")
    found = refusal(bench, 1, "bid", "0.50", "1", post_only=True)
    assert found.body == {
        "error": {
            "code": "invalid_order",
            "message": "invalid order",
            "details": "post only cross",
        }
    }
    bench.rest(1, "bid", "0.49", "1", post_only=True)


def test_self_trade_cancels_the_taker_at_the_crossing() -> None:
    bench = Bench()
    bench.rest(0, "ask", "0.49", "2")
    own = bench.rest(1, "ask", "0.50", "5")
    outcome = bench.place(1, "bid", "0.50", "9")
    assert (outcome.filled, outcome.order.remaining) == (200, 0)
    assert outcome.order.status == "canceled"
    assert own.remaining == 500


def test_self_trade_may_cancel_the_maker_instead() -> None:
    bench = Bench()
    own = bench.rest(1, "ask", "0.50", "5")
    bench.rest(0, "ask", "0.50", "5")
    outcome = bench.place(1, "bid", "0.50", "5", self_trade="maker")
    assert own.status == "canceled"
    assert outcome.filled == 500
    assert (1, "canceled", "SelfTradeCancel") in reasons(bench)


def test_reduce_only_is_capped_by_the_position() -> None:
    bench = Bench()
    bench.rest(0, "ask", "0.50", "3")
    bench.place(1, "bid", "0.50", "3")
    bench.rest(2, "bid", "0.40", "10")
    outcome = bench.place(1, "ask", "0.40", "10", reduce_only=True, **IOC)
    assert outcome.filled == 300
    assert bench.held(1) == 0
    nothing = bench.place(1, "ask", "0.40", "10", reduce_only=True, **IOC)
    assert (nothing.filled, nothing.order.status) == (0, "canceled")
    assert refusal(bench, 1, "ask", "0.40", "1", reduce_only=True).code == "invalid_order"


@pytest.mark.parametrize("price", ["0.455", "0", "1", "1.5"])
def test_prices_off_the_grid(price: str) -> None:
    assert refusal(Bench(), 0, "bid", price, "1").code == "invalid_price"


def test_sub_cent_grids() -> None:
    tapered = Bench(structure="tapered_deci_cent")
    tapered.rest(0, "bid", "0.099", "1")
    tapered.rest(0, "ask", "0.901", "1")
    assert refusal(tapered, 0, "bid", "0.105", "1").code == "invalid_price"
    Bench(structure="deci_cent").rest(0, "bid", "0.455", "1")


def test_a_client_id_is_used_for_ever() -> None:
    bench = Bench()
    order = bench.rest(0, "bid", "0.40", "1", client_id="x")
    bench.engine.cancel(0, order.number, NOW)
    assert refusal(bench, 0, "bid", "0.40", "1", client_id="x").status == 409
    bench.rest(1, "bid", "0.40", "1", client_id="x")
    loose = Bench(rules=msgspec.structs.replace(DEFAULT_RULES, dead_client_ids_refused=False))
    order = loose.rest(0, "bid", "0.40", "1", client_id="x")
    loose.engine.cancel(0, order.number, NOW)
    loose.rest(0, "bid", "0.40", "1", client_id="x")


def test_every_dead_order_gives_the_same_404() -> None:
    bench = Bench()
    canceled = bench.rest(0, "bid", "0.40", "1")
    bench.engine.cancel(0, canceled.number, NOW)
    executed = bench.rest(0, "bid", "0.41", "1")
    bench.place(1, "ask", "0.41", "1")
    others = bench.rest(1, "bid", "0.30", "1")
    bodies = []
    for number in (canceled.number, executed.number, others.number, 999):
        with pytest.raises(Refusal) as caught:
            bench.engine.cancel(0, number, NOW)
        bodies.append((caught.value.status, caught.value.body))
    assert bodies == [(404, {"error": {"code": "not_found", "message": "not found"}})] * 4


def test_cancel_all_takes_only_ones_own() -> None:
    bench = Bench()
    for price in ("0.40", "0.41", "0.42"):
        bench.rest(0, "bid", price, "1")
    theirs = bench.rest(1, "bid", "0.43", "1")
    assert bench.engine.cancel_all(0, NOW) == 3
    assert theirs.remaining == 100
    assert bench.book.bids.prices == [4300]


def test_queue_positions() -> None:
    bench = Bench()
    bench.rest(0, "bid", "0.41", "2")
    first = bench.rest(1, "bid", "0.40", "3")
    second = bench.rest(2, "bid", "0.40", "4")
    assert bench.book.ahead_of(first) == 200
    assert bench.book.ahead_of(second) == 500


def test_an_amend_keeps_the_queue_only_when_it_shrinks() -> None:
    bench = Bench()
    first = bench.rest(0, "bid", "0.40", "5")
    second = bench.rest(1, "bid", "0.40", "5")

    def amend(price: int, total: int) -> None:
        bench.engine.amend(0, first.number, price=price, total=total, expires_ns=None, now_ns=NOW)

    amend(4000, 300)
    assert (first.remaining, bench.book.ahead_of(first)) == (300, 0)
    amend(4000, 400)
    assert (first.remaining, bench.book.ahead_of(first)) == (400, 500)
    assert bench.book.ahead_of(second) == 0
    amend(4100, 400)
    assert bench.book.best_bid == 4100


def test_an_amends_count_is_filled_plus_remaining_and_it_may_trade() -> None:
    bench = Bench()
    order = bench.rest(0, "bid", "0.40", "5")
    bench.place(1, "ask", "0.40", "2")
    bench.rest(2, "ask", "0.45", "10")
    outcome = bench.engine.amend(
        0, order.number, price=4500, total=600, expires_ns=None, now_ns=NOW
    )
    assert outcome.filled == 400
    assert (order.filled, order.remaining, order.status) == (600, 0, "executed")
    assert order.maker_cost == Decimal("0.80")
    assert order.taker_cost == Decimal("1.80")
    assert order.maker_fees == 0 < order.taker_fees


def test_a_refused_amend_changes_nothing() -> None:
    bench = Bench(cash="3")
    order = bench.rest(0, "bid", "0.40", "5")
    bench.rest(1, "bid", "0.40", "1")
    with pytest.raises(Refusal, match="insufficient_balance"):
        bench.engine.amend(0, order.number, price=5000, total=1000, expires_ns=0, now_ns=NOW)
    assert (order.price, order.remaining, order.initial) == (4000, 500, 500)
    assert bench.book.ahead_of(order) == 0


def test_decrease_keeps_the_queue_and_to_zero_cancels() -> None:
    bench = Bench()
    order = bench.rest(0, "bid", "0.40", "5")
    bench.rest(1, "bid", "0.40", "5")
    bench.engine.decrease(0, order.number, 200, NOW)
    assert (order.remaining, bench.book.ahead_of(order)) == (200, 0)
    bench.engine.decrease(0, order.number, 0, NOW)
    assert order.status == "canceled"
    assert bench.book.bids.size_at(4000) == 500


def test_pauses() -> None:
    bench = Bench()
    order = bench.rest(0, "bid", "0.40", "5")
    bench.engine.trading_active = False
    assert refusal(bench, 0, "bid", "0.41", "1").code == "trading_is_paused"
    bench.engine.cancel(0, order.number, NOW)
    bench.engine.exchange_active = False
    assert refusal(bench, 0, "bid", "0.41", "1").code == "exchange_is_paused"


def test_nothing_works_after_the_close_not_even_a_cancel() -> None:
    bench = Bench()
    order = bench.rest(0, "bid", "0.40", "5")
    with pytest.raises(Refusal, match="market_inactive"):
        bench.engine.cancel(0, order.number, CLOSE)
    assert bench.engine.cancel_all(0, CLOSE) == 0
    bench.market.status = "inactive"
    assert refusal(bench, 0, "bid", "0.41", "1").status == 400
    bench.engine.cancel(0, order.number, NOW)


def test_unknown_market() -> None:
    bench = Bench()
    del bench.engine.markets[TICKER]
    assert refusal(bench, 0, "bid", "0.41", "1").code == "market_not_found"


class TestCash:
    """What an order must be able to pay, net of positions and other resting orders."""

    def test_an_order_needs_its_cost_and_taker_fee(self) -> None:
        bench = Bench(cash="5")
        bench.rest(1, "ask", "0.50", "8")
        assert refusal(bench, 0, "bid", "0.50", "10").code == "insufficient_balance"
        bench.place(0, "bid", "0.50", "8")
        assert bench.cash(0) == Decimal("5") - Decimal("4") - Decimal("0.14")

    def test_resting_orders_reserve_but_do_not_reduce_the_balance(self) -> None:
        bench = Bench(cash="5")
        order = bench.rest(0, "bid", "0.50", "10")
        assert bench.cash(0) == 5
        assert refusal(bench, 0, "bid", "0.01", "1").code == "insufficient_balance"
        assert refusal(bench, 0, "ask", "0.99", "1").code == "insufficient_balance"
        bench.engine.cancel(0, order.number, NOW)
        bench.rest(0, "ask", "0.90", "50")

    def test_closing_needs_no_cash(self) -> None:
        bench = Bench(cash="4.10")
        bench.rest(1, "ask", "0.50", "8")
        bench.place(0, "bid", "0.50", "7")
        assert bench.cash(0) < 1
        bench.rest(0, "ask", "0.90", "7")
        assert refusal(bench, 0, "ask", "0.80", "7").code == "insufficient_balance"

    def test_the_proceeds_of_a_sale_pay_for_what_it_leaves_open(self) -> None:
        bench = Bench(cash="4.60")
        bench.rest(1, "ask", "0.50", "8")
        bench.place(0, "bid", "0.50", "8")
        bench.rest(0, "ask", "0.95", "8")
        bench.rest(2, "bid", "0.50", "8")
        bench.place(0, "ask", "0.50", "8")
        assert bench.held(0) == 0
        assert bench.cash(0) == Decimal("4.60") - Decimal("0.28")
