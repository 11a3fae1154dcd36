"""The newest value per key, numbered, so that a face can pull only what changed.

Nothing is kept per face: a key's number is the pull in which it was last found changed,
and rows are built only when somebody asks for their topic.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

from kalshi_desk.core.records import Fill
from kalshi_desk.desk.frames import DeskEvent, Frame, Row
from kalshi_desk.engine.changed_rows import ChangedRows
from kalshi_desk.engine.ladder_view import book_view
from kalshi_desk.engine.rows import (
    chart_view,
    fill_row,
    market_row,
    order_row,
    position_row,
    status_row,
)
from kalshi_desk.engine.state import CoreState
from kalshi_desk.engine.topics import CHANGING, build

SHOWN_FILLS = 300
SHOWN_CLOSED_ORDERS = 100


class Board:
    """Builds frames from the core's state."""

    def __init__(self, state: CoreState, pid: int) -> None:
        self._state = state
        self._pid = pid
        self._seq = 1
        self._changed: dict[str, dict[str, int]] = {"markets": {}, "positions": {}, "orders": {}}
        self._whole: dict[str, ChangedRows] = {}
        self._fills: deque[tuple[int, Fill]] = deque(maxlen=SHOWN_FILLS)

    def add_fill(self, fill: Fill) -> None:
        """Show a new fill."""
        self._fills.append((self._seq + 1, fill))

    def frame(
        self,
        topics: Iterable[str],
        board_seq: int,
        events: tuple[DeskEvent, ...],
        event_seq: int,
    ) -> Frame:
        """Return what changed on these topics since ``board_seq``; 0 asks for everything."""
        self._collect()
        since = board_seq if board_seq <= self._seq else 0
        changed: dict[str, dict[str, Row]] = {}
        removed: dict[str, tuple[str, ...]] = {}
        full = []
        for topic in topics:
            whole = build(self._state, topic)
            rows = self._rows(topic, since) if whole is None else whole
            if whole is not None and topic in CHANGING:
                found = self._found(topic, whole, since)
                if found is not None:
                    whole, (rows, gone) = None, found
                    if gone:
                        removed[topic] = gone
            if rows:
                changed[topic] = rows
            if whole is not None or not since:
                full.append(topic)
        return Frame(
            board_seq=self._seq,
            event_seq=event_seq,
            changed=changed,
            removed=removed,
            full=tuple(full),
            events=events,
        )

    def _found(
        self, topic: str, whole: dict[str, Row], since: int
    ) -> tuple[dict[str, Row], tuple[str, ...]] | None:
        """Return what changed in a topic and what is gone, None where all of it must come."""
        rows = self._whole.setdefault(topic, ChangedRows())
        rows.take(whole, self._seq)
        return rows.since(since)

    def _collect(self) -> None:
        """Give everything touched since the last pull the next number."""
        state = self._state
        self._seq += 1
        markets, positions = self._changed["markets"], self._changed["positions"]
        for ticker in state.markets.touched:
            if ticker in state.markets.by_ticker:
                markets.pop(ticker, None)
                markets[ticker] = self._seq
            if ticker in state.positions.by_ticker:
                positions.pop(ticker, None)
                positions[ticker] = self._seq
        state.markets.touched.clear()
        orders = self._changed["orders"]
        for client_id in state.orders.touched:
            orders.pop(client_id, None)
            orders[client_id] = self._seq
        state.orders.touched.clear()

    def _rows(self, topic: str, since: int) -> dict[str, Row]:
        state = self._state
        if topic == "status":
            return {"": status_row(state, self._pid)}
        if topic == "fills":
            return {
                f"{f.trade_id}/{f.order_id}": fill_row(state, f)
                for n, f in self._fills
                if n > since
            }
        kind, _, ticker = topic.partition(":")
        live = state.markets.get(ticker) if ticker else None
        if live is not None and kind == "book":
            return {"": book_view(state, live)}
        if live is not None and kind == "chart":
            mine = [fill for _, fill in self._fills if fill.ticker == ticker]
            return {"": chart_view(state, live, mine)}
        return self._keyed(topic, since)

    def _keyed(self, topic: str, since: int) -> dict[str, Row]:
        state = self._state
        keys = self._since(topic, since)
        if topic == "markets":
            return {key: market_row(state, state.markets.by_ticker[key]) for key in keys}
        if topic == "positions":
            return {key: position_row(state, state.positions.by_ticker[key]) for key in keys}
        if topic == "orders":
            return self._order_rows(keys)
        return {}

    def _order_rows(self, keys: list[str]) -> dict[str, Row]:
        """Every open order, and the newest of those that are over."""
        state = self._state
        orders = [state.orders.by_client_id[key] for key in keys]
        closed = [order for order in orders if not order.state.is_open]
        shown = [order for order in orders if order.state.is_open]
        shown += sorted(closed, key=lambda o: o.updated_ns)[-SHOWN_CLOSED_ORDERS:]
        return {order.client_order_id: order_row(state, order) for order in shown}

    def _since(self, topic: str, since: int) -> list[str]:
        changed = self._changed.get(topic, {})
        found = []
        for key in reversed(changed):
            if changed[key] <= since:
                break
            found.append(key)
        return found
