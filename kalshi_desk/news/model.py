"""A trained classifier as plain numbers: what it weighs, what it was worth, and its file.

The file is JSON without anything that can run: vocabulary, weights, temperature and the
evaluation that decided its weight.  A model is a multinomial logistic regression over TF-IDF
of stems, pairs of stems and concepts, and over the untrained score.
"""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from itertools import pairwise
from math import exp, isfinite, log, sqrt

import msgspec

from kalshi_desk.core.errors import Refuse
from kalshi_desk.news.entities import Sense, sense
from kalshi_desk.news.messages import UNTRAINED
from kalshi_desk.news.texts import MAX_TITLE, clean, content
from kalshi_desk.news.tone import tone

FORMAT = "kalshi-desk news model"
VERSION = 1
LABELS = (-1, 0, 1)
EXTRA = ("tone", "mood")
"""Features beside the words: the untrained score, and that score where it is only a mood."""
LARGEST_FILE = 50_000_000
_UNTRAINED = "No classifier is trained: it has weight 0, and TextBlob with direction words scores."


class Evaluation(msgspec.Struct, frozen=True, kw_only=True):
    """How a model did on headlines later than all that it learned from.

    ``lower`` is the one-sided 95 % bound of ``accuracy - constant``, by a bootstrap of blocks
    of time; ``constant`` is the share of the most frequent label of the later headlines,
    ``untrained`` that of the untrained score's signs.  Losses are in nats a headline.
    """

    headlines: int
    blocks: int
    accuracy: float
    constant: float
    untrained: float
    lower: float
    needed: float
    log_loss: float
    constant_loss: float
    calibration_error: float
    since_ns: int = 0
    until_ns: int = 0


class Model(msgspec.Struct, frozen=True, kw_only=True):
    """One trained classifier; ``weight`` is 1 where it has earned to score, else 0 with ``why``.

    ``rows`` has a row of weights for each of ``labels``: the words' in the order of ``words``,
    then those of :data:`EXTRA`.
    """

    format: str = FORMAT
    version: int = VERSION
    weight: float
    why: str
    labels: tuple[int, ...]
    words: tuple[str, ...]
    idf: tuple[float, ...]
    rows: tuple[tuple[float, ...], ...]
    intercepts: tuple[float, ...]
    temperature: float
    trained_on: dict[str, int]
    trained_until_ns: int
    evaluation: Evaluation | None = None


class Classifier:
    """A model ready to score."""

    def __init__(self, model: Model) -> None:
        self.model = model
        self._place = {word: place for place, word in enumerate(model.words)}

    def probabilities(self, text: str) -> dict[int, float]:
        """Return the calibrated chance of every label for a headline."""
        cleaned = clean(text, MAX_TITLE)
        read = sense(cleaned)
        weights = self._weights(read)
        extra = extras(cleaned, read)
        first = len(self.model.words)
        logits = [
            (
                base
                + sum(row[place] * value for place, value in weights.items())
                + sum(row[first + place] * value for place, value in enumerate(extra))
            )
            / self.model.temperature
            for row, base in zip(self.model.rows, self.model.intercepts, strict=True)
        ]
        top = max(logits)
        shares = [exp(one - top) for one in logits]
        total = sum(shares)
        found = dict(zip(self.model.labels, (one / total for one in shares), strict=True))
        return {label: found.get(label, 0.0) for label in LABELS}

    def score(self, title: str) -> tuple[float, float]:
        """Return sentiment and confidence: P(+1) - P(-1), and the chance of that sign."""
        chance = self.probabilities(title)
        return chance[1] - chance[-1], max(chance[1], chance[-1])

    def _weights(self, read: Sense) -> dict[int, float]:
        """Return the TF-IDF of a text as scikit-learn has it: 1 + ln tf, times idf, length 1."""
        counts = Counter(self._place[term] for term in terms(read) if term in self._place)
        made = {at: (1.0 + log(count)) * self.model.idf[at] for at, count in counts.items()}
        length = sqrt(sum(value * value for value in made.values()))
        return {at: value / length for at, value in made.items()} if length else {}


def terms(read: Sense) -> list[str]:
    """Return what a classifier weighs of a text: stems, pairs of them, concepts."""
    kept = content(read.stems)
    pairs = [f"{first}_{second}" for first, second in pairwise(kept)]
    return kept + pairs + [f"@{one}" for one in sorted(read.concepts)]


def extras(text: str, read: Sense) -> tuple[float, float]:
    """Return the features beside the words, in the order of :data:`EXTRA`."""
    sound = tone(text, read)
    return sound.score, sound.score if sound.is_opinion else 0.0


def standing(model: Model | None) -> str:
    """Say in a sentence what a model is worth."""
    return _UNTRAINED if model is None else model.why


def scorer(model: Model | None, name: str) -> str:
    """Say in a few words what scores with this model, ``name`` being that of its file."""
    if model is None:
        return UNTRAINED
    day = datetime.fromtimestamp(model.trained_until_ns // 1_000_000_000, UTC)
    classifier = f"classifier of {day:%Y-%m-%d}"
    if model.weight > 0.0:
        return f"{classifier} ({name})"
    return f"textblob ({classifier}, {name}, has weight 0)"


def encode_model(model: Model) -> bytes:
    """Return the file of a model."""
    return msgspec.json.format(msgspec.json.encode(model), indent=1)


def decode_model(data: bytes) -> Model:
    """Read the file of a model; raises ``Refuse`` with what is wrong with it."""
    if len(data) > LARGEST_FILE:
        raise _unreadable("it is larger than any model")
    try:
        model = msgspec.json.decode(data, type=Model)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise _unreadable(str(error)[:200]) from None
    if model.format != FORMAT:
        raise _unreadable("it is a file of another kind")
    if model.version != VERSION:
        raise _unreadable(f"it has version {model.version}, this program reads {VERSION}")
    if why := _fault(model):
        raise _unreadable(why)
    return model


def _fault(model: Model) -> str:
    """Return what makes a model impossible to use, empty when nothing does."""
    size = len(model.words)
    if len(model.labels) < 2 or not set(model.labels) <= set(LABELS):
        return "its labels are not at least two of -1, 0 and 1"
    if len(set(model.labels)) != len(model.labels) or len(set(model.words)) != size:
        return "a label or a word stands in it twice"
    if len(model.idf) != size or len(model.intercepts) != len(model.labels):
        return "its parts have different lengths"
    if len(model.rows) != len(model.labels) or any(
        len(row) != size + len(EXTRA) for row in model.rows
    ):
        return "its weights don't fit its words"
    numbers = [*model.idf, *model.intercepts, model.temperature, model.weight]
    numbers += [value for row in model.rows for value in row]
    if not all(isfinite(value) and abs(value) < 1e6 for value in numbers):
        return "a number in it is out of bounds"
    if model.temperature <= 0.0 or model.weight not in {0.0, 1.0}:
        return "its temperature or weight is impossible"
    if model.weight and (
        model.evaluation is None or model.evaluation.lower <= model.evaluation.needed
    ):
        return "it claims a weight that its own evaluation does not give"
    return ""


def _unreadable(why: str) -> Refuse:
    return Refuse(
        f"The file of the news classifier can't be used: {why}.",
        code="model_unreadable",
        money="News is scored without it, and nothing was changed.",
        todo="Train it again with: kalshi-desk news train",
    )
