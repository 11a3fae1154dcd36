"""Equity over time as plots with axes, or the same numbers as a table."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

from kalshi_desk.desk.automation_frames import EquityPoint
from kalshi_desk.tui import format as f
from kalshi_desk.tui.facts_pane import Fact, FactsPane
from kalshi_desk.tui.ink import Cell
from kalshi_desk.tui.plot import Series, draw, inked, ticks_x, ticks_y
from kalshi_desk.tui.words import day, share

_BOTH_FROM = 18
_LEAST_HEIGHT = 6
_TABLE_AT_MOST = 1_000
_COARSE_FALL = -0.02
_DAY_NS = 86_400 * f.SECOND_NS


class View(StrEnum):
    """What the pane shows of the same numbers."""

    BOTH = "equity and drawdown"
    EQUITY = "equity"
    DRAWDOWN = "drawdown"
    TABLE = "table"


def drawdowns(points: Sequence[EquityPoint]) -> list[float]:
    """Return how far equity is below its highest so far, as shares from 0 down.

    The engine's own, which leaves money from outside out; worked out only where points came
    without any, as those of a report do.
    """
    if any(point.drawdown for point in points):
        return [-point.drawdown for point in points]
    highest, found = 0, []
    for point in points:
        highest = max(highest, point.equity)
        found.append((point.equity - highest) / highest if highest > 0 else 0.0)
    return found


class CurvePane(FactsPane):
    """Two plots where they fit, else one after the other; a key turns to the table."""

    def __init__(self, name: str, title: str = "Equity") -> None:
        super().__init__(name, title)
        self.view = View.BOTH
        self.points: tuple[EquityPoint, ...] = ()
        self.empty: tuple[str, ...] = ("No equity has been recorded yet.",)
        self._drawn: object = None

    def take(self, points: Sequence[EquityPoint]) -> None:
        """Take the newest points, oldest first."""
        self.points = tuple(points)
        self.redraw()

    def turn(self) -> None:
        """Show the next view."""
        self.view, self.top = self.next_view(), 0
        self.redraw()

    def next_view(self) -> View:
        """Return the view that comes next at this size."""
        views = [view for view in View if self._fits(view)]
        return views[(views.index(self._shown()) + 1) % len(views)]

    def _fits(self, view: View) -> bool:
        has_room = self.size.height >= _BOTH_FROM
        return has_room if view is View.BOTH else (view is View.TABLE or not has_room)

    def _shown(self) -> View:
        if self._fits(self.view):
            return self.view
        return View.BOTH if self._fits(View.BOTH) else View.EQUITY

    def on_resize(self) -> None:
        """Draw for the new size."""
        super().on_resize()
        self.redraw()

    def redraw(self) -> None:
        """Make the lines anew when data, size or view changed."""
        size = (self.size.width, self.size.height)
        drawn = (self.points, size, self._shown())
        if drawn == self._drawn or not self.size.width:
            return
        self._drawn = drawn
        self.show(self._facts(*size), right=(Cell(f"v {self.next_view().value} ", "muted"),))

    def _facts(self, width: int, height: int) -> list[Fact]:
        if len(self.points) < 2:
            return [(), *((Cell(line, "muted"),) for line in self.empty)]
        view = self._shown()
        if view is View.TABLE:
            return self._table()
        room, rows = width - 3, height - 1
        if view is not View.BOTH:
            return self._plot(view, room, rows)
        upper = rows * 3 // 5
        return [
            *self._plot(View.EQUITY, room, upper),
            *self._plot(View.DRAWDOWN, room, rows - upper),
        ]

    def _plot(self, view: View, width: int, height: int) -> list[Fact]:
        at = [point.at_ns / f.SECOND_NS for point in self.points]
        if view is View.EQUITY:
            values = [point.equity / 1_000_000 for point in self.points]
            names = [f.money(round(v) * 1_000_000)[:-3] for v in ticks_y(values, height - 1)]
            unit, ink = "equity, $", "up"
            if max(values) - min(values) < 4 * len(names):
                names = [f.money(round(v * 1_000_000)) for v in ticks_y(values, height - 1)]
        else:
            values = drawdowns(self.points)
            decimals = 1 if min(values) < _COARSE_FALL else 2
            names = [share(v, decimals) for v in ticks_y(values, height - 1)]
            unit, ink = "drawdown, % below the highest", "down"
        is_long = self.points[-1].at_ns - self.points[0].at_ns > 3 * _DAY_NS
        times = [day(int(t * f.SECOND_NS), time=not is_long) for t in ticks_x(at, width)]
        if height - 1 < _LEAST_HEIGHT:
            return [(Cell(f"{unit}: too little room, v turns to the table", "muted"),)]
        lines = draw(Series(at, values), width, height - 1, times, names)
        return [(Cell(unit, "faint"),), *(inked(line, ink) for line in lines)]

    def _table(self) -> list[Fact]:
        falls = drawdowns(self.points)
        facts: list[Fact] = [
            (Cell(f"{'UTC':<12}{'equity':>14}{'change':>13}{'drawdown':>10}", "faint"),)
        ]
        for n in range(len(self.points) - 1, -1, -1)[:_TABLE_AT_MOST]:
            point = self.points[n]
            change = point.equity - self.points[n - 1].equity if n else None
            facts.append(
                (
                    Cell(f"{day(point.at_ns, time=True):<12}", "muted"),
                    Cell(f"{f.money(point.equity):>14}"),
                    Cell(f"{f.signed_money(change):>13}", f.direction(change)),
                    Cell(f"{share(falls[n]):>10}", "muted"),
                )
            )
        return facts
