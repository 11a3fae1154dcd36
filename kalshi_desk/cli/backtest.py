"""``kalshi-desk backtest``: run a strategy over recordings and print the report."""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import sys
from pathlib import Path
from typing import Any

from kalshi_desk.backtest.backtester import Backtester
from kalshi_desk.cli import outcome
from kalshi_desk.cli.printing import shown
from kalshi_desk.cli.recordings import find
from kalshi_desk.core.errors import Refuse
from kalshi_desk.core.text import clean
from kalshi_desk.store.paths import Home

NICENESS = 10
_TELL_EACH = 0.01
_HIDDEN = frozenset({"equity", "parameters", "reasons"})


def run(home: Home, options: argparse.Namespace) -> int:
    """Run one backtest and return the exit code; with ``--progress`` politely, beside an engine."""
    progress = Told() if options.progress else None
    if progress is not None:
        with contextlib.suppress(OSError):
            os.nice(NICENESS)
    recording: Path | None = find(home, options.recording) if options.recording else None
    result = Backtester(
        start_date=options.start,
        end_date=options.end,
        initial_capital=options.capital,
        recording=recording,
        fill_model=options.fill_model,
        home=home,
        parameters=dict(_pair(text) for text in options.sets),
        trade_unproven=options.unproven,
        on_progress=progress,
    ).run_strategy(options.strategy)
    if options.json:
        sys.stdout.write(result.to_json().decode() + "\n")
        sys.stdout.flush()
    else:
        _print(result.report)
    if result.fault:
        print(f"kalshi-desk: the strategy failed: {clean(result.fault)}", file=sys.stderr)
        return outcome.REFUSED
    return outcome.DONE


class Told:
    """Says on standard error how far the run is, once for each per cent."""

    def __init__(self) -> None:
        self._last = -1.0

    def __call__(self, fraction: float, events: int) -> None:
        """Take the fraction done and the events so far."""
        if fraction - self._last >= _TELL_EACH:
            self._last = fraction
            line = json.dumps({"progress": round(fraction, 4), "events": events})
            print(line, file=sys.stderr, flush=True)


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name.strip():
        raise Refuse(f"--set {text!r} is no NAME=VALUE.", code="usage")
    return name.strip(), value.strip()


def _print(report: dict[str, Any]) -> None:
    for name, value in report.items():
        if name not in _HIDDEN:
            _print_one(name, value, "")


def _print_one(name: str, value: object, indent: str) -> None:
    if isinstance(value, dict):
        print(f"{indent}{clean(name)}:")
        for inner, found in value.items():
            _print_one(inner, found, f"{indent}  ")
    else:
        print(f"{indent}{clean(name)}: {_shown(value)}")


def _shown(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, list):
        return ", ".join(_shown(one) for one in value) or "-"
    return shown(value)
