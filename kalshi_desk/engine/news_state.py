"""What the core knows of news beside items and feeds: the effects measured so far."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from kalshi_desk.core.strategy import Observation
from kalshi_desk.desk.service_frames import NewsRow
from kalshi_desk.quant.evidence import RIDGE


@dataclass(slots=True)
class NewsState:
    """The ridged effect of each cell, worked out as observations come.

    ``rows`` are the rows of items as they were last shown, each with what it was made of.
    """

    rows: dict[str, tuple[tuple[object, ...], NewsRow]] = field(default_factory=dict)
    _sums: dict[str, tuple[int, float, float]] = field(default_factory=dict)

    def effect(self, cell: str, observations: Sequence[Observation]) -> float | None:
        """Return the effect of a unit of score, ``sum xy / (sum xx + 40)``; None unmeasured.

        As ``quant.evidence.learn_kappa`` ridges it.  The observations of a cell only grow.
        """
        count, products, squares = self._sums.get(cell, (0, 0.0, 0.0))
        for one in observations[count:]:
            products += one.score * one.value
            squares += one.score * one.score
        self._sums[cell] = (len(observations), products, squares)
        return products / (squares + RIDGE) if observations else None
