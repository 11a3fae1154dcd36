"""Observations outlive a restart, and one source teaches a cell once."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import msgspec

from kalshi_desk.core.strategy import Observation
from kalshi_desk.store.journal import Journal
from kalshi_desk.store.schema import APPLICATION_ID, MIGRATIONS, SCHEMA_VERSION

ONE = Observation(
    strategy="volatility",
    cell="Politics|excess",
    event_ticker="E1",
    value=-0.012345678901234567,
    at_ns=1_800_000_000_000_000_001,
    source="M1",
)


def test_observations_come_back_as_they_were_oldest_first(tmp_path: Path) -> None:
    later = msgspec.structs.replace(ONE, source="M2", at_ns=ONE.at_ns + 1, value=1.75)
    other = msgspec.structs.replace(ONE, strategy="harvester", at_ns=5)
    journal = Journal(tmp_path / "journal.db", durable=True)
    journal.write((later, ONE, other))
    journal.close()
    again = Journal(tmp_path / "journal.db", durable=False)
    assert again.observations() == [other, ONE, later]
    again.close()


def test_a_source_is_kept_once_and_the_first_word_stays(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal.db", durable=False)
    journal.write((ONE,))
    journal.write((msgspec.structs.replace(ONE, at_ns=9, value=0.5),))
    assert journal.observations() == [ONE]
    nameless = [msgspec.structs.replace(ONE, source="", at_ns=at_ns) for at_ns in (1, 2, 2)]
    journal.write(nameless)
    assert journal.observations() == [*nameless[:2], ONE]
    journal.close()


def test_an_older_journal_gets_the_table(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    old = sqlite3.connect(path)
    before = next(n for n, script in enumerate(MIGRATIONS) if "observations" in script)
    old.executescript("".join(MIGRATIONS[:before]))
    old.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    old.execute(f"PRAGMA user_version = {before}")
    old.commit()
    old.close()
    journal = Journal(path, durable=False)
    journal.write((ONE,))
    assert journal.observations() == [ONE]
    journal.close()
    new = sqlite3.connect(path)
    assert new.execute("PRAGMA user_version").fetchone() == (SCHEMA_VERSION,)
    new.close()
