"""The counters behind the topic ``health``."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from kalshi_desk.core.reasons import Reason


@dataclass(slots=True)
class Health:
    """What an engine has counted of itself since its start; lags in milliseconds."""

    started_ns: int = 0
    refusals: Counter[str] = field(default_factory=Counter)
    connects: int = 0
    lag_ms: float | None = None
    worst_lag_ms: float | None = None

    def refused(self, reasons: Iterable[Reason]) -> None:
        """Count the reasons for which the gate let an order not pass."""
        self.refusals.update(reason.code.value for reason in reasons)
