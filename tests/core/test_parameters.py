"""What may be set about a strategy, whatever a person types."""

from __future__ import annotations

import pytest

from kalshi_desk.core.strategy import Parameter


@pytest.mark.parametrize("default", [1, 1.5])
@pytest.mark.parametrize(
    "text",
    [
        "nan",
        "inf",
        "-inf",
        "9" * 400,
        "1e400",
        "",
        "1 2",
        "0x10",
        "9007199254740993000",
        "9" * 5000,
    ],
)
def test_a_number_that_no_file_can_hold_is_refused(default: float, text: str) -> None:
    with pytest.raises(ValueError, match="allowed is a") as caught:
        Parameter(name="p", default=default, help="h").parse(text)
    assert len(str(caught.value)) < 400


def test_a_word_has_an_end() -> None:
    parameter = Parameter(name="p", default="x", help="h")
    assert parameter.parse(" word ") == "word"
    with pytest.raises(ValueError, match="allowed is text"):
        parameter.parse("x" * 1_000)
