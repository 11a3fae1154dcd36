"""Which events are said on the screen as they happen, and how grave they look."""

from __future__ import annotations

from typing import Literal

from kalshi_desk.desk.commands import Answer, Command, Outcomes, PlaceOrder
from kalshi_desk.desk.frames import DeskEvent, EventKind, Level
from kalshi_desk.tui.settings import TuiSettings

MAX_TOASTS_A_FRAME = 4
Severity = Literal["information", "warning", "error"]
SEVERITY: dict[Level, Severity] = {
    Level.INFO: "information",
    Level.GOOD: "information",
    Level.WARNING: "warning",
    Level.ERROR: "error",
}
ECHO_S = 3.0
"""How long an answer and the event of the same refusal may be apart."""
_QUIET = frozenset({EventKind.SYSTEM, EventKind.ORDER, EventKind.NEWS, EventKind.GUEST})


def is_loud(event: DeskEvent, settings: TuiSettings) -> bool:
    """Return whether a note is shown; what is quiet stands among the events all the same."""
    if event.kind is EventKind.ALERT:
        return settings.alert_toast
    return event.kind not in _QUIET or event.level is not Level.INFO


def rings(events: list[DeskEvent], settings: TuiSettings) -> bool:
    """Return whether the terminal's bell is rung for these events."""
    return settings.bell and any(event.kind is EventKind.ALERT for event in events)


def note_of(command: Command, answer: Answer) -> tuple[str, str, Severity] | None:
    """Return title, text and severity of the note on how a command ended; None without one."""
    if answer.outcome is Outcomes.UNKNOWN:
        text = answer.text or "Look at orders before you repeat it."
        return "Outcome unknown", text, "error"
    if answer.outcome is Outcomes.REFUSED:
        if isinstance(command, PlaceOrder):  # the ticket says it
            return None
        why = " ".join(reason.text for reason in answer.reasons) or answer.text
        return "Refused", why, "warning"
    # A fill is announced by its own event.
    if not answer.text or any(order.filled for order in answer.orders):
        return None
    return answer.text, "", "information"


class Refusals:
    """Says a refusal once: the answer to a command and its event come by different ways."""

    def __init__(self) -> None:
        self._said: dict[str, float] = {}

    def is_new(self, text: str, now_s: float) -> bool:
        """Return whether a refusal is to be said, False for the echo of one that was."""
        self._said = {said: at for said, at in self._said.items() if now_s - at < ECHO_S}
        if self._said.pop(text, None) is not None:
            return False
        self._said[text] = now_s
        return True

    def is_echo(self, event: DeskEvent, now_s: float) -> bool:
        """Return whether an event is the echo of a refusal that was said as an answer."""
        return event.kind is EventKind.DENIED and not self.is_new(event.text, now_s)
