"""TF-IDF over what markets are called: how near a headline is to each title.

Three views of a title are compared by cosine: its words and pairs of words (stemmed, places
left out), its concepts, and its letters in runs of three and four.  Places then weigh: a
headline about Texas is not about Maine however alike the rest.  Rules of an event are read
too, for less.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from math import log, sqrt
from typing import Any

import numpy as np
import numpy.typing as npt

from kalshi_desk.news.concepts import BROAD
from kalshi_desk.news.entities import MONTHS, PLACE, Sense, sense
from kalshi_desk.news.texts import MAX_TITLE, clean, content, is_number, stem, words

Floats = npt.NDArray[np.float64]
HOME = "in:usa"
WORDS, CONCEPTS, LETTERS = 1.0, 0.7, 0.7
"""Weights of the three cosines."""
RULES = 0.6
"""What a word in the rules counts as against one in the title."""
SAME_PLACE, NO_PLACE, OTHER_PLACE, ABROAD = 1.6, 0.7, 0.3, 0.6
"""Factors: both name the place; only the title does; they differ; the title speaks of home."""
RARE_IDF = 5.5
"""A word in fewer than one title of 250 or so is a name; scaled down for small universes."""
_MOST_EVIDENCE = 2.0
_DOMESTIC_NAMES = """inflation core_inflation gdp jobs unemployment jobless_claims rates fed gas
recession debt housing senate house shutdown budget yields mortgage governor congress
retail_sales"""
DOMESTIC = frozenset(_DOMESTIC_NAMES.split())
"""What titles without a place mean at home."""
_NOTHING = "zzzqqqxxx"
_PLACEHOLDER = sense(_NOTHING)
_FIGURES = re.compile(r"-?\$?\d[\d,.]*")


@dataclass(frozen=True, slots=True)
class Nearness:
    """How near a text is to every title: ``score`` by the cosines and places.

    ``evidence`` counts independent pieces shared: names, specific concepts, the place.
    ``coverage`` is the share of a title's words that the text explains.
    """

    score: Floats
    evidence: Floats
    coverage: Floats


def masked(title: str) -> str:
    """Return a title without its figures: strikes of one ladder have the same."""
    return _FIGURES.sub("#", title)


def undated(title: str) -> str:
    """Return the words of a title without figures and months: those of one series have the same."""
    return " ".join(
        word
        for word in words(clean(title, MAX_TITLE).lower())
        if stem(word) not in MONTHS and not word[0].isdigit() and len(word) > 1
    )


@lru_cache(maxsize=20_000)
def title_sense(text: str) -> Sense:
    """Read the words of a market, which come again with every universe."""
    return sense(text)


class _View:
    """One way to look at texts: a fitted TF-IDF and the rows of the titles, by column.

    A headline holds few terms, so that adding up their columns is far quicker than
    scikit-learn's own way for one text; the numbers are the same.
    """

    def __init__(self, vectors: Any, texts: Sequence[Any], others: Sequence[Any]) -> None:
        vectors.fit([*texts, *others])
        self.names: list[str] = list(vectors.get_feature_names_out())
        self.idf: Floats = vectors.idf_.astype(np.float64)
        self._place: dict[str, int] = vectors.vocabulary_
        self._analyse = vectors.build_analyzer()
        self._is_sublinear = bool(vectors.sublinear_tf)
        self._vectors = vectors
        self.rows = self.transform(texts)

    def transform(self, texts: Sequence[Any]) -> Any:
        """Return the weights of texts, a column a term."""
        return self._vectors.transform(texts).tocsc()

    def weights(self, text: Any) -> dict[int, float]:
        """Return the weights of one text by column, of length 1."""
        counts = Counter(self._place[term] for term in self._analyse(text) if term in self._place)
        made = {
            at: (1.0 + log(count) if self._is_sublinear else count) * float(self.idf[at])
            for at, count in counts.items()
        }
        length = sqrt(sum(value * value for value in made.values()))
        return {at: value / length for at, value in made.items()} if length else {}


class TitleIndex:
    """Titles that texts are compared with, in the order given."""

    def __init__(self, titles: Sequence[str], rules: Sequence[str]) -> None:
        from sklearn.feature_extraction.text import TfidfVectorizer

        self.size = len(titles)
        senses = [title_sense(title) for title in titles]
        extra = [title_sense(rule) for rule in rules]
        # The placeholder keeps a vocabulary from being empty where no title holds a word.
        others = [*(read for read in extra if read.stems), _PLACEHOLDER]
        self._words = _View(TfidfVectorizer(analyzer=_terms, sublinear_tf=True), senses, others)
        self._concepts = _View(TfidfVectorizer(analyzer=_concepts), senses, others)
        letters = TfidfVectorizer(
            analyzer="char_wb", ngram_range=(3, 4), sublinear_tf=True, dtype=np.float32
        )
        self._letters = _View(letters, [title.lower() for title in titles], [_NOTHING])
        self._rule_words = self._words.transform(extra)
        self._rule_concepts = self._concepts.transform(extra)
        self._prepare(senses, len(senses) + len(others))

    def _prepare(self, senses: Sequence[Sense], documents: int) -> None:
        names, idf = self._words.names, self._words.idf
        single = np.array(["_" not in name and not is_number(name) for name in names])
        # With n texts the largest weight is about log(n); 5.5 was found with 2,090.
        rare = RARE_IDF * min(1.0, np.log(documents + 1.0) / np.log(2_090.0))
        self._is_name = single & (idf >= rare)
        self._mass: Floats = np.where(single, idf, 0.0)
        self._title_mass = np.maximum(self._words.rows.astype(bool).tocsr() @ self._mass, 1.0)
        self._is_specific = np.array([one not in BROAD for one in self._concepts.names])
        placed = [read.places - {HOME} for read in senses]
        self._rows_of: dict[str, list[int]] = {}
        for row, places in enumerate(placed):
            for place in places:
                self._rows_of.setdefault(place, []).append(row)
        self._is_domestic = np.array(
            [
                not places and bool(read.concepts & DOMESTIC)
                for places, read in zip(placed, senses, strict=True)
            ]
        )
        self._has_place = np.array([bool(places) for places in placed])

    def nearness(self, text: str, read: Sense) -> Nearness:
        """Compare a cleaned text and its sense with every title."""
        said = self._words.weights(read)
        meant = self._concepts.weights(read)
        spelled = self._letters.weights(text.lower())
        by_word = np.maximum(
            self._sum(self._words.rows, said), RULES * self._sum(self._rule_words, said)
        )
        by_concept = np.maximum(
            self._sum(self._concepts.rows, meant), RULES * self._sum(self._rule_concepts, meant)
        )
        by_letter = self._sum(self._letters.rows, spelled)
        factor, same = self._by_place(read)
        names = self._count(self._words.rows, [at for at in said if self._is_name[at]])
        things = self._count(self._concepts.rows, [at for at in meant if self._is_specific[at]])
        covered = self._count(self._words.rows, said, self._mass)
        return Nearness(
            score=(WORDS * by_word + CONCEPTS * by_concept + LETTERS * by_letter) * factor,
            evidence=np.minimum(names, _MOST_EVIDENCE) + np.minimum(things, _MOST_EVIDENCE) + same,
            coverage=covered / self._title_mass,
        )

    def _sum(self, rows: Any, weights: Mapping[int, float]) -> Floats:
        """Return the product of every title with a text."""
        total = np.zeros(self.size)
        for at, value in weights.items():
            start, end = rows.indptr[at], rows.indptr[at + 1]
            total[rows.indices[start:end]] += rows.data[start:end] * value
        return total

    def _count(self, rows: Any, columns: Iterable[int], mass: Floats | None = None) -> Floats:
        """Return for every title how many of the columns it has, or their mass."""
        total = np.zeros(self.size)
        for at in columns:
            total[rows.indices[rows.indptr[at] : rows.indptr[at + 1]]] += (
                1.0 if mass is None else float(mass[at])
            )
        return total

    def _by_place(self, read: Sense) -> tuple[Floats, Floats]:
        """Return the factor of every title by its place, and 1 where the place is the same."""
        places = read.places - {HOME}
        same = np.zeros(self.size)
        if not places:
            return np.where(self._has_place, NO_PLACE, 1.0), same
        for place in places:
            same[self._rows_of.get(place, [])] = 1.0
        elsewhere = np.where(self._is_domestic, ABROAD, 1.0)
        named = np.where(same > 0.0, SAME_PLACE, OTHER_PLACE)
        return np.where(self._has_place, named, elsewhere), same


def _terms(read: Sense) -> list[str]:
    """Return stems and pairs of stems, without the words that name places."""
    placed = {
        place
        for mention in read.mentions
        if mention.concept.startswith(PLACE)
        for place in range(mention.start, mention.end)
    }
    kept = content([one for place, one in enumerate(read.stems) if place not in placed])
    return kept + [f"{first}_{second}" for first, second in pairwise(kept)]


def _concepts(read: Sense) -> list[str]:
    return sorted(read.concepts) or ([_NOTHING] if read is _PLACEHOLDER else [])
