"""The last hour's move and what the decision table says about it: a pure function of numbers.

Moves are measured against what a price that must settle at 0 or 1 is expected to move
(``quant.volatility``, the release of variance until the deadline).
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from statistics import median

import msgspec
import numpy as np

from kalshi_desk.core.strategy import Bar
from kalshi_desk.core.types import COUNT_SCALE, PRICE_SCALE, Price
from kalshi_desk.quant.logit import clipped_logit
from kalshi_desk.quant.volatility import jump_share, move_score, variance_ratio

LEAST_WINDOW, MOST_WINDOW = 12, 72
"""Hours before the last one over which the market was quiet or not."""
BAD_TICK_SHARE = 0.8


class MoveRules(msgspec.Struct, frozen=True, kw_only=True):
    """The numbers of the decision table; prices in 1/10,000 dollar."""

    spread_max: Price = Price(300)
    hours_min: float = 24.0
    band_low: Price = Price(800)
    band_high: Price = Price(9_200)
    z_in: float = 3.0
    min_move: float = 0.10
    news_minutes: float = 60.0
    cell_events: int = 200
    cell_z: float = 3.0
    quiet: float = 0.25
    volume_multiple: float = 3.0


class CellRecord(msgspec.Struct, frozen=True, kw_only=True):
    """What a cell's settled events show: how many, the z of excess movement, and the z of what
    followed breakouts."""

    events: int = 0
    reversion_z: float = 0.0
    continuation_z: float = 0.0


class Move(msgspec.Struct, frozen=True, kw_only=True):
    """One market now and the move of its last complete hour.

    ``change`` in dollars of YES, ``volume_ratio`` over the median hour before.
    ``news_minutes`` is how long before the end of the move's hour the newest item mapped to the
    market was first seen, 0 for one seen since, None for none known.
    """

    spread: Price
    hours_left: float
    price: Price
    change: float
    variance_ratio: float
    z: float
    volume_ratio: float = 0.0
    news_minutes: float | None = None
    is_bad_tick: bool = False
    is_ladder_still: bool = False


class MoveAction(StrEnum):
    """What the table answers; ``SHADOW`` is shown and not traded, ``NONE`` is a reason."""

    POST_YES = "POST_YES"
    POST_NO = "POST_NO"
    SHADOW = "SHADOW"
    NONE = "NONE"


class Verdict(msgspec.Struct, frozen=True):
    """The table's answer: what to do, by which row, the number seen and the number needed."""

    action: MoveAction
    code: str
    seen: str = ""
    needed: str = ""


def judge(move: Move, cell: CellRecord, rules: MoveRules) -> Verdict:
    """Return what the decision table says, its rows in their order; the first that holds."""
    first = standing(move.spread, move.hours_left, move.price, rules)
    if first is not None:
        return first
    size = abs(move.z)
    if not size >= rules.z_in:
        return _none("no_move", f"z {move.z:.2f}", f"{rules.z_in:g}")
    if abs(move.change) < rules.min_move:
        return _none("small_move", _cents(abs(move.change)), _cents(rules.min_move))
    if move.news_minutes is not None and move.news_minutes < rules.news_minutes:
        seen = f"{move.news_minutes:.0f} min before the move was over"
        return _none("news_explains_move", seen, f"none in {rules.news_minutes:g} min")
    if move.is_bad_tick:
        return _none("bad_tick", "one print made the jump", "two prints")
    if move.is_ladder_still:
        return _none("ladder_still", "neighbours did not move", "1c")
    return _direction(move, cell, rules)


def standing(spread: Price, hours_left: float, price: Price, rules: MoveRules) -> Verdict | None:
    """Return the row that forbids a market whatever it did, None when none does."""
    if spread > rules.spread_max:
        return _none("spread", _price(spread), f"at most {_price(rules.spread_max)}")
    if hours_left < rules.hours_min:
        return _none("near_close", f"{hours_left:.1f} h", f"{rules.hours_min:g} h")
    if not rules.band_low <= price <= rules.band_high:
        needed = f"{_price(rules.band_low)} to {_price(rules.band_high)}"
        return _none("price_band", _price(price), needed)
    return None


def is_breakout(move: Move, rules: MoveRules) -> bool:
    """Return whether the move came with volume out of a quiet stretch."""
    return move.variance_ratio < rules.quiet and move.volume_ratio >= rules.volume_multiple


def is_fade(move: Move, rules: MoveRules) -> bool:
    """Return whether the market was lively enough before for the move to be one of many."""
    return move.variance_ratio >= rules.quiet


def _direction(move: Move, cell: CellRecord, rules: MoveRules) -> Verdict:
    follow = MoveAction.POST_YES if move.change > 0.0 else MoveAction.POST_NO
    oppose = MoveAction.POST_NO if move.change > 0.0 else MoveAction.POST_YES
    if cell.events < rules.cell_events:
        shown = is_breakout(move, rules) or is_fade(move, rules)
        action = MoveAction.SHADOW if shown else MoveAction.NONE
        return Verdict(action, "cell_small", f"{cell.events} events", f"{rules.cell_events}")
    if is_breakout(move, rules):
        if cell.continuation_z >= rules.cell_z:
            return Verdict(follow, "breakout")
        seen, needed = f"Z {cell.continuation_z:.2f}", f"{rules.cell_z:g}"
        return Verdict(MoveAction.SHADOW, "breakout_unproven", seen, needed)
    if is_fade(move, rules):
        if cell.reversion_z >= rules.cell_z:
            return Verdict(oppose, "fade")
        seen, needed = f"Z {cell.reversion_z:.2f}", f"{rules.cell_z:g}"
        return Verdict(MoveAction.SHADOW, "no_proven_direction", seen, needed)
    seen, needed = f"volume x{move.volume_ratio:.1f}", f"x{rules.volume_multiple:g}"
    return _none("no_proven_direction", seen, needed)


def measure(closes: Sequence[float], hours_left: float, spread: float) -> tuple[float, float]:
    """Return the variance ratio before the last hour and the z of its move.

    ``closes`` in dollars, oldest first, the last one ``hours_left`` before the deadline;
    ``spread`` in dollars.  Raises ``ValueError`` for fewer than three.
    """
    ratio = variance_ratio(closes[:-1], hours_left + 1.0)
    return ratio, move_score(closes[-2:], hours_left, spread)


def last_score(bars: Sequence[Bar], hours_left: float, spread: Price) -> float:
    """Return the z of the last hour's move alone, as :func:`move_of` has it."""
    closes = [bars[-2].close / PRICE_SCALE, bars[-1].close / PRICE_SCALE]
    return move_score(closes, hours_left, spread / PRICE_SCALE)


def move_of(
    bars: Sequence[Bar],
    hours_left: float,
    spread: Price,
    *,
    price: Price | None = None,
    is_ladder_still: bool = False,
) -> Move:
    """Return the move of the last of ``bars``, oldest first, the others being what was before.

    ``hours_left`` counts from the end of the last bar; ``price`` is the middle now.
    """
    closes = [bar.close / PRICE_SCALE for bar in bars]
    ratio, z = measure(closes, hours_left, spread / PRICE_SCALE)
    last = bars[-1]
    usual = max(median(bar.volume for bar in bars[:-1]), COUNT_SCALE)
    return Move(
        spread=spread,
        hours_left=hours_left,
        price=last.close if price is None else price,
        # From whole numbers: a move of just ten cents is ten cents.
        change=(last.close - bars[-2].close) / PRICE_SCALE,
        variance_ratio=ratio,
        z=z,
        volume_ratio=last.volume / usual,
        is_bad_tick=last.trades <= 1 and _jump_share(closes) > BAD_TICK_SHARE,
        is_ladder_still=is_ladder_still,
    )


def _jump_share(closes: Sequence[float]) -> float:
    return jump_share(np.diff(clipped_logit(closes)))


def _none(code: str, seen: str, needed: str) -> Verdict:
    return Verdict(MoveAction.NONE, code, seen, needed)


def _price(price: int) -> str:
    return f"{price / 100:g}c"


def _cents(dollars: float) -> str:
    return f"{100 * dollars:.1f}c"
