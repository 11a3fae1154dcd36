"""Which way headlines point: bounds, the rules of the direction words, and no corpus."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kalshi_desk.news.entities import Mention, sense
from kalshi_desk.news.texts import clean
from kalshi_desk.news.tone import CONFIDENCE_CAP, Tone, tone

SCRIPT = """
import socket
def refuse(*args, **kwargs):
    raise AssertionError("no network")
socket.socket.connect = refuse
import nltk
nltk.data.path.clear()
from kalshi_desk.news.tone import opinion
assert opinion("A great and wonderful day")[0] > 0.5
assert opinion("A terrible, awful disaster")[0] < -0.5
assert opinion("Not a good idea")[0] < 0
print("scored")
"""


def heard(text: str) -> Tone:
    return tone(text, sense(text))


def test_textblob_needs_no_corpus_and_no_network(tmp_path: Path) -> None:
    bare = {**os.environ, "NLTK_DATA": str(tmp_path), "HOME": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], capture_output=True, text=True, timeout=60, env=bare
    )
    assert done.stdout.strip() == "scored", done.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("text", "concept", "sign"),
    [
        ("Inflation rises to a four-year high", "inflation", 1),
        ("Inflation slows more than expected", "inflation", -1),
        ("Fed raises interest rates by a quarter point", "rates", 1),
        ("Fed cuts interest rates", "rates", -1),
        ("Fears of a recession grow", "recession", 1),
        ("Strong data ease fears of a recession", "recession", -1),
        ("Lawmakers strike a deal to avoid a government shutdown", "shutdown", -1),
        ("Government shutdown looms", "shutdown", 1),
        ("Jobless claims rise, payrolls fall", "jobless_claims", 1),
        ("Oil prices plunge", "oil", -1),
        ("Oil hits four-week high", "oil", 1),
        ("Outage worries weigh on bitcoin", "bitcoin", -1),
        ("Fed is unlikely to cut interest rates", "rates", 1),
        ("Fed is likely to cut interest rates", "rates", -1),
        ("Unemployment rate did not rise", "unemployment", -1),
        ("CPI inflation: 3.1%, above estimates", "inflation", 1),
    ],
)
def test_direction_words_move_the_subject_near_them(text: str, concept: str, sign: int) -> None:
    found = {claim.concept: claim.direction for claim in heard(text).claims}
    assert found[concept] * sign > 0


def test_two_clauses_have_their_own_directions() -> None:
    found = {
        one.concept: one.direction for one in heard("Gas prices fall and bitcoin rises").claims
    }
    assert found["gas"] < 0 < found["bitcoin"]


@pytest.mark.parametrize(
    "text",
    [
        "Inflation unchanged in October",
        "Gas prices little changed",
        "CPI inflation: 3.1%, in line with estimates",
        "The committee meets on Tuesday",
    ],
)
def test_what_says_nothing_new_scores_nothing(text: str) -> None:
    found = heard(text)
    assert found.score == 0.0
    assert found.confidence == 0.0


def test_a_name_that_holds_a_direction_points_nowhere() -> None:
    text = "Officials speak against: Hike 25bps"
    name = Mention("outcome:hike 25bps", 4, 6)
    assert sense(text).stems[4:6] == ("hike", "25bps")
    found = tone(text, sense(text), [name])
    assert found.subject == name.concept
    assert found.score < 0


def test_a_hedged_claim_says_less() -> None:
    assert 0 < heard("Gas prices may rise").score < heard("Gas prices rise").score


@given(text=st.text(max_size=600))
def test_scores_stay_in_bounds_and_repeat(text: str) -> None:
    cleaned = clean(text, 400)
    found = heard(cleaned)
    assert -1.0 <= found.score <= 1.0
    assert 0.0 <= found.confidence < CONFIDENCE_CAP
    assert all(-1.0 <= claim.direction <= 1.0 for claim in found.claims)
    assert heard(cleaned) == found


@given(
    weak=st.floats(0, 1), more=st.floats(0, 1), subjectivity=st.floats(0, 1), extra=st.floats(0, 1)
)
def test_confidence_grows_with_score_and_subjectivity(
    weak: float, more: float, subjectivity: float, extra: float
) -> None:
    low, high = sorted((weak, more))
    one, other = sorted((subjectivity, extra))
    assert Tone(low, one).confidence <= Tone(high, one).confidence <= Tone(-high, other).confidence
    assert Tone(high, 0.0).confidence == Tone(0.0, one).confidence == 0.0
