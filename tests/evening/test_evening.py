"""One evening in the practice exchange, every step held against the exchange's own ledger."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path

import pytest

from kalshi_desk.core.strategy import Mode
from kalshi_desk.desk.automation import SetAuto, SetMode
from kalshi_desk.desk.automation_frames import StrategyRow, WhyRow
from kalshi_desk.desk.service_frames import NewsRow
from tests.evening.evening import (
    Evening,
    equity_on,
    eventually,
    prepare,
    same_decisions,
)
from tests.journeys.seat import a_market, buy_yes, end_all, select_market
from tests.journeys.terminal import open_desk
from tests.running_desk import end, start_engine
from tests.seams.test_recorded_run import LADDER, Violation
from tests.seams.test_stops import Press
from tests.telegram.bot_server import BotServer, serving
from tests.telegram.conftest import ANNA

pytestmark = [pytest.mark.evening, pytest.mark.timeout(240)]
LIMIT_S = 90.0
SHADOWED = ("news", "volatility")
STARTED_S = 40.0


@contextmanager
def begun(root: Path, phone: BotServer) -> Iterator[Evening]:
    """A desk with its API, its bridge and its news; nothing of it is left afterwards."""
    prepare(root, phone)
    evening = Evening(root, phone, start_engine(root, api=True, news=True))
    try:
        with open_desk(root) as screen:
            evening.screen = screen
            yield evening
    finally:
        end(evening.desk)
        end_all(root)


def test_one_evening(tmp_path: Path) -> None:
    root = tmp_path / "home"
    with serving() as served:
        with begun(root, served.now) as evening:
            trades(evening)
            comes_back(evening)
            loses(evening)
            ends(evening)
        home = evening.desk.home
        with evening.step("the recordings decide the same again"):
            recordings = sorted(home.recordings.glob("*.jsonl.zst"))
            assert len(recordings) == 2, "one before the kill, one after it"
            for path in recordings:
                for strategy in ("arbitrage", *SHADOWED):
                    assert same_decisions(home, path, strategy) > 0
    print(evening.table())
    assert sum(real for _, real in evening.steps) < LIMIT_S, evening.table()


def trades(evening: Evening) -> None:
    """Buy by hand, let the machine take a planted basket, and read the news."""
    screen, desk = evening.screen, evening.desk
    assert screen is not None
    with evening.step("the desk is there: screen, phone, API"):
        screen.wait_for(lambda seen: "ACTIVE" in seen and "equity $" in seen, STARTED_S)
        evening.asks("/status", "practice exchange")
        assert evening.api("/health")["status"] == "healthy"
    with evening.step("ten contracts bought by hand"):
        ticker = a_market(desk.home)
        select_market(screen, ticker)
        buy_yes(screen)
        screen.wait_for("Filled: buy")
        eventually(lambda: evening.account()["positions"] == {ticker: 10_00}, "ten at the exchange")
        evening.agree()
        evening.hears("Filled")
    with evening.step("AUTO takes the planted basket"):
        # Their worker starts beside the desk and may come after the first hand order.
        eventually(lambda: "arbitrage" in evening.rows("strategies", StrategyRow), "the strategies")
        modes = [SetMode(strategy=name, mode=Mode.SHADOW) for name in SHADOWED]
        evening.say(SetMode(strategy="arbitrage", mode=Mode.TRADE), *modes, SetAuto(on=True))
        screen.wait_for("AUTO 1/")
        violation = Violation(desk)
        eventually(lambda: violation.is_taken(desk), "both rungs are bought")
        rungs = {violation.low, violation.high}
        eventually(lambda: rungs <= set(evening.account()["positions"]), "both in the ledger")
        evening.say(SetMode(strategy="arbitrage", mode=Mode.SHADOW))
        evening.agree()
    with evening.step("news come and move markets"):
        evening.tell_exchange("news", driver="shutdown", sizes=4)
        eventually(lambda: moved_by_news(evening), "a market moved after a story about it", 60)
    with evening.step("news and volatility say why they only watch"):
        for name in SHADOWED:
            row = evening.rows("strategies", StrategyRow)[name]
            assert (row.mode, row.fault, row.open_orders) == (Mode.SHADOW, "", 0)
            eventually(lambda name=name: evening.rows(f"why:{name}", WhyRow), f"why of {name}")
            for why in evening.rows(f"why:{name}", WhyRow).values():
                assert why.code
                assert why.text


def moved_by_news(evening: Evening) -> list[str]:
    """Return the markets that stand elsewhere now than before a story that speaks of them."""
    return [
        match.ticker
        for story in evening.rows("news", NewsRow).values()
        for match in story.matches
        if match.polarity and match.pre_price and match.now_price
        if abs(match.now_price - match.pre_price) >= 100
    ]


def comes_back(evening: Evening) -> None:
    """Protect the position, lose the engine, and be where one was."""
    screen, desk = evening.screen, evening.desk
    assert screen is not None
    (ticker,) = (row["ticker"] for row in desk.shell("positions") if row["position"] == "10.00")
    press = Press(desk, evening.market(ticker))
    with evening.step("a stop is set"):
        press.hold()
        held = next(row for row in desk.shell("positions") if row["ticker"] == ticker)
        bid = float(evening.market(ticker)["yes_bid"])
        above = round(100 * (float(held["average_price"]) - bid))
        assert desk.shell("protect", ticker, "fixed", f"{max(above, 0) + 3}c")["outcome"] == "done"
        (stop,) = desk.shell("stops")
        assert stop["state"] == "armed"
    with evening.step("screen, API and exchange say the same"):
        evening.tell_exchange("pause")
        evening.agree()
        account = evening.account()
        eventually(
            lambda: not differences(evening),
            lambda: f"the same on screen, API and exchange: {'; '.join(differences(evening))}",
        )
        positions = evening.api("/positions")
        assert {row["eventId"]: round(row["quantity"] * 100) for row in positions} == account[
            "positions"
        ]
    with evening.step("the engine is killed and comes back"):
        before = desk.shell("fills")
        evening.die_and_return()
        desk = evening.desk
        evening.agree()
        assert desk.shell("fills") == before
        assert evening.account() == account
        assert [row["state"] for row in desk.shell("stops")] == ["armed"]
        screen.wait_for("ACTIVE", STARTED_S)
        evening.hears("started anew")
        evening.tell_exchange("resume")
    with evening.step("the stop fires once"):
        press = Press(desk, evening.market(ticker))
        press.push(8)
        eventually(lambda: desk.shell("stops")[0]["state"] == "done", "the stop is done", 60)
        assert ticker not in evening.account()["positions"]
        evening.agree()
        evening.hears("Stop")


def differences(evening: Evening) -> list[str]:
    """Return where the top line, the API and the exchange tell different money."""
    assert evening.screen is not None
    balance, cash = evening.api("/balance"), Decimal(evening.account()["cash"])
    equity, shown = Decimal(str(balance["totalEquity"])), equity_on(evening.screen.text)
    found = []
    if abs(equity - shown) > Decimal("0.01"):
        found.append(f"equity {equity} on the API, {shown} on the screen")
    if Decimal(str(balance["available"])) > cash:
        found.append(f"available {balance['available']} on the API, cash {cash} at the exchange")
    if evening.api("/status")["trading"] is not True:
        found.append(f"not trading: {evening.api('/status')}")
    return found


def loses(evening: Evening) -> None:
    """Lose more than a day may, and panic from the phone."""
    desk, screen = evening.desk, evening.screen
    assert screen is not None
    with evening.step("a limit halts the desk"):
        ticker = a_market(desk.home)
        ask = Decimal(evening.market(ticker)["yes_ask"])
        press = Press(desk, evening.market(ticker))
        press.order(is_bid=False, price=round(ask * 10_000), count=1_000_00)
        cents = f"{ask * 100:f}"
        said = desk.shell("buy", ticker, "yes", "500", "@", cents.rstrip("0").rstrip("."), "--ioc")
        evening.agree()
        held = evening.account()["positions"].get(ticker, 0)
        assert held == 500_00, (said, desk.shell("orders")[-3:])
        # Whatever the baskets gained: the day loses more than it may when this ends at nothing.
        evening.tell_exchange("resolve", ticker=ticker, result="no")
        screen.wait_for("HALTED")
        assert desk.shell("status")["risk"] == "HALTED"
        refused = desk.shell("buy", ticker, "yes", "1", "@", "1", code=1)
        assert "halted" in [reason["code"] for reason in refused["reasons"]]
        evening.hears("HALTED")
    with evening.step("panic from the phone"):
        assert desk.shell("resume")["outcome"] == "done"
        other = next(
            row["ticker"]
            for row in desk.shell("markets")
            if row["status"] == "active" and row["yes_bid"] and float(row["yes_bid"]) > 0.3
        )
        desk.shell("buy", other, "yes", "3", "@", "1")
        assert evening.account()["resting_orders"] >= 1
        question = evening.asks("/panic", "PANIC")
        evening.phone.tap(ANNA, question, question.labels[0])
        eventually(lambda: evening.account()["resting_orders"] == 0, "nothing rests")
        eventually(lambda: desk.shell("status")["risk"] == "HALTED", "HALTED by panic")
        evening.agree()


def ends(evening: Evening) -> None:
    """Be paid, be told of everything once, and go home."""
    desk = evening.desk
    positions = evening.account()["positions"]
    held = next(name for name in positions if name.startswith(LADDER) and positions[name] > 0)
    with evening.step("settlement pays"):
        cash = Decimal(evening.account()["cash"])
        count = evening.account()["positions"][held]
        evening.tell_exchange("resolve", ticker=held, result="yes")
        evening.tell_exchange("advance", seconds=4_000)
        eventually(lambda: held not in evening.account()["positions"], "the exchange pays", 60)
        paid = Decimal(evening.account()["cash"]) - cash
        assert paid >= Decimal(count) / 100 - Decimal("0.01")
        eventually(
            lambda: Decimal(desk.shell("balance")["cash"]) == Decimal(evening.account()["cash"]),
            "the desk has booked the payout to the cent",
        )
    with evening.step("everything was told once"):
        # A message on its way at the kill may come again, and says so.
        certain = [text for text in evening.told("") if "Perhaps sent before" not in text]
        said = "\n".join(certain)
        fills = desk.shell("fills")
        assert len(re.findall(r"^. Filled: ", said, re.M)) == len(fills)
        for once in (" triggered (fixed)", " is done ", "HALTED\nthe day has lost", "started anew"):
            assert said.count(once) == 1, once
    with evening.step("the desk is stopped"):
        assert desk.shell("stop")["outcome"] == "done"
