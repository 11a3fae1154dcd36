"""Still plots for screens that are read, not watched: plotext's braille in the desk's inks.

plotext takes 9 to 50 ms a plot, so a picture is kept until its data or its size change.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from kalshi_desk.tui.ink import Cell

_ESCAPES = re.compile(r"\x1b\[[0-9;]*m")
_TICKS_X_EVERY = 22
_TICKS_Y_EVERY = 4
_BRAILLE = ("\u2800", "\u28ff")
_FRAME = frozenset("┌┐└┘─│┤├┬┴┼")


class Series(NamedTuple):
    """Numbers over time."""

    at: Sequence[float]
    values: Sequence[float]


def _ticks(low: float, high: float, count: int) -> list[float]:
    if count < 2 or high <= low:
        return [low]
    return [low + (high - low) * n / (count - 1) for n in range(count)]


def draw(
    series: Series, width: int, height: int, x_name: Sequence[str], y_name: Sequence[str]
) -> list[str]:
    """Return the lines of a plot; names of ticks are those of evenly spaced values."""
    # Here, because it costs 25 ms and 8 MB that a start must not pay.
    from textual_plotext.plot import Plot

    figure = Plot()
    figure.theme("clear")
    figure.plotsize(width, height)
    # plotext keeps to the size of a terminal that it guesses; textual-plotext's own widget
    # sets the size a second time for that reason, and a test fails when this stops working.
    figure._set_size(width, height)
    low_x, high_x = min(series.at), max(series.at)
    low_y, high_y = span_of(series.values)
    figure.plot(list(series.at), list(series.values), marker="braille")
    figure.xlim(low_x, high_x if high_x > low_x else low_x + 1)
    figure.ylim(low_y, high_y)
    figure.xticks(_ticks(low_x, high_x, len(x_name)), list(x_name))
    figure.yticks(_ticks(low_y, high_y, len(y_name)), list(y_name))
    built: str = figure.build()
    return _ESCAPES.sub("", built).splitlines()


def span_of(values: Sequence[float]) -> tuple[float, float]:
    """Return the ends of the value axis, apart also when all values are the same."""
    low, high = min(values), max(values)
    if high > low:
        return low, high
    apart = abs(low) / 100 or 0.01
    return low - apart, high + apart


def ticks_y(values: Sequence[float], height: int) -> list[float]:
    """Return the values named on the value axis."""
    low, high = span_of(values)
    return _ticks(low, high, max((height - 3) // _TICKS_Y_EVERY + 1, 2))


def ticks_x(at: Sequence[float], width: int) -> list[float]:
    """Return the moments named on the time axis."""
    return _ticks(min(at), max(at), max(width // _TICKS_X_EVERY, 2))


def inked(text: str, ink: str) -> tuple[Cell, ...]:
    """Return a line of a plot as runs: what is drawn, its frame, and the names of ticks."""
    cells: list[Cell] = []
    for char in text:
        role = "muted"
        if _BRAILLE[0] < char <= _BRAILLE[1]:
            role = ink
        elif char in _FRAME:
            role = "line"
        if cells and cells[-1].ink == role:
            cells[-1] = Cell(cells[-1].text + char, role)
        else:
            cells.append(Cell(char, role))
    return tuple(cells)
