"""The news wire: scheduled releases and stories that move hidden values some time after.

The press writes first; what it says enters the latent value gradually, so that whoever
reads and acts at once is ahead.  Everything depends on (seed, step) only.  What an item
moves is ground truth: it stays in this process and its state file.
"""

from __future__ import annotations

from collections.abc import Mapping
from random import Random

import msgspec

from kalshi_desk.exchange.calendar import SECOND_NS
from kalshi_desk.exchange.news_beats import BEATS, PRESSES, Beat
from kalshi_desk.exchange.records import Driver, Shift

KEPT = 200
_QUIET_SHARE = 0.3
_REWRITE_SHARE = 0.3
_LAG_S = (6.0, 20.0)
_RISE_S = (20.0, 90.0)
_REWRITE_S = (5.0, 60.0)
_MOST_CHANCE = 0.9


class NewsItem(msgspec.Struct, kw_only=True):
    """One published item; ``impact`` is what it moves the driver by, 0 for nothing."""

    number: int
    published_ns: int
    driver: str
    category: str
    press: str
    headline: str
    summary: str
    impact: float = 0.0
    index: int = 0
    """Which of the driver's values it concerns."""
    is_release: bool = False


class Wire(msgspec.Struct, kw_only=True):
    """What was published, newest last, and what is still to be; part of the kept state."""

    items: list[NewsItem] = msgspec.field(default_factory=list)
    waiting: list[NewsItem] = msgspec.field(default_factory=list)
    """Rewrites by other presses, with the time at which they appear."""
    next_number: int = 1
    lived_ns: int = 0


class Newsroom:
    """Writes the wire, and tells drivers what will move them."""

    def __init__(self, wire: Wire, drivers: Mapping[str, Driver]) -> None:
        self.wire = wire
        self.drivers = drivers

    def run(self, rng: Random, now_ns: int) -> None:
        """Publish what has become due since the last call."""
        wire = self.wire
        since_ns = wire.lived_ns or now_ns - SECOND_NS
        wire.lived_ns = now_ns
        if now_ns <= since_ns:
            return
        seconds = (now_ns - since_ns) / SECOND_NS
        for item in [item for item in wire.waiting if item.published_ns <= now_ns]:
            wire.waiting.remove(item)
            self._publish(item)
        for name, beat in BEATS.items():
            driver = self.drivers.get(name)
            if driver is None:
                continue
            if _is_due(beat, since_ns, now_ns):
                self._release(rng, driver, beat, now_ns)
            elif rng.random() < min(beat.chance * seconds, _MOST_CHANCE):
                self._story(rng, driver, beat, now_ns)

    def tell(self, rng: Random, driver: str, sizes: float, now_ns: int) -> None:
        """Publish a story now that moves a value by so many of its usual sizes."""
        beat = BEATS[driver]
        self._story(rng, self.drivers[driver], beat, now_ns, sizes * beat.size)

    def fresh(self, now_ns: int, seconds: float) -> list[NewsItem]:
        """Return what was published in the last seconds, newest first."""
        since_ns = now_ns - int(seconds * SECOND_NS)
        found: list[NewsItem] = []
        for item in reversed(self.wire.items):
            if item.published_ns < since_ns:
                break
            found.append(item)
        return found

    def _release(self, rng: Random, driver: Driver, beat: Beat, now_ns: int) -> None:
        """Publish a scheduled figure against the estimates, neither of which is the truth.

        Only by how much it surprises does it move the value.
        """
        impact = rng.gauss(0.0, beat.release_size)
        expected = driver.values[0] + rng.gauss(0.0, beat.release_size)
        figure, before = (f"{v:.{beat.digits}f}{beat.unit}" for v in (expected + impact, expected))
        if figure == before:
            word = "in line with estimates"
        else:
            word = "above estimates" if impact > 0 else "below estimates"
        item = NewsItem(
            number=0,
            published_ns=now_ns,
            driver=driver.name,
            category=beat.category,
            press="Practice Statistics Office",
            headline=f"{beat.release}: {figure}, {word}",
            summary=f"{beat.release} came in at {figure}; {before} had been expected.",
            impact=impact,
            is_release=True,
        )
        self._send(rng, item, driver)

    def _story(
        self, rng: Random, driver: Driver, beat: Beat, now_ns: int, impact: float | None = None
    ) -> None:
        """Publish an unscheduled story; unless told its impact some say nothing new."""
        index = rng.randrange(len(beat.names)) if beat.names else 0
        if impact is None:
            impact = 0.0 if rng.random() < _QUIET_SHARE else rng.gauss(0.0, beat.size)
        words = beat.flat if not impact else beat.up if impact > 0 else beat.down
        name = beat.names[index] if beat.names else ""
        text = rng.choice(words).format(name=name)
        item = NewsItem(
            number=0,
            published_ns=now_ns,
            driver=driver.name,
            category=beat.category,
            press=rng.choice(PRESSES),
            headline=text,
            summary=f"{text}, people close to the matter say.",
            impact=impact,
            index=index,
        )
        self._send(rng, item, driver)

    def _send(self, rng: Random, item: NewsItem, driver: Driver) -> None:
        """Publish, let it work later, and let another press write it again."""
        self._publish(item)
        if item.impact:
            start_ns = item.published_ns + int(rng.uniform(*_LAG_S) * SECOND_NS)
            end_ns = start_ns + int(rng.uniform(*_RISE_S) * SECOND_NS)
            driver.shifts.append(
                Shift(index=item.index, left=item.impact, start_ns=start_ns, end_ns=end_ns)
            )
        if rng.random() < _REWRITE_SHARE:
            press = rng.choice([press for press in PRESSES if press != item.press])
            again = msgspec.structs.replace(
                item,
                published_ns=item.published_ns + int(rng.uniform(*_REWRITE_S) * SECOND_NS),
                press=press,
                headline=f"{item.headline} - {press}",
                impact=0.0,
                is_release=False,
            )
            self.wire.waiting.append(again)

    def _publish(self, item: NewsItem) -> None:
        wire = self.wire
        item.number = wire.next_number
        wire.next_number += 1
        wire.items.append(item)
        del wire.items[:-KEPT]


def _is_due(beat: Beat, since_ns: int, now_ns: int) -> bool:
    every_ns = beat.every_s * SECOND_NS
    return bool(every_ns) and now_ns // every_ns > since_ns // every_ns
