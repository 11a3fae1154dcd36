"""Outcomes that a text names: candidates, teams, films, decisions, and tickers spelled out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from kalshi_desk.news.cues import CLAUSE_WORDS, STOPS
from kalshi_desk.news.entities import Mention, Sense
from kalshi_desk.news.texts import MAX_TITLE, MarketText, clean, content, stem, words

OUTCOME = "outcome:"
"""Begins the concept of an outcome; its stems follow."""
_LONGEST = 6
_LEAST_SURNAME = 5
_PLAIN_WORDS = """yes no above below between over under more less other none tie draw rain snow pass
passes shutdown recession up down any someone nobody field"""
_PLAIN = frozenset(_PLAIN_WORDS.split())
"""Outcomes that are everyday words say nothing when a text holds them."""
_JOINING = frozenset({"and", "or", "at", "vs", "v", "versus", *"&,/-–—"})
"""What stands between outcomes that a text names together, as a game names its teams."""


@dataclass(slots=True)
class Outcomes:
    """The named outcomes of a universe: by their stems, the markets that have them."""

    by_name: dict[tuple[str, ...], list[int]] = field(default_factory=dict)
    by_surname: dict[str, list[int]] = field(default_factory=dict)
    by_ticker: dict[str, list[int]] = field(default_factory=dict)

    def found_in(self, read: Sense) -> dict[int, Mention]:
        """Return by market the place where the text names its outcome; the longest name counts."""
        found: dict[int, Mention] = {}
        is_cased = any(word[:1].isupper() for word in read.words[1:])
        place = 0
        while place < len(read.stems):
            length = self._name_at(read, place, found, is_cased=is_cased)
            place += max(length, 1)
        return found

    def _name_at(
        self, read: Sense, place: int, found: dict[int, Mention], *, is_cased: bool
    ) -> int:
        starts_high = not is_cased or not read.words[place][:1].islower()
        for length in range(min(_LONGEST, len(read.stems) - place), 0, -1):
            key = tuple(read.stems[place : place + length])
            markets = self.by_name.get(key)
            if markets and starts_high:
                mention = Mention(OUTCOME + " ".join(key), place, place + length)
                for one in markets:
                    found.setdefault(one, mention)
                return length
        markets = self.by_surname.get(read.stems[place])
        if markets and starts_high:
            mention = Mention(OUTCOME + read.stems[place], place, place + 1)
            for one in markets:
                found.setdefault(one, mention)
        return 0

    def tickers_in(self, read: Sense) -> set[int]:
        """Return the markets whose ticker, event or series the text spells out."""
        spelled = {word.upper() for word in read.words if word.upper().startswith("KX")}
        return {one for word in spelled for one in self.by_ticker.get(word, ())}


def outcomes_of(markets: Sequence[MarketText]) -> Outcomes:
    """Collect the outcomes of events that have more than one; figures are no names."""
    sizes = Counter(market.event_ticker or market.ticker for market in markets)
    made = Outcomes()
    surnames: dict[str, list[int]] = {}
    shared: Counter[str] = Counter()
    for number, market in enumerate(markets):
        for ticker in {market.ticker, market.event_ticker, market.series_ticker} - {""}:
            made.by_ticker.setdefault(ticker.upper(), []).append(number)
        raw = words(clean(market.subtitle, MAX_TITLE))
        key = tuple(stem(word) for word in raw)
        is_alone = sizes[market.event_ticker or market.ticker] < 2
        if is_alone or not _is_name(key):
            continue
        made.by_name.setdefault(key, []).append(number)
        # A person's last name stands for the person where nobody else bears it.
        is_person = 2 <= len(raw) <= 4 and all(word[:1].isupper() for word in raw)
        if is_person and len(raw[-1]) >= _LEAST_SURNAME:
            surnames.setdefault(key[-1], []).append(number)
    for name, numbers in surnames.items():
        shared[name] = len({markets[one].subtitle for one in numbers})
    made.by_surname = {name: found for name, found in surnames.items() if shared[name] == 1}
    return made


def stands_alone(one: Mention, rivals: Iterable[Mention], read: Sense) -> bool:
    """Whether what a text says may be of one outcome: of the first of its rivals in a clause.

    What is said of two together (``A and B``, ``A at B``) says nothing of which wins, and
    what follows another in its clause is that one's object (``A beats B``).
    """
    for other in rivals:
        if other.concept == one.concept:
            continue
        first, second = sorted((one, other), key=lambda mention: mention.start)
        between = [word.lower() for word in read.words[first.end : second.start]]
        if set(between) <= _JOINING:
            return False
        if second is one and not any(word in CLAUSE_WORDS or word in STOPS for word in between):
            return False
    return True


def _is_name(key: tuple[str, ...]) -> bool:
    """Whether an outcome's stems are a name or a decision rather than a figure or a plain word."""
    if not key or len(key) > _LONGEST:
        return False
    if len(key) == 1 and key[0] in _PLAIN:
        return False
    letters = [one for one in content(key) if one.isalpha() and one not in _PLAIN]
    return bool(letters) and not {"°", "or", "between"} & set(key)
