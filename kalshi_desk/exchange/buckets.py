"""Token buckets: how much one account may ask for, and what each operation costs."""

from __future__ import annotations

from kalshi_desk.exchange.refusals import too_many_requests
from kalshi_desk.exchange.rules import Rules
from kalshi_desk.exchange.shards import SHARDS

DEFAULT_COST = 10
CANCEL_COST = 2
ORDER_READ_COST = 2
ENDPOINT_COSTS: tuple[tuple[str, str, int], ...] = (
    ("DELETE", "/trade-api/v2/portfolio/events/orders", CANCEL_COST),
    ("DELETE", "/trade-api/v2/portfolio/events/orders/:order_id", CANCEL_COST),
    ("DELETE", "/trade-api/v2/portfolio/events/orders/batched", CANCEL_COST),
    ("GET", "/trade-api/v2/portfolio/orders/:order_id", ORDER_READ_COST),
)


class Bucket:
    """Tokens that refill continuously up to a capacity."""

    def __init__(self, refill: float, capacity: float, now_s: float) -> None:
        self.refill = refill
        self.capacity = capacity
        self._tokens = capacity
        self._at_s = now_s

    def take(self, cost: float, now_s: float) -> bool:
        """Take tokens if there are enough; return whether there were."""
        elapsed = max(now_s - self._at_s, 0.0)
        self._tokens = min(self.capacity, self._tokens + elapsed * self.refill)
        self._at_s = now_s
        if cost > self._tokens:
            return False
        self._tokens -= cost
        return True


class Unsigned:
    """The one bucket of all calls without a key."""

    def __init__(self, rules: Rules, now_s: float) -> None:
        capacity = rules.unsigned_refill * rules.bucket_seconds
        self._bucket = Bucket(rules.unsigned_refill, capacity, now_s)

    def spend(self, cost: int, now_s: float) -> None:
        """Take tokens; raises the 429 when there are too few."""
        if not self._bucket.take(cost, now_s):
            raise too_many_requests()


class Budget:
    """The read, write and balance buckets of one account.

    Single order writes that name a shard above 0 draw on a write bucket of that shard.
    """

    def __init__(self, rules: Rules, now_s: float) -> None:
        seconds = rules.bucket_seconds
        self._shard_writes = {
            shard: Bucket(rules.write_refill, rules.write_refill * seconds, now_s)
            for shard, _ in SHARDS
            if shard
        }
        self.read = Bucket(rules.read_refill, rules.read_refill * seconds, now_s)
        self.write = Bucket(rules.write_refill, rules.write_refill * seconds, now_s)
        self.balance = Bucket(rules.balance_refill, rules.balance_capacity, now_s)

    def spend(self, kind: str, cost: int, now_s: float) -> None:
        """Take tokens from a bucket; raises the 429 when it is empty."""
        bucket = {"read": self.read, "write": self.write, "balance": self.balance}[kind]
        if not bucket.take(cost, now_s):
            raise too_many_requests()

    def spend_on_shard(self, shard: int, cost: int, now_s: float) -> None:
        """Take write tokens of a shard, of the common bucket for 0 and unknown ones."""
        bucket = self._shard_writes.get(shard, self.write)
        if not bucket.take(cost, now_s):
            raise too_many_requests()
