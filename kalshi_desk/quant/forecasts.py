"""How good probabilities were: Brier and log scores, calibration, skill against the market.

Sources: Brier 1950; Murphy 1973 for the decomposition; Cox 1958 for slope and intercept.
The benchmark of skill is the market's price when the decision was made, not the base rate.
"""

from __future__ import annotations

import msgspec
import numpy as np
import numpy.typing as npt

from kalshi_desk.quant.arrays import FloatArray, probabilities, same_length
from kalshi_desk.quant.logit import clipped_logit
from kalshi_desk.quant.resampling import wilson_interval

BINS = 10
LOG_CLIP = 1e-6


class Decomposition(msgspec.Struct, frozen=True):
    """Murphy's parts of a Brier score: ``reliability - resolution + uncertainty``.

    Exact when forecasts within a bin are equal; ``calibration_error`` is the mean distance
    between forecast and frequency (ECE).
    """

    reliability: float
    resolution: float
    uncertainty: float
    calibration_error: float


class CalibrationBin(msgspec.Struct, frozen=True):
    """One point of a reliability plot: mean forecast, frequency and its Wilson interval."""

    forecast: float
    frequency: float
    low: float
    high: float
    count: int


class CalibrationFit(msgspec.Struct, frozen=True):
    """``logit P(outcome) = intercept + slope logit(p)`` with standard errors.

    A slope above 1 says that prices are too close to one half.
    """

    intercept: float
    slope: float
    intercept_error: float
    slope_error: float
    count: int


def brier_score(forecasts: npt.ArrayLike, outcomes: npt.ArrayLike) -> float:
    """Return the mean squared error of probabilities; 0 is perfect, .25 is a coin."""
    forecast, outcome = _pairs(forecasts, outcomes)
    return float(((forecast - outcome) ** 2).mean())


def log_loss(forecasts: npt.ArrayLike, outcomes: npt.ArrayLike) -> float:
    """Return the mean negative log score in nats; forecasts of 0 and 1 are clipped by 1e-6."""
    forecast, outcome = _pairs(forecasts, outcomes)
    held = np.clip(forecast, LOG_CLIP, 1.0 - LOG_CLIP)
    return float(-np.where(outcome == 1.0, np.log(held), np.log1p(-held)).mean())


def skill(score: float, reference: float) -> float:
    """Return ``1 - score / reference``: the share of the market's error that is saved."""
    if not reference > 0.0:
        raise ValueError("a reference score must be positive")
    return 1.0 - score / reference


def decompose(
    forecasts: npt.ArrayLike, outcomes: npt.ArrayLike, *, bins: int = BINS
) -> Decomposition:
    """Return Murphy's decomposition over equally wide bins of the forecast."""
    forecast, outcome = _pairs(forecasts, outcomes)
    index = _bin_of(forecast, bins)
    counts = np.bincount(index, minlength=bins)
    held = counts > 0
    weights = counts[held] / len(forecast)
    stated = np.bincount(index, weights=forecast, minlength=bins)[held] / counts[held]
    seen = np.bincount(index, weights=outcome, minlength=bins)[held] / counts[held]
    base = float(outcome.mean())
    return Decomposition(
        reliability=float(weights @ (stated - seen) ** 2),
        resolution=float(weights @ (seen - base) ** 2),
        uncertainty=base * (1.0 - base),
        calibration_error=float(weights @ np.abs(stated - seen)),
    )


def reliability_curve(
    forecasts: npt.ArrayLike, outcomes: npt.ArrayLike, *, bins: int = BINS, level: float = 0.95
) -> list[CalibrationBin]:
    """Return one point for each bin that holds a forecast, lowest first."""
    forecast, outcome = _pairs(forecasts, outcomes)
    index = _bin_of(forecast, bins)
    curve = []
    for found in np.unique(index):
        inside = index == found
        count, wins = int(inside.sum()), int(outcome[inside].sum())
        low, high = wilson_interval(wins, count, level=level)
        stated = float(forecast[inside].mean())
        curve.append(CalibrationBin(stated, wins / count, low, high, count))
    return curve


def fit_calibration(
    forecasts: npt.ArrayLike,
    outcomes: npt.ArrayLike,
    clusters: npt.ArrayLike | None = None,
    *,
    clip: float = 0.005,
) -> CalibrationFit:
    """Return the logistic regression of outcomes on the log-odds of the forecasts.

    Forecasts are clipped to ``[clip, 1 - clip]``.  With ``clusters`` (a label per forecast,
    such as the event) the errors are clustered.  Raises ``ValueError`` when outcomes or
    forecasts are all alike, and ``ArithmeticError`` when the outcomes are separated so
    perfectly that no slope is largest.
    """
    from statsmodels.discrete.discrete_model import Logit
    from statsmodels.tools.sm_exceptions import PerfectSeparationError

    forecast, outcome = _pairs(forecasts, outcomes)
    log_odds = clipped_logit(forecast, clip)
    if not (np.ptp(outcome) > 0.0 and np.ptp(log_odds) > 0.0):
        raise ValueError("a slope needs forecasts and outcomes that differ")
    if _separated(log_odds, outcome):
        raise ArithmeticError("the forecasts separate the outcomes: the slope has no bound")
    design = np.column_stack([np.ones_like(log_odds), log_odds])
    options: dict[str, object] = {}
    if clusters is not None:
        labels = np.unique(np.asarray(clusters), return_inverse=True)[1]
        same_length("clusters", forecast, labels)
        options = {"cov_type": "cluster", "cov_kwds": {"groups": labels}}
    try:
        fitted = Logit(outcome, design).fit(disp=0, maxiter=200, **options)
    except (PerfectSeparationError, np.linalg.LinAlgError) as error:
        raise ArithmeticError("the calibration can't be fitted") from error
    intercept, slope = (float(value) for value in fitted.params)
    errors = [float(value) for value in fitted.bse]
    return CalibrationFit(intercept, slope, errors[0], errors[1], len(forecast))


def _separated(log_odds: FloatArray, outcome: FloatArray) -> bool:
    """Return whether one threshold splits wins from losses without a tie to bound the slope."""
    won, lost = log_odds[outcome == 1.0], log_odds[outcome == 0.0]
    return bool(won.min() >= lost.max() or lost.min() >= won.max())


def _bin_of(forecast: FloatArray, bins: int) -> npt.NDArray[np.int64]:
    if bins < 1:
        raise ValueError("at least one bin is needed")
    return np.minimum((forecast * bins).astype(np.int64), bins - 1)


def _pairs(forecasts: npt.ArrayLike, outcomes: npt.ArrayLike) -> tuple[FloatArray, FloatArray]:
    forecast = probabilities(forecasts, "forecasts")
    outcome = probabilities(outcomes, "outcomes")
    same_length("forecasts", forecast, outcome)
    if not np.isin(outcome, (0.0, 1.0)).all():
        raise ValueError("outcomes: each must be 0 or 1")
    return forecast, outcome
