"""One rule and where it stands: raised once, and again only after its number came back."""

from __future__ import annotations

from dataclasses import dataclass, field

from kalshi_desk.alerts.rules import AlertKind, AlertRule

_LASTING = frozenset(
    {AlertKind.PRICE, AlertKind.MOVE, AlertKind.PNL, AlertKind.EQUITY, AlertKind.LIMIT}
)
_EACH_MATTERS = frozenset({AlertKind.FILL, AlertKind.LIMIT, AlertKind.CLOSE})
MOST_TOLD, TOLD_WITHIN_NS = 20, 600_000_000_000
"""A feed that pours out stories, or a price that jumps about, calls people no more often."""
MOST_SUBJECTS = 1_000
"""Markets and stories that a rule remembers to have told of; the oldest go."""


@dataclass(slots=True)
class Watch:
    """A rule with its memory.  ``raised`` has since when, by what it was raised about.

    ``seen`` is the newest number in words, ``times`` how often it was raised in this run.
    """

    name: str
    rule: AlertRule
    is_from_settings: bool = False
    raised: dict[str, int] = field(default_factory=dict)
    seen: str = ""
    times: int = 0
    raised_ns: int = 0
    told_ns: list[int] = field(default_factory=list)
    held_back: int = 0

    @property
    def is_raised(self) -> bool:
        """Whether what it is about still is beyond its level."""
        return bool(self.raised) and self.rule.kind in _LASTING

    def see(self, subject: str, value: int, now_ns: int) -> bool:
        """Take a number of a subject; True when the rule is raised by it just now.

        Raised again only after the number came back by ``rule.back`` beyond the level.
        """
        rule = self.rule
        beyond = value - rule.level if rule.is_above else rule.level - value
        if subject in self.raised:
            if beyond <= -rule.back:
                del self.raised[subject]
            return False
        return beyond > 0 and self.once(subject, now_ns)

    def once(self, subject: str, now_ns: int) -> bool:
        """Raise the rule about something that happens once; False when it was told before."""
        if subject in self.raised:
            return False
        self.raised[subject] = now_ns
        while len(self.raised) > MOST_SUBJECTS:
            del self.raised[next(iter(self.raised))]
        self.ring(now_ns)
        return True

    def ring(self, now_ns: int) -> None:
        """Count that it was raised."""
        self.times += 1
        self.raised_ns = now_ns

    def told(self, text: str, now_ns: int) -> str:
        """Return what to tell now, empty when this rule has called too often of late."""
        if self.rule.kind in _EACH_MATTERS:
            return text
        self.told_ns = [at_ns for at_ns in self.told_ns if 0 <= now_ns - at_ns < TOLD_WITHIN_NS]
        if len(self.told_ns) >= MOST_TOLD:
            self.held_back += 1
            return ""
        self.told_ns.append(now_ns)
        if self.held_back:
            text, self.held_back = f"{text} ({self.held_back} before it were held back.)", 0
        if len(self.told_ns) == MOST_TOLD:
            text += " That was often: what follows within 10 min is held back and counted."
        return text
