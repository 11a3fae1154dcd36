"""How a command ends: its exit code and the one or two lines that say why."""

from __future__ import annotations

import json
import sys
import traceback
from pathlib import Path

from kalshi_desk.core.errors import DeskError, Refuse, Retry, Unknown

DONE = 0
REFUSED = 1
USAGE = 2
UNREACHABLE = 3
UNKNOWN = 4

_NAMES = {REFUSED: "refused", USAGE: "usage", UNREACHABLE: "unreachable", UNKNOWN: "unknown"}

_NO_ORDER: dict[str, object] = {
    "order_id": None,
    "client_order_id": None,
    "filled": "0.00",
    "remaining": "0.00",
    "orders": [],
}
"""The fields of an answer to a command that never became an order."""


def exit_code(error: DeskError) -> int:
    """Return the exit code that an error stands for."""
    if isinstance(error, Unknown):
        return UNKNOWN
    if isinstance(error, Retry):
        return UNREACHABLE
    if isinstance(error, Refuse) and error.code == "usage":
        return USAGE
    return REFUSED


def report(error: DeskError, *, as_json: bool, was_write: bool = False) -> int:
    """Say what happened on stderr, in JSON on stdout too, and return the exit code."""
    code = exit_code(error)
    print(f"kalshi-desk: {error.what}", file=sys.stderr)
    rest = " ".join(part for part in (error.money, error.todo) if part)
    if rest:
        print(rest, file=sys.stderr)
    if as_json:
        body = _body(error, _NAMES[code]) | (_NO_ORDER if was_write else {})
        print(json.dumps(body), flush=True)
    return code


def _body(error: DeskError, name: str) -> dict[str, object]:
    """Return what every failed command says in JSON."""
    reason = {"code": error.code, "text": str(error), "seen": "", "needed": ""}
    return {"outcome": name, "text": str(error), "reasons": [reason]}


def report_fault(
    log: Path | None, *, as_json: bool, was_write: bool, is_screen: bool = False
) -> int:
    """Say that our own code failed, keep the traceback in a log, and return the exit code."""
    details = traceback.format_exc()
    kept = "the traceback could not be kept"
    if log is not None:
        try:
            log.parent.mkdir(parents=True, exist_ok=True)
            with log.open("a", encoding="utf-8") as stream:
                stream.write(details)
            kept = f"the traceback is in {log}"
        except OSError:
            pass
    what = f"This program failed through a fault of its own; {kept}."
    money = "No order was sent."
    if was_write:
        money = "Look at orders and positions before you repeat the command."
    elif is_screen:
        money = "The engine and its orders go on without the screen: run kalshi-desk again."
    error = (Unknown if was_write else DeskError)(what, code="fault", money=money)
    return report(error, as_json=as_json, was_write=was_write)
