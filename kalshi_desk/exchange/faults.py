"""Misbehaviour on request: what the administrator lets go wrong in the next calls and frames."""

from __future__ import annotations

import asyncio
from collections import Counter

from kalshi_desk.exchange.refusals import Refusal, refused, too_many_requests

STREAM_FAULTS = frozenset({"cut", "gap", "overflow", "broken"})
"""What happens to every socket at once: closed without a word, a hole in each sequence, error
25, error 10."""
FRAME_FAULTS = frozenset({"drop", "duplicate", "reorder"})
"""What happens to each socket's next frames."""
CALL_FAULTS = frozenset({"refuse", "lose", "delay", "latency", "limit"})
SLOW = "slow"
SKEW = "skew"
KINDS = STREAM_FAULTS | FRAME_FAULTS | CALL_FAULTS | {SLOW, SKEW}


class Faults:
    """How many calls are still to go wrong, and how.

    ``refuse`` answers a write with 503 and does nothing, ``lose`` acts and then answers 503,
    ``delay`` acts and answers ``seconds`` later, ``latency`` holds any call back before it is
    looked at, ``limit`` answers any call with 429.
    """

    def __init__(self) -> None:
        self._left: Counter[str] = Counter()
        self._seconds: dict[str, float] = {}
        self.slow_s = 0.0
        """How long each frame to a socket takes."""
        self.skew_s = 0.0
        """How far the clock that signatures are held against is ahead."""

    def order(self, kind: str, count: int, seconds: float) -> None:
        """Let the next ``count`` calls go wrong; ``slow`` and ``skew`` last until reset to 0."""
        if kind == SLOW:
            self.slow_s = seconds
        elif kind == SKEW:
            self.skew_s = seconds
        elif kind in CALL_FAULTS:
            self._left[kind] = count
            self._seconds[kind] = seconds
        else:
            raise ValueError(f"kind must be one of {sorted(KINDS)}")

    def limit(self) -> None:
        """Answer with 429 when that is ordered."""
        if self._take("limit"):
            raise too_many_requests()

    async def before_call(self) -> None:
        """Hold a call back."""
        if self._take("latency"):
            await asyncio.sleep(self._seconds["latency"])

    def before(self) -> None:
        """Refuse a write before it acts, when one is to be refused."""
        if self._take("refuse"):
            raise unavailable()

    async def after(self) -> None:
        """Lose or hold back the answer of a write that has acted."""
        if self._take("delay"):
            await asyncio.sleep(self._seconds["delay"])
        if self._take("lose"):
            raise unavailable()

    def _take(self, kind: str) -> bool:
        if self._left[kind] <= 0:
            return False
        self._left[kind] -= 1
        return True


def unavailable(details: str = "") -> Refusal:
    """Return the answer that leaves open whether the order was accepted."""
    return refused(503, "service_unavailable", details=details)
