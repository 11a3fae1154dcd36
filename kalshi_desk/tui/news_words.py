"""Words, numbers and bars of news: how good, how sure, which way, how long ago."""

from __future__ import annotations

from collections.abc import Iterable

from kalshi_desk.core.news import (
    FeedReport,
    FeedState,
    Polarity,
    ReaderReport,
    ReaderState,
    Tier,
)
from kalshi_desk.desk.service_frames import MatchView, NewsRow
from kalshi_desk.tui import format as f
from kalshi_desk.tui.ink import Cell

TIER_INK = {Tier.OFFICIAL: "good", Tier.PRESS: "ink", Tier.SOCIAL: "muted"}
TIER_WORDS = {
    Tier.OFFICIAL: "official source",
    Tier.PRESS: "press",
    Tier.SOCIAL: "social posts",
}
POLARITY = {
    Polarity.FOR: (f.UP, "for", "up"),
    Polarity.AGAINST: (f.DOWN, "against", "down"),
    Polarity.UNKNOWN: ("?", "open", "muted"),
}
"""Mark, word and ink: what good news of the item's kind does to YES of the market."""
STATE = {
    FeedState.OK: ("✓", "ok", "good"),
    FeedState.WAITING: ("·", "waiting", "muted"),
    FeedState.FAILING: ("✗", "failing", "risk"),
    FeedState.OFF: ("○", "off", "faint"),
}
LABELS = {1: (f.UP, "good", "up"), 0: ("·", "neither", "muted"), -1: (f.DOWN, "bad", "down")}
_CLEAR = 0.005
_BLOCKS = " ▏▎▍▌▋▊▉█"


def short_age(at_ns: int, now_ns: int) -> str:
    """Return how long ago something was in one unit: ``12s``, ``4m``, ``3h``, ``2d``."""
    if not at_ns:
        return f.NONE
    seconds = max((now_ns - at_ns) // f.SECOND_NS, 0)
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "m")):
        if seconds >= size:
            return f"{seconds // size}{unit}"
    return f"{seconds}s"


def is_scored(row: NewsRow) -> bool:
    """Return whether anything has read the item."""
    return bool(row.scored_by)


def tone(value: float) -> str:
    """Return the role of the colour of a sentiment."""
    if abs(value) < _CLEAR:
        return "flat"
    return "up" if value > 0 else "down"


def signed(value: float, decimals: int = 2) -> str:
    """Return a number from -1 to 1 with arrow and sign, ``▲ +0.62``; zero has neither."""
    if abs(value) < _CLEAR:
        return f"{0:.{decimals}f}"
    size = f"{abs(value):.{decimals}f}"
    return f"{f.UP} +{size}" if value > 0 else f"{f.DOWN} {f.MINUS}{size}"


def sentiment_cell(row: NewsRow) -> Cell:
    """Return the sentiment of an item, or a dash while nothing has read it."""
    if not is_scored(row):
        return Cell(f.NONE, "faint")
    return Cell(signed(row.sentiment), tone(row.sentiment), row.confidence >= 0.5)


def bar(value: float, width: int) -> str:
    """Return a bar for a size from 0 to 1, in eighths of a cell."""
    eighths = round(min(max(abs(value), 0.0), 1.0) * width * 8)
    whole, rest = divmod(eighths, 8)
    return ("█" * whole + (_BLOCKS[rest] if rest else "")).ljust(width)


def two_sided(value: float, half: int) -> tuple[str, str]:
    """Return what stands left and right of the middle of a bar from -1 to 1.

    The left half is drawn in whole cells: there are no blocks that fill from the right.
    """
    if value < 0:
        cells = min(max(round(-value * half), 1 if value <= -_CLEAR else 0), half)
        return ("█" * cells).rjust(half), " " * half
    return " " * half, bar(value, half)


def percent(value: float) -> str:
    """Return a share of one in whole per cent."""
    return f"{value * 100:.0f}%"


def moved(match: MatchView) -> int | None:
    """Return what the price did since just before the story, in 1/10,000 dollar."""
    if match.pre_price is None or match.now_price is None:
        return None
    return match.now_price - match.pre_price


def moved_cell(match: MatchView | None) -> Cell:
    """Return what followed, with arrow and sign."""
    change = None if match is None else moved(match)
    if change is None:
        return Cell(f.NONE, "faint")
    return Cell(f.change(change), f.direction(change) if change else "faint", bool(change))


def polarity_cell(match: MatchView) -> Cell:
    """Return which way good news moves YES; what is ambiguous says so."""
    if match.is_ambiguous and not match.by_person:
        return Cell("? unclear", "caution")
    mark, word, ink = POLARITY[match.polarity]
    return Cell(f"{mark} {word}", ink)


def label_cell(row: NewsRow) -> Cell:
    """Return what a person said an item is."""
    if row.label is None:
        return Cell("")
    mark, word, ink = LABELS.get(row.label, ("?", str(row.label), "muted"))
    return Cell(f"{mark} {word}", ink, True)


def label_mark(row: NewsRow) -> Cell:
    """Return the mark of what a person said an item is."""
    return Cell(label_cell(row).text[:1], label_cell(row).ink, True)


def state_cell(report: FeedReport) -> Cell:
    """Return how a feed is, with its mark."""
    mark, word, ink = STATE[report.state]
    return Cell(f"{mark} {word}", ink, report.state is FeedState.FAILING)


def lag_text(report: FeedReport) -> str:
    """Return how long after publication the newest item came, in one unit."""
    return f.NONE if report.lag_s is None else short_age(1, 1 + report.lag_s * f.SECOND_NS)


def silence_cell(reader: ReaderReport | None) -> Cell | None:
    """Return that no news is being read and since when; None while it is, or nobody says."""
    if reader is None or reader.is_reading:
        return None
    since = f.clock(reader.since_ns)
    if reader.state is ReaderState.DOWN:
        return Cell(f"✗ not read since {since}", "risk", True)
    if reader.state is ReaderState.STARTING:
        return Cell("· reading starts", "muted")
    return Cell(f"○ off since {since}", "caution")


def scorer_cells(reader: ReaderReport | None) -> Iterable[Cell]:
    """Return what scores news, and whether the file of a classifier was refused."""
    if reader is None or not reader.model:
        return
    scorer = reader.model.partition(" (")[0].replace(" of ", " ")
    yield Cell(f"· {scorer} ", "faint")
    if reader.model_fault:
        yield Cell("! classifier refused ", "caution", True)
