"""How markets move together: each pair with its correlation and interval, strongest first."""

from __future__ import annotations

from kalshi_desk.desk.service_frames import CorrelationRow
from kalshi_desk.tui.columns import Column, Item
from kalshi_desk.tui.confirm import NameOf
from kalshi_desk.tui.detail_table import DetailTable
from kalshi_desk.tui.ink import Cell, fit

BAR, NAME = 6, 10


def heat(value: float) -> str:
    """Return a bar of up to six cells, full where markets agree, shaded where they oppose."""
    cells = min(round(abs(value) * BAR), BAR)
    return ("█" if value >= 0 else "▒") * cells + "·" * (BAR - cells)


def both_names(name_of: NameOf, first: str, second: str) -> Cell:
    """Return two markets side by side, both in sight: what tells one apart begins its name."""
    names = (name_of(ticker, "").partition(" · ")[0] for ticker in (first, second))
    return Cell(" × ".join(fit(name, NAME) for name in names))


class CorrelationsTable(DetailTable[CorrelationRow]):
    """Pairs of the markets that are held, starred and most traded, the strongest first."""

    def __init__(self, name_of: NameOf) -> None:
        self.name_of = name_of
        columns: list[Column[CorrelationRow]] = [
            Column("these two", 18, 100, self._names, right=False, flex=True),
            Column("", BAR, 60, lambda r: Cell(heat(r.shrunk), self._ink(r)), right=False),
            Column("corr", 6, 99, self._value),
            Column("95%", 11, 80, self._interval),
            Column("hours", 5, 30, lambda r: Cell(f"{r.hours}", "muted")),
        ]
        super().__init__(columns, name="together", title="Move together")

    def _names(self, row: CorrelationRow) -> Cell:
        return both_names(self.name_of, row.first, row.second)

    def _ink(self, row: CorrelationRow) -> str:
        if not row.is_found:
            return "faint"
        return "up" if row.shrunk >= 0 else "down"

    def _value(self, row: CorrelationRow) -> Cell:
        mark = ("▲" if row.shrunk >= 0 else "▼") if row.is_found else " "
        return Cell(f"{mark}{row.shrunk:+.2f}".replace("-", "−"), self._ink(row), row.is_found)

    def _interval(self, row: CorrelationRow) -> Cell:
        return Cell(f"{row.low:+.2f}…{row.high:+.2f}".replace("-", "−"), "muted")

    def order_rows(self) -> list[Item]:
        """The strongest first, those that are found before the others."""
        rows = self.rows.items()
        ordered = sorted(rows, key=lambda one: (not one[1].is_found, -abs(one[1].shrunk)))
        return [key for key, _ in ordered]

    def detail(self, row: CorrelationRow) -> str:
        """Return what the numbers are."""
        found = "found among all pairs tested" if row.is_found else "could be chance"
        return (
            f"{row.first} × {row.second}: {row.estimate:+.2f} over {row.hours} hours "
            f"(95 %: {row.low:+.2f} to {row.high:+.2f}), shrunk half way to what such markets "
            f"usually do: {row.shrunk:+.2f}; {found}, p {row.p_value:.3f}."
        )
