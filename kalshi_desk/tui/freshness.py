"""Says in words how fresh the panes are and what is wrong, from the status alone."""

from __future__ import annotations

import textwrap

from kalshi_desk.core.events import LinkState
from kalshi_desk.core.types import MarketStatus
from kalshi_desk.desk.frames import BookView, RiskState, StatusView
from kalshi_desk.tui import format as f


def link_late(status: StatusView | None, *, is_connected: bool) -> str:
    """Return why everything is old: the engine does not answer any more."""
    return "engine not reachable" if status is not None and not is_connected else ""


def venue_late(status: StatusView | None) -> str:
    """Return why what comes from the venue is old; a replay has no venue to lose."""
    if status is None or status.link is LinkState.LIVE or status.replay is not None:
        return ""
    return status.waiting_for or status.link.value


def book_late(book: BookView | None) -> str:
    """Return why the ladder is old."""
    if book is None or book.is_fresh or book.status is not MarketStatus.ACTIVE:
        return ""
    return book.stale_reason or f"{f.age(book.age_ms)} old"


def banner_text(status: StatusView | None, *, is_connected: bool, next_step: str = "") -> str:
    """Return what must be read before anything else; empty when all is well.

    ``next_step`` says what becomes of an engine that does not answer.
    """
    if status is None:
        return ""
    if not is_connected:
        then = next_step or "Trying"
        then += "" if then.endswith((".", "!", "?")) else "."
        return f"Engine not reachable: orders live on. {then} Numbers are old."
    if status.risk is RiskState.HALTED:
        why = f" ({status.risk_reason})" if status.risk_reason else ""
        return f"HALTED{why}: only orders that close positions pass. R resumes."
    if status.risk is RiskState.REDUCING:
        return f"REDUCING, only orders that close positions pass (R resumes): {status.risk_reason}"
    return status.notice


def empty_table(waiting: str, width: int, *, is_filtered: bool) -> tuple[str, ...]:
    """Return why the market table is empty and what to do, in lines that fit it."""
    if is_filtered:
        return ("No market fits.", "Esc ends the search, f changes the filter.")
    if not waiting:
        return ("No markets yet.",)
    # Whole, also when it is long: it may be the only word on why nothing starts.
    return (*textwrap.wrap(waiting, max(width - 4, 20)), "Ctrl+Q quits.")
