"""Made-up headlines with a known rule, so that what a model finds can be judged."""

from __future__ import annotations

from random import Random

from kalshi_desk.news.labels import Labelled

DAY_NS = 86_400 * 1_000_000_000
START_NS = 1_780_000_000 * 1_000_000_000
_SUBJECTS = """harbor meridian northgate capitol granite willow copper lantern orchard summit
valley bridge canyon prairie anchor beacon cedar delta ember falcon"""
_FILLER = """board office group council union plant market agency service crew report season
garden museum railway kitchen theatre library"""
SUBJECTS, FILLER = _SUBJECTS.split(), _FILLER.split()
GOOD = ["thrives", "blossoms", "prospers", "flourishes", "shines"]
BAD = ["flounders", "withers", "sours", "languishes", "dims"]
PLAIN = ["convenes", "publishes", "relocates", "renames", "schedules"]


def planted(days: int, each: int, seed: int = 1, noise: float = 0.15) -> list[Labelled]:
    """Return headlines whose verb says what they are; some labels are wrong."""
    rng = Random(seed)
    made = []
    for day in range(days):
        for number in range(each):
            label = rng.choice((-1, 0, 1))
            verb = rng.choice({-1: BAD, 0: PLAIN, 1: GOOD}[label])
            text = f"{headline_start(rng)} {verb} {number} {rng.choice(FILLER)} {day}"
            if rng.random() < noise:
                label = rng.choice((-1, 0, 1))
            made.append(row(text, label, day, number))
    return made


def daily_fads(days: int, each: int, seed: int = 1) -> list[Labelled]:
    """Return headlines whose words say something only about their own day.

    Every day has one mood and words of its own: whoever has seen a day's other headlines
    knows the rest of it, and nothing of tomorrow.
    """
    rng = Random(seed)
    made = []
    for day in range(days):
        label = rng.choice((-1, 1))
        words = [f"{rng.choice(SUBJECTS)}{letters(rng)}" for _ in range(3)]
        for number in range(each):
            text = f"{headline_start(rng)} {rng.choice(words)} {letters(rng)} {letters(rng)}"
            made.append(row(text, label, day, number))
    return made


def headline_start(rng: Random) -> str:
    return f"{rng.choice(SUBJECTS).title()} {rng.choice(FILLER)} {letters(rng)}"


def letters(rng: Random) -> str:
    return "".join(rng.choice("bcdfghjklmnpqrstvwxz") for _ in range(6))


def row(text: str, label: int, day: int, number: int) -> Labelled:
    at_ns = START_NS + day * DAY_NS + number * 60 * 1_000_000_000
    return Labelled(text=text, label=label, at_ns=at_ns)
