"""Rows of the pair screen: what the last look of the strategy ``pairs`` measured."""

from __future__ import annotations

from kalshi_desk.desk.frames import Row
from kalshi_desk.desk.service_frames import PairRow
from kalshi_desk.engine.state import CoreState


def pair_rows(state: CoreState, _rest: str) -> dict[str, Row]:
    """Return one row for each pair that a strategy measured in its last look."""
    return {
        f"{pair.first} {pair.second}": PairRow(
            first=pair.first,
            second=pair.second,
            hours=pair.hours,
            beta=pair.beta,
            p_value=pair.p_value,
            is_found=pair.is_found,
            half_life_h=pair.half_life_h,
            z=pair.z,
            why_not=pair.why_not,
        )
        for strategy in state.strategies.values()
        for pair in strategy.pairs
    }
