"""Filters of lists that are more than a name and a value."""

from __future__ import annotations

from enum import StrEnum

import msgspec


class MarketTime(StrEnum):
    """The times of a market by which a list can be filtered."""

    CREATED = "created"
    CLOSE = "close"
    SETTLED = "settled"
    UPDATED = "updated"


class TimeRange(msgspec.Struct, frozen=True, kw_only=True):
    """One time of a market with its bounds in Unix seconds, both inclusive.

    The exchange takes one a request, and refuses it beside most statuses: ``created`` goes
    with unopened and open, ``close`` with closed, ``settled`` with settled, ``updated`` with
    no status.  ``updated`` is when a market's description changed, not when it traded.
    """

    time: MarketTime
    min_s: int | None = None
    max_s: int | None = None

    def params(self) -> dict[str, int | None]:
        """Return the parameters of a request."""
        return {f"min_{self.time}_ts": self.min_s, f"max_{self.time}_ts": self.max_s}
