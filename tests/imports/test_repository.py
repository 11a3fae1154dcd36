"""Habits that a reader relies on: short files, no paths of somebody's machine, a tidy top."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MAX_LINES = {"kalshi_desk": 400, ".ci": 400, "tests": 600}
TOP = {
    "pyproject.toml",
    "kalshi_desk",
    "tests",
    "screenshots",
    "README.md",
    "LICENSE",
}
MACHINE_PATHS = tuple(f"/{name}/" for name in ("work", "root", "home/runner", "Users"))
NEIGHBOUR = "../" + "shared"
TEXT = {".py", ".md", ".toml", ".txt", ".yaml", ".yml", ".tcss", ".cfg", ".json", ""}


def committed() -> list[Path]:
    """Return the files under version control; skips outside a clone."""
    if not (ROOT / ".git").exists():
        pytest.skip("not a clone")
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True, timeout=30
    )
    names = listed.stdout.decode().split("\0")
    return [ROOT / name for name in names if name and (ROOT / name).is_file()]


def test_no_source_file_is_longer_than_one_can_hold_in_mind() -> None:
    sources = [path for path in committed() if path.suffix == ".py"]
    lengths = {
        path.relative_to(ROOT): len(path.read_text("utf-8").splitlines()) for path in sources
    }
    assert len(lengths) > 50
    assert {n: lines for n, lines in lengths.items() if lines > MAX_LINES[n.parts[0]]} == {}


def test_no_file_names_a_path_of_somebodys_machine() -> None:
    found = [
        f"{path.relative_to(ROOT)}: {words}"
        for path in committed()
        if path.suffix in TEXT
        for words in MACHINE_PATHS
        if words in path.read_text("utf-8", errors="replace")
    ]
    assert found == []


def test_only_the_ci_script_knows_the_folder_of_recordings() -> None:
    knowing = {
        str(path.relative_to(ROOT))
        for path in committed()
        if path.suffix in TEXT and NEIGHBOUR in path.read_text("utf-8", errors="replace")
    }
    assert knowing <= {".ci/run"}


def test_the_top_of_the_repository_holds_nothing_else() -> None:
    top = {path.relative_to(ROOT).parts[0] for path in committed()}
    assert {name for name in top if not name.startswith(".")} <= TOP


def test_the_ci_pins_name_no_registry() -> None:
    pins = (ROOT / ".ci" / "constraints.txt").read_text("utf-8").splitlines()
    lines = [line for line in pins if line and not line.startswith("#")]
    assert len(lines) > 20
    assert all("==" in line and "://" not in line and "@" not in line for line in lines)
