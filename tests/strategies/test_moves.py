"""The decision table of moves, row by row, with the reference's numbers."""

from __future__ import annotations

import msgspec
import pytest

from kalshi_desk.core.strategy import Bar
from kalshi_desk.core.types import Count, Price
from kalshi_desk.strategies.moves import (
    CellRecord,
    Move,
    MoveAction,
    MoveRules,
    judge,
    measure,
    move_of,
)

QUIET = [0.40, 0.40, 0.405, 0.40, 0.40, 0.395, 0.40, 0.40, 0.405, 0.40, 0.40, 0.40]
BUSY = [0.40, 0.44, 0.39, 0.45, 0.41, 0.46, 0.40, 0.44, 0.39, 0.43, 0.40, 0.42]
UNPROVEN = CellRecord(events=400)
FOLLOWS = CellRecord(events=400, continuation_z=3.4)
FADES = CellRecord(events=400, reversion_z=4.0)
RULES = MoveRules()


def a_move(bars: list[float], last: float, hours: float = 240.0, news: float | None = None) -> Move:
    ratio, z = measure([*bars, last], hours, 0.02)
    return Move(
        spread=Price(200),
        hours_left=hours,
        price=Price(round(10_000 * last)),
        change=last - bars[-1],
        variance_ratio=ratio,
        z=z,
        volume_ratio=4.0 if bars is QUIET else 1.0,
        news_minutes=news,
    )


@pytest.mark.parametrize(
    ("move", "cell", "action", "code", "ratio", "z"),
    [
        (a_move(QUIET, 0.54), FOLLOWS, "POST_YES", "breakout", 0.0140, 4.2291),
        (a_move(QUIET, 0.54), UNPROVEN, "SHADOW", "breakout_unproven", 0.0140, 4.2291),
        (a_move(BUSY, 0.56), FADES, "POST_NO", "fade", 2.0707, 4.2006),
        (a_move(BUSY, 0.56, news=12.0), FADES, "NONE", "news_explains_move", 2.0707, 4.2006),
        (a_move(QUIET, 0.42), FOLLOWS, "NONE", "no_move", 0.0140, 0.6042),
        (a_move(QUIET, 0.54, hours=12.0), FOLLOWS, "NONE", "near_close", None, None),
    ],
)
def test_table_c(
    move: Move, cell: CellRecord, action: str, code: str, ratio: float | None, z: float | None
) -> None:
    found = judge(move, cell, RULES)
    assert (found.action, found.code) == (action, code)
    if ratio is not None:
        assert round(move.variance_ratio, 4) == ratio
        assert round(move.z, 4) == z


BREAKS = a_move(QUIET, 0.54)
SWINGS = a_move(BUSY, 0.56)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"spread": Price(301)}, "spread"),
        ({"spread": Price(301), "hours_left": 1.0}, "spread"),
        ({"hours_left": 23.9, "price": Price(100)}, "near_close"),
        ({"price": Price(799), "z": 0.0}, "price_band"),
        ({"price": Price(9_201)}, "price_band"),
        ({"z": 2.999, "change": 0.01}, "no_move"),
        ({"z": float("nan")}, "no_move"),
        ({"z": -3.0, "change": -0.0999}, "small_move"),
        ({"news_minutes": 59.0, "is_bad_tick": True}, "news_explains_move"),
        ({"is_bad_tick": True, "is_ladder_still": True}, "bad_tick"),
        ({"is_ladder_still": True}, "ladder_still"),
        ({"volume_ratio": 2.9}, "no_proven_direction"),
        ({"variance_ratio": float("nan")}, "no_proven_direction"),
    ],
)
def test_each_row_forbids_in_its_turn(changes: dict[str, float], code: str) -> None:
    both = CellRecord(events=400, reversion_z=9.0, continuation_z=9.0)
    found = judge(msgspec.structs.replace(BREAKS, **changes), both, RULES)
    assert (found.action, found.code) == (MoveAction.NONE, code)
    assert found.seen
    assert found.needed


def test_a_falling_price_turns_both_directions_round() -> None:
    falls = msgspec.structs.replace(BREAKS, z=-4.0, change=-0.14)
    assert judge(falls, FOLLOWS, RULES).action is MoveAction.POST_NO
    drops = msgspec.structs.replace(SWINGS, z=-4.0, change=-0.14)
    assert judge(drops, FADES, RULES).action is MoveAction.POST_YES


def test_a_small_cell_shows_and_does_not_trade() -> None:
    small = CellRecord(events=199, reversion_z=9.0, continuation_z=9.0)
    for move in (BREAKS, SWINGS):
        found = judge(move, small, RULES)
        assert (found.action, found.code) == (MoveAction.SHADOW, "cell_small")
        assert (found.seen, found.needed) == ("199 events", "200")


def test_a_quiet_market_is_followed_and_a_lively_one_is_not() -> None:
    both = CellRecord(events=200, reversion_z=3.0, continuation_z=3.0)
    edge = msgspec.structs.replace(BREAKS, variance_ratio=0.25)
    assert judge(edge, both, RULES).code == "fade"
    assert judge(msgspec.structs.replace(edge, variance_ratio=0.2499), both, RULES).code == (
        "breakout"
    )


def bars(closes: list[int], volumes: list[int], trades: int = 9) -> list[Bar]:
    return [
        Bar(hour, Price(close), Price(close), Price(close), Price(close), Count(volume), trades)
        for hour, (close, volume) in enumerate(zip(closes, volumes, strict=True))
    ]


def test_bars_give_the_same_numbers_as_the_table() -> None:
    closes = [round(10_000 * price) for price in (*QUIET, 0.54)]
    found = move_of(bars(closes, [1_000] * 12 + [4_000]), 240.0, Price(200))
    assert (round(found.variance_ratio, 4), round(found.z, 4)) == (0.0140, 4.2291)
    assert (found.volume_ratio, found.change, found.is_bad_tick) == (4.0, 0.14, False)


def test_ten_cents_are_ten_cents() -> None:
    # 0.50 - 0.40 in floats is less than a tenth.
    closes = [4_000] * 13 + [5_000]
    found = move_of(bars(closes, [100] * 14), 2_000.0, Price(100))
    assert judge(found, UNPROVEN, RULES).code != "small_move"


def test_a_jump_of_one_print_is_a_bad_tick() -> None:
    closes = [4_000, 4_010] * 7 + [5_600]
    lonely = move_of(bars(closes, [100] * 15, trades=1), 240.0, Price(200))
    traded = move_of(bars(closes, [100] * 15, trades=2), 240.0, Price(200))
    assert (lonely.is_bad_tick, traded.is_bad_tick) == (True, False)


def test_an_hour_without_usual_volume_counts_as_one_contract() -> None:
    closes = [4_000] * 13 + [5_600]
    found = move_of(bars(closes, [0] * 13 + [250]), 240.0, Price(200))
    assert found.volume_ratio == 2.5
