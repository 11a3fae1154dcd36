"""What judges the practice exchange: the official SDKs' Python and the published documents.

``KALSHI_DESK_SDK_PYTHON`` names a Python that has kalshi-python-async and kalshi-python-sync,
``KALSHI_DESK_SPECS`` the folder of openapi.yaml and asyncapi.yaml.  Where one is not named, its
tests fail rather than pass unseen: they run only when they are asked for, with ``-m arbiter``.
"""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.arbiter.recording import Exchanged, recording
from tests.arbiter.schemas import read_specification
from tests.exchange.client import Exchange

_DRIVE = Path(__file__).parent / "sdk" / "drive.py"
_RULES = ("read_lag_ms=0", "market_history_days=1", "order_history_days=1")


@dataclass(frozen=True, slots=True)
class Drive:
    """What one SDK made of an exchange, and what went over the wire."""

    rows: list[dict[str, Any]]
    seen: list[Exchanged]
    errors: str
    code: int


def named(variable: str) -> Path:
    """Return the path that an environment variable names; fails the test without it."""
    text = os.environ.get(variable)
    if not text:
        pytest.fail(f"{variable} is not set: see tests/arbiter/conftest.py")
    path = Path(text)
    if not path.exists():
        pytest.fail(f"{variable} names {path}, which does not exist")
    return path


@pytest.fixture(scope="session")
def openapi() -> dict[str, Any]:
    """Return the OpenAPI document."""
    return read_specification(named("KALSHI_DESK_SPECS") / "openapi.yaml")


@pytest.fixture(scope="session")
def asyncapi() -> dict[str, Any]:
    """Return the AsyncAPI document."""
    return read_specification(named("KALSHI_DESK_SPECS") / "asyncapi.yaml")


@pytest.fixture(scope="session")
def drives() -> dict[str, Drive]:
    """Return what each SDK made of an exchange of its own."""
    python = named("KALSHI_DESK_SDK_PYTHON")
    return {kind: _driven(python, kind) for kind in ("async", "sync")}


def _driven(python: Path, kind: str) -> Drive:
    rules = [word for rule in _RULES for word in ("--rule", rule)]
    exchange = Exchange("--seed", "7", "--history-min", "90", *rules)
    ready = exchange.ready
    try:
        with recording(ready["rest"]) as recorder:
            done = subprocess.run(
                [
                    str(python),
                    str(_DRIVE),
                    kind,
                    recorder.url,
                    ready["admin"],
                    ready["key_id"],
                    ready["private_key_path"],
                ],
                capture_output=True,
                text=True,
                timeout=110,
                check=False,
            )
    finally:
        code = exchange.stop()
    assert code == 0, "the exchange did not end cleanly"
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    return Drive(rows, recorder.seen, done.stderr, done.returncode)
