"""Over random books: the screen hides nothing, the past changes nothing, promises hold."""

from __future__ import annotations

from fractions import Fraction
from unittest import mock

import msgspec
from hypothesis import event, given, settings
from hypothesis import strategies as st

from kalshi_desk.core.fees import NON_DIRECT, order_fee
from kalshi_desk.core.relations import Exclusive, Implies, Measured, Region, Relation, partition
from kalshi_desk.core.strategy import Decision, MarketSnapshot, MarketView
from kalshi_desk.core.types import PRICE_ONE, BookSide, Count, MarketStatus, complement
from kalshi_desk.quant.edge_screen import Perhaps
from kalshi_desk.quant.states import admissible_states
from kalshi_desk.strategies import arbitrage_space
from kalshi_desk.strategies.static_arbitrage import StaticArbitrage
from tests.strategies.books import SECOND, book, view_of

NAMES = ("a", "b", "c", "d")
EASY = {"min_net": 0.0, "slippage": 0.0, "min_profit": 0.01, "min_duration": 0}
LADDER = Measured(tuple(Region(n, low=Fraction(k)) for k, n in enumerate(NAMES)))
MIXED = Measured(
    (
        Region("a", low=Fraction(1)),
        Region("b", Fraction(1), Fraction(2), includes_high=True),
        Region("c", low=Fraction(2)),
        Region("d", high=Fraction(1), includes_high=True),
    )
)
RELATIONS: st.SearchStrategy[tuple[Relation, ...]] = st.sampled_from(
    [
        (Exclusive(NAMES),),
        partition(NAMES),
        (LADDER,),
        (MIXED,),
        (Implies("a", "b"), Implies("c", "b"), Implies("b", "d")),
        (Exclusive(("a", "b")), Implies("c", "d")),
    ]
)
SIZES = st.integers(1, 40)


@st.composite
def snapshots(draw: st.DrawFn, name: str) -> MarketSnapshot:
    bid = draw(st.integers(0, 60))
    ask = draw(st.integers(max(bid, 5) + 1, 99))
    bids = " ".join(f"0.{p:02}x{draw(SIZES)}" for p in (bid, bid - 2) if p > 0)
    asks = " ".join(f"0.{p:02}x{draw(SIZES)}" for p in (ask, ask + 2) if p < 100)
    last = draw(st.sampled_from(["", "0.30"]))
    status = draw(st.sampled_from([MarketStatus.ACTIVE] * 9 + [MarketStatus.CLOSED]))
    is_fresh = draw(st.sampled_from([True] * 9 + [False]))
    return book(name, bids, asks, last=last, status=status, is_fresh=is_fresh)


@st.composite
def views(draw: st.DrawFn) -> MarketView:
    books = [draw(snapshots(name)) for name in NAMES]
    lasted = draw(st.sampled_from([None, 0, 5_000]))
    can_void = draw(st.booleans())
    return view_of(draw(RELATIONS), *books, lasted_ms=lasted, can_void=can_void)


def codes(decision: Decision) -> list[tuple[str, object]]:
    signals: list[tuple[str, object]] = [(one.candidate, one.legs) for one in decision.signals]
    return signals + [(one.candidate, one.code) for one in decision.reasons]


@settings(max_examples=150)
@given(views())
def test_the_screen_never_changes_what_is_decided(view: MarketView) -> None:
    screened = StaticArbitrage(EASY).decide(view)
    blind = mock.patch.multiple(
        arbitrage_space, order_screen=lambda *_: Perhaps(), state_screen=lambda *_: Perhaps()
    )
    with blind:
        solved = StaticArbitrage(EASY).decide(view)
    assert codes(screened) == codes(solved)
    event(str(codes(screened)[0][1] if screened.reasons else "signal"))


@settings(max_examples=40)
@given(st.lists(views(), min_size=2, max_size=5))
def test_what_was_seen_before_changes_no_answer(seen: list[MarketView]) -> None:
    strategy = StaticArbitrage(EASY)
    assert [strategy.decide(view) for view in seen] == [
        StaticArbitrage(EASY).decide(view) for view in seen
    ]


@settings(max_examples=40)
@given(views())
def test_only_the_distance_in_time_matters(view: MarketView) -> None:
    shift = 77 * SECOND
    later = MarketView(
        now_ns=view.now_ns + shift,
        markets={
            name: msgspec.structs.replace(
                one,
                market=msgspec.structs.replace(
                    one.market, expiration_ns=one.market.expiration_ns + shift
                ),
            )
            for name, one in view.markets.items()
        },
        groups=view.groups,
        since_ns={name: at + shift for name, at in view.since_ns.items()},
    )
    assert StaticArbitrage(EASY).decide(later) == StaticArbitrage(EASY).decide(view)


@settings(max_examples=150)
@given(views())
def test_every_promise_is_kept_by_what_the_books_offer(view: MarketView) -> None:
    for signal in StaticArbitrage(EASY).decide(view).signals:
        (group,) = view.groups
        active = [n for n in NAMES if view.markets[n].market.status is MarketStatus.ACTIVE]
        space = admissible_states(active, group.relations)
        assert not group.can_void
        spent, pays = 0, [0] * len(space.states)
        for leg in signal.legs:
            one = view.markets[leg.ticker]
            is_yes = leg.side is BookSide.BID
            offers = one.asks if is_yes else [(complement(p), size) for p, size in one.bids]
            limit = leg.price if is_yes else complement(leg.price)
            left: int = leg.count
            for price, size in offers:
                taken = Count(min(left, size) if price <= limit else 0)
                if taken:
                    fee = order_fee(one.market.fee, price, taken, is_taker=True, grid=NON_DIRECT)
                    spent += price * taken + fee
                left -= taken
            assert left == 0
            column = space.markets.index(leg.ticker)
            for index, state in enumerate(space.states):
                value = state.values[column]
                pays[index] += (value if is_yes else PRICE_ONE - value) * leg.count
        # Each level priced as an order of its own never pays a rebate, so costs no less.
        assert signal.guaranteed is not None
        assert signal.guaranteed > 0
        assert min(pays) - spent <= signal.guaranteed <= min(pays) - spent + 10_000 * 8
