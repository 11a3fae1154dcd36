"""What the machine asks to be kept reaches the disk through the shell, and comes back."""

from __future__ import annotations

from pathlib import Path

from kalshi_desk.core.events import TimerFired
from kalshi_desk.core.records import Fill
from kalshi_desk.core.types import BookSide, Count, Money, Price
from kalshi_desk.engine.basket_desk import entry_of
from kalshi_desk.engine.clock import WallClock
from kalshi_desk.engine.core import TradingCore
from kalshi_desk.engine.effects import KeepEntry
from kalshi_desk.engine.restore_machine import baskets_of, restore_machine
from kalshi_desk.engine.shell import EngineShell
from kalshi_desk.engine.state import CoreSettings
from kalshi_desk.execution.baskets import BasketLeg, BasketRecord, Stage
from kalshi_desk.store.entries import PaperFillEntry, PaperSettlementEntry
from kalshi_desk.store.journal import Journal
from kalshi_desk.store.machine import read_paper_fills, read_paper_settlements

LEG = BasketLeg(ticker="A", side=BookSide.ASK, limit=Price(4_000), planned=Count(1_000))


def a_basket(name: str, stage: Stage = Stage.FILLING, at_ns: int = 1) -> BasketRecord:
    return BasketRecord(
        basket_id=name,
        strategy="arbitrage",
        events=("E",),
        legs=(LEG, LEG),
        payout=Money(10),
        guaranteed=Money(5),
        started_ns=1,
        updated_ns=at_ns,
        stage=stage,
        legging_loss=Money(7),
    )


def a_fill(trade: str, strategy: str = "maker") -> PaperFillEntry:
    return PaperFillEntry(
        strategy=strategy,
        mode="shadow",
        fill=Fill(
            trade_id=trade,
            order_id="o",
            client_order_id="c",
            ticker="A",
            side=BookSide.BID,
            price=Price(4_000),
            count=Count(1_000),
            fee=Money(170_000),
            is_taker=True,
            executed_ns=5,
        ),
        cell="cell",
        holds_until_ns=9,
    )


async def test_the_shell_writes_what_the_core_asks_for(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite3"
    core = TradingCore(CoreSettings(venue="practice"))
    shell = EngineShell(
        core, Journal(path, durable=False), WallClock(), (), save_starred=lambda starred: None
    )
    payout = PaperSettlementEntry(ticker="B", result="yes", value=Price(10_000), settled_ns=8)
    kept = [KeepEntry(entry_of(a_basket("b"))), KeepEntry(a_fill("t")), KeepEntry(payout)]
    for effect in kept:
        core.outbox.do(effect)
    shell.take(TimerFired())
    await shell.close()
    journal = Journal(path, durable=False)
    assert baskets_of(journal) == [a_basket("b")]
    assert read_paper_fills(journal.rows) == [a_fill("t")]
    assert read_paper_settlements(journal.rows) == [payout]
    fresh = TradingCore(CoreSettings(venue="practice"))
    fresh.state.auto = True
    restore_machine(fresh, journal, 10)
    assert fresh.baskets.in_flight() == [a_basket("b")]
    assert fresh.paper.position("maker", "A").count == 1_000
    assert fresh.state.simulated == {"A"}


def test_records_replace_each_other_and_ended_ones_give_way(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal.sqlite3", durable=False)
    journal.write([entry_of(a_basket("b"))])
    journal.write([entry_of(a_basket("b", Stage.COMPLETE, 3))])
    journal.write([entry_of(a_basket("open", at_ns=2))])
    assert baskets_of(journal) == [a_basket("open", at_ns=2), a_basket("b", Stage.COMPLETE, 3)]
    fresh = TradingCore(CoreSettings(venue="practice"))
    restore_machine(fresh, journal, 10)
    assert [record.basket_id for record in fresh.baskets.in_flight()] == ["open"]
    assert fresh.baskets.completion_rate("arbitrage") == 2 / 3
    assert fresh.baskets.legging_loss("arbitrage") == 7


def test_a_simulated_trade_is_kept_once_for_each_strategy(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal.sqlite3", durable=False)
    journal.write([a_fill("t"), a_fill("t"), a_fill("t", "other")])
    assert read_paper_fills(journal.rows) == [a_fill("t"), a_fill("t", "other")]
