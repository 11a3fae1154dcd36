"""Reading one item of news: how it sounds, which markets it is about, which way for YES.

Everything here is a function of the item, the markets and the model: no clock, no disk, no
chance.  The worker process calls it; nothing in it needs the network or a corpus.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from kalshi_desk.core.news import NewsItem, NewsMatch, Polarity
from kalshi_desk.news.entities import sense
from kalshi_desk.news.matcher import Found, Matcher
from kalshi_desk.news.model import Classifier, Model
from kalshi_desk.news.polarity import polarity
from kalshi_desk.news.texts import MAX_SUMMARY, MAX_TITLE, MarketText, clean
from kalshi_desk.news.tone import Tone, tone

TEXTBLOB = "textblob"
CLASSIFIER = "classifier"


class Reader:
    """Scores and matches items; a model without weight scores nothing."""

    def __init__(self, model: Model | None = None) -> None:
        self._classifier: Classifier | None = None
        self.use(model)
        self._matcher = Matcher(())
        self._universe: tuple[MarketText, ...] = ()

    def use(self, model: Model | None) -> None:
        """Score with this model from now on; what was read before stays as it is."""
        has_earned = model is not None and model.weight > 0.0
        self._classifier = Classifier(model) if model is not None and has_earned else None

    @property
    def scored_by(self) -> str:
        """Who scores: ``classifier`` where a trained model has earned it, else ``textblob``."""
        return CLASSIFIER if self._classifier is not None else TEXTBLOB

    @property
    def universe_size(self) -> int:
        """How many markets items are compared with."""
        return len(self._universe)

    def set_universe(self, markets: Sequence[MarketText]) -> None:
        """Take these markets for all there are; the same ones again cost nothing."""
        universe = tuple(markets)
        if universe != self._universe:
            self._universe = universe
            self._matcher = Matcher(universe)

    def read(self, item: NewsItem) -> NewsItem:
        """Return the item with sentiment, confidence and matches; matches by people stay."""
        title = clean(item.title, MAX_TITLE)
        summary = clean(item.summary, MAX_SUMMARY)
        told = title
        found = self._found(title)
        if not found and summary:
            told = summary
            found = self._found(summary)
        sound = self._sound(title, summary, told, found)
        score, confidence = sound.score, sound.confidence
        if self._classifier is not None:
            score, confidence = self._classifier.score(title)
        made = tuple(self._match(one, sound, score) for one in found)
        by_people = tuple(match for match in item.matches if match.by_person)
        settled = {match.ticker for match in by_people}
        return msgspec.structs.replace(
            item,
            sentiment=round(score, 4),
            confidence=round(confidence, 4),
            scored_by=self.scored_by,
            matches=by_people + tuple(one for one in made if one.ticker not in settled),
        )

    def _found(self, text: str) -> list[Found]:
        read = sense(text)
        first = tone(text, read)
        moved = () if first.is_opinion else tuple(claim.concept for claim in first.claims)
        return self._matcher.find(text, read, moved)

    def _sound(self, title: str, summary: str, told: str, found: Sequence[Found]) -> Tone:
        """Return the tone of the title, or that of the summary where the title says nothing.

        ``told`` is the one of them in which the outcomes of ``found`` are named.
        """
        # In the order of the text, not of the listing: the first of two is the subject.
        outcomes = {one.outcome for one in found if one.outcome is not None}
        named = sorted(outcomes, key=lambda mention: (mention.start, mention.concept))
        sound = tone(title, sense(title), named if told == title else ())
        if (not sound.score or sound.is_opinion) and summary:
            other = tone(summary, sense(summary), named if told == summary else ())
            if other.claims and not other.is_opinion:
                return other
        return sound

    def _match(self, found: Found, sound: Tone, score: float) -> NewsMatch:
        outcome = found.outcome.concept if found.outcome is not None else ""
        is_sure = found.is_alone and not found.is_ambiguous
        way = polarity(found.shape, sound, outcome) if is_sure else 0
        # The words say which way the subject goes; a model may see the same words otherwise,
        # and then what it means for YES is no longer clear.
        if score * sound.score < 0:
            way = 0
        return NewsMatch(
            ticker=found.market.ticker,
            relevance=found.relevance,
            polarity=Polarity(way),
            is_ambiguous=found.is_ambiguous,
            why=found.why,
        )
