"""Keeps what differed at the exchange, and whether a person has looked at it."""

from __future__ import annotations

from collections.abc import Iterable

from kalshi_desk.core.drift import DriftFinding

MOST_FINDINGS = 200


class DriftLog:
    """Findings since the engine's start, each once, in the order in which they came.

    One that touches money lets only reductions pass until a person has acknowledged it;
    that the exchange answers well again later proves nothing about what came between.
    """

    __slots__ = ("_acknowledged", "_found", "checked_ns", "problem", "reducing_why")

    def __init__(self) -> None:
        self.checked_ns = 0
        self.problem = ""
        self.reducing_why = ""
        self._found: dict[str, DriftFinding] = {}
        self._acknowledged: set[str] = set()

    @property
    def findings(self) -> tuple[DriftFinding, ...]:
        """Everything found so far."""
        return tuple(self._found.values())

    def take(self, findings: Iterable[DriftFinding]) -> list[DriftFinding]:
        """Add findings and return the new ones; money is never left out for want of room."""
        new = []
        for finding in findings:
            has_room = finding.touches_money or len(self._found) < MOST_FINDINGS
            if finding.key not in self._found and has_room:
                self._found[finding.key] = finding
                new.append(finding)
        if new:
            self._judge()
        return new

    def acknowledge(self) -> None:
        """A person has looked: the same findings hold nothing back any more."""
        self._acknowledged.update(self._found)
        self._judge()

    def _judge(self) -> None:
        grave = [
            finding
            for key, finding in self._found.items()
            if finding.touches_money and key not in self._acknowledged
        ]
        more = f" and {len(grave) - 1} more" if len(grave) > 1 else ""
        self.reducing_why = f"{grave[0].text}{more}" if grave else ""
