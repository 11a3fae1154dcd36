"""Cash as ledgers, one per exchange shard: anchored to what the exchange states, moved by fills.

A stated balance and the fills come on different roads, so a difference means something
only when it stays the same while nothing trades.
"""

from __future__ import annotations

from kalshi_desk.core.records import Balance
from kalshi_desk.core.types import NO_MONEY, Money

SETTLE_NS = 3_000_000_000
_UNSPLIT = -1


class CashLedger:
    """Cash in micro-dollars; None until the exchange has stated it once."""

    __slots__ = ("_difference", "_since_ns", "cash", "changed_ns")

    def __init__(self, cash: Money | None = None) -> None:
        self.cash = cash
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


class Purse:
    """Cash on every exchange shard; an order can use only what lies on its market's shard.

    A balance that is stated without its split counts as one ledger for all shards.
    """

    __slots__ = ("_ledgers",)

    def __init__(self) -> None:
        self._ledgers: dict[int, CashLedger] = {}

    @property
    def cash(self) -> Money | None:
        """Cash on all shards in micro-dollars; None until the exchange has stated it once."""
        if not self._ledgers:
            return None
        return Money(sum(ledger.cash or 0 for ledger in self._ledgers.values()))

    @property
    def is_doubtful(self) -> bool:
        """Whether the last statement differed and must be asked for again."""
        return any(ledger.is_doubtful for ledger in self._ledgers.values())

    def on_shard(self, shard: int) -> Money | None:
        """Return the cash that orders on a shard can use; None until any was stated."""
        if not self._ledgers:
            return None
        ledger = self._ledgers.get(_UNSPLIT) or self._ledgers.get(shard)
        return NO_MONEY if ledger is None else ledger.cash

    def move(self, amount: Money, shard: int, now_ns: int) -> None:
        """Add the cash effect of a fill or a settlement on a shard."""
        if self._ledgers:
            self._ledger(_UNSPLIT if _UNSPLIT in self._ledgers else shard).move(amount, now_ns)

    def state(self, balance: Balance, now_ns: int) -> Money | None:
        """Compare with what the exchange states.

        Returns the sum of the differences that have held still, when there were any and
        their ledgers were moved to them; it is 0 for money that went from shard to shard.
        """
        stated = balance.by_shard or {_UNSPLIT: balance.cash}
        if not self._ledgers or (_UNSPLIT in stated) != (_UNSPLIT in self._ledgers):
            known = self.cash
            self._ledgers = {shard: CashLedger(cash) for shard, cash in stated.items()}
            difference = 0 if known is None else sum(stated.values()) - known
            return Money(difference) if difference else None
        found = [
            self._ledger(shard).state(stated.get(shard, NO_MONEY), now_ns)
            for shard in sorted(stated.keys() | self._ledgers.keys())
        ]
        moved = [difference for difference in found if difference is not None]
        return Money(sum(moved)) if moved else None

    def _ledger(self, shard: int) -> CashLedger:
        return self._ledgers.setdefault(shard, CashLedger(NO_MONEY))
