"""The proof that a cell must bring before anything trades on it; otherwise it is only shown."""

from __future__ import annotations

import msgspec

MIN_ITEMS = 200
MIN_EVENTS = 30
MIN_T = 3.0
MAX_Q = 0.10
MIN_OUT_OF_SAMPLE_T = 1.65
MIN_FILLS = 150
MIN_FILL_EVENTS = 40
MIN_MARKOUT_T = 2.0
MIN_SETTLED_EVENTS = 200
MIN_MOVEMENT_Z = 3.0
MIN_SLOPE_BOUND = 1.05


class Shortfall(msgspec.Struct, frozen=True):
    """One test that failed: its name, the number seen and the number needed."""

    test: str
    seen: float
    needed: float


class SignalRecord(msgspec.Struct, frozen=True, kw_only=True):
    """What a cell of a signal has shown: counts, clustered t, its q over all cells tested,
    and the Diebold-Mariano t of the log score against the market on the last fold."""

    items: int
    events: int
    t: float
    q: float
    out_of_sample_t: float


class MovementRecord(msgspec.Struct, frozen=True, kw_only=True):
    """What a cell's settled events say about direction (``movement.excess_test``,
    ``forecasts.fit_calibration``): ``slope_bound`` is the lower bound of the slope."""

    events: int
    z: float
    slope_bound: float = 1.0


class MakerRecord(msgspec.Struct, frozen=True, kw_only=True):
    """Fills of resting orders simulated to their natural end, watched or not."""

    fills: int
    events: int
    mean_markout: float
    t: float


def signal_shortfalls(record: SignalRecord) -> tuple[Shortfall, ...]:
    """Return the tests a signal's cell fails; none means that it may trade."""
    return _failed(
        ("items", record.items, MIN_ITEMS),
        ("events", record.events, MIN_EVENTS),
        ("t", abs(record.t), MIN_T),
        ("q", -record.q, -MAX_Q),
        ("out_of_sample_t", record.out_of_sample_t, MIN_OUT_OF_SAMPLE_T),
    )


def reversion_shortfalls(record: MovementRecord) -> tuple[Shortfall, ...]:
    """Return the tests that fading moves fails: excess movement in enough settled events."""
    return _failed(("events", record.events, MIN_SETTLED_EVENTS), ("z", record.z, MIN_MOVEMENT_Z))


def drift_shortfalls(record: MovementRecord) -> tuple[Shortfall, ...]:
    """Return the tests that following the favourite fails.

    Enough events, and either too little movement or a calibration slope surely above 1.
    """
    counted = _failed(("events", record.events, MIN_SETTLED_EVENTS))
    if record.slope_bound > MIN_SLOPE_BOUND:
        return counted
    return counted + _failed(("z", -record.z, MIN_MOVEMENT_Z))


def maker_shortfalls(record: MakerRecord) -> tuple[Shortfall, ...]:
    """Return the tests that resting orders fail: a markout surely in their favour.

    ``mean_markout`` is profit per contract after the horizon, positive in our favour.
    """
    return _failed(
        ("fills", record.fills, MIN_FILLS),
        ("events", record.events, MIN_FILL_EVENTS),
        ("t", record.t if record.mean_markout > 0.0 else 0.0, MIN_MARKOUT_T),
    )


def _failed(*tests: tuple[str, float, float]) -> tuple[Shortfall, ...]:
    """Keep the tests whose number is not at least the one needed, not-a-number included."""
    return tuple(
        Shortfall(name, abs(seen) if name == "q" else seen, abs(needed) if name == "q" else needed)
        for name, seen, needed in tests
        if not seen >= needed
    )
