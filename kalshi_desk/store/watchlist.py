"""The watchlist: starred markets, one ticker a line, in the order they were starred."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from kalshi_desk.core.text import clean
from kalshi_desk.store.files import write_whole

_MAX_TICKER = 100


def load_watchlist(path: Path) -> tuple[str, ...]:
    """Return the starred tickers; a missing or unreadable file holds none."""
    try:
        lines = path.read_text("utf-8", errors="replace").splitlines()
    except OSError:
        return ()
    tickers = (clean(line, _MAX_TICKER) for line in lines)
    return tuple(dict.fromkeys(ticker for ticker in tickers if ticker))


def save_watchlist(path: Path, tickers: Iterable[str]) -> None:
    """Replace the watchlist; raises ``Stop`` when it can't be written."""
    write_whole(path, "".join(f"{ticker}\n" for ticker in tickers).encode())
