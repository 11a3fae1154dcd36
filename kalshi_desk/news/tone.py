"""Which way a text points, and of what: claims about its subjects, scored by TextBlob and cues.

``score`` runs from -1 to +1 in the direction of the text's own subject: more of a quantity,
likelier for an event, better for a person, a team, a film.  What that means for YES of a
market is another question, which ``polarity`` answers or refuses.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from kalshi_desk.news.concepts import BROAD, QUANTITIES
from kalshi_desk.news.cues import (
    CALMERS,
    CLAUSE_WORDS,
    HEDGED,
    HEDGES,
    HEIGHTS,
    NEGATIONS,
    NEUTRAL_PHRASES,
    NEUTRALS,
    OF_WORDS,
    PLAIN,
    SPANS,
    STOPS,
    STRONG,
    SUBJECTIVITY,
    THREATS,
    directions,
    likelihoods,
)
from kalshi_desk.news.entities import PLACE, Mention, Sense

CONFIDENCE_CAP = 0.6
"""Nothing has proven an untrained score: it never claims more than this."""
CONFIDENCE_HALF = 0.25
LEAST = 0.1
"""Weaker directions than this say nothing."""
OCCURRING = frozenset({"warm_air", "cool_air", "dry_air"})
"""Things whose mere mention says that they are there."""
_OWN_DIRECTION = frozenset({"rates", "layoffs"})
"""Concepts whose phrases say their own way, as "rate cut" does and "heavy rain" does not."""
_ORPHAN = 0.8
"""What words of a clause without a subject of its own say of the subject before it."""
_MORE = 0.15
_THREAT = 1.5
"""A fear of something says more of that than the words around it."""
_LONGEST_PHRASE = 3


@dataclass(frozen=True, slots=True)
class Cue:
    """One direction word; ``is_likelihood`` says that it tells how likely, not which way."""

    weight: float
    is_likelihood: bool


@dataclass(frozen=True, slots=True)
class Claim:
    """One subject of a text and which way it goes, from -1 to +1."""

    concept: str
    direction: float


@dataclass(frozen=True, slots=True)
class Tone:
    """How a text sounds; ``claims`` are strongest first, ``subjectivity`` from 0 to 1.

    ``is_opinion`` says that no direction word was found and only a mood was scored.
    """

    score: float
    subjectivity: float
    claims: tuple[Claim, ...] = ()
    is_opinion: bool = False

    @property
    def subject(self) -> str:
        """The concept of the strongest claim, empty when there is none."""
        return self.claims[0].concept if self.claims else ""

    @property
    def confidence(self) -> float:
        """How far an untrained score is believed: cap * z / (z + 1/4), z = |score| * subjectivity.

        Grows with both, is 0 where either is 0, and stays below ``CONFIDENCE_CAP``.
        """
        z = abs(self.score) * self.subjectivity
        return CONFIDENCE_CAP * z / (z + CONFIDENCE_HALF)


def opinion(text: str) -> tuple[float, float]:
    """Return polarity and subjectivity by TextBlob's own lexicon; it needs no corpus."""
    from textblob import TextBlob

    found = TextBlob(text).sentiment
    return _within(found.polarity, -1.0), _within(found.subjectivity, 0.0)


def tone(text: str, read: Sense, named: Sequence[Mention] = ()) -> Tone:
    """Score a cleaned text; ``named`` are outcomes of markets that it names.

    The words of a named outcome (``Cut 25bps``) are its name and point nowhere.
    """
    mood, subjectivity = opinion(text)
    masked = {place for mention in named for place in range(mention.start, mention.end)}
    cues, is_neutral, is_hedged = _cues(read, masked)
    claims = _claims(read, cues, named)
    direction = claims[0].direction if claims else 0.0
    if is_neutral and not any(abs(cue.weight) == STRONG for cue in cues.values()):
        return Tone(0.0, subjectivity)
    if abs(direction) < LEAST:
        opinions = tuple(Claim(mention.concept, mood) for mention in named[:1] if mood)
        return Tone(mood, subjectivity, opinions, is_opinion=True)
    factor = HEDGED if is_hedged else 1.0
    if mood * direction > 0:
        direction += (1.0 - abs(direction)) * mood * 0.5
    return Tone(
        score=_within(direction * factor, -1.0),
        subjectivity=max(subjectivity, SUBJECTIVITY),
        claims=claims,
    )


def _cues(read: Sense, masked: Collection[int]) -> tuple[dict[int, Cue], bool, bool]:
    """Return the direction words by their places, and whether the text is neutral or hedged."""
    table, likely = directions(), likelihoods()
    found: dict[int, Cue] = {}
    place = 0
    while place < len(read.stems):
        length = 1
        if place not in masked:
            for size in range(_LONGEST_PHRASE, 0, -1):
                key = read.stems[place : place + size]
                if key in table:
                    found[place] = Cue(_negated(read, place, table[key]), key in likely)
                    length = size
                    break
            else:
                cue = _single(read, place, found)
                if cue is not None:
                    found[place] = cue
        place += length
    low = " ".join(word.lower() for word in read.words)
    is_threat = any(one in THREATS for one in read.stems)
    is_neutral = any(phrase in low for phrase in NEUTRAL_PHRASES) or any(
        one in NEUTRALS and not (is_threat and one in CALMERS) for one in read.stems
    )
    return found, is_neutral, any(one in HEDGES for one in read.stems)


def _negated(read: Sense, place: int, weight: float) -> float:
    before = [word.lower() for word in read.words[max(0, place - 3) : place]]
    is_negated = any(word in NEGATIONS or word.endswith("n't") for word in before)
    return -weight if is_negated else weight


def _single(read: Sense, place: int, found: dict[int, Cue]) -> Cue | None:
    """Read a word that points somewhere only by its neighbours: a record high, a fear."""
    one = read.stems[place]
    before = read.words[place - 1].lower() if place else ""
    if one in HEIGHTS and before.endswith(SPANS):
        return Cue(HEIGHTS[one], False)
    if one not in THREATS:
        return None
    # A fear makes likelier what it is of, and weighs on all else, unless somebody calms it.
    following = read.stems[place + 1] if place + 1 < len(read.stems) else ""
    is_of = following in OF_WORDS
    weight = _THREAT * PLAIN if is_of else -PLAIN
    for earlier in range(max(0, place - 3), place):
        if read.stems[earlier] in CALMERS:
            found.pop(earlier, None)
            weight = -weight
    return Cue(weight, False)


def _claims(read: Sense, cues: dict[int, Cue], named: Sequence[Mention]) -> tuple[Claim, ...]:
    """Give every subject the direction of the words near it, in its own clause."""
    clauses = _clauses(read, named)
    subjects = [*named, *(one for one in read.mentions if not one.concept.startswith(PLACE))]
    homes = sorted({clauses[mention.start] for mention in subjects})
    totals: dict[str, float] = {}
    for mention in subjects:
        total = _direction(mention, cues, clauses, homes, is_named=mention in named)
        totals[mention.concept] = totals.get(mention.concept, 0.0) + total
    order = {mention.concept: place for place, mention in reversed(list(enumerate(subjects)))}
    made = [Claim(one, _within(total, -1.0)) for one, total in totals.items()]
    made = [claim for claim in made if abs(claim.direction) >= LEAST]
    outcomes = {mention.concept for mention in named}
    made.sort(
        key=lambda one: (
            one.concept not in outcomes,
            one.concept in BROAD,
            -round(abs(one.direction), 1),
            order[one.concept],
        )
    )
    return tuple(made)


def _direction(
    mention: Mention,
    cues: dict[int, Cue],
    clauses: Sequence[int],
    homes: Sequence[int],
    *,
    is_named: bool,
) -> float:
    """Sum the cues that speak of a mention, each by its distance.

    How likely a number is to move is no move: ``likely`` adds nothing to the direction of a
    quantity, ``unlikely`` turns it, and without a direction (an oil terminal that halts) a
    quantity has none.
    """
    home = clauses[mention.start]
    ways: list[tuple[float, float]] = []
    chances: list[tuple[float, float]] = []
    for place, cue in cues.items():
        is_inside = mention.start <= place < mention.end
        if is_inside and (is_named or mention.concept not in _OWN_DIRECTION):
            continue
        if _owner(clauses[place], homes) != home:
            continue
        gap = place - mention.end + 1 if place >= mention.end else mention.start - place
        share = 1.0 if clauses[place] == home else _ORPHAN
        part = cue.weight * share / max(gap, 1) ** 0.5
        (chances if cue.is_likelihood else ways).append((cue.weight, part))
    if mention.concept in OCCURRING:
        ways.append((PLAIN, PLAIN))
    way = _weighed(ways)
    if mention.concept in QUANTITIES:
        return -way if _weighed(chances) <= -LEAST else way
    return _weighed(ways + chances)


def _weighed(parts: Sequence[tuple[float, float]]) -> float:
    """Return the direction of cues: near ones decide which way, the strongest how much.

    Each further one that agrees adds a little; those that disagree take their share away.
    """
    total = sum(part for _, part in parts)
    whole = sum(abs(part) for _, part in parts)
    agreeing = [abs(weight) for weight, part in parts if part * total > 0]
    if not agreeing:
        return 0.0
    size = min(1.0, max(agreeing) + _MORE * (len(agreeing) - 1))
    return (1.0 if total > 0 else -1.0) * size * abs(total) / whole


def _owner(clause: int, homes: Sequence[int]) -> int:
    """Return the clause whose subject the words of a clause speak of: its own, else the last."""
    before = [home for home in homes if home <= clause]
    return before[-1] if before else homes[0]


def _clauses(read: Sense, named: Sequence[Mention]) -> list[int]:
    """Return the number of the clause that each word belongs to.

    A colon before a named outcome opens no new one: what stands before it is said of that.
    """
    made, number = [], 0
    starts = {mention.start for mention in named}
    for place, word in enumerate(read.words):
        is_link = word == ":" and place + 1 in starts
        if word in CLAUSE_WORDS or (word in STOPS and not is_link):
            number += 1
        made.append(number)
    return made


def _within(value: float, low: float) -> float:
    return max(low, min(1.0, float(value)))
