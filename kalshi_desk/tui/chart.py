"""The price of the selected market over time, drawn by hand: 36 times cheaper than a plot."""

from __future__ import annotations

from textual.strip import Strip

from kalshi_desk.core.types import BookSide
from kalshi_desk.desk.frames import ChartView
from kalshi_desk.tui import format as f
from kalshi_desk.tui.braille import plot, resample
from kalshi_desk.tui.ink import Cell, Line
from kalshi_desk.tui.lines import Lines

_AXIS = 7
_MIN_SPAN = 200


class Chart(Lines):
    """A braille line with a price axis, the time it spans, and my fills as dots."""

    def __init__(self) -> None:
        super().__init__("chart")
        self.view: ChartView | None = None
        self.step = 100
        self.waiting_text = "Waiting for the engine."
        self._tops: list[int] = []
        self._plotted: tuple[object, list[str], int, int] | None = None

    def show(self, view: ChartView | None, step: int) -> None:
        """Take the newest points and redraw when they differ."""
        if view != self.view or step != self.step:
            self.view, self.step = view, step
            self._plotted = None
            self.refresh()

    def forget_strips(self) -> None:
        """Plot again in the new size or theme."""
        self._plotted = None

    def on_resize(self) -> None:
        """Plot again in the new size."""
        self._plotted = None
        self.refresh()

    @property
    def _rows(self) -> int:
        return max(self.size.height - 2, 1)

    @property
    def _columns(self) -> int:
        return max(self.size.width - _AXIS - 1, 1)

    def _plot(self, view: ChartView) -> tuple[list[str], int, int]:
        key = (id(view), self.size)
        if self._plotted is None or self._plotted[0] != key:
            prices = [price for _, price in view.points]
            low, high = int(min(prices)), int(max(prices))
            room = max(_MIN_SPAN - (high - low), 0)
            low, high = max(low - room // 2, 0), min(high + room - room // 2, 10_000)
            end = view.points[-1][0]
            start = end - view.span_s * f.SECOND_NS
            start = max(start, view.points[0][0])
            values = resample(view.points, start, end, self._columns * 2)
            rows = plot(values, low, high, self._rows)
            self._tops = [
                max((n for n, row in enumerate(rows) if row[x] != " "), default=len(rows))
                for x in range(len(rows[0]))
            ]
            self._plotted = (key, rows, low, high)
        return self._plotted[1], self._plotted[2], self._plotted[3]

    def line(self, y: int) -> Strip:
        """Draw the title, a row of the plot, or the time axis."""
        view = self.view
        if view is None or len(view.points) < 2:
            return self._nothing(y)
        if y == 0:
            return self._title(view)
        rows, low, high = self._plot(view)
        if y == self.size.height - 1:
            return self._time_axis(view)
        row = y - 1
        line = self.new_line().put(" ")
        self._put_row(line, view, rows[row] if row < len(rows) else "", row, (low, high))
        places = f.decimals_of(self.step)
        label = ""
        if row == 0:
            label = f.cents(round(high / 10) * 10 if places else round(high / 100) * 100, places)
        elif row == self._rows - 1:
            label = f.cents(round(low / 10) * 10 if places else round(low / 100) * 100, places)
        elif row == self._rows // 2 and self._rows > 4:
            middle = (low + high) // 2
            label = f.cents(middle // 10 * 10, 1)
        line.to(self.size.width - _AXIS).put("┤" if label else "│", "line")
        return line.put(label.rjust(_AXIS - 2), "faint").strip()

    def _put_row(
        self, line: Line, view: ChartView, text: str, row: int, ends: tuple[int, int]
    ) -> None:
        marks = self._marks(view, row, ends)
        first, last = view.points[0][1], view.points[-1][1]
        ink = f.direction(last - first)
        ground = "fill-bid" if last >= first else "fill-ask"
        for x, char in enumerate(text):
            under = ground if x < len(self._tops) and row > self._tops[x] else ""
            if x in marks:
                line.put("●", "you", bold=True, ground=under)
            else:
                line.put(char, ink, ground=under)

    def _marks(self, view: ChartView, row: int, ends: tuple[int, int]) -> dict[int, BookSide]:
        end = view.points[-1][0]
        start = max(end - view.span_s * f.SECOND_NS, view.points[0][0])
        low, high = ends
        found = {}
        for mark in view.marks:
            if not start <= mark.at_ns <= end or end <= start:
                continue
            x = min((mark.at_ns - start) * self._columns // (end - start), self._columns - 1)
            price = min(max(mark.price, low), high)
            at = self._rows - 1 - (price - low) * self._rows // max(high - low + 1, 1)
            if min(max(at, 0), self._rows - 1) == row:
                found[x] = mark.side
        return found

    def _title(self, view: ChartView) -> Strip:
        first, last = view.points[0][1], view.points[-1][1]
        moved = last - first
        line = self.new_line("head").put(" ")
        line.put(
            f"{f.average(last) if self.step % 100 or last % 100 else f.cents(last)} ",
            "ink",
            bold=True,
        )
        line.put(f.change(round(moved, -1)) + " " if moved else "unchanged ", f.direction(moved))
        cells = [Cell("● my fills ", "you")] if view.marks else []
        return line.end(*cells, Cell("last price, YES ", "muted")).strip()

    def _time_axis(self, view: ChartView) -> Strip:
        covered = min((view.points[-1][0] - view.points[0][0]) // f.SECOND_NS, view.span_s)
        line = self.new_line().put(" ").put(f"{f.span(covered)} ago", "faint")
        line.to(self.size.width - _AXIS - 4).put("now", "faint")
        return line.strip()

    def _nothing(self, y: int) -> Strip:
        if y == 0:
            return self.new_line("head").put(" Chart", "muted").strip()
        line = self.new_line()
        if y == 2:
            text = self.waiting_text if self.view is None else "No trades seen yet in this market."
            line.put("  ").put(text, "muted")
        return line.strip()
