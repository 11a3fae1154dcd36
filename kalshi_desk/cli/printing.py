"""Facts on standard output: JSON, a table, or one fact a line."""

from __future__ import annotations

import json
from collections.abc import Sequence
from enum import Enum

from kalshi_desk.cli.flat import Facts, Flat
from kalshi_desk.core.text import clean

_WIDEST = 44
_GAP = "  "
_NUMBERS = frozenset("0123456789.-+")


class Form(Enum):
    """How facts are printed."""

    TABLE = "table"
    JSON = "json"
    PLAIN = "plain"


COLUMNS: dict[str, tuple[str, ...]] = {
    "markets": (
        "ticker", "title", "status", "yes_bid_size", "yes_bid", "yes_ask", "yes_ask_size",
        "last_price", "volume", "close_time",
    ),
    "positions": (
        "ticker", "title", "position", "average_price", "market_price", "unrealized_pnl",
        "realized_pnl", "fees",
    ),
    "orders": (
        "order_id", "ticker", "action", "outcome", "price", "count", "filled", "remaining",
        "state", "created_time",
    ),
    "fills": (
        "executed_time", "ticker", "action", "outcome", "count", "price", "fee", "order_id",
    ),
    "strategies": (
        "name", "mode", "running", "scanned", "signals", "open_orders", "trades", "pnl",
        "paper_trades", "paper_pnl", "fault",
    ),
    "why": ("candidate", "code", "seen", "needed", "times", "text"),
    "stops": (
        "stop_id", "ticker", "kind", "amount", "state", "count", "filled", "level", "now_price",
        "until", "expected_cost", "worst_exit",
    ),
    "pnl": (
        "scope", "name", "trades", "contracts", "gross", "fees", "predicted_fees", "unrealized",
        "net",
    ),
    "alerts": ("alert", "rule", "state", "seen", "raised_time", "times", "problem"),
    "risk": ("name", "title", "used", "allowed", "unit", "value", "is_breached"),
    "pairs": (
        "first", "second", "hours", "beta", "p_value", "is_found", "half_life_h", "z", "why_not",
    ),
    "correlations": (
        "first", "second", "hours", "estimate", "shrunk", "low", "high", "p_value", "is_found",
    ),
    "feeds": ("name", "tier", "state", "items", "lag_s", "latency_ms", "failures", "text"),
    "news": ("first_seen", "feed", "title", "sentiment", "confidence", "scored_by", "matches"),
    "matches": ("ticker", "title", "relevance", "yes", "ambiguous", "why"),
    "exposure": ("scope", "name", "title", "worst_case", "allowed", "value", "positions"),
}  # fmt: skip
"""What the tables show; JSON and plain show everything."""

_SENTENCES = frozenset({"text", "problem", "why_not", "fault"})
"""Columns that stand last and keep all their words."""

_EMPTY = {
    "why": "No reasons: it has not looked yet, or is in mode off.",
    "pairs": "No pairs were tested yet: it takes two related markets with three days of hours.",
    "correlations": "Nothing to compare yet: it takes a day of hours of two markets.",
    "alerts": "No alerts. Set one with: kalshi-desk alert TICKER above 60",
}


def print_object(facts: Facts, form: Form) -> None:
    """Print one object; of a list in it, a line for the text of each."""
    if form is Form.JSON:
        print(json.dumps(facts), flush=True)
        return
    width = 0 if form is Form.PLAIN else max((len(name) for name in facts), default=0) + 1
    for name, value in facts.items():
        for one in [row["text"] for row in value] if isinstance(value, list) else [value]:
            print(f"{name}:".ljust(width), shown(one))


def print_list(name: str, rows: Sequence[Flat], form: Form) -> None:
    """Print a list of objects; the table has the columns of :data:`COLUMNS`."""
    if form is Form.JSON:
        print(json.dumps(list(rows)), flush=True)
    elif not rows:
        print(_EMPTY.get(name, f"No {name}."))
    elif form is Form.PLAIN:
        print("\n\n".join(_plain(row) for row in rows))
    else:
        print("\n".join(_table(rows, COLUMNS[name])))


def shown(value: object) -> str:
    """Return a value for a person: a dash for what is not known."""
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return clean(value) or "-"


def _plain(row: Flat) -> str:
    return "\n".join(f"{name}: {shown(value)}" for name, value in row.items())


def _table(rows: Sequence[Flat], columns: Sequence[str]) -> list[str]:
    cells = [[_cell(name, row[name]) for name in columns] for row in rows]
    heads = [name.replace("_", " ") for name in columns]
    widths = [max(map(len, (head, *column))) for head, *column in zip(heads, *cells, strict=True)]
    right = [all(_is_number(line[place]) for line in cells) for place in range(len(columns))]
    return [
        _GAP.join(
            cell.rjust(width) if flush else cell.ljust(width)
            for cell, width, flush in zip(line, widths, right, strict=True)
        ).rstrip()
        for line in (heads, *cells)
    ]


def _cell(name: str, value: object) -> str:
    return shown(value) if name in _SENTENCES else _cut(shown(value))


def _cut(text: str) -> str:
    return text if len(text) <= _WIDEST else f"{text[: _WIDEST - 1]}…"


def _is_number(text: str) -> bool:
    return set(text) <= _NUMBERS
