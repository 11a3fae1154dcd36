"""How equity got here: its growth with money from outside left out, peaks, days and a curve.

Growth is the time-weighted return: each step multiplies it by
``(equity - what came from outside since) / equity before``, so that a deposit is no gain and
a withdrawal no loss.  It is a statistic, and the only float here.
"""

from __future__ import annotations

import msgspec

from kalshi_desk.core.types import NO_MONEY, Money

MOST_POINTS = 300
EVERY_NS = 60_000_000_000


class Sample(msgspec.Struct, frozen=True, gc=False):
    """Equity at one moment; ``flows`` is all that came from outside up to it.

    ``growth`` is 1 at the beginning, ``peak`` the highest so far.
    """

    at_ns: int
    equity: Money
    flows: Money = NO_MONEY
    growth: float = 1.0
    peak: float = 1.0

    @property
    def drawdown(self) -> float:
        """How far below the peak, as a share of it."""
        return max(0.0, 1.0 - self.growth / self.peak) if self.peak > 0.0 else 0.0


class EquityTrack:
    """Takes samples in time and keeps what is needed of them, however many there are."""

    def __init__(self) -> None:
        self.last: Sample | None = None
        self.max_drawdown = 0.0
        self.closings: dict[int, float] = {}
        """The last growth of each day, by the day's ordinal."""
        self._curve: list[Sample] = []
        self._span_ns = EVERY_NS

    def after(self, at_ns: int, equity: Money, flows: Money) -> Sample:
        """Return what a sample would be now, without keeping it."""
        last = self.last
        if last is None:
            return Sample(at_ns, equity, flows)
        if last.equity <= 0:
            # Nothing can grow from nothing: whatever came since begins anew.
            return Sample(at_ns, equity, flows)
        step = (equity - (flows - last.flows)) / last.equity
        growth = last.growth * max(0.0, step)
        return Sample(at_ns, equity, flows, growth, max(last.peak, growth))

    def add(self, at_ns: int, equity: Money, flows: Money, day: int) -> Sample:
        """Keep a sample of a day, given by its ordinal, and return it."""
        sample = self.after(at_ns, equity, flows)
        self.keep(sample, day)
        return sample

    def keep(self, sample: Sample, day: int) -> None:
        """Take a sample as it was journaled; later ones must come later."""
        self.last = sample
        self.max_drawdown = max(self.max_drawdown, sample.drawdown)
        self.closings[day] = sample.growth
        self._draw(sample)

    def daily_returns(self, today: int) -> list[float]:
        """Return the growth of every day before ``today`` since the first, idle ones as 0."""
        days = sorted(day for day in self.closings if day < today)
        if not days:
            return []
        returns, before = [], 1.0
        for day in range(days[0], max(days[-1] + 1, today)):
            closing = self.closings.get(day, before)
            returns.append(closing / before - 1.0 if before > 0.0 else 0.0)
            before = closing
        return returns

    def curve(self) -> tuple[Sample, ...]:
        """Return at most :data:`MOST_POINTS` samples, oldest first; deep falls stay visible."""
        return tuple(self._curve)

    def _draw(self, sample: Sample) -> None:
        """Keep the last sample of each span and its deepest one; widen the spans when full."""
        self._curve.append(sample)
        if len(self._curve) > 2 and self._same(-1, -3):
            self._thin_tail()
        while len(self._curve) > MOST_POINTS:
            self._span_ns *= 2
            self._thin()

    def _same(self, one: int, other: int) -> bool:
        span = self._span_ns
        return self._curve[one].at_ns // span == self._curve[other].at_ns // span

    def _thin_tail(self) -> None:
        first, middle = self._curve[-3], self._curve[-2]
        self._curve[-3:-1] = [first if first.drawdown >= middle.drawdown else middle]

    def _thin(self) -> None:
        samples, self._curve = self._curve, []
        for sample in samples:
            self._curve.append(sample)
            if len(self._curve) > 2 and self._same(-1, -3):
                self._thin_tail()
