"""One practice exchange for all tests of this folder that only look or trade a little."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.exchange.client import Exchange


@pytest.fixture(scope="session")
def exchange() -> Iterator[Exchange]:
    """Return a running exchange; it must end cleanly."""
    running = Exchange("--seed", "7", "--rule", "read_lag_ms=0")
    yield running
    assert running.stop() == 0
