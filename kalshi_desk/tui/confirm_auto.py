"""The words of the confirmations about the machine: who would trade, where, and what it means."""

from __future__ import annotations

from collections.abc import Sequence

from kalshi_desk.core.strategy import Mode
from kalshi_desk.core.types import Money
from kalshi_desk.desk.automation_frames import StopRow, StrategyRow
from kalshi_desk.tui import format as f
from kalshi_desk.tui.dialogs import listed
from kalshi_desk.tui.words import STOP_WORDS

_MONEY = {
    "live": "with REAL MONEY",
    "demo": "on the exchange's test site, without real money",
    "paper": "on paper, without real money",
    "practice": "on the practice exchange, without real money",
}


def venue_words(venue: str) -> str:
    """Return where orders go: ``LIVE, with REAL MONEY``."""
    return f"{venue.upper()}, {_MONEY.get(venue.casefold(), 'where its orders go')}"


def strategy_text(row: StrategyRow) -> str:
    """Return a strategy in words: its name, title and P&L."""
    pnl = f", P&L {f.signed_money(row.pnl)}" if row.trades else ", no trades yet"
    return f"{row.name}  {row.title}{pnl}"


def _tally(trades: int, pnl: Money | None) -> str:
    return f"{trades} for {f.signed_money(pnl)}" if trades else "none"


def auto_facts(rows: Sequence[StrategyRow], venue: str) -> list[str]:
    """Return what switching AUTO on means: who would trade, and who would not."""
    trading = [row for row in rows if row.mode is Mode.TRADE and not row.fault]
    others = [row for row in rows if row not in trading]
    facts = [f"Strategies in mode trade may send orders to {venue_words(venue)}."]
    if trading:
        facts += ["", f"Would trade ({len(trading)}):", *listed([*map(strategy_text, trading)])]
    else:
        facts += ["", "No strategy is in mode trade: nothing would be sent until one is."]
    if others:
        words = [f"{row.name}  {'switched off: ' + row.fault if row.fault else row.mode.value}"
                 for row in others]  # fmt: skip
        facts += ["", f"Would not ({len(others)}):", *listed(words)]
    return [*facts, "", "A turns it off again at once and cancels their orders."]


def mode_facts(
    strategy: str, row: StrategyRow | None, venue: str, *, is_auto_on: bool
) -> list[str]:
    """Return what mode trade means for one strategy."""
    facts = [f"{strategy} may send orders to {venue_words(venue)}."]
    if row is not None:
        facts += ["", row.help or row.title]
        if row.proof:
            facts += ["", f"Its record: {row.proof}"]
        facts.append(
            f"Trades so far: {_tally(row.trades, row.pnl)}; "
            f"on paper: {_tally(row.paper_trades, row.paper_pnl)}."
        )
    now = "AUTO is on: it starts at once." if is_auto_on else "AUTO is off: it waits for A."
    now += " A signal that lacks a proof is only shown."
    return [*facts, "", now]


def drop_facts(stop_id: str, row: StopRow | None, name: str) -> list[str]:
    """Return what taking a stop away means."""
    if row is None:
        return [f"Stop {stop_id} is taken away."]
    level = f" at {f.cents(row.level)}" if row.level is not None else ""
    return [
        "This stop is taken away; the position is then not protected by it.",
        f"  {STOP_WORDS[row.kind]}{level}, {f.count(row.count)} contracts  {name}",
    ]
