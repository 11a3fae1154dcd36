"""The tables at the bottom: positions, orders, fills, and what happened."""

from __future__ import annotations

from kalshi_desk.core.types import Action, MarketStatus, Outcome
from kalshi_desk.desk.frames import DeskEvent, FillRow, Level, OrderRow, PositionRow
from kalshi_desk.tui import format as f
from kalshi_desk.tui.board import Delta
from kalshi_desk.tui.columns import Column, Item
from kalshi_desk.tui.confirm import NameOf, is_open
from kalshi_desk.tui.ink import BLANK, Cell
from kalshi_desk.tui.virtual_table import VirtualTable

_LEVEL_INK = {
    Level.INFO: "muted",
    Level.GOOD: "good",
    Level.WARNING: "caution",
    Level.ERROR: "risk",
}
_LEVEL_MARK = {Level.INFO: "·", Level.GOOD: "✓", Level.WARNING: "!", Level.ERROR: "✗"}


def _outcome_ink(outcome: Outcome) -> str:
    return "up" if outcome is Outcome.YES else "down"


def _pnl(value: int | None) -> Cell:
    return Cell(f.pnl(value), f.direction(value), True)


class PositionsPanel(VirtualTable[PositionRow]):
    """What is held, what it would bring now after fees, and the worst case."""

    def __init__(self, name_of: NameOf, *, flashes: bool = True) -> None:
        self.name_of = name_of
        self.now_ns = 0
        columns: list[Column[PositionRow]] = [
            Column(
                "market",
                16,
                100,
                lambda r: Cell(self.name_of(r.ticker, r.title)),
                right=False,
                flex=True,
            ),
            Column("held", 10, 95, self._held),
            Column("avg", 6, 80, lambda r: Cell(f.average(r.average_price), "muted")),
            Column(
                "out now",
                7,
                60,
                lambda r: Cell(f.average(r.market_price)),
                number=lambda r: r.market_price,
            ),
            Column("net", 6, 70, lambda r: Cell(f.average(r.net_price), "ink")),
            Column(
                "unrealized",
                12,
                90,
                lambda r: _pnl(r.unrealized_pnl),
                number=lambda r: r.unrealized_pnl,
            ),
            Column(
                "realized",
                10,
                50,
                lambda r: Cell(f.signed_money(r.realized_pnl), f.direction(r.realized_pnl)),
            ),
            Column("fees", 8, 20, lambda r: Cell(f.money(r.fees), "muted")),
            Column("worst", 10, 55, lambda r: Cell(f.signed_money(r.worst_case), "muted")),
            Column("settles", 8, 40, lambda r: self._settles(r)),
            Column("by", 8, 10, lambda r: Cell(r.origin, "muted"), right=False),
        ]
        super().__init__(columns, name="positions", flashes=flashes)
        self.empty_text = (
            "You hold nothing.",
            "Pick a market and press b to buy YES or n to buy NO.",
        )

    def _held(self, row: PositionRow) -> Cell:
        ink = "up" if row.position > 0 else "down" if row.position < 0 else "muted"
        return Cell(f.position(row.position), ink, True)

    def _settles(self, row: PositionRow) -> Cell:
        if row.status in (MarketStatus.DETERMINED, MarketStatus.FINALIZED, MarketStatus.CLOSED):
            return Cell(row.status.value[:7], "caution")
        return Cell(f.until(row.settles_ns or row.close_ns, self.now_ns), "muted")

    def time_text(self, row: PositionRow) -> str:
        """Return the text that changes as time goes by."""
        return f.until(row.settles_ns or row.close_ns, self.now_ns)

    def order_rows(self) -> list[Item]:
        """Open positions first, by title; closed ones after them."""
        keys = list(self.rows)
        return [*sorted(keys, key=lambda k: (not self.rows[k].position, self.rows[k].title, k))]


class OrdersPanel(VirtualTable[OrderRow]):
    """Orders as they were asked for; open ones first, the newest on top."""

    def __init__(self, name_of: NameOf, *, flashes: bool = True) -> None:
        self.name_of = name_of
        self.now_ns = 0
        columns: list[Column[OrderRow]] = [
            Column("order", 12, 95, self._what, right=False),
            Column("price", 6, 94, lambda r: Cell(f.cents(r.price), "ink", True)),
            Column(
                "market",
                14,
                100,
                lambda r: Cell(self.name_of(r.ticker, r.title)),
                right=False,
                flex=True,
            ),
            Column("filled", 9, 60, self._filled, number=lambda r: r.filled),
            Column("left", 7, 80, lambda r: Cell(f.short_count(r.remaining, 7))),
            Column("ahead", 7, 70, self._ahead, number=lambda r: r.ahead),
            Column("state", 10, 90, self._state, right=False),
            Column("age", 7, 40, lambda r: Cell(self.time_text(r), "muted")),
            Column("why", 24, 30, lambda r: Cell(r.reason, "muted"), right=False),
        ]
        super().__init__(columns, name="orders", flashes=flashes)
        self.empty_text = ("No orders.", "A ticket that does not fill at once rests here.")

    def _what(self, row: OrderRow) -> Cell:
        text = (
            f"{row.action.value.upper()} {f.short_count(row.count, 4)} {row.outcome.value.upper()}"
        )
        return Cell(text, _outcome_ink(row.outcome) if is_open(row) else "muted", True)

    def _filled(self, row: OrderRow) -> Cell:
        return Cell(
            f.short_count(row.filled, 9) if row.filled else "0", "ink" if row.filled else "faint"
        )

    def _ahead(self, row: OrderRow) -> Cell:
        if not is_open(row) or row.ahead is None:
            return BLANK
        return Cell(f.size(row.ahead, 7), "you")

    def _state(self, row: OrderRow) -> Cell:
        ink = {
            "resting": "ink",
            "intent": "caution",
            "canceling": "caution",
            "unresolved": "risk",
            "executed": "good",
            "rejected": "risk",
            "denied": "risk",
        }.get(row.state, "muted")
        return Cell(row.state, ink, row.state == "unresolved")

    def apply(self, delta: Delta, row_type: type[OrderRow]) -> None:
        """Take new rows; an order that opens or closes changes its place."""
        was_open = {k for k, r in self.rows.items() if is_open(r)}
        super().apply(delta, row_type)
        if was_open != {k for k, r in self.rows.items() if is_open(r)}:
            self.rearrange()

    def time_text(self, row: OrderRow) -> str:
        """Return the text that changes as time goes by."""
        return f.span((self.now_ns - row.created_ns) / f.SECOND_NS)

    def order_rows(self) -> list[Item]:
        """Open orders first, newest on top."""
        rows = self.rows
        keys = list(rows)
        return [*sorted(keys, key=lambda k: (not is_open(rows[k]), -rows[k].created_ns, k))]


class FillsPanel(VirtualTable[FillRow]):
    """Executions, the newest on top."""

    def __init__(self, name_of: NameOf, *, flashes: bool = True) -> None:
        self.name_of = name_of
        self.now_ns = 0
        columns: list[Column[FillRow]] = [
            Column("time", 8, 80, lambda r: Cell(f.clock(r.executed_ns)[:8], "muted"), right=False),
            Column("fill", 13, 95, self._what, right=False),
            Column("price", 6, 94, lambda r: Cell(f.cents(r.price), "ink", True)),
            Column(
                "market",
                14,
                100,
                lambda r: Cell(self.name_of(r.ticker, r.title)),
                right=False,
                flex=True,
            ),
            Column("fee", 8, 60, lambda r: Cell(f.money(r.fee), "muted")),
            Column("role", 5, 50, lambda r: Cell("taker" if r.is_taker else "maker", "muted")),
            Column("by", 8, 10, lambda r: Cell(r.origin, "muted"), right=False),
        ]
        super().__init__(columns, name="fills", flashes=flashes)
        self.empty_text = ("No fills yet.",)

    def _what(self, row: FillRow) -> Cell:
        verb = "BOT" if row.action is Action.BUY else "SLD"
        text = f"{verb} {f.short_count(row.count, 5)} {row.outcome.value.upper()}"
        return Cell(text, _outcome_ink(row.outcome), True)

    def order_rows(self) -> list[Item]:
        """Newest on top."""
        keys = list(self.rows)
        return [*sorted(keys, key=lambda k: (-self.rows[k].executed_ns, k))]


class EventsPanel(VirtualTable[DeskEvent]):
    """What happened once: fills, refusals, connections, risk stops; the newest on top."""

    def __init__(self) -> None:
        columns: list[Column[DeskEvent]] = [
            Column("time", 8, 90, lambda e: Cell(f.clock(e.at_ns)[:8], "muted"), right=False),
            Column("", 1, 95, lambda e: Cell(_LEVEL_MARK[e.level], _LEVEL_INK[e.level], True)),
            Column("what happened", 20, 100, self._text, right=False, flex=True),
            Column("market", 24, 30, lambda e: Cell(e.ticker, "muted"), right=False),
        ]
        super().__init__(columns, name="events", flashes=False)
        self.empty_text = ("Nothing has happened yet.",)

    def _text(self, event: DeskEvent) -> Cell:
        ink = _LEVEL_INK[event.level]
        text = f"{event.title}: {event.text}" if event.text else event.title
        return Cell(text, "ink" if ink == "muted" else ink)

    def add(self, events: list[DeskEvent], keep: int) -> None:
        """Put new events on top and forget the oldest beyond ``keep``."""
        if not events:
            return
        at_top = self.top == 0 and self.cursor_key in ("", next(iter(self._line_of), ""))
        self.rows.update({f"{event.at_ns}-{event.seq}": event for event in events})
        for key in list(self.rows)[: max(len(self.rows) - keep, 0)]:
            del self.rows[key]
            self._drop(key)
        self.rearrange()
        if at_top and self._line_of:
            self.select(next(iter(self._line_of)))

    def order_rows(self) -> list[Item]:
        """Newest on top."""
        return list(reversed(self.rows))
