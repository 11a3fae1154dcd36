"""TF-IDF over what markets are called: how near a headline is to each title.

Three views of a title are compared by cosine: its words and pairs of words (stemmed, places
left out), its concepts, and its letters in runs of three to five.  Places then weigh: a
headline about Texas is not about Maine however alike the rest.  Rules of an event are read
too, for less.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from kalshi_desk.news.concepts import BROAD
from kalshi_desk.news.entities import PLACE, Sense, sense
from kalshi_desk.news.texts import content, is_number

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
_DOMESTIC = frozenset(_DOMESTIC_NAMES.split())
"""What titles without a place mean at home."""
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


@lru_cache(maxsize=20_000)
def title_sense(text: str) -> Sense:
    """Read the words of a market, which come again with every universe."""
    return sense(text)


class TitleIndex:
    """Titles that texts are compared with, in the order given."""

    def __init__(self, titles: Sequence[str], rules: Sequence[str]) -> None:
        from sklearn.feature_extraction.text import TfidfVectorizer

        self.size = len(titles)
        self._senses = [title_sense(title) for title in titles]
        extra = [title_sense(rule) for rule in rules]
        self._words = TfidfVectorizer(analyzer=_terms, sublinear_tf=True)
        self._concepts = TfidfVectorizer(analyzer=_concepts)
        self._letters = TfidfVectorizer(
            analyzer="char_wb", ngram_range=(3, 5), sublinear_tf=True, dtype=np.float32
        )
        everything = [*self._senses, *(read for read in extra if read.stems)]
        self._words.fit(everything)
        self._concepts.fit(everything)
        self._word_rows = self._words.transform(self._senses)
        self._concept_rows = self._concepts.transform(self._senses)
        self._letter_rows = self._letters.fit_transform([title.lower() for title in titles])
        self._rule_words = self._words.transform(extra)
        self._rule_concepts = self._concepts.transform(extra)
        self._prepare(len(everything))

    def _prepare(self, documents: int) -> None:
        names = self._words.get_feature_names_out()
        idf = self._words.idf_
        single = np.array(["_" not in name for name in names])
        figures = np.array([is_number(name) for name in names])
        # With n texts the largest weight is about log(n); 5.5 was found with 2,090.
        rare = RARE_IDF * min(1.0, np.log(documents + 1.0) / np.log(2_090.0))
        self._is_name = (single & ~figures & (idf >= rare)).astype(np.float64)
        self._mass = np.where(single & ~figures, idf, 0.0)
        present = self._word_rows.astype(bool).astype(np.float64)
        self._present = present
        self._title_mass = np.maximum(present @ self._mass, 1.0)
        concepts = self._concepts.get_feature_names_out()
        self._is_specific = np.array([float(one not in BROAD) for one in concepts])
        self._has_concept = self._concept_rows.astype(bool).astype(np.float64)
        self._places = [read.places - {HOME} for read in self._senses]
        self._is_domestic = np.array(
            [not places and bool(read.concepts & _DOMESTIC)
             for places, read in zip(self._places, self._senses, strict=True)]
        )  # fmt: skip
        self._has_place = np.array([bool(places) for places in self._places])

    def nearness(self, text: str, read: Sense) -> Nearness:
        """Compare a cleaned text and its sense with every title."""
        word_row = self._words.transform([read])
        concept_row = self._concepts.transform([read])
        letter_row = self._letters.transform([text.lower()])
        by_word = np.maximum(
            _dot(self._word_rows, word_row), RULES * _dot(self._rule_words, word_row)
        )
        by_concept = np.maximum(
            _dot(self._concept_rows, concept_row), RULES * _dot(self._rule_concepts, concept_row)
        )
        by_letter = _dot(self._letter_rows, letter_row)
        score = WORDS * by_word + CONCEPTS * by_concept + LETTERS * by_letter
        factor, same = self._by_place(read)
        said = np.asarray(word_row.astype(bool).todense(), dtype=np.float64).ravel()
        meant = np.asarray(concept_row.astype(bool).todense(), dtype=np.float64).ravel()
        names = np.minimum(self._present @ (said * self._is_name), _MOST_EVIDENCE)
        things = np.minimum(self._has_concept @ (meant * self._is_specific), _MOST_EVIDENCE)
        return Nearness(
            score=score * factor,
            evidence=names + things + same,
            coverage=(self._present @ (said * self._mass)) / self._title_mass,
        )

    def _by_place(self, read: Sense) -> tuple[Floats, Floats]:
        """Return the factor of every title by its place, and 1 where the place is the same."""
        places = read.places - {HOME}
        same = np.array([float(bool(one & places)) for one in self._places])
        if not places:
            return np.where(self._has_place, NO_PLACE, 1.0), same
        elsewhere = np.where(self._is_domestic, ABROAD, 1.0)
        named = np.where(same > 0.0, SAME_PLACE, OTHER_PLACE)
        return np.where(self._has_place, named, elsewhere), same


def _dot(rows: Any, one: Any) -> Floats:
    return np.asarray((rows @ one.T).todense(), dtype=np.float64).ravel()


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
    return sorted(read.concepts)
