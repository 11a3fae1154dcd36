"""The panes of the Risk screen: limits as gauges, exposure, and stops."""

from __future__ import annotations

from collections.abc import Callable

from kalshi_desk.desk.automation import StopKind
from kalshi_desk.desk.automation_frames import ExposureRow, LimitRow, StopRow
from kalshi_desk.desk.frames import RiskState
from kalshi_desk.tui import format as f
from kalshi_desk.tui.columns import Column, Heading, Item
from kalshi_desk.tui.confirm import NameOf
from kalshi_desk.tui.detail_table import DetailTable, EditTable
from kalshi_desk.tui.field_edit import FieldEdit
from kalshi_desk.tui.ink import BLANK, Cell
from kalshi_desk.tui.words import STOP_WORDS, in_unit

GAUGE = 10
_SETTING = 7
_SMALL_GAUGE = 7
_NEAR = 0.8
_SCOPES = ("event", "theme", "category", "day", "strategy")
_SCOPE_WORDS = {
    "event": "By event",
    "theme": "By theme (series)",
    "category": "By category",
    "day": "By settlement day",
    "strategy": "By strategy",
}
_STATE_MARK = {
    "armed": ("●", "good"),
    "triggered": ("!", "risk"),
    "exit sent": ("→", "caution"),
    "part filled": ("◐", "caution"),
    "done": ("✓", "muted"),
    "dropped": ("·", "faint"),
}


def gauge(used: int | None, allowed: int, width: int) -> str:
    """Return a bar of how much of a limit is used; full at the limit and beyond."""
    if used is None:
        return "·" * width
    if allowed <= 0:
        return "━" * width if used > 0 else "─" * width
    done = min(max(round(used / allowed * width), 0), width)
    if used > 0:
        done = max(done, 1)
    if used < allowed:
        done = min(done, width - 1)
    return "━" * done + "─" * (width - done)


def usage_word(row: LimitRow) -> Cell:
    """Return how near a limit is, in a word."""
    if row.is_breached:
        return Cell("✗ BREACHED", "risk", True)
    if row.used is None:
        # Not known now, or a limit of each single order, of which nothing is used up.
        return Cell("no gauge", "faint")
    if row.allowed > 0 and row.used >= row.allowed * _NEAR:
        return Cell("! near", "caution", True)
    return Cell("ok", "muted")


def _gauge_ink(row: LimitRow) -> str:
    word = usage_word(row).ink
    return {"muted": "up", "risk": "risk", "faint": "faint"}.get(word, "caution")


class LimitsTable(EditTable[LimitRow]):
    """Every limit of the gate: what is used, what is allowed, and its setting, edited in place."""

    def __init__(self, set_value: Callable[[str, str], str]) -> None:
        columns: list[Column[LimitRow]] = [
            Column("limit", 16, 100, lambda r: Cell(r.title or r.name), right=False, flex=True),
            Column("", GAUGE, 86, self._gauge, right=False),
            Column("used", 9, 90, lambda r: Cell(in_unit(r.used, r.unit), "ink", True)),
            Column("allowed", 9, 89, lambda r: Cell(in_unit(r.allowed, r.unit), "muted")),
            Column("state", 10, 95, usage_word, right=False),
            Column("setting", _SETTING, 85, self._setting),
        ]
        super().__init__(columns, set_value, name="limits", title="Limits", value_title="setting")

    gate: RiskState | None = None

    def _gauge(self, row: LimitRow) -> Cell:
        return Cell(gauge(row.used, row.allowed, GAUGE), _gauge_ink(row))

    def _setting(self, row: LimitRow) -> Cell:
        return self.value_cell(row.name, Cell(row.value, "muted"), _SETTING)

    def head_cells(self) -> tuple[Cell, ...]:
        """Return the trading state, and how many limits are breached."""
        cells: tuple[Cell, ...] = ()
        if self.gate is not None:
            ink = {RiskState.ACTIVE: "good", RiskState.REDUCING: "caution"}.get(self.gate, "risk")
            cells = (Cell("gate ", "muted"), Cell(f"{self.gate.value} ", ink, True))
        breached = sum(row.is_breached for row in self.rows.values())
        if breached:
            return (*cells, Cell(f" ✗ {breached} breached ", "risk", True))
        return (*cells, Cell(" all within ", "muted")) if self.rows else cells

    def detail(self, row: LimitRow) -> str:
        """Return what the limit is and how to change it."""
        return f"{row.help} Setting {row.setting} = {row.value or '—'}. Enter changes it."

    def allowed(self, row: LimitRow) -> str:
        """Say what the setting may be."""
        return row.range or "a number"

    def begin(self, row: LimitRow, key: str) -> FieldEdit:
        """Open the setting."""
        return FieldEdit(key, row.value, is_number=True)


class ExposureTable(DetailTable[ExposureRow]):
    """The worst that settlement can do, by event, category, day and strategy."""

    FOOT_TALL = 3

    def __init__(self) -> None:
        columns: list[Column[ExposureRow]] = [
            Column("worst case of", 14, 100, lambda r: Cell(r.title or r.name), right=False,
                   flex=True),
            Column("worst", 10, 95, self._worst),
            Column("allowed", 9, 90, lambda r: Cell(f.money(r.allowed), "muted")),
            Column("", _SMALL_GAUGE, 60, self._gauge, right=False),
            Column("value", 10, 50, lambda r: Cell(f.money(r.value), "muted")),
            Column("held", 4, 40, lambda r: Cell(f"{r.positions}", "muted")),
        ]  # fmt: skip
        super().__init__(columns, name="exposure", title="Exposure")

    def _worst(self, row: ExposureRow) -> Cell:
        over = row.allowed is not None and -row.worst > row.allowed
        return Cell(f.signed_money(row.worst), "risk" if over else "ink", True)

    def _gauge(self, row: ExposureRow) -> Cell:
        if row.allowed is None:
            return BLANK
        used = max(-row.worst, 0)
        if used > row.allowed:
            return Cell("✗ over", "risk", True)
        ink = "caution" if used >= row.allowed * _NEAR else "up"
        return Cell(gauge(used, row.allowed, _SMALL_GAUGE), ink)

    def detail(self, row: ExposureRow) -> str:
        """Return what the row counts."""
        limit = "no limit of its own" if row.allowed is None else f"allowed {f.money(row.allowed)}"
        return (
            f"{row.title or row.name}: {row.positions} position{'s' * (row.positions != 1)} "
            f"worth {f.money(row.value)}; "
            f"at worst {f.signed_money(row.worst)}, {limit}."
        )

    def order_rows(self) -> list[Item]:
        """Group by scope, in the order the engine gives."""
        scopes = dict.fromkeys((*_SCOPES, *(row.scope for row in self.rows.values())))
        items: list[Item] = []
        for scope in scopes:
            keys = [key for key, row in self.rows.items() if row.scope == scope]
            if keys:
                items += [Heading(_SCOPE_WORDS.get(scope, f"By {scope}")), *keys]
        return items


def state_cell(row: StopRow) -> Cell:
    """Return where a stop's state machine stands, as mark and word."""
    word = row.state.replace("_", " ")
    mark, ink = _STATE_MARK.get(word, ("·", "ink"))
    return Cell(f"{mark} {word}", ink, word != "done")


class StopsTable(DetailTable[StopRow]):
    """Every stop: its level beside the price now, and what letting go would bring."""

    def __init__(self, name_of: NameOf) -> None:
        self.name_of = name_of
        self.now_ns = 0
        columns: list[Column[StopRow]] = [
            Column("protects", 16, 100, lambda r: Cell(name_of(r.ticker, r.title)), right=False,
                   flex=True),
            Column("kind", 10, 90, self._kind, right=False),
            Column("amount", 6, 30, lambda r: Cell(r.amount, "muted")),
            Column("state", 13, 99, state_cell, right=False),
            Column("level", 7, 96, self._level),
            Column("now", 7, 95, lambda r: Cell(f.average(r.now_price)),
                   number=lambda r: r.now_price),
            Column("held", 7, 60, lambda r: Cell(f.short_count(r.count, 7), "muted")),
            Column("sold", 6, 40, lambda r: Cell(f.short_count(r.filled, 6), "muted")),
            Column("cost", 7, 50, self._cost),
            Column("exit now", 10, 70, lambda r: Cell(f.money(r.worst_exit))),
        ]  # fmt: skip
        super().__init__(columns, name="stops", title="Stops", flashes=True)

    def _kind(self, row: StopRow) -> Cell:
        return Cell(STOP_WORDS.get(row.kind, row.kind.value), "muted")

    def _level(self, row: StopRow) -> Cell:
        if row.kind is StopKind.TIME:
            return Cell(f.until(row.until_ns, self.now_ns), "you", True)
        return Cell(f.average(row.level), "you", True)

    def _cost(self, row: StopRow) -> Cell:
        if row.expected_cost is None:
            return Cell(f.NONE, "faint")
        return Cell(f.average(round(row.expected_cost / 100)), "muted")

    def time_text(self, row: StopRow) -> str:
        """Return the text that changes as time goes by."""
        return f.until(row.until_ns, self.now_ns) if row.kind is StopKind.TIME else ""

    def detail(self, row: StopRow) -> str:
        """Return what the stop says of itself, and how to take it away."""
        text = row.text or f"{STOP_WORDS.get(row.kind, row.kind.value)} stop of {row.ticker}"
        return f"{text.rstrip('.')}. c takes it away."
