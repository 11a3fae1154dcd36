"""The calibration slope without a statistics package: fast enough for a strategy's one second.

The same fit as ``forecasts.fit_calibration`` (Cox 1958, logistic regression with errors
clustered by event), by Newton's method; loading ``statsmodels`` alone takes longer than a
strategy has.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from kalshi_desk.quant.arrays import probabilities, same_length
from kalshi_desk.quant.forecasts import CalibrationFit
from kalshi_desk.quant.logit import clipped_logit, sigmoid

MOST_STEPS = 50
_CLOSE = 1e-10


def fit_slope(
    forecasts: npt.ArrayLike,
    outcomes: npt.ArrayLike,
    clusters: npt.ArrayLike,
    *,
    clip: float = 0.005,
) -> CalibrationFit:
    """Return slope and intercept with errors clustered by the labels in ``clusters``.

    Raises ``ValueError`` when outcomes or forecasts are all alike or there are fewer than
    two clusters, and ``ArithmeticError`` when no slope is largest.
    """
    forecast, outcome = probabilities(forecasts, "forecasts"), probabilities(outcomes, "outcomes")
    labels = np.unique(np.asarray(clusters), return_inverse=True)[1]
    same_length("forecasts", forecast, outcome, labels)
    log_odds = clipped_logit(forecast, clip)
    groups = int(labels.max()) + 1
    if groups < 2 or not (np.ptp(outcome) > 0.0 and np.ptp(log_odds) > 0.0):
        raise ValueError("a slope needs clusters, forecasts and outcomes that differ")
    design = np.column_stack([np.ones_like(log_odds), log_odds])
    weights = np.array([0.0, 1.0])
    for _ in range(MOST_STEPS):
        chance = sigmoid(design @ weights)
        residual = outcome - chance
        information = (design * (chance * (1.0 - chance))[:, None]).T @ design
        try:
            step = np.linalg.solve(information, design.T @ residual)
        except np.linalg.LinAlgError as error:
            raise ArithmeticError("the calibration can't be fitted") from error
        weights = weights + step
        if not np.isfinite(weights).all():
            break
        if float(np.abs(step).max()) < _CLOSE:
            return _fit(weights, design, outcome, labels, groups)
    raise ArithmeticError("the forecasts separate the outcomes: the slope has no bound")


def _fit(
    weights: npt.NDArray[np.float64],
    design: npt.NDArray[np.float64],
    outcome: npt.NDArray[np.float64],
    labels: npt.NDArray[np.int64],
    groups: int,
) -> CalibrationFit:
    chance = sigmoid(design @ weights)
    information = (design * (chance * (1.0 - chance))[:, None]).T @ design
    pulls = design * (outcome - chance)[:, None]
    by_group = np.column_stack([np.bincount(labels, weights=pulls[:, i]) for i in range(2)])
    count = len(outcome)
    # The small-sample factor that statsmodels uses for clusters.
    factor = groups / (groups - 1) * (count - 1) / (count - 2) if count > 2 else 1.0
    bread = np.linalg.inv(information)
    errors = np.sqrt(np.diag(bread @ (by_group.T @ by_group) @ bread) * factor)
    return CalibrationFit(
        float(weights[0]), float(weights[1]), float(errors[0]), float(errors[1]), count
    )
