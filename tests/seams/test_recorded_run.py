"""A practice run, recorded, then backtested: the decisions are identical, one by one."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from kalshi_desk.backtest import Backtester
from kalshi_desk.store.paths import Home, open_home
from kalshi_desk.store.recording import RecordedMeta, read_frames
from tests.running_desk import RunningDesk, running_desk, wait_until

pytestmark = pytest.mark.timeout(180)
STRATEGIES = ("arbitrage", "volatility", "harvester")
LADDER = "KXNBATOTAL-"
LOOKS = 12
SETTINGS = """
[strategies]
interval_s = 1
[strategies.parameters.arbitrage]
budget = 100
"""


@dataclass
class Recorded:
    """What a run left behind."""

    home: Home
    path: Path

    def decisions(self, strategy: str) -> list[dict[str, Any]]:
        return [facts for facts in lines(self.path, "decision") if facts["strategy"] == strategy]


def lines(path: Path, kind: str) -> list[dict[str, Any]]:
    """Return what the lines of a kind say, in order."""
    return [
        record.content
        for record in read_frames(path)
        if isinstance(record, RecordedMeta) and record.kind == kind
    ]


def home_in(root: Path) -> Home:
    """Return a home whose strategies look each second."""
    home = open_home(str(root))
    home.prepare()
    home.settings_path.write_text(SETTINGS)
    return home


def turn_on(desk: RunningDesk) -> None:
    assert desk.shell("strategy", "arbitrage", "trade")["outcome"] == "done"
    assert desk.shell("strategy", "volatility", "shadow")["outcome"] == "done"
    assert desk.shell("strategy", "harvester", "shadow")["outcome"] == "done"
    assert desk.shell("auto", "on")["outcome"] == "done"


class Violation:
    """Two rungs of a ladder, held at prices that contradict each other by ten cents."""

    def __init__(self, desk: RunningDesk) -> None:
        self._admin = desk.exchange["address"]["admin"]
        rungs = [m for m in desk.shell("markets") if m["ticker"].startswith(LADDER)]
        rungs.sort(key=lambda market: str(market["ticker"]))
        self.low, self.high = rungs[1], rungs[2]
        middle = round(float(self.high["yes_ask"]) * 100) * 100
        self.offer, self.bid = middle, middle + 1_000

    def hold(self) -> None:
        """Offer the lower rung for less than is bid for the higher one."""
        self._order(self.low, is_bid=False, price=self.offer)
        self._order(self.low, is_bid=True, price=self.offer - 100)
        self._order(self.high, is_bid=True, price=self.bid)
        self._order(self.high, is_bid=False, price=self.bid + 100)

    def is_taken(self, desk: RunningDesk) -> bool:
        """Hold it, and return whether the desk has bought both rungs."""
        self.hold()
        taken = {fill["ticker"] for fill in desk.shell("fills")}
        return {self.low["ticker"], self.high["ticker"]} <= taken

    def _order(self, market: dict[str, Any], *, is_bid: bool, price: int) -> None:
        order = {"account": "informed-a", "ticker": market["ticker"], "is_bid": is_bid}
        body = {**order, "price": price, "count": 20_000_00}
        answer = httpx.post(f"{self._admin}/order", json=body, timeout=10)
        assert answer.status_code == 200, answer.text


def looked(desk: RunningDesk, times: int) -> Callable[[], bool]:
    """Return whether every strategy has looked so often since now."""
    begun = {row["name"]: row["cycles"] for row in desk.shell("strategies")}

    def have() -> bool:
        rows = desk.shell("strategies")
        assert not [row["fault"] for row in rows if row["fault"]]
        return all(row["cycles"] >= begun[row["name"]] + times for row in rows)

    return have


def newest(home: Home) -> Path:
    return max(home.recordings.glob("*.jsonl.zst"), key=lambda path: path.stat().st_mtime_ns)


def backtested(run: Recorded, strategy: str) -> list[dict[str, Any]]:
    result = Backtester(recording=run.path, home=run.home).run_strategy(strategy)
    assert result.report["looks_at"] == "the recorded moments"
    return [{"recv_ns": at_ns, **facts} for at_ns, facts in result.decisions]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Recorded:
    """A run that was stopped as people stop it."""
    home = home_in(tmp_path_factory.mktemp("recorded"))
    with running_desk(home.root) as desk:
        turn_on(desk)
        violation = Violation(desk)
        wait_until(looked(desk, 3))
        wait_until(lambda: violation.is_taken(desk))
        wait_until(looked(desk, LOOKS - 6))
    return Recorded(home, newest(home))


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_the_decisions_are_identical(run: Recorded, strategy: str) -> None:
    live = run.decisions(strategy)
    again = backtested(run, strategy)
    assert len(live) >= LOOKS
    for one, other in zip(live, again, strict=False):
        assert json.dumps(other) == json.dumps(one)
    assert len(again) == len(live)


def test_the_violation_was_seen_and_traded(run: Recorded) -> None:
    signals = [facts for facts in run.decisions("arbitrage") if facts["signals"]]
    assert signals
