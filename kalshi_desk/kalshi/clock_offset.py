"""How far this computer's clock is from the exchange's, from the HTTP ``Date`` header."""

from __future__ import annotations

from email.utils import parsedate_to_datetime

_SECOND_NS = 1_000_000_000


class ClockOffset:
    """The nanoseconds to add to the local clock to get the exchange's time.

    A ``Date`` has whole seconds, so each answer only bounds the offset; the bounds of
    all answers since the last reset are intersected.  While they allow zero the offset
    is zero: a good clock is left alone.
    """

    def __init__(self) -> None:
        self._low_ns: int | None = None
        self._high_ns: int | None = None

    def reset(self) -> None:
        """Forget everything: the clock may have been set."""
        self._low_ns = None
        self._high_ns = None

    def observe(self, date: str | None, sent_ns: int, received_ns: int) -> None:
        """Take the ``Date`` of one answer and the local times around it."""
        if not date:
            return
        try:
            server_ns = int(parsedate_to_datetime(date).timestamp()) * _SECOND_NS
        except (ValueError, TypeError):
            return
        low = server_ns - received_ns
        high = server_ns + _SECOND_NS - sent_ns
        if self._low_ns is not None and self._high_ns is not None:
            meets = low <= self._high_ns and high >= self._low_ns
            low = max(low, self._low_ns) if meets else low
            high = min(high, self._high_ns) if meets else high
        self._low_ns, self._high_ns = low, high

    @property
    def ns(self) -> int:
        """The offset in nanoseconds; 0 while nothing speaks against the local clock."""
        if self._low_ns is None or self._high_ns is None:
            return 0
        if self._low_ns <= 0 <= self._high_ns:
            return 0
        return (self._low_ns + self._high_ns) // 2
