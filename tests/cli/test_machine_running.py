"""Strategies, AUTO and their reasons from the shell, on a running engine."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from tests.cli.conftest import Desk

WAIT_S = 40.0


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    made = Desk(tmp_path_factory.mktemp("home"))
    engine = made.start()
    yield made
    made.run("stop", "--orders", "cancel")
    engine.wait(30)


def strategy(desk: Desk, name: str) -> dict[str, object]:
    give_up = time.monotonic() + WAIT_S
    while time.monotonic() < give_up:
        rows = {row["name"]: dict(row) for row in desk.run("strategies", "--json").data}
        if name in rows and rows[name]["cycles"]:
            return rows[name]
        time.sleep(0.2)
    raise AssertionError(f"{name} never looked")


def test_a_strategy_is_listed_with_its_reasons(desk: Desk) -> None:
    row = strategy(desk, "arbitrage")
    assert (row["mode"], row["running"], row["fault"]) == ("paper", False, "")
    assert row["set_min_profit"] == 0.5
    assert strategy(desk, "volatility")["mode"] == "shadow"
    give_up = time.monotonic() + WAIT_S
    while not (reasons := desk.run("why", "arbitrage", "--json").data):
        assert time.monotonic() < give_up
        time.sleep(0.2)
    assert all(reason["code"] and reason["times"] >= 1 for reason in reasons)
    assert "arbitrage" in desk.run("strategies").out
    refused = desk.run("why", "nosuch")
    assert refused.code == 1
    assert "There is no strategy nosuch; there are arbitrage" in refused.err


def test_modes_parameters_and_auto_are_set_or_refused(desk: Desk) -> None:
    strategy(desk, "arbitrage")
    done = desk.run("strategy", "arbitrage", "trade")
    assert done.code == 0
    assert "nothing until AUTO is on" in done.out
    done = desk.run("auto", "on")
    assert (done.code, "in mode trade: arbitrage" in done.out) == (0, True)
    status = desk.run("status", "--json").data
    assert status["auto_running"] == 1
    assert desk.run("strategy", "arbitrage", "set", "min_profit", "0.75").code == 0
    assert strategy(desk, "arbitrage")["set_min_profit"] == 0.75
    give_up = time.monotonic() + WAIT_S
    # The file is written beside the engine's own work, some moments after the answer.
    while "min_profit = 0.75" not in (desk.home / "settings.toml").read_text():
        assert time.monotonic() < give_up
        time.sleep(0.05)
    refused = desk.run("strategy", "arbitrage", "set", "min_profit", "nothing")
    assert refused.code == 1
    assert "allowed is a number from" in refused.err
    refused = desk.run("strategy", "arbitrag", "shadow")
    assert (refused.code, "there are arbitrage" in refused.err) == (1, True)
    refused = desk.run("implies", "NO-SUCH", "MARKET")
    assert (refused.code, "no market NO-SUCH" in refused.err) == (1, True)
    assert desk.run("auto", "off").code == 0
    assert desk.run("status", "--json").data["auto_running"] == 0


def test_two_markets_can_be_tied_and_untied(desk: Desk) -> None:
    markets = [row["ticker"] for row in desk.run("markets", "--json").data]
    done = desk.run("implies", markets[0], markets[1])
    assert (done.code, "settles" in done.out) == (0, True)
    done = desk.run("implies", markets[0], markets[1], "never")
    assert (done.code, "no longer" in done.out) == (0, True)
