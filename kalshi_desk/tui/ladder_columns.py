"""How wide each column of the ladder is, and the bars that show size."""

from __future__ import annotations

from dataclasses import dataclass

from kalshi_desk.desk.frames import BookView

_EIGHTHS = " ▏▎▍▌▋▊▉█"
_PRICE, _NO, _MY, _PNL, _NUMBER = 5, 6, 5, 9, 5
_WIDE_MY, _WIDE_NUMBER = 7, 7
_MIN_BAR, _MAX_BAR = 3, 16
_NEAR_LEVELS = 24


@dataclass(frozen=True, slots=True)
class LadderColumns:
    """Widths in cells; 0 for a column that found no room."""

    my_bid: int
    bar: int
    number: int
    price: int
    no: int
    my_ask: int
    pnl: int

    @property
    def bids(self) -> int:
        """Width of a size with its bar."""
        return self.number + (self.bar + 1 if self.bar else 0)

    @property
    def offers(self) -> int:
        """Width of a size with its bar."""
        return self.bids


def columns_for(width: int, *, has_position: bool) -> LadderColumns:
    """Share out a width: sizes and prices first, then the way out, my offers, NO, and bars."""
    used = 1 + _MY + 1 + 2 * _NUMBER + 1 + _PRICE + 1
    pnl = no = my_ask = 0
    # With a position the way out is worth more than a price that can be worked out.
    wishes = ["pnl", "my_ask", "no"] if has_position else ["no", "my_ask"]
    for wish in wishes:
        if wish == "pnl" and used + _PNL + 1 <= width:
            pnl, used = _PNL, used + _PNL + 1
        elif wish == "my_ask" and used + _MY + 1 <= width:
            my_ask, used = _MY, used + _MY + 1
        elif wish == "no" and used + _NO + 1 <= width:
            no, used = _NO, used + _NO + 1
    mine, number = _MY + (1 if width > used else 0), _NUMBER
    used += mine - _MY
    if width - used >= 2 * (_WIDE_MY - _MY + _WIDE_NUMBER - _NUMBER + _MIN_BAR + 1):
        used += _WIDE_MY - mine + 2 * (_WIDE_NUMBER - _NUMBER)
        used += _WIDE_MY - _MY if my_ask else 0
        mine, number, my_ask = _WIDE_MY, _WIDE_NUMBER, _WIDE_MY if my_ask else 0
    bar = min((width - used - 2) // 2, _MAX_BAR)
    if bar < _MIN_BAR:
        # No room for bars beside the numbers: they are drawn behind wider ones instead.
        bar, number = 0, number + max(width - used, 0) // 2
    return LadderColumns(mine, bar, number, _PRICE, no, my_ask, pnl)


def fill_cells(size: int, biggest: int, width: int) -> int:
    """Return how many cells of a number's ground are filled to show its size."""
    return min(max(round(size * width / biggest), 1), width) if size > 0 else 0


def size_bar(size: int, biggest: int, width: int, *, from_right: bool) -> str:
    """Return a bar of eighth blocks; one that grows to the left is made of whole and half cells."""
    if width <= 0 or size <= 0:
        return ""
    eighths = max(round(min(size / biggest, 1.0) * width * 8), 1)
    whole, rest = divmod(eighths, 8)
    if not from_right:
        return "█" * whole + (_EIGHTHS[rest] if rest else "")
    # Terminals have no left-growing eighths; the right half block is the finest there is.
    return ("▐" if rest >= 3 or not whole else "") + "█" * whole


def bar_scale(book: BookView) -> int:
    """Return the size that fills a bar: a round number that most sizes near the spread reach.

    One giant order far away would make all other bars the same; a round number keeps
    the bars still while sizes move a little.
    """
    middle = book.best_bid or book.best_ask or book.last_price or 0
    levels = [row for row in book.rows if row.bid or row.ask]
    levels.sort(key=lambda row: abs(row.price - middle))
    near = sorted(max(row.bid, row.ask) for row in levels[:_NEAR_LEVELS])
    if not near:
        return 1
    wanted = near[min(len(near) * 9 // 10, len(near) - 1)]
    scale = 100
    while scale * 10 < wanted:
        scale *= 10
    return next(scale * step for step in (1, 2, 5, 10) if scale * step >= wanted or step == 10)
