"""Training the classifier and judging it: it scores only what it has proven on later news."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

from kalshi_desk.core.errors import Refuse
from kalshi_desk.news.entities import sense
from kalshi_desk.news.labels import Labelled
from kalshi_desk.news.model import Classifier, Evaluation, Model, extras, terms
from kalshi_desk.news.splitting import Parts, blocks, split
from kalshi_desk.quant.resampling import event_bootstrap

MARGIN = 0.02
"""By how much a model must surely beat the best constant guess."""
LEAST_LEARN, LEAST_TUNE, LEAST_JUDGE = 60, 20, 50
"""Fewer headlines in a part prove nothing."""
LEAST_BLOCKS = 5
MOST_WORDS = 5_000
_STRENGTHS = (0.1, 1.0, 10.0)
_TEMPERATURES = tuple(float(one) for one in np.geomspace(0.2, 10.0, 60))
_BINS = 10

Floats = npt.NDArray[np.float64]


def train(rows: Sequence[Labelled]) -> Model:
    """Train on older headlines, calibrate on later ones, judge on the latest.

    Without enough dated headlines the model is trained on all of them and keeps weight 0.
    Raises ``Refuse`` when there is nothing to learn from.
    """
    _check(rows)
    parts = split(rows)
    short = _shortage(parts)
    if short:
        return _fit(rows, (), why=f"Weight 0: {short}.")
    model = _fit(parts.learn, parts.tune, why="")
    evaluation = evaluate(model, parts.judge)
    weight, why = verdict(evaluation)
    return msgspec.structs.replace(
        model,
        weight=weight,
        why=why,
        evaluation=evaluation,
        trained_until_ns=max(row.at_ns for row in (*parts.learn, *parts.tune)),
    )


def evaluate(model: Model, rows: Sequence[Labelled]) -> Evaluation:
    """Judge a model by dated headlines, which must be later than what it learned from."""
    classifier = Classifier(model)
    table = [classifier.probabilities(row.text) for row in rows]
    chances = np.array([[one[label] for label in (-1, 0, 1)] for one in table])
    truth = np.array([row.label for row in rows])
    said = np.array([-1, 0, 1])[chances.argmax(axis=1)]
    untrained = np.array([_sign(extras(row.text, sense(row.text))[0]) for row in rows])
    constant = _constant(truth)
    right, guessed = (said == truth).astype(float), (truth == constant).astype(float)
    block = blocks(rows)
    lower = -1.0
    if len(np.unique(block)) >= 2:
        lower = event_bootstrap(right - guessed, block, level=0.90)[0]
    own = np.clip(chances[np.arange(len(truth)), truth + 1], 1e-6, 1.0)
    shares = np.array([max(float((truth == label).mean()), 1e-6) for label in (-1, 0, 1)])
    return Evaluation(
        headlines=len(rows),
        blocks=len(np.unique(block)),
        accuracy=float(right.mean()),
        constant=float(guessed.mean()),
        untrained=float((untrained == truth).mean()),
        lower=float(lower),
        needed=MARGIN,
        log_loss=float(-np.log(own).mean()),
        constant_loss=float(-np.log(shares[truth + 1]).mean()),
        calibration_error=_calibration_error(chances.max(axis=1), right),
        since_ns=min(row.at_ns for row in rows),
        until_ns=max(row.at_ns for row in rows),
    )


def later_than(model: Model, rows: Sequence[Labelled], gap_ns: int) -> list[Labelled]:
    """Return the dated headlines that a model can't have learned from."""
    return [row for row in rows if row.at_ns > model.trained_until_ns + gap_ns]


def verdict(found: Evaluation) -> tuple[float, str]:
    """Return the weight that an evaluation gives, and why in a sentence."""
    seen = (
        f"right in {found.accuracy:.1%} of {found.headlines} later headlines, "
        f"against {found.constant:.1%} for always the same label"
    )
    if found.headlines < LEAST_JUDGE or found.blocks < LEAST_BLOCKS:
        return 0.0, f"Weight 0: only {found.headlines} later headlines in {found.blocks} blocks."
    if found.lower <= found.needed:
        return 0.0, (
            f"Weight 0: {seen}; the lower bound of the gain, {found.lower:+.1%}, "
            f"is not above {found.needed:+.1%}."
        )
    if found.log_loss >= found.constant_loss:
        return 0.0, (
            f"Weight 0: {seen}, but its chances are worth less than the plain shares "
            f"({found.log_loss:.3f} against {found.constant_loss:.3f} nats)."
        )
    return 1.0, f"Weight 1: {seen}; the gain is at least {found.lower:+.1%} (95 %)."


def _check(rows: Sequence[Labelled]) -> None:
    labels = Counter(row.label for row in rows)
    if not labels[1] or not labels[-1] or len(rows) < LEAST_TUNE:
        counts = f"{labels[-1]} bad, {labels[0]} neutral, {labels[1]} good"
        raise Refuse(
            f"There is too little to learn from: {counts}.",
            code="too_few_labels",
            todo=f"Both good and bad headlines are needed, {LEAST_TUNE} in all at the least.",
        )


def _shortage(parts: Parts) -> str:
    """Return why headlines can't be judged on later ones, empty when they can."""
    sizes = (len(parts.learn), len(parts.tune), len(parts.judge))
    if not any(sizes):
        return "no headline has a date, so that none is known to be later than another"
    if sizes[0] < LEAST_LEARN or sizes[1] < LEAST_TUNE or sizes[2] < LEAST_JUDGE:
        return (
            f"{sizes[0]} dated headlines to learn from, {sizes[1]} to calibrate and {sizes[2]} "
            f"later ones to judge by; {LEAST_LEARN}, {LEAST_TUNE} and {LEAST_JUDGE} are needed"
        )
    labels = Counter(row.label for row in parts.learn)
    if not labels[1] or not labels[-1]:
        return "the older headlines are all good or all bad"
    return ""


def _fit(learn: Sequence[Labelled], tune: Sequence[Labelled], why: str) -> Model:
    """Fit weights for each strength; the part to tune on chooses strength and temperature."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression

    senses = [sense(row.text) for row in learn]
    least = 2 if len(learn) >= LEAST_LEARN else 1
    vectors = TfidfVectorizer(
        analyzer=terms, sublinear_tf=True, min_df=least, max_features=MOST_WORDS
    )
    words = vectors.fit_transform(senses).toarray()
    table = np.hstack(
        [words, [extras(row.text, read) for row, read in zip(learn, senses, strict=True)]]
    )
    truth = np.array([row.label for row in learn])
    best: Model | None = None
    least_loss = np.inf
    for strength in _STRENGTHS if tune else (1.0,):
        fitted = LogisticRegression(C=strength, max_iter=2_000).fit(table, truth)
        model = _model(vectors, fitted, learn, why)
        if not tune:
            return model
        temperature, loss = _temperature(model, tune)
        if loss < least_loss:
            least_loss = loss
            best = msgspec.structs.replace(model, temperature=temperature)
    assert best is not None
    return best


def _model(vectors: Any, fitted: Any, learn: Sequence[Labelled], why: str) -> Model:
    rows, intercepts = fitted.coef_, fitted.intercept_
    if len(fitted.classes_) == 2:
        # scikit-learn keeps one row for two classes: the logit of the second.
        rows, intercepts = np.vstack([np.zeros_like(rows), rows]), np.append([0.0], intercepts)
    return Model(
        weight=0.0,
        why=why,
        labels=tuple(int(one) for one in fitted.classes_),
        words=tuple(str(one) for one in vectors.get_feature_names_out()),
        idf=_rounded(vectors.idf_),
        rows=tuple(_rounded(row) for row in rows),
        intercepts=_rounded(intercepts),
        temperature=1.0,
        trained_on=dict(sorted(Counter(row.origin.value for row in learn).items())),
        trained_until_ns=max((row.at_ns for row in learn), default=0),
    )


def _rounded(values: Sequence[float]) -> tuple[float, ...]:
    return tuple(round(float(one), 6) for one in values)


def _temperature(model: Model, rows: Sequence[Labelled]) -> tuple[float, float]:
    """Return the temperature with the least loss on headlines not learned from, and that loss.

    One number that flattens or sharpens all chances keeps their order (Guo et al. 2017).
    """
    table = [Classifier(model).probabilities(row.text) for row in rows]
    chances = np.clip([[one[label] for label in (-1, 0, 1)] for one in table], 1e-12, 1.0)
    logits = np.log(chances)
    at = np.array([row.label + 1 for row in rows])

    def loss(temperature: float) -> float:
        scaled = logits / temperature
        scaled = scaled - np.log(np.exp(scaled).sum(axis=1, keepdims=True))
        return float(-np.maximum(scaled[np.arange(len(at)), at], np.log(1e-6)).mean())

    return min(((one, loss(one)) for one in _TEMPERATURES), key=lambda pair: pair[1])


def _constant(truth: npt.NDArray[np.int64]) -> int:
    values, counts = np.unique(truth, return_counts=True)
    return int(values[counts.argmax()])


def _sign(score: float) -> int:
    return 0 if abs(score) < 0.1 else 1 if score > 0 else -1


def _calibration_error(said: Floats, right: Floats) -> float:
    """Return the mean gap between what was said and what came true, over ten bins."""
    bins = np.minimum((said * _BINS).astype(int), _BINS - 1)
    gaps = [
        abs(float(said[bins == one].mean() - right[bins == one].mean()))
        * float((bins == one).mean())
        for one in range(_BINS)
        if (bins == one).any()
    ]
    return sum(gaps)
