"""One served API for a module, on the real core without processes."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.api.core_desk import Served, served


@pytest.fixture(scope="module")
def api() -> Iterator[Served]:
    """An API on a desk with two markets and 10,000 dollars."""
    with served() as running:
        yield running
