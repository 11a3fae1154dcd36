"""What measured stories prove: the effect of news on prices, cell by cell, and its gate.

A cell is category, tier of the source and horizon.  One observation of it is one story about
one market: ``score`` is the story's first score, ``value`` the change of the logit from the
price before it to the horizon.  The same story's price before and price at the horizon (or
the result) stand in a cell beside it, as ``score`` and ``value``, for forecasts to be scored.

Out of sample the last fifth of the events is forecast with what was known before it, each
price moved by the ridged effect, and scored by what the logarithmic score is expected to be
under the price at the horizon (which is the logarithmic score itself where that is the
result).  A forecast that only repeats the market gains nothing, and a wrong one loses.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum

import msgspec
import numpy as np

from kalshi_desk.core.news import Tier
from kalshi_desk.core.strategy import Observation
from kalshi_desk.quant.arrays import FloatArray
from kalshi_desk.quant.evidence import CAP, Kappa, learn_kappa
from kalshi_desk.quant.gates import Shortfall, SignalRecord, signal_shortfalls
from kalshi_desk.quant.logit import clipped_logit, sigmoid
from kalshi_desk.quant.overfitting import adjusted_p_values
from kalshi_desk.quant.resampling import expected_score_gain
from kalshi_desk.strategies.learning import NO_CATEGORY

NEWS = "news"
FOLDS = 5
PRICES = "prices"
_MINUTE_NS = 60_000_000_000


class Horizon(StrEnum):
    """How long after a story was first seen its effect is measured."""

    MINUTES_5 = "5 min"
    MINUTES_30 = "30 min"
    MINUTES_120 = "120 min"
    SETTLEMENT = "settlement"

    @property
    def length_ns(self) -> int:
        """Its length in nanoseconds, 0 for settlement."""
        return _LENGTHS_NS[self]


_LENGTHS_NS = {
    Horizon.MINUTES_5: 5 * _MINUTE_NS,
    Horizon.MINUTES_30: 30 * _MINUTE_NS,
    Horizon.MINUTES_120: 120 * _MINUTE_NS,
    Horizon.SETTLEMENT: 0,
}

Cells = Mapping[str, Sequence[Observation]]


def news_cell(category: str, tier: Tier, horizon: Horizon) -> str:
    """Return the name of a cell."""
    return f"{category or NO_CATEGORY}|{tier.value}|{horizon.value}"


def price_cell(cell: str) -> str:
    """Return the name of the cell of the prices of a cell's stories."""
    return f"{cell}|{PRICES}"


def is_effect(cell: str) -> bool:
    """Return whether a cell holds effects of stories, not their prices."""
    return not cell.endswith(f"|{PRICES}")


class CellProof(msgspec.Struct, frozen=True):
    """What a cell has shown: its effect, None before two events, and its record for the gate."""

    kappa: Kappa | None
    record: SignalRecord

    @property
    def shortfalls(self) -> tuple[Shortfall, ...]:
        """The tests that it fails; none lets its stories be traded."""
        return signal_shortfalls(self.record)


NOTHING = CellProof(None, SignalRecord(items=0, events=0, t=0.0, q=1.0, out_of_sample_t=0.0))


def prove(cells: Cells) -> dict[str, CellProof]:
    """Return what each cell has shown, the number of cells tried taken into account."""
    found = {name: _kappa(held) for name, held in cells.items() if is_effect(name)}
    tried = [name for name, kappa in found.items() if kappa is not None]
    adjusted = adjusted_p_values([kappa.p_value for kappa in found.values() if kappa is not None])
    q_values = dict(zip(tried, adjusted.tolist(), strict=True))
    proofs = {}
    for name, kappa in found.items():
        held = cells[name]
        proofs[name] = CellProof(
            kappa,
            SignalRecord(
                items=len(held),
                events=len({one.event_ticker for one in held}),
                t=0.0 if kappa is None else kappa.t,
                q=q_values.get(name, 1.0),
                out_of_sample_t=out_of_sample_t(held, cells.get(price_cell(name), ())),
            ),
        )
    return proofs


def out_of_sample_t(effects: Sequence[Observation], prices: Sequence[Observation]) -> float:
    """Return the Diebold-Mariano t of forecasts of the last fold over the market's price.

    Events stand in the order in which each was first measured.  Learnt is from other events,
    as far as they were known before the last fold began, less an embargo of the horizon.  0
    where too little is known for a forecast or its score.
    """
    began: dict[str, int] = {}
    for one in effects:
        began[one.event_ticker] = min(one.at_ns, began.get(one.event_ticker, one.at_ns))
    ranked = sorted(began, key=lambda name: (began[name], name))
    fold = set(ranked[len(ranked) - len(ranked) // FOLDS :])
    if len(fold) < 2:
        return 0.0
    embargo_ns = _embargo_ns(effects[0].cell)
    start_ns = min(began[name] for name in fold) - embargo_ns
    kappa = _kappa([o for o in effects if o.event_ticker not in fold and o.at_ns < start_ns])
    known = {one.source: one for one in prices}
    tested = [o for o in effects if o.event_ticker in fold and o.source in known]
    if kappa is None or len({one.event_ticker for one in tested}) < 2:
        return 0.0
    pairs = [known[one.source] for one in tested]
    before = _array([pair.score for pair in pairs])
    moved = np.clip(kappa.ridged * _array([one.score for one in tested]), -CAP, CAP)
    ours = sigmoid(clipped_logit(before) + moved)
    return expected_score_gain(
        ours,
        sigmoid(clipped_logit(before)),
        _array([pair.value for pair in pairs]),
        [one.event_ticker for one in tested],
    ).t


def nearest(proofs: Mapping[str, CellProof]) -> str:
    """Return the cell that fails fewest tests, then the one with most stories; empty for none."""
    return max(
        proofs,
        key=lambda name: (-len(proofs[name].shortfalls), proofs[name].record.items, name),
        default="",
    )


def _kappa(observations: Sequence[Observation]) -> Kappa | None:
    try:
        return learn_kappa(
            [one.score for one in observations],
            [one.value for one in observations],
            [one.event_ticker for one in observations],
        )
    except ValueError:
        return None


def _embargo_ns(cell: str) -> int:
    name = cell.rpartition("|")[2]
    return Horizon(name).length_ns if name in set(Horizon) else 0


def _array(values: Sequence[float]) -> FloatArray:
    return np.array(values, dtype=np.float64)
