"""From journaled observations to what a cell has shown: one value an event, z, slope, markout."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import sqrt

import msgspec
import numpy as np

from kalshi_desk.core.strategy import Observation
from kalshi_desk.quant.calibration import Calibration, Horizon
from kalshi_desk.quant.gates import MakerRecord
from kalshi_desk.quant.resampling import cluster_mean
from kalshi_desk.quant.slope import fit_slope
from kalshi_desk.strategies.learning import calibration_cell, pair_of

BOUND_Z = 1.96
"""Slopes are believed at the lower end of their 95 per cent interval."""

Cells = Mapping[str, Sequence[Observation]]


class EventMean(msgspec.Struct, frozen=True):
    """A mean with an error that takes events for independent, and how many there were."""

    mean: float = 0.0
    error: float = 0.0
    events: int = 0

    @property
    def z(self) -> float:
        """The mean in standard errors; 0 where there is no error to divide by."""
        return self.mean / self.error if self.error > 0.0 else 0.0


class Slope(msgspec.Struct, frozen=True):
    """A calibration with the standard error of its slope; ``bound`` is its lower end."""

    calibration: Calibration
    error: float = 0.0

    @property
    def bound(self) -> float:
        """The slope less 1.96 errors; 1 where nothing was measured."""
        if not self.calibration.events:
            return 1.0
        return self.calibration.slope - BOUND_Z * self.error


def pooled_mean(observations: Sequence[Observation]) -> EventMean:
    """Return the mean over observations of their own, its error clustered by event."""
    events = [one.event_ticker for one in observations]
    values = [one.value for one in observations]
    if len(set(events)) < 2:
        mean = sum(values) / len(values) if values else 0.0
        return EventMean(mean, 0.0, len(set(events)))
    found = cluster_mean(values, events)
    return EventMean(found.mean, found.error, found.clusters)


def event_mean(observations: Sequence[Observation]) -> EventMean:
    """Return the mean over events, the markets of each being averaged first.

    ``z`` is then ``mean / (sd / sqrt n)`` with one value an event.
    """
    by_event: dict[str, list[float]] = {}
    for one in observations:
        by_event.setdefault(one.event_ticker, []).append(one.value)
    values = np.array([sum(found) / len(found) for found in by_event.values()])
    if not len(values):
        return EventMean()
    error = float(values.std(ddof=1)) / sqrt(len(values)) if len(values) > 1 else 0.0
    return EventMean(float(values.mean()), error, len(values))


def slope_of(cells: Cells, category: str, horizon: Horizon) -> Slope:
    """Return the calibration measured in a cell; none where the pairs allow no fit."""
    observations = cells.get(calibration_cell(category, horizon), ())
    pairs = [pair_of(one.value) for one in observations]
    try:
        fitted = fit_slope(
            [price for price, _ in pairs],
            [float(outcome) for _, outcome in pairs],
            [one.event_ticker for one in observations],
        )
    except (ValueError, ArithmeticError):
        return Slope(Calibration())
    events = len({one.event_ticker for one in observations})
    return Slope(Calibration(fitted.intercept, fitted.slope, events), fitted.slope_error)


def maker_record(observations: Sequence[Observation]) -> MakerRecord:
    """Return the record of simulated fills, one markout in dollars a contract for each."""
    events = len({one.event_ticker for one in observations})
    if events < 2:
        return MakerRecord(fills=len(observations), events=events, mean_markout=0.0, t=0.0)
    found = cluster_mean(
        [one.value for one in observations], [one.event_ticker for one in observations]
    )
    return MakerRecord(fills=found.count, events=found.clusters, mean_markout=found.mean, t=found.t)
