"""Arrays of floats: their type, and the one place that turns input into them and checks it."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]
IntArray = npt.NDArray[np.int64]


def vector(values: npt.ArrayLike, what: str, *, least: int = 1) -> FloatArray:
    """Return a one-dimensional array of finite floats.

    Raises ``ValueError`` naming ``what`` for another shape, fewer than ``least`` values, or
    a value that is not a finite number.
    """
    array = np.asarray(values, dtype=np.float64)
    if array.ndim != 1 or array.size < least:
        raise ValueError(f"{what}: a list of at least {least} numbers is needed")
    if not np.isfinite(array).all():
        raise ValueError(f"{what}: every number must be finite")
    return array


def probabilities(values: npt.ArrayLike, what: str, *, least: int = 1) -> FloatArray:
    """Return a vector whose values lie in [0, 1]; raises ``ValueError`` otherwise."""
    array = vector(values, what, least=least)
    if (array < 0.0).any() or (array > 1.0).any():
        raise ValueError(f"{what}: every number must lie between 0 and 1")
    return array


def same_length(what: str, *arrays: FloatArray | BoolArray | IntArray) -> None:
    """Raise ``ValueError`` unless the first dimensions agree."""
    if len({len(array) for array in arrays}) > 1:
        raise ValueError(f"{what}: lengths differ: {[len(array) for array in arrays]}")
