"""Tables for a person: what is cut, what never is, and what an empty list says."""

from __future__ import annotations

import pytest

from kalshi_desk.cli.automation_rows import flat_limit
from kalshi_desk.cli.printing import COLUMNS, Form, print_list
from kalshi_desk.desk.automation_frames import LimitRow, LimitUnit

LONG = "Neither all YES nor all NO cost less than they pay, before fees are taken off."


def test_a_sentence_is_never_cut(capsys: pytest.CaptureFixture[str]) -> None:
    row = {**dict.fromkeys(COLUMNS["why"], "-"), "candidate": "C" * 60, "text": LONG}
    print_list("why", [row], Form.TABLE)
    line = capsys.readouterr().out.splitlines()[1]
    assert line.endswith(LONG)
    assert "C" * 43 + "…" in line


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("orders", "No orders."),
        ("why", "No reasons: it has not looked yet, or is in mode off."),
        ("alerts", "No alerts. Set one with: kalshi-desk alert TICKER above 60"),
    ],
)
def test_an_empty_list_says_so(name: str, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    print_list(name, [], Form.TABLE)
    assert capsys.readouterr().out.strip() == said
    print_list(name, [], Form.JSON)
    assert capsys.readouterr().out.strip() == "[]"


def test_a_limit_is_shown_as_it_is_typed_too(capsys: pytest.CaptureFixture[str]) -> None:
    row = LimitRow(
        name="near_close_minutes",
        title="No entry before the close",
        help="",
        unit=LimitUnit.SECONDS,
        used=None,
        allowed=300,
        setting="risk.near_close_minutes",
        value="5",
        range="",
        is_breached=False,
    )
    print_list("risk", [flat_limit(row)], Form.TABLE)
    head, line = capsys.readouterr().out.splitlines()
    assert head.split()[-5:] == ["allowed", "unit", "value", "is", "breached"]
    assert line.split()[-4:] == ["300", "seconds", "5", "no"]
