"""News and what followed it, read from a journal that an engine may be writing meanwhile."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import msgspec

from kalshi_desk.core.errors import Stop
from kalshi_desk.core.news import NewsItem
from kalshi_desk.core.strategy import Observation
from kalshi_desk.store.news_table import read_news
from kalshi_desk.store.observations import read_observations
from kalshi_desk.store.schema import check_version

_MOST = 200_000


def news_history(path: Path, strategy: str) -> tuple[list[NewsItem], list[Observation]]:
    """Return journaled news and one strategy's observations, oldest first; writes nothing.

    A journal from before there was news holds none.  Raises ``Stop`` when it can't be read.
    """
    if not path.exists():
        return [], []
    check_version(path)
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as database:

            def rows(statement: str, values: tuple[object, ...]) -> list[Any]:
                return database.execute(statement, values).fetchall()

            known = {
                str(row[0]) for row in rows("SELECT name FROM sqlite_master WHERE type='table'", ())
            }
            if not {"news", "observations"} <= known:
                return [], []
            observed = read_observations(rows)
            items = read_news(rows, limit=_MOST)
    except (sqlite3.Error, msgspec.MsgspecError) as error:
        raise Stop(
            f"The news in the journal {path} can't be read: {error}.",
            code="journal_failed",
            money="Nothing was changed.",
            todo="Start the engine once, so that it brings the journal up to date.",
        ) from None
    return items, [one for one in observed if one.strategy == strategy]
