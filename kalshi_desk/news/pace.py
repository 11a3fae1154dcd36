"""When a feed may be asked again: its own pace, back-off, and what its host asks for.

Pure arithmetic over seconds of a monotonic clock.  Back-off doubles without chance, so that
what happens can be foretold and tested.
"""

from __future__ import annotations

from dataclasses import dataclass, field

LONGEST_BACKOFF_S = 3_600.0
HOST_PAUSE_S = 1.0
"""Between two questions to one host."""
_MOST_DOUBLINGS = 12


@dataclass(slots=True)
class Pace:
    """One feed's pace; ``due_s`` is when it may be asked next, at once at first."""

    every_s: float
    due_s: float = 0.0
    failures: int = 0

    def answered(self, now_s: float) -> None:
        """Go on at the feed's own pace."""
        self.failures = 0
        self.due_s = now_s + self.every_s

    def failed(self, now_s: float, wait_s: float = 0.0) -> None:
        """Wait twice as long as last time, and at least as long as the host asked for."""
        self.failures += 1
        doubled = self.every_s * 2 ** min(self.failures, _MOST_DOUBLINGS)
        backoff = min(doubled, max(LONGEST_BACKOFF_S, self.every_s))
        self.due_s = now_s + max(backoff, wait_s)

    def set_every(self, every_s: float, now_s: float) -> None:
        """Take another pace; one that is faster counts from now."""
        self.every_s = every_s
        if not self.failures:
            self.due_s = min(self.due_s, now_s + every_s)


@dataclass(slots=True)
class Hosts:
    """Who was asked when: one question at a time and a pause after it, for every host."""

    pause_s: float = HOST_PAUSE_S
    _free_s: dict[str, float] = field(default_factory=dict)
    _busy: set[str] = field(default_factory=set)

    def may_ask(self, host: str, now_s: float) -> bool:
        """Whether a question may go to this host now."""
        return host not in self._busy and now_s >= self._free_s.get(host, 0.0)

    def ask(self, host: str) -> None:
        """Note a question that is on its way."""
        self._busy.add(host)

    def done(self, host: str, now_s: float, wait_s: float = 0.0) -> None:
        """Note that it is answered; with ``wait_s`` the host wants to be left alone."""
        self._busy.discard(host)
        self._free_s[host] = now_s + max(self.pause_s, wait_s)
