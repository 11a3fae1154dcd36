"""Findings of the drift canary inside the core: kept, said once, and heeded by the gate."""

from __future__ import annotations

from kalshi_desk.core.drift import DriftFinding
from kalshi_desk.core.events import DriftReported
from kalshi_desk.desk.frames import EventKind, Level
from kalshi_desk.engine.outbox import Outbox
from kalshi_desk.engine.state import CoreState

NAMED = 8


class DriftWatch:
    """Books what a look at the exchange's answers brought."""

    def __init__(self, state: CoreState, outbox: Outbox) -> None:
        self._state = state
        self._outbox = outbox

    def take(self, event: DriftReported) -> None:
        """Say what is new; what touches money leaves only reductions."""
        drift = self._state.drift
        was_reducing = bool(drift.reducing_why)
        new = drift.take(event.findings)
        grave = [finding for finding in new if finding.touches_money]
        for finding in grave:
            title = "The exchange does not answer as expected"
            self._say(EventKind.RISK, Level.ERROR, title, _sentence(finding))
        if drift.reducing_why and not was_reducing:
            text = "Only orders that reduce a position pass until you have looked and resume."
            self._say(EventKind.RISK, Level.ERROR, "REDUCING", text)
        if len(new) > len(grave):
            self._say_harmless([finding for finding in new if not finding.touches_money])
        self._note_problem(event)

    def _say_harmless(self, findings: list[DriftFinding]) -> None:
        named = "; ".join(finding.text for finding in findings[:NAMED])
        more = f"; and {len(findings) - NAMED} more" if len(findings) > NAMED else ""
        text = f"{named}{more}. None of it touches money."
        self._say(EventKind.SYSTEM, Level.INFO, "The exchange says new things", text)

    def _note_problem(self, event: DriftReported) -> None:
        """Say once that the answers could not be looked at, until they could be."""
        drift = self._state.drift
        if event.problem and not drift.problem:
            self._say(
                EventKind.SYSTEM,
                Level.WARNING,
                "The exchange's answers could not all be checked",
                f"{event.problem} It is tried again.",
            )
        if event.problem or event.is_whole:
            drift.problem = event.problem
        if event.is_whole:
            drift.checked_ns = self._state.now_ns

    def _say(self, kind: EventKind, level: Level, title: str, text: str) -> None:
        self._outbox.say(self._state.now_ns, kind, level, title, text)


def _sentence(finding: DriftFinding) -> str:
    return f"{finding.text[:1].upper()}{finding.text[1:]}."
