"""A practice run, recorded, then backtested: every decision of every strategy comes again."""

from __future__ import annotations

import json
import time
from pathlib import Path

from kalshi_desk.backtest import Backtester
from kalshi_desk.store.recording import RecordedMeta, read_frames
from tests.cli.conftest import Desk

LEAST_LOOKS = 12
PATIENCE_S = 120
STRATEGIES = ("arbitrage", "harvester", "volatility")


def test_the_decisions_of_a_practice_run_come_again(tmp_path: Path) -> None:
    desk = Desk(tmp_path / "home")
    desk.home.mkdir()
    (desk.home / "settings.toml").write_text("[strategies]\ninterval_s = 1\n")
    desk.start()
    try:
        give_up = time.monotonic() + PATIENCE_S
        while min(_cycles(desk)) < LEAST_LOOKS and time.monotonic() < give_up:
            time.sleep(0.5)
        assert desk.run("stop").code == 0
    finally:
        desk.end()
    (path,) = (desk.home / "data" / "recordings").iterdir()
    live: dict[str, list[object]] = {name: [] for name in STRATEGIES}
    for record in read_frames(path):
        if isinstance(record, RecordedMeta) and record.kind == "decision":
            live[str(record.content["strategy"])].append(record.content)
    for name, decided in live.items():
        result = Backtester(recording=path, home=desk.home).run_strategy(name)
        again = [{"recv_ns": at_ns, **facts} for at_ns, facts in result.decisions]
        assert len(decided) >= LEAST_LOOKS
        # A look that was under way when the engine stopped has no decision.
        assert len(again) - len(decided) in (0, 1)
        assert json.loads(json.dumps(again[: len(decided)])) == decided
        assert not result.fault


def _cycles(desk: Desk) -> list[int]:
    """Return how often each strategy has looked; zeros while the engine does not say."""
    done = desk.run("strategies", "--json")
    rows = done.data if done.code == 0 else []
    counts = {row["name"]: row["cycles"] for row in rows}
    return [counts.get(name, 0) for name in STRATEGIES]
