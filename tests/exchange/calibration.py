"""How the practice crowd compares with the real exchange.

``python -m tests.exchange.calibration FOLDER`` prints the table that stands in
``kalshi_desk/exchange/CROWD.md``; FOLDER holds the recordings.
"""

from __future__ import annotations

import gzip
import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from kalshi_desk.exchange.book import Book, Side
from kalshi_desk.exchange.notices import LevelChanged
from kalshi_desk.exchange.rules import Rules
from kalshi_desk.exchange.venue import Venue

START_NS = 1_795_834_800_000_000_000
STEPS = 3_000
SAMPLE_EVERY = 100
NEAR_CENTS = 5.0
MIDDLE = (5.0, 95.0)
ROWS = (
    ("spread", "spread", "cents"),
    ("top", "size at the best price", "contracts"),
    ("near", "depth within 5 cents of the best price", "contracts"),
    ("levels", "price levels a side", ""),
    ("delta", "size of a book change", "contracts"),
    ("wait", "time between book changes in a busy market", "ms"),
)

Level = tuple[float, float]
"""Price in cents and contracts."""


@dataclass
class Sample:
    """Everything measured of one exchange, by the names of ``ROWS``."""

    values: dict[str, list[float]] = field(
        default_factory=lambda: {name: [] for name, _, _ in ROWS}
    )

    def book(self, bids: list[Level], asks: list[Level]) -> None:
        """Take one book, best levels first; one-sided and extreme ones are left out."""
        if not bids or not asks:
            return
        bid, ask = bids[0][0], asks[0][0]
        if not MIDDLE[0] <= (bid + ask) / 2 <= MIDDLE[1] or ask <= bid:
            return
        self.values["spread"].append(ask - bid)
        for levels in (bids, asks):
            best = levels[0][0]
            self.values["top"].append(levels[0][1])
            near = sum(size for price, size in levels if abs(price - best) <= NEAR_CENTS)
            self.values["near"].append(near)
            self.values["levels"].append(len(levels))

    def change(self, contracts: float, waited_ms: float | None) -> None:
        """Take one change of a book and how long after the one before it came."""
        self.values["delta"].append(abs(contracts))
        if waited_ms is not None:
            self.values["wait"].append(waited_ms)

    def figures(self, name: str) -> tuple[float, float, float]:
        """Return the 10th percentile, the median and the 90th percentile."""
        low, middle, high = np.percentile(self.values[name], (10, 50, 90))
        return float(low), float(middle), float(high)


def practice(seed: int = 7, steps: int = STEPS) -> Sample:
    """Measure a seeded run; the busiest series gives the times between changes."""
    sample = Sample()
    venue = Venue.new(seed, START_NS, Rules(), warm_minutes=10)
    last: dict[str, int] = {}
    for step in range(steps):
        venue.step()
        venue.take_dirty()
        for notice in venue.take_notices():
            if isinstance(notice, LevelChanged):
                _take_change(sample, venue, notice, last)
        if step % SAMPLE_EVERY == 0:
            for ticker, book in venue.engine.books.items():
                if venue.engine.markets[ticker].status == "active":
                    sample.book(*_levels(book))
    return sample


def _take_change(sample: Sample, venue: Venue, notice: LevelChanged, last: dict[str, int]) -> None:
    waited = None
    if venue.engine.markets[notice.ticker].series_ticker == "KXBTC15M":
        before = last.get(notice.ticker)
        waited = None if before is None else (notice.ts_ns - before) / 1e6
        last[notice.ticker] = notice.ts_ns
    sample.change(notice.delta / 100, waited)


def _levels(book: Book) -> tuple[list[Level], list[Level]]:
    return _side(book.bids), _side(book.asks)


def _side(side: Side) -> list[Level]:
    sizes: dict[int, int] = {}
    for order in side.orders():
        sizes[order.price] = sizes.get(order.price, 0) + order.remaining
    ordered = sorted(sizes.items(), reverse=side.is_bid)
    return [(price / 100, size / 100) for price, size in ordered]


def real(folder: Path) -> Sample:
    """Measure the recordings: books by REST, and the stream of 15-minute crypto markets."""
    sample = Sample()
    for name in ("orderbook_depth", "weather_books"):
        for row in _lines(folder / "books" / f"{name}.jsonl.gz"):
            bids = [(price * 100, size) for price, size in row["yes_bids"] or ()]
            asks = [((1 - price) * 100, size) for price, size in row["no_bids"] or ()]
            sample.book(sorted(bids, reverse=True), sorted(asks))
    for path in sorted((folder / "captures").glob("btc15m-*.jsonl.gz")):
        last: dict[str, int] = {}
        for row in _lines(path):
            frame = row["frame"]
            if frame.get("type") != "orderbook_delta":
                continue
            body = frame["msg"]
            ticker = body["market_ticker"]
            before, last[ticker] = last.get(ticker), row["recv_ns"]
            waited = None if before is None else (row["recv_ns"] - before) / 1e6
            sample.change(float(body["delta_fp"]), waited)
    return sample


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    with gzip.open(path, "rt") as file:
        for line in file:
            yield json.loads(line)


def table(ours: Sample, theirs: Sample) -> str:
    """Return the comparison as a table of markdown."""
    lines = [
        "| what | practice: 10 %, median, 90 % | real: 10 %, median, 90 % |",
        "|---|---|---|",
    ]
    for name, text, unit in ROWS:
        cells = [" · ".join(map(_shown, s.figures(name))) for s in (ours, theirs)]
        lines.append(f"| {text}{f' ({unit})' if unit else ''} | {cells[0]} | {cells[1]} |")
    return "\n".join(lines)


def _shown(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


if __name__ == "__main__":
    print(table(practice(), real(Path(sys.argv[1]))))
