"""Misbehaviour on request: what the administrator lets go wrong in the next order writes."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from kalshi_desk.exchange.refusals import Refusal, refused

STREAM_FAULTS = frozenset({"cut", "gap", "overflow"})
WRITE_FAULTS = frozenset({"refuse", "lose", "delay"})


@dataclass(slots=True)
class Faults:
    """How many order writes are still to go wrong, and how.

    ``refuse`` answers 503 without acting, ``lose`` acts and then answers 503, ``delay``
    acts and answers ``delay_s`` later.
    """

    refuse: int = 0
    lose: int = 0
    delay: int = 0
    delay_s: float = 0.0

    def order(self, kind: str, count: int, seconds: float) -> None:
        """Let the next ``count`` writes go wrong; raises ``ValueError`` for another kind."""
        if kind not in WRITE_FAULTS:
            raise ValueError(f"kind must be one of {sorted(WRITE_FAULTS | STREAM_FAULTS)}")
        setattr(self, kind, count)
        self.delay_s = seconds

    def before(self) -> None:
        """Refuse a write before it acts, when one is to be refused."""
        if self.refuse > 0:
            self.refuse -= 1
            raise unavailable()

    async def after(self) -> None:
        """Lose or hold back the answer of a write that has acted."""
        if self.delay > 0:
            self.delay -= 1
            await asyncio.sleep(self.delay_s)
        if self.lose > 0:
            self.lose -= 1
            raise unavailable()


def unavailable(details: str = "") -> Refusal:
    """Return the answer that leaves open whether the order was accepted."""
    return refused(503, "service_unavailable", details=details)
