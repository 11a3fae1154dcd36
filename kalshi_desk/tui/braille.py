"""A line of braille dots: two columns and four rows of dots to a cell."""

from __future__ import annotations

from collections.abc import Sequence

_DOTS = ((0x01, 0x02, 0x04, 0x40), (0x08, 0x10, 0x20, 0x80))
_BASE = 0x2800


def resample(points: Sequence[tuple[int, int]], start: int, end: int, columns: int) -> list[int]:
    """Return one value per column: the last known at that time, -1 before the first point."""
    values = [-1] * columns
    if end <= start or columns <= 0:
        return values
    at, last = 0, -1
    for column in range(columns):
        until = start + (end - start) * (column + 1) // columns
        while at < len(points) and points[at][0] <= until:
            last = points[at][1]
            at += 1
        values[column] = last
    return values


def plot(values: Sequence[int], low: int, high: int, rows: int) -> list[str]:
    """Draw values (one per dot column) as joined braille lines, top row first."""
    width = (len(values) + 1) // 2
    cells = [[0] * width for _ in range(rows)]
    top = rows * 4 - 1
    span = max(high - low, 1)
    before = -1
    for x, value in enumerate(values):
        if value < 0:
            before = -1
            continue
        y = top - round((min(max(value, low), high) - low) * top / span)
        first, last = (y, y) if before < 0 else (min(before, y), max(before, y))
        for dot in range(first, last + 1):
            cells[dot // 4][x // 2] |= _DOTS[x % 2][dot % 4]
        before = y
    return ["".join(chr(_BASE + cell) if cell else " " for cell in row) for row in cells]
