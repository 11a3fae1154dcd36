"""A backtest's report as lines to read: known figures first, then whatever else it holds.

The report is the JSON that the shell prints; money in it is a decimal string of dollars.
A key that is not known here is shown by its own name, so that nothing is kept back.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from kalshi_desk.core.types import Money
from kalshi_desk.desk.automation_frames import EquityPoint
from kalshi_desk.tui import format as f
from kalshi_desk.tui.facts_pane import Fact, heading, labelled, sentence
from kalshi_desk.tui.ink import Cell, plain
from kalshi_desk.tui.words import ratio, share

_RESULT = {
    "total_return": "total return",
    "initial_capital": "initial capital",
    "final_equity": "final equity",
    "max_drawdown": "largest drawdown",
    "max_drawdown_dollars": "largest drawdown, dollars",
    "sharpe_daily": "Sharpe, daily",
    "sharpe_annual": "Sharpe, annual",
    "probability_sharpe_above_0": "chance that Sharpe is above 0",
    "days": "days",
    "looks": "looks",
    "signals": "signals",
    "orders": "orders",
    "fills": "fills",
    "contracts": "contracts",
    "events": "events traded",
    "settled": "markets settled",
    "open_positions": "positions left open",
}
_NAMES = {
    "dollars_a_contract": "mean $ a contract",
    "es95_day": "days, average loss",
    "days_counted": "days counted",
    "es95_bet": "markets that are over, average loss",
    "bets_counted": "markets counted",
    "times_equity": "times equity",
    "times_equity_a_day": "times equity a day",
    "times_fees": "fees times",
    "stressed_fees": "fees",
    "stressed_net": "net",
    "stressed_return": "total return",
}
_SECTIONS = {
    "bridge": "From the middle to net",
    "bets": "Bets that are over",
    "by_strategy": "By strategy",
    "by_category": "By category",
    "by_role": "By maker and taker",
    "markouts": "Markouts after fees, by minutes",
    "shortfall": "The worst 5 %",
    "turnover": "Turnover",
    "fee_stress": "With fees half as high again",
    "reasons": "Why nothing was done, times",
}
_CURVES = ("equity", "equity_curve")
_SHARES = frozenset(
    {
        "total_return",
        "max_drawdown",
        "probability_sharpe_above_0",
        "win_rate",
        "break_even_win_rate",
        "stressed_return",
    }
)
_DOLLARS = frozenset(
    {
        "initial_capital",
        "final_equity",
        "max_drawdown_dollars",
        "at_middle",
        "spread",
        "gross",
        "fees",
        "closing",
        "net",
        "net_without_worst_3_events",
        "net_without_best_3_events",
        "es95_day",
        "es95_bet",
        "traded",
        "stressed_fees",
        "stressed_net",
    }
)
_UNSIGNED = frozenset(
    {
        "initial_capital",
        "final_equity",
        "max_drawdown_dollars",
        "es95_day",
        "es95_bet",
        "traded",
    }
)
_SIGNED = _DOLLARS - _UNSIGNED
_FINE = {"dollars_a_contract": 4}
"""Decimals of small numbers."""


def read_report(text: str) -> dict[str, Any]:
    """Return the report's object, empty when it is not one."""
    try:
        found = msgspec.json.decode(text) if text else {}
    except msgspec.DecodeError:
        return {}
    return found if isinstance(found, dict) else {}


def micro(value: object) -> Money | None:
    """Return micro-dollars of a decimal string, or None when it is not one; never by floats."""
    if not isinstance(value, str):
        return None
    sign, digits = (-1, value[1:]) if value[:1] == "-" else (1, value)
    whole, _, rest = digits.partition(".")
    if not whole.isdigit() or (rest and not rest.isdigit()):
        return None
    return Money(sign * (int(whole) * 1_000_000 + int(rest[:6].ljust(6, "0"))))


def curve_of(report: Mapping[str, Any]) -> list[EquityPoint]:
    """Return the equity curve of a report: pairs of nanoseconds and dollars."""
    pairs: list[Any] = next(
        (report[name] for name in _CURVES if isinstance(report.get(name), list)), []
    )
    points = []
    for pair in pairs:
        if isinstance(pair, list) and len(pair) == 2 and isinstance(pair[0], int):
            money = micro(pair[1])
            if money is not None:
                points.append(EquityPoint(pair[0], money))
    return points


def value_cell(key: str, value: object) -> Cell:
    """Return one value as a person reads it."""
    money = micro(value) if key in _DOLLARS else None
    if money is not None:
        text = f.signed_money(money) if key in _SIGNED else f.money(money)
        return Cell(text, f.direction(money) if key in _SIGNED else "ink")
    if value is None:
        return Cell(f.NONE, "faint")
    if isinstance(value, bool):
        return Cell("yes" if value else "no")
    if isinstance(value, float) and key in _SHARES:
        return Cell(share(value, 2))
    if isinstance(value, float):
        return Cell(ratio(value, _FINE.get(key, 2)))
    if isinstance(value, int):
        return Cell(f"{value:,}".replace("-", f.MINUS))
    if isinstance(value, list):
        return Cell(", ".join(value_cell(key, one).text for one in value))
    return Cell(plain(str(value)).replace("\n", " "))


def _named(key: str) -> str:
    return _RESULT.get(key) or _NAMES.get(key) or plain(key).replace("_", " ")


def _line(key: str, value: object, room: int) -> list[Fact]:
    cell = value_cell(key, value)
    label = _named(key)
    if len(label) + len(cell.text) + 2 > room:
        return [(Cell(label, "muted"),), *sentence(cell.text, room, indent="  ")]
    return [labelled(label, cell.text, cell.ink)]


def _group(name: str, row: Mapping[str, Any], room: int) -> list[Fact]:
    """Return one member of a group as its name and its numbers in a line below."""
    words = [f"{_named(key)} {value_cell(key, value).text}" for key, value in row.items()]
    return [(Cell(plain(name), "ink"),), *sentence(" · ".join(words), room, "muted", indent="  ")]


def _section(title: str, body: Mapping[str, Any], room: int) -> list[Fact]:
    facts: list[Fact] = [(), heading(title)]
    for key, value in body.items():
        is_group = isinstance(value, dict)
        facts += _group(key, value, room) if is_group else _line(key, value, room)
    return facts


def report_facts(report: Mapping[str, Any], room: int) -> list[Fact]:
    """Return the whole report: result, bridge, groups, and last what it assumed."""
    if not report:
        return []
    facts: list[Fact] = []
    if report.get("fault"):
        facts += [*sentence(f"✗ Switched off: {report['fault']}", room, "risk"), ()]
    facts.append(heading("Result"))
    for key in _RESULT:
        if key in report:
            facts += _line(key, report[key], room)
    for key, title in _SECTIONS.items():
        body = report.get(key)
        if isinstance(body, dict) and body:
            facts += _section(title, body, room)
    facts += [(), heading("Assumptions")]
    for key, value in report.items():
        if key in _RESULT or key in _SECTIONS or key in _CURVES or key == "fault":
            continue
        if isinstance(value, dict):
            facts += _section(_named(key).capitalize(), value, room)[1:] if value else []
        else:
            facts += _line(key, value, room)
    return facts
