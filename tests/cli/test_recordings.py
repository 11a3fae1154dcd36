"""``recordings`` and ``backtest`` from the shell: facts, breaks, reports, and clear refusals."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from kalshi_desk.core.events import ConnectionChanged, LinkState, TimerFired
from kalshi_desk.engine.recorder import EngineRecorder
from tests.backtest.days import SECOND, START_NS, listed
from tests.cli.conftest import Desk
from tests.kalshi.frame_maker import delta, snapshot, subscribed

OWN_STRATEGY = """
from kalshi_desk.core.strategy import Decision, Signal, SignalLeg
from kalshi_desk.core.types import BookSide, Count
from kalshi_desk.strategies.contract import Strategy


class Buyer(Strategy):
    name = "buyer"
    title = "Buyer"
    help = "Buys one at the offer."

    def decide(self, view):
        signals = []
        for ticker, seen in view.markets.items():
            if seen.is_fresh and seen.ask is not None:
                leg = SignalLeg(ticker=ticker, side=BookSide.BID, price=seen.ask, count=Count(100))
                signals.append(Signal(candidate=ticker, legs=(leg,), text="one"))
        return Decision(signals=tuple(signals), scanned=len(view.markets))
"""


@pytest.fixture
def home(tmp_path: Path) -> Desk:
    return Desk(tmp_path / "home")


def record(desk: Desk, *, minutes: int = 5, close: bool = True) -> Path:
    """Record a small day, as an engine would."""
    recorder = EngineRecorder(desk.home / "data" / "recordings", "practice", START_NS, 100)

    def at(minute: int, more_ns: int = 0) -> int:
        return START_NS + minute * 60 * SECOND + more_ns

    recorder.listen(listed("E-1", "E-2"), at(0), of_frame=False)
    recorder.begin_connection(1, at(0))
    recorder.listen(ConnectionChanged(LinkState.LIVE), at(0, 1), of_frame=False)
    recorder.tap(at(0, 2), subscribed("orderbook_delta", 1))
    recorder.tap(at(0, 3), snapshot(1, "E-1", [("0.40", "50")], [("0.45", "50")]))
    recorder.tap(at(0, 4), snapshot(2, "E-2", [("0.30", "50")], [("0.35", "50")]))
    for minute in range(minutes):
        recorder.listen(TimerFired(), at(minute, 5), of_frame=False)
        recorder.tap(at(minute, SECOND), delta(3 + minute, "0.41", "1", "yes", "E-1"))
        if minute == minutes // 2 and recorder._recorder is not None:
            recorder._recorder.flush()
    if close:
        recorder.close()
    elif recorder._recorder is not None:
        recorder._recorder.flush()
    return recorder.path


def test_list_info_and_verify_of_a_whole_recording(home: Desk) -> None:
    assert home.run("recordings").out.startswith("There is no recording in ")
    path = record(home)
    (row,) = home.run("recordings", "list", "--json").data
    assert (row["name"], row["bytes"]) == (path.name, path.stat().st_size)
    facts = home.run("recordings", "info", path.name, "--json").data
    expected = {"venue": "practice", "frames": 8, "markets": 2, "connections": 1, "gaps": None}
    assert {name: facts[name] for name in expected} == expected
    assert facts["seconds"] == 241.0
    done = home.run("recordings", "verify", str(path), "--json")
    assert (done.code, done.data["whole"], done.data["gaps"]) == (0, True, 0)
    plain = home.run("recordings", "verify", str(path))
    assert "whole:       yes" in plain.out


def test_a_broken_recording_is_read_up_to_the_break_and_says_so(home: Desk) -> None:
    path = record(home)
    path.write_bytes(path.read_bytes()[:-20])
    done = home.run("recordings", "verify", path.name, "--json")
    assert (done.code, done.data["whole"]) == (1, False)
    assert done.data["frames"] >= 5
    assert any("breaks off" in problem for problem in done.data["problems"])
    assert "is not whole" in done.err


def test_an_engine_killed_while_it_recorded_leaves_what_it_had_flushed(home: Desk) -> None:
    script = (
        "import time, sys\n"
        "from pathlib import Path\n"
        "from tests.cli.conftest import Desk\n"
        "from tests.cli.test_recordings import record\n"
        "print(record(Desk(Path(sys.argv[1])), close=False).name, flush=True)\n"
        "time.sleep(600)\n"
    )
    root = Path(__file__).resolve().parents[2]
    with subprocess.Popen(
        [sys.executable, "-c", script, str(home.home)], stdout=subprocess.PIPE, text=True, cwd=root
    ) as process:
        assert process.stdout is not None
        name = process.stdout.readline().strip()
        os.kill(process.pid, signal.SIGKILL)
    done = home.run("recordings", "verify", name, "--json")
    assert (done.code, done.data["frames"], done.data["unreadable"]) == (1, 8, 0)
    assert "never closed" in done.data["problems"][0]


def test_a_backtest_of_ones_own_strategy_prints_its_report(home: Desk) -> None:
    path = record(home)
    folder = home.home / "strategies"
    folder.mkdir(parents=True)
    (folder / "buyer.py").write_text(OWN_STRATEGY)
    words = ("backtest", "buyer", "--recording", path.name, "--capital", "500", "--json")
    done = home.run(*words, "--progress")
    assert done.code == 0, done.err
    report = done.data
    assert (report["fills"], report["initial_capital"]) == (2, "500.000000")
    assert report["fill_model"] == "queue-averse"
    assert home.run(*words).out == done.out
    told = [json.loads(line) for line in done.err.splitlines()]
    assert all(set(line) == {"progress", "events"} for line in told)
    day = f"{path.name[9:13]}-{path.name[13:15]}-{path.name[15:17]}"
    chosen = home.run("backtest", "buyer", "--from", day, "--to", day, "--json")
    assert chosen.data["fills"] == 2
    plain = home.run("backtest", "buyer", "--recording", path.name)
    assert "fill_model: queue-averse" in plain.out
    assert "  net: " in plain.out


def test_the_built_in_arbitrage_runs_by_name_and_alias(home: Desk) -> None:
    path = record(home)
    for name in ("arbitrage", "arbitrage_strategy"):
        done = home.run("backtest", name, "--recording", path.name, "--json")
        assert (done.code, done.data["strategy"]) == (0, "arbitrage"), done.err
        assert done.data["looks"] > 0


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("nonsense", "--recording", "{}"), "There is no strategy nonsense"),
        (("arbitrage", "--recording", "nowhere.zst"), "There is no recording nowhere.zst"),
        (("arbitrage",), "needs a recording"),
        (("arbitrage", "--recording", "{}", "--fill-model", "touch"), "no fill model touch"),
        (("arbitrage", "--recording", "{}", "--capital", "x"), "'x' is no capital"),
        (("arbitrage", "--recording", "{}", "--from", "soon"), "'soon' is no date"),
        (("arbitrage", "--recording", "{}", "--set", "x"), "is no NAME=VALUE"),
        (("arbitrage", "--recording", "{}", "--set", "x=1"), "has no parameter x"),
    ],
)
def test_what_can_not_be_run_is_refused_in_words(
    home: Desk, words: tuple[str, ...], said: str
) -> None:
    path = record(home)
    done = home.run("backtest", *(word.replace("{}", path.name) for word in words))
    assert done.code in (1, 2)
    assert said in done.err
    assert "Traceback" not in done.err
