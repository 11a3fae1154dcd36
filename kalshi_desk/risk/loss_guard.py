"""When a loss stops new exposure, and how it stays quiet after a person has looked.

A person who resumes has seen the loss: it stops again only when it has grown by another
quarter of its limit.
"""

from __future__ import annotations

from dataclasses import dataclass, field

AGAIN = 0.25
"""What share of the limit a loss must grow by, after a person resumed, to stop again."""


@dataclass(slots=True)
class LossGuard:
    """One loss in per cent; ``raised_to`` is where it stops after a person resumed, 0 before."""

    raised_to: float = 0.0

    def level(self, limit: float) -> float:
        """Return the loss in per cent from which on it stops."""
        return max(limit, self.raised_to)

    def is_over(self, loss: float, limit: float) -> bool:
        """Whether a loss stops new exposure."""
        return loss >= self.level(limit)

    def resume(self, loss: float | None, limit: float) -> None:
        """A person has looked at a loss: one that stops moves its level beyond itself."""
        if loss is not None and self.is_over(loss, limit):
            self.raised_to = loss + AGAIN * limit

    def clear(self) -> None:
        """Forget that a person has looked: another day, or the loss is over."""
        self.raised_to = 0.0


@dataclass(slots=True)
class LossGuards:
    """The guards of one account: of the day (halting, reducing) and of the drawdown."""

    halt: LossGuard = field(default_factory=LossGuard)
    reduce: LossGuard = field(default_factory=LossGuard)
    drawdown: LossGuard = field(default_factory=LossGuard)
    day: str = ""

    def open_day(self, day: str) -> bool:
        """Begin a day with its own limits; return whether it is another one."""
        if day == self.day:
            return False
        self.day = day
        self.halt.clear()
        self.reduce.clear()
        return True

    def as_text(self) -> str:
        """Return what must be remembered over a restart."""
        levels = (self.halt.raised_to, self.reduce.raised_to, self.drawdown.raised_to)
        return " ".join([self.day or "-", *map(repr, levels)])

    def recall(self, text: str) -> None:
        """Take what was remembered; words that mean nothing are left alone."""
        day, *levels = text.split() or [""]
        if len(levels) != len(("halt", "reduce", "drawdown")):
            return
        try:
            halt, reduce, drawdown = map(float, levels)
        except ValueError:
            return
        self.day = "" if day == "-" else day
        self.halt.raised_to, self.reduce.raised_to = halt, reduce
        self.drawdown.raised_to = drawdown
