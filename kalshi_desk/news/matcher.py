"""Which markets an item is about, how surely, and whether others are as plausible.

Titles are ranked by ``index``; markets of one event count once.  Relevance is the chance
that the event is one the item speaks of: a logistic curve over nearness, evidence and
coverage, fitted on 140 headlines judged by hand against 2,090 titles, and checked on others.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from math import exp

import numpy as np

from kalshi_desk.news.concepts import BROAD, QUANTITIES, home_places
from kalshi_desk.news.entities import PLACE, Mention, Sense, sense
from kalshi_desk.news.index import (
    DOMESTIC,
    HOME,
    Nearness,
    TitleIndex,
    masked,
    title_sense,
    undated,
)
from kalshi_desk.news.outcomes import Outcomes, outcomes_of, stands_alone
from kalshi_desk.news.polarity import Form, Shape, shape_of
from kalshi_desk.news.texts import MAX_RULES, MAX_TITLE, MarketText, clean

SCORE, EVIDENCE, COVERAGE, BASE = 3.4, 1.3, 0.65, -7.1
"""The logistic curve of relevance.

Fitted by logistic regression on whether the best title was right, which gave a base of -6.6.
With that a relevance of 0.8 or more was right for 13 of 14 headlines that were chosen because
they concern a market, but only for some 19 of 28 among 480 that nobody chose.  So the base
is lower by a half: then 11 of 11 and 14 of 19 are right, together five in six.
"""
NAMED = 2.0
"""Evidence of an outcome named in full, as much as a name and a concept together."""
MOVED, SAID = 2.0, 1.0
"""Evidence of a text that says which way a market's quantity goes, or how likely its event is."""
LEAST = 0.3
"""Less relevant events aren't told of."""
_WORTH = 0.01
"""Titles below this aren't looked at closer."""
MOST_EVENTS = 5
MOST_MARKETS = 12
"""Markets of one event that are told of."""
MOST_MATCHES = 40
RIVAL = 0.8
"""An event with this share of the best one's relevance is as plausible."""
UNNAMED = 0.7
"""What is left for the outcomes of a choice when the text names none of them."""
LATER = 0.6
"""What is left for a later event of the same series, when the text doesn't name its date."""


@dataclass(frozen=True, slots=True)
class Found:
    """One market that an item may be about; ``outcome`` is what the text calls it, if it does.

    ``is_alone`` says that what the text says may be of that outcome and not of its rivals.
    """

    market: MarketText
    shape: Shape
    relevance: float
    is_ambiguous: bool
    why: str
    outcome: Mention | None = None
    is_alone: bool = True


class Matcher:
    """The open markets, ready to be compared with items of news."""

    def __init__(self, markets: Sequence[MarketText]) -> None:
        self.markets = tuple(markets)
        self._events: dict[str, list[int]] = {}
        rows: dict[tuple[str, str], int] = {}
        titles: list[str] = []
        rules: list[str] = []
        self._row_event: list[str] = []
        self._event_rows: dict[str, list[int]] = {}
        for number, market in enumerate(self.markets):
            event = market.event_ticker or market.ticker
            title = clean(market.title, MAX_TITLE)
            is_new = event not in self._events
            self._events.setdefault(event, []).append(number)
            key = (event, masked(title))
            if key not in rows:
                rows[key] = len(titles)
                titles.append(title)
                rules.append(clean(market.rules, MAX_RULES) if is_new else "")
                self._row_event.append(event)
                self._event_rows.setdefault(event, []).append(rows[key])
        self._titles = titles
        self._index = TitleIndex(titles, rules) if titles else None
        self._outcomes: Outcomes = outcomes_of(self.markets)
        self._shapes: dict[int, Shape] = {}

    def ranked(self, text: str) -> list[tuple[str, float]]:
        """Return every title with its relevance, best first: for measuring the matcher."""
        if self._index is None:
            return []
        read = sense(clean(text, MAX_TITLE))
        relevance = _relevance(self._index.nearness(clean(text, MAX_TITLE), read))
        order = np.argsort(-relevance, kind="stable")
        return [(self._titles[row], float(relevance[row])) for row in order]

    def find(self, text: str, read: Sense, moved: Collection[str] = ()) -> list[Found]:
        """Return the markets that a cleaned text is about, the most relevant first.

        ``moved`` are the concepts of which the text says which way they go.
        """
        if self._index is None:
            return []
        nearness = self._index.nearness(text, read)
        named = self._outcomes.found_in(read)
        spelled = self._outcomes.tickers_in(read)
        best = self._best_rows(nearness, named, spelled, frozenset(moved) - BROAD)
        dated = self._dated(best, read)
        ranked = sorted(dated.items(), key=lambda one: (-one[1], one[0]))
        kept = [(event, value) for event, value in ranked if value >= LEAST][:MOST_EVENTS]
        found: list[Found] = []
        for event, value in kept:
            is_rivalled = self._is_rivalled(event, value, kept, read) or self._is_abroad(
                event, read
            )
            found += self._markets_of(event, value, named, read, is_rivalled=is_rivalled)
        return found[:MOST_MATCHES]

    def _best_rows(
        self,
        nearness: Nearness,
        named: dict[int, Mention],
        spelled: set[int],
        moved: frozenset[str],
    ) -> dict[str, float]:
        """Return by event its best relevance; an outcome named adds to its evidence."""
        bonus: dict[str, float] = {}
        for number, mention in named.items():
            event = self.markets[number].event_ticker or self.markets[number].ticker
            length = min(mention.end - mention.start, 2)
            bonus[event] = max(bonus.get(event, 0.0), NAMED * length / 2)
        values = _relevance(nearness)
        logits = _logit(nearness)
        best: dict[str, float] = {}
        for row in np.flatnonzero((values >= _WORTH) | (self._is_in(bonus) & (nearness.score > 0))):
            event = self._row_event[row]
            logit = float(logits[row])
            subject = self._variables(event)[:1]
            if subject and subject[0] in moved:
                logit += EVIDENCE * (MOVED if subject[0] in QUANTITIES else SAID)
            # A name alone is not enough: teams and films share their names with everything.
            logit += EVIDENCE * bonus.get(event, 0.0)
            best[event] = max(best.get(event, 0.0), _curve(logit))
        for number in spelled:
            event = self.markets[number].event_ticker or self.markets[number].ticker
            best[event] = 0.99
        return best

    def _is_in(self, events: Collection[str]) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
        """Return for every title whether it belongs to one of the events."""
        made = np.zeros(len(self._row_event), dtype=np.bool_)
        for event in events:
            made[self._event_rows[event]] = True
        return made

    def _dated(self, best: dict[str, float], read: Sense) -> dict[str, float]:
        """Lower the later events of a series: news is about the next one unless it says so."""
        series: dict[tuple[str, str], list[str]] = {}
        for event, value in best.items():
            if value >= LEAST:
                market = self.markets[self._events[event][0]]
                if market.series_ticker:
                    key = (market.series_ticker, undated(market.title))
                    series.setdefault(key, []).append(event)
        made = dict(best)
        for events in series.values():
            if len(events) < 2:
                continue
            meant = [event for event in events if self._is_dated(event, read)]
            soonest = min(events, key=lambda one: (self._closes(one), one))
            for event in events:
                if (event not in meant) if meant else (event != soonest):
                    made[event] *= LATER
        return made

    def _is_dated(self, event: str, read: Sense) -> bool:
        """Whether a text names the month of an event's title."""
        if not read.months:
            return False
        months = sense(clean(self.markets[self._events[event][0]].title, MAX_TITLE)).months
        return bool(months & read.months)

    def _closes(self, event: str) -> int:
        times = [self.markets[one].close_ns for one in self._events[event]]
        return min((time for time in times if time > 0), default=2**62)

    def _is_rivalled(
        self, event: str, value: float, kept: Sequence[tuple[str, float]], read: Sense
    ) -> bool:
        """Whether another event is as plausible and about something else.

        Two events about the same thing in the same place are both meant: a word of the Fed
        moves all markets on its rate.
        """
        mine = self._about(event)
        for other, rival in kept:
            if other == event or rival < RIVAL * value:
                continue
            theirs = self._about(other)
            if not (mine & theirs & read.concepts) or self._differ_in_place(event, other):
                return True
        return False

    def _is_abroad(self, event: str, read: Sense) -> bool:
        """Whether a text speaks of another country and the event of the same thing at home.

        A rate hike in Australia is as likely meant by its own central bank.
        """
        if read.places <= home_places() or HOME in read.places:
            return False
        theirs = title_sense(clean(self.markets[self._events[event][0]].title, MAX_TITLE))
        return bool(theirs.concepts & DOMESTIC) and not theirs.places & read.places

    def _about(self, event: str) -> frozenset[str]:
        return frozenset(self._variables(event))

    def _variables(self, event: str) -> tuple[str, ...]:
        return self._shape(self._events[event][0]).variables

    def _differ_in_place(self, one: str, other: str) -> bool:
        first, second = (
            sense(clean(self.markets[self._events[event][0]].title, MAX_TITLE)).places
            for event in (one, other)
        )
        return first != second

    def _markets_of(
        self,
        event: str,
        value: float,
        named: dict[int, Mention],
        read: Sense,
        *,
        is_rivalled: bool,
    ) -> list[Found]:
        """Return the event's markets: those named, else all that a quantity moves."""
        numbers = self._events[event]
        chosen = [one for one in numbers if one in named]
        if chosen:
            rivals = {named[one] for one in chosen}
            return [
                replace(
                    self._found(
                        one, value, is_rivalled, f"names {self.markets[one].subtitle}", named
                    ),
                    is_alone=stands_alone(named[one], rivals, read),
                )
                for one in chosen[:MOST_MARKETS]
            ]
        shapes = [self._shape(one) for one in numbers]
        is_choice = len(numbers) > 1 and all(
            shape.form in {Form.WINS, Form.OCCURS} for shape in shapes
        )
        why = self._why(event, read)
        if is_choice:
            return [
                self._found(one, value * UNNAMED, True, f"{why}; names no outcome", {})
                for one in numbers[:MOST_MARKETS]
            ]
        near = sorted(numbers, key=lambda one: self._distance(one, read))[:MOST_MARKETS]
        return [self._found(one, value, is_rivalled, why, {}) for one in near]

    def _found(
        self, number: int, value: float, is_ambiguous: bool, why: str, named: dict[int, Mention]
    ) -> Found:
        return Found(
            market=self.markets[number],
            shape=self._shape(number),
            relevance=round(min(value, 0.99), 4),
            is_ambiguous=is_ambiguous,
            why=why,
            outcome=named.get(number),
        )

    def _distance(self, number: int, read: Sense) -> tuple[float, int]:
        """Return how far a strike is from the figures of a text; ties keep the listed order."""
        market = self.markets[number]
        mine = sense(clean(f"{market.subtitle} {market.title}", MAX_TITLE)).figures
        gaps = [abs(value - other) for value, unit in mine for other, theirs in read.figures
                if unit == theirs or not unit or not theirs]  # fmt: skip
        return min(gaps, default=0.0), number

    def _why(self, event: str, read: Sense) -> str:
        market = self.markets[self._events[event][0]]
        theirs = sense(clean(f"{market.title} {market.rules[:MAX_TITLE]}", MAX_TITLE * 2))
        both = sorted(read.concepts & theirs.concepts) + sorted(
            one.removeprefix(PLACE) for one in read.places & theirs.places
        )
        if not both:
            both = sorted(set(read.stems) & set(theirs.stems), key=len, reverse=True)
        return "both: " + ", ".join(one.replace("_", " ") for one in both[:3]) if both else "words"

    def _shape(self, number: int) -> Shape:
        shape = self._shapes.get(number)
        if shape is None:
            shape = self._shapes[number] = shape_of(self.markets[number])
        return shape


def _logit(nearness: Nearness) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    return (
        SCORE * nearness.score + EVIDENCE * nearness.evidence + COVERAGE * nearness.coverage + BASE
    )


def _relevance(nearness: Nearness) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Return the relevance of every title; nothing shared is nothing."""
    value = 1.0 / (1.0 + np.exp(-_logit(nearness)))
    return np.where(nearness.score > 0.0, value, 0.0)


def _curve(logit: float) -> float:
    return 1.0 / (1.0 + exp(-logit))
