"""The file of a model: it says all that a model is, runs nothing, and garbage is refused."""

from __future__ import annotations

import json
from math import log

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kalshi_desk.core.errors import Refuse
from kalshi_desk.news.model import (
    LARGEST_FILE,
    Classifier,
    Evaluation,
    Model,
    decode_model,
    encode_model,
)
from kalshi_desk.quant.evidence import Signal, posterior

JUDGED = Evaluation(
    headlines=100,
    blocks=12,
    accuracy=0.7,
    constant=0.5,
    untrained=0.5,
    lower=0.1,
    needed=0.02,
    log_loss=0.6,
    constant_loss=0.7,
    calibration_error=0.05,
)


def model(**changes: object) -> Model:
    whole = Model(
        weight=1.0,
        why="Weight 1: it was right.",
        labels=(-1, 1),
        words=("prosper",),
        idf=(1.0,),
        rows=((0.0, 0.0, 0.0), (log(9.0), 0.0, 0.0)),
        intercepts=(0.0, 0.0),
        temperature=1.0,
        trained_on={"table": 60},
        trained_until_ns=1,
        evaluation=JUDGED,
    )
    return msgspec.structs.replace(whole, **changes)


def test_a_model_survives_its_file() -> None:
    assert decode_model(encode_model(model())) == model()


def test_its_chances_become_the_score_that_the_posterior_takes() -> None:
    """P(+1) of 0.9 is s = .8 with conf = .9; the numbers are those of o10_sentiment.txt."""
    score, confidence = Classifier(model()).score("It prospers")
    assert (score, confidence) == pytest.approx((0.8, 0.9))
    signal = Signal(score=score, confidence=confidence, relevance=1.0)
    assert posterior(0.05, [signal], 0.25).probability == pytest.approx(0.059276, abs=5e-7)
    assert posterior(0.50, [signal], 0.25).probability == pytest.approx(0.544879, abs=5e-7)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"format": "other"}, "another kind"),
        ({"version": 2}, "version 2"),
        ({"labels": (1, 1)}, "twice"),
        ({"labels": (1, 7)}, "labels"),
        ({"words": ("a", "b")}, "lengths"),
        ({"words": ("a", "a"), "idf": (1.0, 1.0)}, "twice"),
        ({"rows": ((0.0,), (0.0,))}, "weights"),
        ({"idf": (1e300,)}, "out of bounds"),
        ({"temperature": 0.0}, "temperature"),
        ({"temperature": -1.0}, "temperature"),
        ({"weight": 0.5}, "weight"),
        ({"weight": 5.0}, "weight"),
        ({"evaluation": None}, "evaluation"),
        ({"evaluation": msgspec.structs.replace(JUDGED, lower=0.01)}, "evaluation"),
    ],
)
def test_a_file_that_can_not_be_true_is_refused(change: dict[str, object], said: str) -> None:
    with pytest.raises(Refuse, match=said) as refused:
        decode_model(encode_model(model(**change)))
    assert "news train" in str(refused.value.todo)


@pytest.mark.parametrize(
    "data",
    [b"", b"\x80\x04N.", b"{}", b"[]", b"null", b"[" * 100_000, b"\xff\xfe", b'{"weight": 1e999}'],
)
def test_garbage_is_refused_in_words(data: bytes) -> None:
    with pytest.raises(Refuse, match="can't be used"):
        decode_model(data)


def test_a_file_too_large_is_not_read() -> None:
    with pytest.raises(Refuse, match="larger"):
        decode_model(bytes(LARGEST_FILE + 1))


@given(data=st.binary(max_size=400))
def test_no_bytes_do_anything_but_be_refused(data: bytes) -> None:
    with pytest.raises(Refuse):
        decode_model(data)


@given(where=st.integers(0, 10_000), byte=st.integers(0, 255))
def test_a_damaged_file_is_a_model_or_is_refused(where: int, byte: int) -> None:
    data = bytearray(encode_model(model()))
    data[where % len(data)] = byte
    try:
        found = decode_model(bytes(data))
    except Refuse:
        return
    score, confidence = Classifier(found).score("It prospers")
    assert -1.0 <= score <= 1.0
    assert 0.0 <= confidence <= 1.0


def test_not_a_number_never_enters() -> None:
    body = json.loads(encode_model(model()))
    body["temperature"] = float("nan")
    with pytest.raises(Refuse):
        decode_model(json.dumps(body).encode())
