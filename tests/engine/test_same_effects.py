"""The trading core is a function: the same events give the same effects."""

from __future__ import annotations

import msgspec
import pytest

from tests.engine.test_core import Bench, random_day


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_same_events_give_the_same_effects_byte_for_byte(seed: int) -> None:
    events = random_day(seed)
    assert len(events) > 200
    runs = []
    for _ in range(2):
        first = Bench()
        runs.append([msgspec.msgpack.encode(first.core.step(event, now)) for event, now in events])
    assert runs[0] == runs[1]
    assert any(b"SendOrder" in effects for effects in runs[0])
