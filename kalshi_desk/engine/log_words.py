"""Writes down in the log what every face is told."""

from __future__ import annotations

import logging

from kalshi_desk.desk.frames import DeskEvent, Level

_LEVELS = {
    Level.INFO: logging.INFO,
    Level.GOOD: logging.INFO,
    Level.WARNING: logging.WARNING,
    Level.ERROR: logging.ERROR,
}
_log = logging.getLogger("desk")


def log_event(event: DeskEvent) -> None:
    """Write down what every face is told."""
    text = f"{event.title}: {event.text}" if event.text else event.title
    fields = {"kind": event.kind.value, "ticker": event.ticker, "seq": event.seq}
    _log.log(_LEVELS[event.level], "%s", text, extra={"fields": fields})
