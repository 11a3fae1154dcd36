"""Cash as a ledger: anchored once to what the exchange states, then moved by fills.

A stated balance and the fills come on different roads, so a difference means something
only when it stays the same while nothing trades.
"""

from __future__ import annotations

from kalshi_desk.core.types import Money

SETTLE_NS = 3_000_000_000


class CashLedger:
    """Cash in micro-dollars; None until the exchange has stated it once."""

    __slots__ = ("_difference", "_since_ns", "cash", "changed_ns")

    def __init__(self) -> None:
        self.cash: Money | None = None
        self.changed_ns = 0
        self._difference = 0
        self._since_ns = 0

    def move(self, amount: Money, now_ns: int) -> None:
        """Add the cash effect of a fill or a settlement."""
        if self.cash is not None:
            self.cash = Money(self.cash + amount)
        self.changed_ns = now_ns
        self._difference = 0

    def state(self, reported: Money, now_ns: int) -> Money | None:
        """Compare with what the exchange states.

        Returns the difference when it has held still for three seconds and the ledger
        was moved to it (a deposit, a withdrawal, a rebate); None otherwise.
        """
        if self.cash is None:
            self.cash = reported
            return None
        difference = reported - self.cash
        if difference == 0 or difference != self._difference:
            self._difference, self._since_ns = difference, now_ns
            return None
        if now_ns - max(self._since_ns, self.changed_ns) < SETTLE_NS:
            return None
        self.cash = reported
        self._difference = 0
        return Money(difference)

    @property
    def is_doubtful(self) -> bool:
        """Whether the last statement differed and must be asked for again."""
        return self._difference != 0
