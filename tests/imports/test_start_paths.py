"""What each entry point loads, seen from a fresh interpreter: nothing heavy, no foreign room."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

import kalshi_desk

HEAVY = [
    "pandas",
    "sklearn",
    "scipy",
    "statsmodels",
    "textblob",
    "nltk",
    "telegram",
    "feedparser",
    "pyarrow",
    "starlette",
    "uvicorn",
    "prometheus_client",
    "plotext",
    "keyring",
]
SCREEN = ["textual", "rich", "kalshi_desk.tui"]
NO_SCREEN = ["textual", "kalshi_desk.tui"]
"""For those who speak HTTP: httpx itself loads rich where it is installed."""
ENGINE_ROOMS = [
    f"kalshi_desk.{room}"
    for room in [
        "engine",
        "market",
        "strategies",
        "risk",
        "execution",
        "portfolio",
        "kalshi",
        "exchange",
    ]
]
EVERY_QUANT = """
import importlib, pkgutil, kalshi_desk.quant as quant
for found in pkgutil.iter_modules(quant.__path__):
    importlib.import_module(f"kalshi_desk.quant.{found.name}")
"""
"""The room's heavy libraries are loaded by the first call that needs them."""
API_NEEDS = ["starlette", "uvicorn", "prometheus_client"]
ENTRIES = {
    "tui": ("import kalshi_desk.tui.main", [*HEAVY, *ENGINE_ROOMS, "kalshi_desk.store", "numpy"]),
    "desk": ("import kalshi_desk.cli.desk, kalshi_desk.tui.main", [*HEAVY, *ENGINE_ROOMS]),
    "engine": ("import kalshi_desk.engine.main", [*HEAVY, *NO_SCREEN, "kalshi_desk.exchange"]),
    "replay": ("import kalshi_desk.engine.replay_scan", [*HEAVY, *SCREEN, "sqlite3"]),
    "exchange": ("import kalshi_desk.exchange.main", ["pandas", "scipy", "httpx", *SCREEN]),
    "cli": ("import kalshi_desk.cli.main", [*HEAVY, *SCREEN, "asyncio", "argparse", "msgspec"]),
    "calls": ("import kalshi_desk.cli.calls", [*HEAVY, *SCREEN, *ENGINE_ROOMS, "httpx", "numpy"]),
    "bridge": (
        "import kalshi_desk.telegram.bridge, kalshi_desk.telegram.checking",
        [*(name for name in HEAVY if name != "telegram"), *NO_SCREEN, *ENGINE_ROOMS, "numpy"],
    ),
    "bridge's branch": ("import kalshi_desk.cli.telegram", [*HEAVY, *NO_SCREEN, *ENGINE_ROOMS]),
    "backtest": ("from kalshi_desk.backtest import Backtester", [*HEAVY, *NO_SCREEN]),
    "recordings": ("import kalshi_desk.cli.recordings", [*HEAVY, *SCREEN, "sqlite3"]),
    "news": (
        "import kalshi_desk.news.reading, kalshi_desk.news.training, kalshi_desk.cli.news",
        [*(name for name in HEAVY if name != "feedparser"), *SCREEN, *ENGINE_ROOMS, "sqlite3"],
    ),
    "quant": (EVERY_QUANT, [*HEAVY, *SCREEN]),
    "staking": (
        "import kalshi_desk.quant.kelly, kalshi_desk.quant.multipliers",
        [*HEAVY, "numpy"],
    ),
    "strategies": (
        "import kalshi_desk.strategies.volatility, kalshi_desk.strategies.harvester, "
        "kalshi_desk.strategies.news",
        [*HEAVY, *SCREEN],
    ),
    "news worker": (
        "import kalshi_desk.news.worker",
        [*HEAVY, *NO_SCREEN, *ENGINE_ROOMS, "kalshi_desk.store", "kalshi_desk.desk"],
    ),
    "news link": (
        "import kalshi_desk.engine.news_process",
        [*HEAVY, *(f"kalshi_desk.news.{part}" for part in ("bureau", "clusters", "parsing"))],
    ),
    "api": ("import kalshi_desk.cli.api", [*HEAVY, *SCREEN, *ENGINE_ROOMS, "numpy"]),
    "api_guest": (
        "import kalshi_desk.api.server, kalshi_desk.cli.link",
        [*(h for h in HEAVY if h not in API_NEEDS), *SCREEN, *ENGINE_ROOMS, "numpy", "httpx"],
    ),
    "version": (
        "import kalshi_desk.cli.main as m; m.main(['--version'])",
        ["argparse", "msgspec", "asyncio", "dataclasses"],
    ),
}


def loaded_by(statement: str) -> set[str]:
    """Return the modules that a fresh interpreter, not measured by anything, then holds."""
    script = f"{statement}\nimport sys\nprint('|'.join(sys.modules))"
    bare = {name: text for name, text in os.environ.items() if not name.startswith("COV")}
    done = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
        env=bare,
    )
    return set(done.stdout.strip().splitlines()[-1].split("|"))


@pytest.mark.parametrize("entry", ENTRIES)
def test_an_entry_point_loads_nothing_foreign(entry: str) -> None:
    statement, banned = ENTRIES[entry]
    loaded = loaded_by(statement)
    named = {name for name in loaded for ban in banned if f"{name}.".startswith(f"{ban}.")}
    assert not named
    assert any(name.startswith("kalshi_desk.") for name in loaded)


def test_the_check_would_see_a_heavy_import() -> None:
    assert "sqlite3" in loaded_by("import sqlite3")


def rooms() -> list[Path]:
    """Return the packages of the project."""
    assert kalshi_desk.__file__ is not None
    root = Path(kalshi_desk.__file__).parent
    return sorted(path.parent for path in root.glob("*/__init__.py"))


@pytest.mark.parametrize("room", rooms(), ids=lambda path: path.name)
def test_every_room_says_in_one_sentence_what_may_enter(room: Path) -> None:
    spec = importlib.util.spec_from_file_location("room", room / "__init__.py")
    assert spec is not None
    assert spec.loader is not None
    source = (room / "__init__.py").read_text("utf-8")
    assert source.startswith('"""')
    assert len(source.split('"""')[1]) > 20
