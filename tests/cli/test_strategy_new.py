"""A strategy of one's own: the files written run, pass their test, and are never overwritten."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from kalshi_desk.engine.strategy_book import StrategyBook


def run(home: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "kalshi_desk", "strategy", *words, "--home", str(home)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_what_is_written_is_a_strategy_and_its_test_passes(tmp_path: Path) -> None:
    done = run(tmp_path, "new", "wide_spread")
    assert done.returncode == 0, done.stderr
    folder = tmp_path / "strategies"
    assert {path.name for path in folder.glob("*.py")} == {"wide_spread.py", "test_wide_spread.py"}
    book = StrategyBook(folder)
    assert not book.faults
    [info] = [info for info in book.infos() if info.name == "wide_spread"]
    assert [parameter.name for parameter in info.parameters] == ["min_spread"]
    own_test = str(folder / "test_wide_spread.py")
    tested = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-c", "/dev/null", own_test],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert "2 passed" in tested.stdout, tested.stdout


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    assert run(tmp_path, "new", "mine").returncode == 0
    path = tmp_path / "strategies" / "mine.py"
    path.write_text("# changed\n")
    again = run(tmp_path, "new", "mine")
    assert again.returncode == 1
    assert "exists already" in again.stderr
    assert path.read_text() == "# changed\n"


@pytest.mark.parametrize("words", [("new",), ("new", "Two Words"), ("new", "arbitrage")])
def test_a_name_that_can_not_be_is_refused_with_what_to_do(
    tmp_path: Path, words: tuple[str, ...]
) -> None:
    done = run(tmp_path, *words)
    assert done.returncode == 2
    assert done.stderr.count("\n") >= 2
    assert not (tmp_path / "strategies").exists()
