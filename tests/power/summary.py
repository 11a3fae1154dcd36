"""What all seeds together say: a table of seasons, and the mean net result with its interval."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from math import sqrt
from statistics import fmean, stdev

import msgspec

from kalshi_desk.core.types import MONEY_SCALE
from tests.power.season import CellFound, SeasonFound


class Summary(msgspec.Struct, frozen=True, kw_only=True):
    """All seasons of one kind; money in dollars, the interval is Student's at 95 %.

    ``low`` and ``high`` are None for fewer than two seasons.
    """

    seasons: int
    opened: int
    mean_net: float
    low: float | None
    high: float | None
    mean_gross: float
    mean_fees: float
    traded: int
    """Seasons in which anything was traded."""


def summary_of(found: Sequence[SeasonFound]) -> Summary:
    """Return what seasons of one kind have shown; at least one."""
    nets = [one.net / MONEY_SCALE for one in found]
    mean, low, high = fmean(nets), None, None
    if len(nets) > 1:
        from scipy.stats import t

        half = float(t.ppf(0.975, len(nets) - 1)) * stdev(nets) / sqrt(len(nets))
        low, high = mean - half, mean + half
    return Summary(
        seasons=len(found),
        opened=sum(1 for one in found if one.opened_day),
        mean_net=mean,
        low=low,
        high=high,
        mean_gross=fmean(one.gross / MONEY_SCALE for one in found),
        mean_fees=fmean(one.fees / MONEY_SCALE for one in found),
        traded=sum(1 for one in found if one.fills),
    )


def row(found: SeasonFound) -> str:
    """Return one season in one line."""
    cell = next((one for one in found.cells if one.cell == found.nearest), None)
    opened = "never" if not found.opened_day else f"day {found.opened_day:>2}"
    return (
        f"{found.season.seed:>4} {opened:>7} {found.opened_hours:>6.1f}h "
        f"{found.items:>6} {found.stories:>6} {found.orders:>6} {found.fills:>6} "
        f"{found.events_traded:>6} {_dollars(found.gross)} {_dollars(found.fees)} "
        f"{_dollars(found.net)}  {_cell(cell)}{_troubles(found)}"
    )


HEAD = (
    "seed    gate after    items stories orders  fills events      gross      fees       net"
    "  nearest cell"
)


def told(name: str, found: Sequence[SeasonFound]) -> list[str]:
    """Return the lines of a report on seasons of one kind."""
    total = summary_of(found)
    lines = [name, HEAD, *(row(one) for one in sorted(found, key=lambda one: one.season.seed))]
    interval = (
        "" if total.low is None else f" (95 % interval {total.low:+,.2f} to {total.high:+,.2f})"
    )
    opened = Counter(
        cell.cell.rpartition("|")[0] for one in found for cell in one.cells if not cell.failed
    )
    cells = ", ".join(f"{name} {count}" for name, count in opened.most_common(8))
    return [
        *lines,
        f"gate opened in {total.opened} of {total.seasons} seasons, traded in {total.traded}; "
        f"mean net {total.mean_net:+,.2f} dollars a season{interval}, gross "
        f"{total.mean_gross:+,.2f}, fees {total.mean_fees:,.2f}",
        f"cells proven at the end, by category and tier: {cells or 'none'}",
    ]


def _dollars(money: int) -> str:
    return f"{money / MONEY_SCALE:>9,.2f}"


def _cell(cell: CellFound | None) -> str:
    if cell is None:
        return "none"
    kappa = "-" if cell.kappa is None else f"{cell.kappa:+.2f}"
    words = f"{cell.cell}: {cell.items} items, {cell.events} events, kappa {kappa}"
    failed = f"; fails {', '.join(cell.failed)}" if cell.failed else "; proven"
    return f"{words}, t {cell.t:+.2f}, q {cell.q:.3f}, oos t {cell.out_of_sample_t:+.2f}{failed}"


def _troubles(found: SeasonFound) -> str:
    troubles = []
    if found.cash_gap:
        troubles.append(f"cash differs by {found.cash_gap}")
    if found.kept_gap:
        troubles.append(f"{found.kept_gap} observations not in the journal")
    if found.halted:
        troubles.append(f"halted: {found.halted}")
    troubles += found.faults[:2]
    return f"  !! {'; '.join(troubles)}" if troubles else ""
