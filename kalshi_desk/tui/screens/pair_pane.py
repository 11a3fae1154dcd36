"""What the pair screen measured in this hour: each pair with its tie, and how far apart it is."""

from __future__ import annotations

from kalshi_desk.desk.service_frames import PairRow
from kalshi_desk.tui import format as f
from kalshi_desk.tui.columns import Column, Item
from kalshi_desk.tui.confirm import NameOf
from kalshi_desk.tui.detail_table import DetailTable
from kalshi_desk.tui.ink import Cell
from kalshi_desk.tui.screens.correlation_pane import both_names


class PairsTable(DetailTable[PairRow]):
    """Pairs of markets: those with a signal first, then those whose tie holds, then the rest."""

    def __init__(self, name_of: NameOf) -> None:
        self.name_of = name_of
        columns: list[Column[PairRow]] = [
            Column("these two", 18, 100, self._names, right=False, flex=True),
            Column("", 1, 99, self._mark, right=False),
            Column("z", 6, 98, self._apart),
            Column("beta", 6, 60, lambda r: Cell(_signed(r.beta), "muted")),
            Column("half-life", 9, 80, self._half_life),
            Column("p", 5, 70, lambda r: Cell(f"{r.p_value:.3f}", "muted")),
            Column("hours", 5, 30, lambda r: Cell(f"{r.hours}", "muted")),
        ]
        super().__init__(columns, name="pairs", title="Pairs tested in this hour")

    def _names(self, row: PairRow) -> Cell:
        return both_names(self.name_of, row.first, row.second)

    def _mark(self, row: PairRow) -> Cell:
        if not row.why_not:
            return Cell("◆", "you", True)
        return Cell("●" if row.is_found else "·", "ink" if row.is_found else "faint")

    def _apart(self, row: PairRow) -> Cell:
        return Cell(f.NONE if row.z is None else _signed(row.z), "ink" if row.is_found else "faint")

    def _half_life(self, row: PairRow) -> Cell:
        return Cell(f.NONE if row.half_life_h is None else f"{row.half_life_h:.1f} h", "muted")

    def order_rows(self) -> list[Item]:
        """Signals first, then what is tied, the furthest apart of each first."""
        ordered = sorted(
            self.rows.items(),
            key=lambda one: (bool(one[1].why_not), not one[1].is_found, -abs(one[1].z or 0.0)),
        )
        return [key for key, _ in ordered]

    def detail(self, row: PairRow) -> str:
        """Return what the numbers are, and why nothing is made of them."""
        tie = "tied among all pairs tested" if row.is_found else "its tie could be chance"
        what = row.why_not or "A signal, in shadow: Sees now tells its legs."
        return f"{row.first} × {row.second}: {tie}. {what}"


def _signed(number: float) -> str:
    return f"{number:+.2f}".replace("-", "−")
