"""Topics that are built whole at each pull: small tables about the machine and the account."""

from __future__ import annotations

from collections.abc import Callable

from kalshi_desk.desk.frames import Row
from kalshi_desk.engine.alert_rows import alert_rows
from kalshi_desk.engine.correlation_view import correlation_rows
from kalshi_desk.engine.limit_rows import whole_exposure, whole_limits
from kalshi_desk.engine.pair_rows import pair_rows
from kalshi_desk.engine.pnl_view import pnl_rows
from kalshi_desk.engine.portfolio_view import portfolio_rows
from kalshi_desk.engine.state import CoreState
from kalshi_desk.engine.stop_rows import stop_rows
from kalshi_desk.engine.strategy_rows import strategy_rows, why_rows

Rows = dict[str, Row]
Build = Callable[[CoreState, str], Rows]

WHOLE: dict[str, Build] = {
    "stops": stop_rows,
    "alerts": alert_rows,
    "portfolio": portfolio_rows,
    "pnl": pnl_rows,
    "strategies": strategy_rows,
    "why": why_rows,
    "limits": whole_limits,
    "exposure": whole_exposure,
    "pairs": pair_rows,
    "correlations": correlation_rows,
}
"""By the topic's kind; the builder gets the state and what follows the colon."""
CHANGING = frozenset({"news"})
"""Of these, which are too large to come whole each time: a face gets what has changed."""


def build(state: CoreState, topic: str) -> Rows | None:
    """Return all rows of a topic, None when it is not one of these."""
    kind, _, rest = topic.partition(":")
    builder = WHOLE.get(kind)
    return None if builder is None else builder(state, rest)
