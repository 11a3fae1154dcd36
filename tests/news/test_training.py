"""Training: what beats a constant guess on later headlines scores, and nothing else does."""

from __future__ import annotations

from random import Random

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kalshi_desk.core.errors import Refuse
from kalshi_desk.news import splitting, training
from kalshi_desk.news.labels import Labelled
from kalshi_desk.news.model import Classifier, Model, standing
from kalshi_desk.news.splitting import split
from kalshi_desk.news.training import MARGIN, evaluate, later_than, train
from tests.news.headlines import DAY_NS, START_NS, daily_fads, planted


@pytest.fixture(scope="module")
def taught() -> Model:
    return train(planted(days=40, each=15))


def test_a_planted_rule_earns_weight_on_later_headlines(taught: Model) -> None:
    found = taught.evaluation
    assert found is not None
    assert taught.weight == 1.0
    assert found.accuracy > 0.75 > 0.5 > found.constant
    assert found.lower > MARGIN
    assert found.since_ns > taught.trained_until_ns
    assert "95 %" in taught.why


def test_its_chances_are_calibrated(taught: Model) -> None:
    found = taught.evaluation
    assert found is not None
    assert found.calibration_error < 0.12
    assert found.log_loss < found.constant_loss
    fresh = evaluate(taught, planted(days=30, each=20, seed=99))
    assert fresh.calibration_error < 0.08
    assert fresh.accuracy == pytest.approx(found.accuracy, abs=0.1)


def test_it_scores_in_the_direction_of_the_words(taught: Model) -> None:
    classifier = Classifier(taught)
    good, surety = classifier.score("Harbor council prospers")
    bad, _ = classifier.score("Harbor council languishes")
    assert good > 0.5 > 0.0 > -0.5 > bad
    assert 0.5 < surety <= 1.0


@pytest.mark.parametrize("seed", range(8))
def test_shuffled_labels_earn_nothing(seed: int) -> None:
    rows = planted(days=25, each=14, seed=seed)
    labels = [row.label for row in rows]
    Random(seed).shuffle(labels)
    mixed = [
        Labelled(text=row.text, label=label, at_ns=row.at_ns)
        for row, label in zip(rows, labels, strict=True)
    ]
    model = train(mixed)
    assert model.weight == 0.0
    assert model.why.startswith("Weight 0:")


def test_what_holds_for_a_day_only_earns_nothing_though_a_random_split_would_praise_it() -> None:
    """The leak test: were the split not by time, the words of each day would give it away."""
    rows = daily_fads(days=40, each=12)
    assert train(rows).weight == 0.0
    times = [row.at_ns for row in rows]
    Random(4).shuffle(times)
    leaked = [
        Labelled(text=row.text, label=row.label, at_ns=at_ns)
        for row, at_ns in zip(rows, times, strict=True)
    ]
    assert train(leaked).weight == 1.0


def test_parts_follow_each_other_with_a_gap_and_share_no_story() -> None:
    rows = planted(days=40, each=10)
    story = [
        Labelled(text="Granite bridge closes for winter repairs", label=1, at_ns=START_NS),
        Labelled(
            text="Granite bridge closes for urgent winter repairs",
            label=1,
            at_ns=START_NS + 39 * DAY_NS,
        ),
    ]
    parts = split(rows + story)
    assert story[0] not in parts.learn
    assert story[1] in parts.judge
    last = max(row.at_ns for row in parts.learn)
    first_tune = min(row.at_ns for row in parts.tune)
    last_tune = max(row.at_ns for row in parts.tune)
    first_judge = min(row.at_ns for row in parts.judge)
    assert first_tune - last >= parts.gap_ns
    assert first_judge - last_tune >= parts.gap_ns
    assert parts.purged > 0


def test_copies_of_one_story_count_once() -> None:
    rows = planted(days=20, each=5)
    copies = [
        Labelled(text=f"Copy number {at} {'x' * at}", label=1, at_ns=START_NS + at, cluster="one")
        for at in range(50)
    ]
    parts = split(rows + copies)
    kept = [row for part in (parts.learn, parts.tune, parts.judge) for row in part]
    assert sum(row.cluster == "one" for row in kept) <= 1


def test_a_table_without_dates_trains_but_earns_nothing() -> None:
    undated = [Labelled(text=row.text, label=row.label) for row in planted(days=10, each=12)]
    model = train(undated)
    assert model.weight == 0.0
    assert "no headline has a date" in model.why
    assert model.evaluation is None


def test_too_few_later_headlines_earn_nothing_and_say_how_many_are_needed() -> None:
    model = train(planted(days=4, each=10))
    assert model.weight == 0.0
    assert str(training.LEAST_JUDGE) in model.why


@pytest.mark.parametrize("labels", [[1] * 40, [0] * 40, [-1] * 40, [1, -1] * 3])
def test_too_little_to_learn_from_is_refused(labels: list[int]) -> None:
    rows = [Labelled(text=f"Headline {at}", label=one) for at, one in enumerate(labels)]
    with pytest.raises(Refuse, match="too little"):
        train(rows)


def test_two_labels_are_enough() -> None:
    rows = [row for row in planted(days=40, each=15) if row.label]
    model = train(rows)
    assert model.weight == 1.0
    chances = Classifier(model).probabilities("Harbor council prospers")
    assert chances[0] == 0.0
    assert sum(chances.values()) == pytest.approx(1.0)


def test_the_same_headlines_in_any_order_give_the_same_model(taught: Model) -> None:
    rows = planted(days=40, each=15)
    Random(3).shuffle(rows)
    assert train(rows) == taught


def test_only_later_headlines_judge_a_model_again(taught: Model) -> None:
    rows = planted(days=60, each=5, seed=5)
    later = later_than(taught, rows, splitting.LONGEST_GAP_NS)
    assert later
    assert all(row.at_ns > taught.trained_until_ns + splitting.LONGEST_GAP_NS for row in later)


def test_nobody_trained_says_so(taught: Model) -> None:
    assert "weight 0" in standing(None)
    assert standing(taught) == taught.why


@given(text=st.text(max_size=300))
def test_chances_are_chances_for_any_text(taught: Model, text: str) -> None:
    classifier = Classifier(taught)
    chances = classifier.probabilities(text)
    assert sum(chances.values()) == pytest.approx(1.0)
    assert all(0.0 <= one <= 1.0 for one in chances.values())
    score, confidence = classifier.score(text)
    assert -1.0 <= score <= 1.0
    assert 0.0 <= confidence <= 1.0
    assert Classifier(msgspec.structs.replace(taught)).score(text) == (score, confidence)
