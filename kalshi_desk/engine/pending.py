"""Commands that are under way: what each still waits for, and when it gives up.

The limits are real seconds, for they are those of a network: on a scaled clock they are so
many times as long.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from kalshi_desk.core.reasons import Reason
from kalshi_desk.desk.commands import LeaveOrders

ANSWER_LIMIT_NS = 15_000_000_000
FILL_LIMIT_NS = 1_500_000_000


class Goal(StrEnum):
    """What a command is after once the orders it waits for have come to rest."""

    PLACE = "place"
    CANCEL = "cancel"
    FLATTEN = "flatten"
    EXIT = "exit"
    PANIC = "panic"


@dataclass(slots=True)
class Pending:
    """One command: the client ids it waits for and those it will report on.

    ``tickers`` are the positions to close once the cancels are proven.  ``asked_ns`` is
    when a panic last asked for the account; a reading that is complete only up to a time
    before ``proven_after_ns``, the panic itself, proves nothing.  ``joined`` are the ids of
    later panics that get the same answer, while ``is_open`` to them.
    """

    command_id: str
    goal: Goal
    started_ns: int
    waits: set[str] = field(default_factory=set)
    orders: list[str] = field(default_factory=list)
    tickers: list[str] = field(default_factory=list)
    reasons: list[Reason] = field(default_factory=list)
    then_stop: LeaveOrders | None = None
    fill_deadline_ns: int = 0
    asked_ns: int = 0
    proven_after_ns: int = 0
    limit_ns: int = ANSWER_LIMIT_NS
    joined: list[str] = field(default_factory=list)
    is_open: bool = True

    def is_late(self, now_ns: int, speed: float) -> bool:
        """Whether the command must be answered with what is known."""
        return now_ns - self.started_ns > self.limit_ns * speed
