"""The journal keeps what it was told, exactly once, and refuses files that are not its own."""

from __future__ import annotations

import shutil
import sqlite3
import threading
from pathlib import Path

import msgspec
import pytest

from kalshi_desk.core.errors import Stop
from kalshi_desk.core.fees import PredictedFee
from kalshi_desk.core.records import Fill, Order, OrderIntent, OrderState, Settlement
from kalshi_desk.core.stops import StopKind, StopRecord, StopState
from kalshi_desk.core.types import BookSide, Count, Money, Price
from kalshi_desk.store.entries import CommandAnswered, EquityEntry, EventEntry, MetaEntry
from kalshi_desk.store.journal import Journal
from kalshi_desk.store.schema import APPLICATION_ID, MIGRATIONS, SCHEMA_VERSION


def an_intent(name: str = "c1") -> OrderIntent:
    return OrderIntent(
        client_order_id=name,
        ticker="FED-25",
        side=BookSide.BID,
        price=Price(4700),
        count=Count(1000),
        command_id="cmd",
        created_ns=5,
    )


def an_order(state: OrderState, name: str = "c1", filled: int = 0) -> Order:
    return Order(
        order_id="o-" + name,
        client_order_id=name,
        ticker="FED-25",
        side=BookSide.BID,
        price=Price(4700),
        initial_count=Count(1000),
        filled=Count(filled),
        remaining=Count(1000 - filled),
        state=state,
        created_ns=5,
        updated_ns=9,
        reason="because",
    )


A_FILL = Fill(
    trade_id="t1",
    order_id="o-c1",
    ticker="FED-25",
    side=BookSide.ASK,
    price=Price(4710),
    count=Count(250),
    fee=Money(17_500),
    is_taker=True,
    executed_ns=7,
    client_order_id="c1",
    post_position=Count(-250),
)
A_SETTLEMENT = Settlement(
    ticker="FED-25", result="yes", value=Price(10_000), revenue=Money(2_500_000), settled_ns=11
)


def an_event(title: str) -> EventEntry:
    return EventEntry(at_ns=1, kind="fill", level="good", title=title, text="x", ticker="FED-25")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.sqlite3"


def test_everything_comes_back_after_reopening(path: Path) -> None:
    journal = Journal(path, durable=True)
    journal.append_intent(an_intent(), at_ns=6)
    order = an_order(OrderState.RESTING, filled=250)
    journal.write([order, A_FILL, A_SETTLEMENT, EquityEntry(at_ns=3, equity=Money(-5))])
    journal.set_meta("anchor", "42")
    journal.close()

    again = Journal(path, durable=False)
    assert again.open_intents() == [an_intent()]
    assert again.intents() == [an_intent()]
    assert again.orders() == [order]
    assert again.fills() == [A_FILL]
    assert again.settlements() == [A_SETTLEMENT]
    assert again.equity_since(3) == [(3, -5)]
    assert again.equity_since(4) == []
    assert again.meta("anchor") == "42"
    again.close()


def test_predicted_fees_come_back_and_count_once(path: Path) -> None:
    fee = PredictedFee(
        trade_id="t1",
        order_id="o-c1",
        direct=Money(3_700),
        non_direct=Money(5_000),
        direct_left=Money(61),
        non_direct_left=Money(1_361),
    )
    journal = Journal(path, durable=False)
    journal.write([fee, msgspec.structs.replace(fee, direct=Money(9))])
    assert journal.predicted_fees() == {("t1", "o-c1"): fee}
    journal.close()


def test_a_start_reads_the_end_and_the_depth_of_each_hour_and_all_of_the_newest(
    path: Path,
) -> None:
    hour, minute = 3_600_000_000_000, 60_000_000_000
    samples = [
        EquityEntry(
            at_ns=n * minute,
            equity=Money(1_000 - (n == 95)),
            flows=Money(7),
            growth=0.5 if n == 95 else 1.0,
            peak=1.0,
        )
        for n in range(600)
    ]
    journal = Journal(path, durable=False)
    journal.write(samples)
    found = journal.equity_track()
    journal.close()
    assert found == sorted(found, key=lambda sample: sample.at_ns)
    assert [s for s in found if s.at_ns > samples[-1].at_ns - 5 * hour] == samples[-300:]
    old = [s for s in found if hour <= s.at_ns < 2 * hour]
    assert old == [samples[95], samples[119]]


def test_old_minutes_are_forgotten_and_what_a_start_reads_of_them_is_not(path: Path) -> None:
    minute, days = 60_000_000_000, 9
    journal = Journal(path, durable=False)
    journal.write(
        EquityEntry(at_ns=n * minute, equity=Money(n), growth=0.5 if n % 97 == 0 else 1.0)
        for n in range(days * 24 * 60)
    )
    first = journal.equity_track()
    held = journal.equity_since(0)
    assert len(held) < 7 * 24 * 60 + 2 * 2 * 24 + 2
    assert held[-7 * 24 * 60 :] == [(n * minute, n) for n in range(2 * 24 * 60, days * 24 * 60)], (
        "seven days are whole"
    )
    assert journal.equity_track() == first
    assert journal.equity_since(0) == held
    journal.close()


def test_a_journal_of_the_release_before_keeps_its_equity(path: Path) -> None:
    db = sqlite3.connect(path)
    db.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    for number, script in enumerate(MIGRATIONS[:2]):
        db.executescript(f"{script} PRAGMA user_version = {number + 1};")
    db.execute("INSERT INTO equity VALUES (5, 77)")
    db.commit()
    db.close()
    journal = Journal(path, durable=False)
    assert journal.equity_track() == [EquityEntry(at_ns=5, equity=Money(77))]
    journal.close()


def test_a_fill_and_a_settlement_count_once(path: Path) -> None:
    journal = Journal(path, durable=False)
    journal.write([A_FILL, A_SETTLEMENT])
    journal.write([A_FILL, A_SETTLEMENT, A_FILL])
    assert journal.fills() == [A_FILL]
    assert journal.settlements() == [A_SETTLEMENT]
    journal.close()


def test_both_our_sides_of_one_trade_are_kept(path: Path) -> None:
    journal = Journal(path, durable=False)
    other = msgspec.structs.replace(A_FILL, order_id="o-c2", side=BookSide.BID)
    journal.write([A_FILL, other])
    journal.write([other, A_FILL])
    assert journal.fills() == [A_FILL, other]
    journal.close()


def test_a_journal_of_the_first_version_keeps_every_fill(path: Path) -> None:
    fills = [
        msgspec.structs.replace(A_FILL, trade_id=f"t{n}", executed_ns=n, post_position=post)
        for n, post in enumerate((None, Count(-250), Count(0)))
    ]
    old = sqlite3.connect(path)
    old.executescript(f"PRAGMA application_id = {APPLICATION_ID}; {MIGRATIONS[0]}")
    old.execute("PRAGMA user_version = 1")
    old.executemany(
        "INSERT INTO fills VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            (
                *(fill.trade_id, fill.order_id, fill.client_order_id, fill.ticker),
                *(fill.side.value, fill.price, fill.count, fill.fee, int(fill.is_taker)),
                *(fill.executed_ns, fill.post_position),
            )
            for fill in fills
        ],
    )
    old.commit()
    old.close()
    journal = Journal(path, durable=True)
    assert journal.fills() == fills
    other = msgspec.structs.replace(fills[0], order_id="o-c2", side=BookSide.BID)
    journal.write([other])
    journal.close()
    again = Journal(path, durable=True)
    assert sorted(again.fills(), key=lambda f: (f.trade_id, f.order_id)) == [
        fills[0],
        other,
        *fills[1:],
    ]
    again.close()


def test_a_journal_of_the_second_version_takes_stops_and_keeps_the_newest_of_each(
    path: Path,
) -> None:
    old = sqlite3.connect(path)
    old.executescript(f"PRAGMA application_id = {APPLICATION_ID}; {MIGRATIONS[0]} {MIGRATIONS[1]}")
    old.execute("PRAGMA user_version = 2")
    old.commit()
    old.close()
    armed = StopRecord(
        stop_id="s1",
        ticker="A",
        kind=StopKind.TRAILING,
        side=BookSide.ASK,
        count=Count(1_000),
        entry=Price(5_300),
        level=Price(4_300),
        updated_ns=5,
    )
    over = msgspec.structs.replace(armed, stop_id="s0", state=StopState.DONE, updated_ns=9)
    journal = Journal(path, durable=True)
    journal.write([armed, over])
    moved = msgspec.structs.replace(armed, level=Price(4_400), updated_ns=7)
    journal.write([moved])
    assert journal.stops() == [moved, over]
    journal.close()
    again = Journal(path, durable=True)
    assert again.stops(10) == [moved]
    again.close()


def test_an_intent_is_on_disk_before_the_call_returns(path: Path) -> None:
    journal = Journal(path, durable=True)
    journal.append_intent(an_intent(), at_ns=6)
    copy = path.with_name("copy.sqlite3")
    shutil.copy(path, copy)
    shutil.copy(f"{path}-wal", f"{copy}-wal")
    after_a_kill = Journal(copy, durable=True)
    assert after_a_kill.open_intents() == [an_intent()]
    after_a_kill.close()
    journal.close()


def test_an_intent_id_is_never_used_twice(path: Path) -> None:
    journal = Journal(path, durable=True)
    journal.append_intent(an_intent(), at_ns=6)
    with pytest.raises(Stop):
        journal.append_intent(an_intent(), at_ns=7)
    assert len(journal.intents()) == 1
    journal.close()


@pytest.mark.parametrize("state", list(OrderState))
def test_open_intents_are_those_that_may_still_trade(path: Path, state: OrderState) -> None:
    journal = Journal(path, durable=False)
    journal.append_intent(an_intent(), at_ns=6)
    journal.write([an_order(OrderState.RESTING), an_order(state, filled=250)])
    assert bool(journal.open_intents()) == state.is_open
    assert bool(journal.orders(only_open=True)) == state.is_open
    assert [order.state for order in journal.orders()] == [state]
    journal.close()


def test_events_come_in_order_and_at_most_500(path: Path) -> None:
    journal = Journal(path, durable=False)
    assert journal.last_event_seq() == 0
    last = journal.write([an_event(str(number)) for number in range(1200)])
    assert last == journal.last_event_seq() == 1200
    seen: list[str] = []
    seq = 0
    while batch := journal.events_since(seq):
        assert len(batch) <= 500
        seen += [event.title for event in batch]
        seq = batch[-1].seq
    assert seen == [str(number) for number in range(1200)]
    assert journal.append_event(an_event("next")) == 1201
    journal.close()


def test_a_command_is_new_once_and_keeps_its_first_answer(path: Path) -> None:
    journal = Journal(path, durable=False)
    assert journal.append_command("k", b"buy", at_ns=1)
    assert not journal.append_command("k", b"other", at_ns=2)
    assert journal.command_answer("k") is None
    journal.write([CommandAnswered(command_id="k", answer=b"first")])
    journal.write([CommandAnswered(command_id="k", answer=b"second")])
    assert journal.command_answer("k") == b"first"
    record = journal.command("k")
    assert record is not None
    assert record.command == b"buy"
    assert journal.command("unknown") is None
    journal.close()


def test_halted_stays_until_it_is_lifted(path: Path) -> None:
    journal = Journal(path, durable=False)
    journal.set_halted("panic")
    journal.write([MetaEntry(key="opening:2026-11-22", value="1000")])
    journal.close()
    again = Journal(path, durable=False)
    assert again.halted_reason() == "panic"
    assert again.all_meta("opening:") == {"opening:2026-11-22": "1000"}
    again.set_halted(None)
    assert again.halted_reason() is None
    again.close()


def test_a_batch_is_written_whole_or_not_at_all(path: Path) -> None:
    journal = Journal(path, durable=False)
    with pytest.raises(KeyError):
        journal.write([A_FILL, object()])  # type: ignore[list-item]
    assert journal.fills() == []
    journal.write([A_FILL])
    journal.close()


def test_many_threads_may_write(path: Path) -> None:
    journal = Journal(path, durable=False)

    def work(worker: int) -> None:
        for number in range(50):
            journal.append_intent(an_intent(f"{worker}-{number}"), at_ns=number)
            journal.append_event(an_event(f"{worker}-{number}"))

    threads = [threading.Thread(target=work, args=(worker,)) for worker in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(journal.intents()) == 200
    assert journal.last_event_seq() == 200
    journal.close()


@pytest.mark.parametrize("with_wal", [False, True])
def test_a_newer_journal_is_refused_and_left_as_it_was(path: Path, with_wal: bool) -> None:
    Journal(path, durable=True).close()
    newer = sqlite3.connect(path)
    newer.execute(f"PRAGMA user_version = {SCHEMA_VERSION + 1}")
    newer.commit()
    if not with_wal:
        newer.close()
    before = path.read_bytes()
    with pytest.raises(Stop, match="newer") as caught:
        Journal(path, durable=True)
    assert "Upgrade" in str(caught.value)
    assert path.read_bytes() == before
    newer.close()


@pytest.mark.parametrize("content", [b"hello", b"x" * 5000, b"SQLite format 3\0"])
def test_a_file_that_is_no_journal_is_left_as_it_was(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    with pytest.raises(Stop, match="not a journal"):
        Journal(path, durable=True)
    assert path.read_bytes() == content


def test_another_programs_database_is_left_as_it_was(path: Path) -> None:
    other = sqlite3.connect(path)
    other.execute("PRAGMA journal_mode = WAL")
    other.execute("CREATE TABLE mine (x)")
    other.commit()
    with pytest.raises(Stop, match="not a journal"):
        Journal(path, durable=True)
    assert other.execute("SELECT name FROM sqlite_master").fetchall() == [("mine",)]
    other.close()


def test_only_the_owner_may_read_it(path: Path) -> None:
    Journal(path, durable=True).close()
    assert path.stat().st_mode & 0o077 == 0


def test_a_missing_folder_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(Stop, match="Can't write"):
        Journal(tmp_path / "nowhere" / "journal.sqlite3", durable=True)
