"""The fast slope is the slope of the statistics package, errors and all."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest

from kalshi_desk.quant.forecasts import fit_calibration
from kalshi_desk.quant.slope import fit_slope


@pytest.mark.parametrize("seed", range(5))
def test_the_same_fit_as_the_statistics_package(seed: int) -> None:
    random = np.random.default_rng(seed)
    price = random.uniform(0.002, 0.998, 300)
    outcome = (random.random(300) < price).astype(float)
    events = random.integers(0, 60, 300)
    ours = msgspec.structs.astuple(fit_slope(price, outcome, events))
    theirs = msgspec.structs.astuple(fit_calibration(price, outcome, events))
    assert ours == pytest.approx(theirs, rel=1e-7)


def test_what_bounds_no_slope_is_refused() -> None:
    with pytest.raises(ArithmeticError):
        fit_slope([0.2, 0.3, 0.7, 0.8], [0, 0, 1, 1], [1, 2, 3, 4])
    with pytest.raises(ValueError):
        fit_slope([0.2, 0.3, 0.7], [0, 0, 0], [1, 2, 3])
    with pytest.raises(ValueError):
        fit_slope([0.2, 0.3, 0.7], [0, 1, 0], [1, 1, 1])
    with pytest.raises(ValueError):
        fit_slope([], [], [])
