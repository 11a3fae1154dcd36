"""Conservation of money and contracts, against a small independent ledger."""

from __future__ import annotations

from contextlib import suppress
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from kalshi_desk.exchange.amounts import ONE_DOLLAR, ZERO, contracts
from kalshi_desk.exchange.commands import NewOrder
from kalshi_desk.exchange.notices import Filled
from kalshi_desk.exchange.refusals import Refusal
from tests.exchange.bench import NOW, TICKER, Bench

DURATIONS = ["good_till_canceled", "immediate_or_cancel", "fill_or_kill"]
MEMBERS = 4

orders = st.fixed_dictionaries(
    {
        "kind": st.just("order"),
        "owner": st.integers(0, MEMBERS - 1),
        "is_bid": st.booleans(),
        "price": st.integers(30, 70).map(lambda cents: cents * 100),
        "count": st.one_of(st.integers(1, 99), st.integers(1, 40).map(lambda n: n * 100)),
        "duration": st.sampled_from(DURATIONS),
        "mode": st.sampled_from(["maker", "taker_at_cross"]),
    }
)
others = st.fixed_dictionaries(
    {
        "kind": st.sampled_from(["cancel", "cancel_all", "amend", "decrease"]),
        "owner": st.integers(0, MEMBERS - 1),
        "pick": st.integers(0, 50),
        "price": st.integers(30, 70).map(lambda cents: cents * 100),
        "count": st.integers(1, 3000),
    }
)


def act(bench: Bench, step: dict[str, object]) -> None:
    """Apply one random operation; a refusal is an answer like any other."""
    engine = bench.engine
    owner = int(str(step["owner"]))
    if step["kind"] == "order":
        engine.place(
            NewOrder(
                owner=owner,
                ticker=TICKER,
                is_bid=bool(step["is_bid"]),
                price=int(str(step["price"])),
                count=int(str(step["count"])),
                time_in_force=str(step["duration"]),
                self_trade=str(step["mode"]),
            ),
            NOW,
        )
        return
    mine = list(engine.open_orders[owner].values())
    if step["kind"] == "cancel_all" or not mine:
        engine.cancel_all(owner, NOW)
        return
    order = mine[int(str(step["pick"])) % len(mine)]
    count = int(str(step["count"]))
    match step["kind"]:
        case "cancel":
            engine.cancel(owner, order.number, NOW)
        case "amend":
            engine.amend(
                owner,
                order.number,
                price=int(str(step["price"])),
                total=order.filled + count,
                expires_ns=None,
                now_ns=NOW,
            )
        case _:
            engine.decrease(owner, order.number, min(count, order.remaining), NOW)


def check_books(bench: Bench) -> None:
    """Every displayed size is resting orders, tracked for their owners, and never crossed."""
    shown: dict[int, int] = {}
    for side in (bench.book.bids, bench.book.asks):
        assert side.prices == sorted(side.levels)
        for price in side.prices:
            level = side.levels[price]
            assert level.total == sum(order.remaining for order in level.orders.values()) > 0
            for order in level.orders.values():
                assert (order.price, order.is_bid) == (price, side.is_bid)
                assert bench.engine.open_orders[order.owner][order.number] is order
                shown[order.number] = order.remaining
    tracked = {n: o.remaining for orders in bench.engine.open_orders for n, o in orders.items()}
    assert tracked == shown
    bid, ask = bench.book.best_bid, bench.book.best_ask
    assert bid is None or ask is None or bid < ask


class SmallLedger:
    """A third reading: positions and cash from the fills alone, YES bought or sold."""

    def __init__(self, cash: Decimal) -> None:
        self.cash = [cash] * MEMBERS
        self.held = [0] * MEMBERS

    def apply(self, notice: Filled) -> None:
        """Book a fill: a short contract locks a dollar that its sale paid a part of."""
        owner, fill = notice.owner, notice.fill
        before = max(-self.held[owner], 0)
        sign = 1 if fill.is_bid else -1
        self.held[owner] += sign * fill.count
        after = max(-self.held[owner], 0)
        value = Decimal(fill.price * fill.count) / 1_000_000
        self.cash[owner] += -sign * value - contracts(after - before) - fill.fee


@settings(max_examples=60, deadline=None)
@given(
    steps=st.lists(st.one_of(orders, orders, others), max_size=60),
    fee_type=st.sampled_from(["quadratic", "quadratic_with_maker_fees"]),
    yes_wins=st.booleans(),
)
def test_nothing_is_made_or_lost(
    steps: list[dict[str, object]], fee_type: str, yes_wins: bool
) -> None:
    bench = Bench(MEMBERS, "60", fee_type=fee_type)
    small = SmallLedger(Decimal(60))
    for step in steps:
        with suppress(Refusal):
            act(bench, step)
        for notice in bench.engine.notices:
            if isinstance(notice, Filled):
                small.apply(notice)
                assert notice.position == small.held[notice.owner]
        bench.engine.notices.clear()
        assert bench.total() == bench.opening
        check_books(bench)
        assert bench.market.open_interest == sum(max(held, 0) for held in small.held)
        assert sum(small.held) == 0
        for owner in range(MEMBERS):
            assert bench.held(owner) == small.held[owner]
            assert bench.cash(owner) == small.cash[owner]
            assert bench.cash(owner) > Decimal("-1")
            cost = bench.ledger.position(owner, TICKER).cost
            assert 0 <= cost <= contracts(abs(small.held[owner]))
    settle(bench, small, yes_wins)


def settle(bench: Bench, small: SmallLedger, yes_wins: bool) -> None:
    """Pay out and compare with what the small ledger expects."""
    bench.market.result = "yes" if yes_wins else "no"
    bench.ledger.settle(bench.market, ONE_DOLLAR if yes_wins else ZERO, NOW)
    assert bench.total() == bench.opening
    for owner, held in enumerate(small.held):
        won = held if yes_wins else -held
        assert bench.cash(owner) == small.cash[owner] + contracts(max(won, 0))
        assert bench.held(owner) == 0


def test_yes_and_no_pairs_close_and_return_a_dollar() -> None:
    bench = Bench()
    bench.rest(1, "ask", "0.60", "10")
    bench.place(0, "bid", "0.60", "10")
    assert bench.ledger.position(0, TICKER).cost == Decimal("6")
    assert bench.ledger.position(1, TICKER).cost == Decimal("4")
    bench.rest(2, "bid", "0.70", "4")
    bench.place(0, "ask", "0.70", "4")
    position = bench.ledger.position(0, TICKER)
    assert (position.quantity, position.cost) == (600, Decimal("3.6"))
    assert position.realized == Decimal("0.4")
    assert bench.market.open_interest == 1000


def test_selling_beyond_the_position_opens_the_other_side() -> None:
    bench = Bench()
    bench.rest(1, "ask", "0.60", "2")
    bench.place(0, "bid", "0.60", "2")
    bench.rest(1, "bid", "0.50", "5")
    bench.place(0, "ask", "0.50", "5")
    position = bench.ledger.position(0, TICKER)
    assert (position.quantity, position.cost) == (-300, Decimal("1.5"))
    assert position.realized == Decimal("-0.2")


def test_settlement_pays_the_winner_and_records_what_it_cost() -> None:
    bench = Bench()
    bench.rest(1, "ask", "0.60", "10")
    bench.place(0, "bid", "0.60", "10")
    bench.market.result = "no"
    bench.ledger.settle(bench.market, ZERO, NOW)
    lost = bench.ledger.accounts[0].settlements[0]
    won = bench.ledger.accounts[1].settlements[0]
    assert (lost.yes_count, lost.yes_cost, lost.revenue) == (1000, Decimal("6"), Decimal(0))
    assert (won.no_count, won.no_cost, won.revenue) == (1000, Decimal("4"), Decimal("10"))
    assert bench.ledger.position(0, TICKER).realized == Decimal("-6")
    assert bench.total() == bench.opening
