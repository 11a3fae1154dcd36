"""What a stop is, as the journal keeps it: its kind, its level and where it stands."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from kalshi_desk.core.types import NO_COUNT, BookSide, Count, Price


class StopKind(StrEnum):
    """When a stop lets go: a loss, a fall from the best, a time, or a move beyond the usual."""

    FIXED = "fixed"
    TRAILING = "trailing"
    TIME = "time"
    VOLATILITY = "volatility"


class StopState(StrEnum):
    """Where a stop stands; it ends only as ``DONE`` (nothing is held) or ``DROPPED``."""

    ARMED = "armed"
    TRIGGERED = "triggered"
    EXITING = "exit sent"
    PART = "part filled"
    DONE = "done"
    DROPPED = "dropped"

    @property
    def is_live(self) -> bool:
        """Whether the stop still protects."""
        return self not in (StopState.DONE, StopState.DROPPED)

    @property
    def is_firing(self) -> bool:
        """Whether the stop has triggered and is not over."""
        return self in (StopState.TRIGGERED, StopState.EXITING, StopState.PART)


class StopRecord(msgspec.Struct, frozen=True, kw_only=True):
    """One stop.  Prices are of the held side; ``side`` is the book side that opened it.

    ``entry`` was the average price when it was set; ``level`` is the executable price that
    triggers it, None for a time stop, and ``best`` what a trailing one hangs below by
    ``distance``.  ``floor`` is the least price of the first exits, known once triggered.
    ``exits`` numbers the exit orders, ``exit_id`` is the client id of the newest, ``tries``
    counts those that sold nothing; ``filled`` is what all of them sold.
    """

    stop_id: str
    ticker: str
    kind: StopKind
    side: BookSide
    count: Count
    entry: Price
    amount: str = ""
    state: StopState = StopState.ARMED
    level: Price | None = None
    distance: Price = Price(0)
    best: Price = Price(0)
    until_ns: int = 0
    is_automatic: bool = False
    floor: Price | None = None
    filled: Count = NO_COUNT
    exits: int = 0
    exit_id: str = ""
    tries: int = 0
    reason: str = ""
    created_ns: int = 0
    updated_ns: int = 0
