"""The arbitrage strategy: the worked cases as books, each verdict with a case of its own."""

from __future__ import annotations

from fractions import Fraction

import msgspec
import pytest

from kalshi_desk.core.fees import FeeRule
from kalshi_desk.core.relations import (
    Combo,
    Exclusive,
    Exhaustive,
    Implies,
    Ladder,
    Measured,
    Part,
    Region,
    Relation,
    partition,
)
from kalshi_desk.core.strategy import Decision, MarketSnapshot, MarketView, Signal, Why
from kalshi_desk.core.types import BookSide, MarketStatus, TimeInForce, parse_money
from kalshi_desk.strategies.static_arbitrage import StaticArbitrage
from tests.strategies.books import DAY, GROUP, NOW, SECOND, book, view_of

TILES = partition(("a", "b", "c"))
EASY = {"min_net": 0.0, "slippage": 0.0, "min_profit": 0.01}
"""Everything that clears its costs counts, as in the worked cases."""
IMPLIES = (Implies("gen", "nom"),)


def tiles(*asks: str, size: str = "100") -> list[MarketSnapshot]:
    return [book(name, asks=f"{ask}x{size}") for name, ask in zip("abc", asks, strict=True)]


def decide(view: MarketView, **values: float) -> Decision:
    return StaticArbitrage({**EASY, **values}).decide(view)


def signal(view: MarketView, **values: float) -> Signal:
    found = decide(view, **values)
    assert found.reasons == ()
    (only,) = found.signals
    assert only.candidate == GROUP
    assert only.time_in_force is TimeInForce.IOC
    return only


def why(view: MarketView, **values: float) -> Why:
    found = decide(view, **values)
    assert found.signals == ()
    (only,) = found.reasons
    assert only.candidate == GROUP
    assert only.text.endswith(".")
    return only


def legs(found: Signal) -> dict[str, tuple[BookSide, int, int]]:
    return {leg.ticker: (leg.side, leg.price, leg.count) for leg in found.legs}


def test_a_tiled_partition_buys_every_yes() -> None:
    found = signal(view_of(TILES, *tiles("0.25", "0.30", "0.35")))
    assert found.guaranteed == parse_money("5.61")
    assert legs(found) == {
        "a": (BookSide.BID, 2500, 10_000),
        "b": (BookSide.BID, 3000, 10_000),
        "c": (BookSide.BID, 3500, 10_000),
    }
    assert "$94.39" in found.text
    assert "$5.61 is certain after $4.39 of fees" in found.text
    assert found.hours_left == pytest.approx(24.0)
    assert found.is_basket


def exclusive() -> list[MarketSnapshot]:
    bids = {"w": "0.40", "x": "0.30", "y": "0.25", "z": "0.12"}
    return [book(name, bids=f"{bid}x50") for name, bid in bids.items()]


def test_b_exclusive_outcomes_buy_every_no() -> None:
    found = signal(view_of((Exclusive(tuple("wxyz")),), *exclusive()))
    assert found.guaranteed == parse_money("0.89")
    assert legs(found)["w"] == (BookSide.ASK, 4000, 5_000)


def test_c_cheap_exclusive_outcomes_are_no_arbitrage() -> None:
    asks = ["0.10", "0.08", "0.07", "0.06", "0.05", "0.03", "0.02", "0.02"]
    books = [book(str(n), asks=f"{ask}x100") for n, ask in enumerate(asks)]
    names = tuple(one.market.ticker for one in books)
    assert why(view_of((Exclusive(names),), *books)).code == "no_pre_fee_edge"
    # The same prices with a proof would be worth more than half of what they pay.
    assert signal(view_of(partition(names), *books)).guaranteed > parse_money("50")  # type: ignore[operator]


def test_d_fees_eat_three_cents() -> None:
    found = why(view_of(TILES, *tiles("0.32", "0.33", "0.32")))
    assert (found.code, found.seen) == ("fees_exceed_edge", "$3.00")
    # 1.5232, 1.5477 and 1.5232, each rounded up to whole cents.
    assert found.needed == "more than $4.61"


def test_e_a_small_ladder_violation_is_too_small_and_dies_under_cent_rounding() -> None:
    view = view_of(
        (Ladder(("gt1650", "gt1750")),),
        book("gt1750", bids="0.04x50"),
        book("gt1650", asks="0.03x0.72"),
    )
    found = why(view)
    assert (found.code, found.seen) == ("depth_below_minimum", "0.72 contracts")
    assert found.needed == "at least 5 contracts"


def test_g_an_implication_pays_from_43_cents_but_not_from_41() -> None:
    nom = book("nom", asks="0.38x100")
    assert why(view_of(IMPLIES, book("gen", bids="0.41x100"), nom)).code == "fees_exceed_edge"
    found = signal(view_of(IMPLIES, book("gen", bids="0.43x100"), nom))
    assert found.guaranteed == parse_money("1.63")
    assert legs(found) == {
        "gen": (BookSide.ASK, 4300, 10_000),
        "nom": (BookSide.BID, 3800, 10_000),
    }


def test_h_an_interval_and_a_threshold_against_a_threshold() -> None:
    ten, twenty = Fraction(10), Fraction(20)
    above = Region("A", low=ten), Region("B", ten, twenty, includes_high=True), Region("C", twenty)
    found = signal(
        view_of(
            (Measured(above),),
            book("A", bids="0.60x80"),
            book("B", asks="0.30x60"),
            book("C", asks="0.24x100"),
        )
    )
    assert found.guaranteed == parse_money("0.93")
    # Every leg needs 60: the one that offers just that is hardest to fill, 100 are easiest.
    assert [leg.ticker for leg in found.legs] == ["B", "A", "C"]


def test_i_a_combo_below_its_bound() -> None:
    parts = Combo("AB", (Part("A"), Part("B")))
    found = signal(
        view_of(
            (parts,),
            book("A", bids="0.60x40"),
            book("B", bids="0.70x40"),
            book("AB", asks="0.20x40"),
        )
    )
    assert found.guaranteed == parse_money("2.28")


def test_j_depth_stops_where_the_next_basket_stops_paying() -> None:
    found = signal(
        view_of(
            partition(("a", "b")),
            book("a", asks="0.45x30 0.50x100"),
            book("b", asks="0.49x50 0.52x100"),
        )
    )
    assert found.guaranteed == parse_money("0.75")
    assert legs(found) == {"a": (BookSide.BID, 4500, 3_000), "b": (BookSide.BID, 4900, 3_000)}


def test_k_rules_that_let_the_exchange_settle_otherwise_guarantee_nothing() -> None:
    books = (
        book("gen", bids="0.43x100", last="0.43"),
        book("nom", asks="0.38x100", last="0.38"),
    )
    found = why(view_of(IMPLIES, *books, can_void=True))
    assert found.code == "no_pre_fee_edge"
    assert "last price" in found.text
    # Neither do last prices of long ago, which nobody would call fair now.
    old = (
        book("gen", bids="0.43x100", asks="0.45x100", last="0.10"),
        book("nom", bids="0.36x100", asks="0.38x100", last="0.60"),
    )
    assert why(view_of(IMPLIES, *old, can_void=True)).code == "no_pre_fee_edge"
    never = (book("gen", bids="0.43x100"), book("nom", asks="0.38x100"))
    assert why(view_of(IMPLIES, *never, can_void=True)).code == "no_pre_fee_edge"


def test_l_a_budget_caps_the_basket() -> None:
    found = signal(view_of(TILES, *tiles("0.25", "0.30", "0.35")), budget=60)
    # The programme's 3.576159 after rounding to hundredths of contracts and to cents.
    assert parse_money("3.53") <= (found.guaranteed or 0) <= parse_money("3.58")
    assert {leg.count for leg in found.legs} == {6357}


CASES: list[tuple[str, tuple[Relation, ...], list[MarketSnapshot], dict[str, float]]] = [
    ("invalid_relationship", (), tiles("0.25", "0.30", "0.35"), {}),
    (
        "invalid_relationship",
        (Exclusive(("a", "b", "c")), Exhaustive(("a", "b")), Implies("a", "b"), Implies("b", "a")),
        tiles("0.25", "0.30", "0.35"),
        {},
    ),
    (
        "settles_apart",
        IMPLIES,
        [book("gen", bids="0.43x100", ends_ns=NOW + 3 * DAY), book("nom", asks="0.38x100")],
        {},
    ),
    (
        "unsynchronised",
        TILES,
        [
            *tiles("0.25", "0.30", "0.35")[:2],
            book("c", asks="0.35x100", known_ns=NOW - SECOND),
        ],
        {},
    ),
    (
        "stale",
        TILES,
        [
            msgspec.structs.replace(one, known_ns=NOW - 3 * SECOND)
            for one in tiles("0.25", "0.30", "0.35")
        ],
        {},
    ),
    (
        "stale",
        TILES,
        [
            msgspec.structs.replace(one, is_fresh=one.market.ticker == "a")
            for one in tiles("0.25", "0.30", "0.35")
        ],
        {},
    ),
    ("no_asks", TILES, [book("a"), book("b"), book("c")], {}),
    (
        "no_asks",
        TILES,
        [book("a", asks="0.25x9"), book("b", asks="0.30x9", status=MarketStatus.CLOSED)],
        {},
    ),
    ("no_pre_fee_edge", TILES, tiles("0.34", "0.33", "0.33"), {}),
    ("depth_below_minimum", TILES, tiles("0.25", "0.30", "0.35", size="4.99"), {}),
    (
        "fee_unverified",
        TILES,
        [*tiles("0.25", "0.30", "0.35")[:2], book("c", asks="0.35x9", fee=FeeRule(fee_type="f"))],
        {},
    ),
    ("fees_exceed_edge", TILES, tiles("0.32", "0.33", "0.32"), {}),
    (
        "edge_exhausted",
        TILES,
        [
            book("a", asks="0.25x4 0.34x100"),
            book("b", asks="0.30x100"),
            book("c", asks="0.35x100"),
        ],
        {},
    ),
    ("edge_below_minimum", TILES, tiles("0.25", "0.30", "0.35"), {"min_net": 6.0}),
    ("too_many_legs", TILES, tiles("0.25", "0.30", "0.35"), {"max_legs": 2}),
    (
        "return_below_hurdle",
        TILES,
        [
            book(n, asks=f"{a}x100", ends_ns=NOW + 400 * DAY)
            for n, a in zip("abc", ("0.25", "0.30", "0.35"), strict=True)
        ],
        {},
    ),
]


@pytest.mark.parametrize(("code", "relations", "books", "values"), CASES)
def test_the_first_test_that_fails_is_the_reason(
    code: str,
    relations: tuple[Relation, ...],
    books: list[MarketSnapshot],
    values: dict[str, float],
) -> None:
    assert why(view_of(relations, *books), **values).code == code


def test_a_scrap_of_a_thin_leg_does_not_hide_a_solid_basket() -> None:
    bids = {"w": "0.45x50", "x": "0.40x50", "y": "0.35x50", "z": "0.05x1"}
    books = [book(name, bids=bid) for name, bid in bids.items()]
    found = signal(view_of((Exclusive(tuple("wxyz")),), *books))
    assert set(legs(found)) == {"w", "x", "y"}
    assert (found.guaranteed or 0) > parse_money("7")


def test_levels_that_pay_too_little_do_not_hide_those_that_pay() -> None:
    books = [
        book("a", asks="0.25x10 0.30x1000"),
        book("b", asks="0.30x1010"),
        book("c", asks="0.35x1010"),
    ]
    view = view_of(TILES, *books)
    # After fees the second level leaves a third of a cent; a cent a basket is wanted.
    assert {leg.count for leg in signal(view, budget=5_000).legs} == {101_000}
    few = signal(view, budget=5_000, min_net=1.0)
    assert {leg.count for leg in few.legs} == {1_000}
    assert few.guaranteed == parse_money("0.55")


def test_markets_too_loosely_related_are_not_looked_at() -> None:
    names = [f"m{n:02}" for n in range(14)]
    books = [book(name, asks="0.10x100") for name in names]
    found = why(view_of((Exclusive(("m00", "m01")), Exhaustive(tuple(names))), *books))
    assert found.code == "too_many_states"
    assert "4096" in found.text


def test_an_edge_must_last_and_the_reason_lets_the_engine_count() -> None:
    books = tiles("0.25", "0.30", "0.35")
    new = why(view_of(TILES, *books, lasted_ms=None))
    assert (new.code, new.seen, new.needed) == (
        "duration_below_minimum",
        "0 ms",
        "at least 1,000 ms",
    )
    assert "$5.61" in new.text
    young = why(view_of(TILES, *books, lasted_ms=999))
    assert (young.code, young.seen) == ("duration_below_minimum", "999 ms")
    assert signal(view_of(TILES, *books, lasted_ms=1_000)).guaranteed
    assert signal(view_of(TILES, *books, lasted_ms=None), min_duration=0).guaranteed
    # Only what lacks nothing but time counts its age.
    thin = tiles("0.25", "0.30", "0.35", size="4")
    assert why(view_of(TILES, *thin, lasted_ms=None)).code == "depth_below_minimum"


def test_a_leg_that_has_ended_takes_the_proof_with_it() -> None:
    books = tiles("0.25", "0.30", "0.35")
    assert signal(view_of(TILES, *books)).guaranteed
    ended = book("c", asks="0.35x100", status=MarketStatus.FINALIZED)
    assert why(view_of(TILES, books[0], books[1], ended)).code == "no_pre_fee_edge"
    gone = view_of(TILES, books[0], books[1])
    assert why(gone).code == "no_pre_fee_edge"
    # What is left still excludes each other.
    bids = [book(name, bids="0.60x100") for name in "ab"]
    assert signal(view_of(TILES, *bids, ended)).guaranteed


def test_a_book_that_is_not_usable_is_left_out_like_a_leg_that_ended() -> None:
    books = [*tiles("0.25", "0.30", "0.35")[:2], book("c", asks="0.35x100", is_fresh=False)]
    assert why(view_of(TILES, *books)).code == "no_pre_fee_edge"


def test_a_book_that_crosses_is_no_arbitrage_in_one_market() -> None:
    crossed = [
        book("a", bids="0.50x100", asks="0.40x100"),
        book("b", bids="0.30x100", asks="0.32x100"),
    ]
    assert why(view_of((Exclusive(("a", "b")),), *crossed)).code == "stale"
    third = book("c", bids="0.20x100", asks="0.22x100")
    assert why(view_of((Exclusive(tuple("abc")),), *crossed, third)).code == "no_pre_fee_edge"


def test_a_quiet_book_is_not_old() -> None:
    quiet = [
        msgspec.structs.replace(one, updated_ns=NOW - 600 * SECOND)
        for one in tiles("0.25", "0.30", "0.35")
    ]
    assert signal(view_of(TILES, *quiet)).guaranteed


def test_the_default_limits_leave_the_small_ones_alone() -> None:
    strategy = StaticArbitrage()
    (small,) = strategy.decide(view_of((Exclusive(tuple("wxyz")),), *exclusive())).reasons
    assert (small.code, small.seen, small.needed) == (
        "edge_below_minimum",
        "$0.89",
        "at least $1.50",
    )
    assert strategy.decide(view_of(TILES, *tiles("0.25", "0.30", "0.35"))).signals


def test_a_memo_changes_no_answer() -> None:
    strategy = StaticArbitrage(EASY)
    views = [
        view_of(TILES, *tiles("0.25", "0.30", "0.35")),
        view_of(TILES, *tiles("0.25", "0.30", "0.36")),
        view_of(TILES, *tiles("0.25", "0.30", "0.35"), can_void=True),
        view_of((Exclusive(("a", "b", "c")),), *tiles("0.25", "0.30", "0.35")),
        view_of(TILES, *tiles("0.25", "0.30", "0.35"), lasted_ms=None),
    ]
    fresh = [StaticArbitrage(EASY).decide(view) for view in views]
    assert len({repr(one) for one in fresh}) == 5
    assert [strategy.decide(view) for view in [*views, *views]] == [*fresh, *fresh]


def test_every_parameter_takes_its_own_default_as_typed() -> None:
    for parameter in StaticArbitrage.parameters:
        assert parameter.parse(str(parameter.default)) == parameter.default
        assert parameter.help.endswith(".")
