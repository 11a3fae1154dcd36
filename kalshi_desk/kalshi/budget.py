"""Token budgets of the exchange: pacing before sending, with a reserve so that cancels fit."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from kalshi_desk.core.ports import Sleep

DEFAULT_COST = 10.0
_BASIC_READ = 200.0
_BASIC_WRITE = 100.0
_CANCEL_COST = 2.0
_RESERVED_CANCELS = 10
_RESERVE_SHARE = 5
_BUILT_IN_COSTS = (
    ("DELETE", "/portfolio/events/orders", _CANCEL_COST),
    ("DELETE", "/portfolio/events/orders/:order_id", _CANCEL_COST),
    ("DELETE", "/portfolio/events/orders/batched", _CANCEL_COST),
    ("GET", "/portfolio/orders/:order_id", 2.0),
)
_DUST = 1e-9
_SHORTEST_S = 0.001
_BALANCE = "/portfolio/balance"


@dataclass(slots=True)
class TokenBucket:
    """A bucket that fills continuously; times in seconds of any steady clock."""

    capacity: float
    refill_rate: float
    tokens: float
    at_s: float

    def refill(self, now_s: float) -> None:
        """Add what flowed in since the last look."""
        grown = self.tokens + (now_s - self.at_s) * self.refill_rate
        self.tokens = min(self.capacity, grown)
        self.at_s = now_s

    def wait_s(self, cost: float, now_s: float, reserve: float = 0.0) -> float:
        """Return how long until ``cost`` can be paid while ``reserve`` stays inside."""
        self.refill(now_s)
        missing = min(cost + reserve, self.capacity) - self.tokens
        return max(missing / self.refill_rate, _SHORTEST_S) if missing > _DUST else 0.0

    def take(self, cost: float) -> None:
        """Pay; the bucket may owe for a moment when the exchange counted otherwise."""
        self.tokens -= cost

    def empty(self, now_s: float) -> None:
        """Believe the exchange that nothing is left."""
        self.at_s = now_s
        self.tokens = min(self.tokens, 0.0)


class Budget:
    """Read, write and balance budgets of one account, shared by all its requests.

    A write that adds risk leaves the tokens of several cancels in the bucket, so a
    cancel never waits behind creates.
    """

    def __init__(
        self, *, sleep: Sleep = asyncio.sleep, steady: Callable[[], float] = time.monotonic
    ) -> None:
        self._sleep = sleep
        self._steady = steady
        now_s = steady()
        self.read = TokenBucket(_BASIC_READ, _BASIC_READ, _BASIC_READ, now_s)
        self.write = TokenBucket(_BASIC_WRITE, _BASIC_WRITE, _BASIC_WRITE, now_s)
        self._balance = TokenBucket(1.0, 1.0, 1.0, now_s)
        self._default_cost = DEFAULT_COST
        self._costs = {(method, _segments(path)): cost for method, path, cost in _BUILT_IN_COSTS}
        self._reserve = self._sized_reserve()

    def set_limits(
        self, read_rate: float, read_capacity: float, write_rate: float, write_capacity: float
    ) -> None:
        """Take the account's own limits; they may be smaller than those assumed."""
        for bucket, rate, capacity in (
            (self.read, read_rate, read_capacity),
            (self.write, write_rate, write_capacity),
        ):
            if rate > 0 and capacity > 0:
                used = max(bucket.capacity - bucket.tokens, 0.0)
                bucket.refill_rate = rate
                bucket.capacity = capacity
                bucket.tokens = max(capacity - used, 0.0)
        self._reserve = self._sized_reserve()

    def set_costs(self, default: float, costs: Iterable[tuple[str, str, float]]) -> None:
        """Take the price list of the exchange: method, path with placeholders, tokens."""
        self._default_cost = default
        for method, path, cost in costs:
            self._costs[(method.upper(), _segments(path))] = cost

    def cost(self, method: str, path: str) -> float:
        """Return the tokens for a path below the API root."""
        wanted = _segments(path)
        for (known_method, known), cost in self._costs.items():
            if known_method == method and _matches(known, wanted):
                return cost
        return self._default_cost

    def most_items(self, method: str, path: str) -> int:
        """Return how many orders one batch may hold: all of it must fit into the bucket."""
        bucket, cost, _ = self._terms(method, path)
        return max(int(bucket.capacity // cost), 1)

    async def pace(self, method: str, path: str, items: int = 1) -> None:
        """Wait until the request fits, and pay for each of its items."""
        bucket, cost, reserve = self._terms(method, path)
        cost *= items
        while (wait_s := bucket.wait_s(cost, self._steady(), reserve)) > 0:
            await self._sleep(wait_s)
        bucket.take(cost)

    def punish(self, method: str, path: str) -> None:
        """A request was answered with 429: the bucket is emptier than thought."""
        self._terms(method, path)[0].empty(self._steady())

    def left(self) -> tuple[int, int, int, int]:
        """Return read tokens and capacity, write tokens and capacity."""
        now_s = self._steady()
        self.read.refill(now_s)
        self.write.refill(now_s)
        return (
            int(max(self.read.tokens, 0)),
            int(self.read.capacity),
            int(max(self.write.tokens, 0)),
            int(self.write.capacity),
        )

    def _terms(self, method: str, path: str) -> tuple[TokenBucket, float, float]:
        if method == "GET":
            if path == _BALANCE:
                return self._balance, 1.0, 0.0
            return self.read, self.cost(method, path), 0.0
        reserve = 0.0 if method == "DELETE" else self._reserve
        return self.write, self.cost(method, path), reserve

    def _sized_reserve(self) -> float:
        return min(_CANCEL_COST * _RESERVED_CANCELS, self.write.capacity / _RESERVE_SHARE)


def _segments(path: str) -> tuple[str, ...]:
    """Split a path below the API root, with or without ``/trade-api/v2`` in front."""
    parts = [part for part in path.partition("?")[0].split("/") if part]
    if parts[:2] == ["trade-api", "v2"]:
        parts = parts[2:]
    return tuple("*" if part[0] in ":{" else part for part in parts)


def _matches(known: tuple[str, ...], wanted: tuple[str, ...]) -> bool:
    return len(known) == len(wanted) and all(
        part in {"*", given} for part, given in zip(known, wanted, strict=True)
    )
