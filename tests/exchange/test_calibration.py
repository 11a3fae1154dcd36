"""The crowd leaves books like the real exchange's, to a stated factor."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.exchange.calibration import ROWS, Sample, practice, real, table

WITHIN = 4.0
"""Medians may differ by this factor: a guard, set after the figures were seen."""


def test_books_are_measured_in_cents_and_contracts() -> None:
    sample = Sample()
    sample.book([(46.0, 10.0), (45.0, 5.0), (30.0, 99.0)], [(48.0, 7.0)])
    sample.book([], [(48.0, 7.0)])
    sample.book([(1.0, 10.0)], [(2.0, 7.0)])
    assert sample.values["spread"] == [2.0]
    assert sample.values["top"] == [10.0, 7.0]
    assert sample.values["near"] == [15.0, 7.0]
    assert sample.values["levels"] == [3, 1]


def test_practice_is_alive_at_every_measure() -> None:
    sample = practice(steps=300)
    assert all(len(sample.values[name]) > 50 for name, _, _ in ROWS)
    assert sample.figures("spread")[1] <= 5.0


@pytest.mark.realdata
def test_medians_are_of_the_order_of_the_real_ones() -> None:
    folder = os.environ.get("KALSHI_DESK_REAL_DATA")
    if not folder:
        pytest.skip("KALSHI_DESK_REAL_DATA names no recordings")
    ours, theirs = practice(), real(Path(folder))
    for name, _, _ in ROWS:
        if name == "wait":
            # Practice time runs in steps, so only the order of its pauses can be compared.
            assert ours.figures(name)[2] < 1_000.0
            continue
        ratio = ours.figures(name)[1] / theirs.figures(name)[1]
        assert 1 / WITHIN < ratio < WITHIN, table(ours, theirs)
