"""Alert rules: every form is read, written back the same, and refused in words when wrong."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kalshi_desk.alerts.rules import AlertKind, AlertRule, parse_rule, span_text
from kalshi_desk.core.errors import Refuse


@pytest.mark.parametrize(
    ("text", "kind", "level"),
    [
        ("KXFED-26DEC-T4.00 > 60", AlertKind.PRICE, 6_000),
        ("kxfed-26dec-t4.00 below 40.5c", AlertKind.PRICE, 4_050),
        ("KXBTC moves 5¢ in 10m", AlertKind.MOVE, 500),
        ("fill", AlertKind.FILL, 0),
        ("fill kxfed", AlertKind.FILL, 0),
        ("pnl < -$50", AlertKind.PNL, -50_000_000),
        ("equity under 9,000", AlertKind.EQUITY, 9_000_000_000),
        ("limit event_percent > 80%", AlertKind.LIMIT, 8_000),
        ("limits above 75", AlertKind.LIMIT, 7_500),
        ("closes held in 30m", AlertKind.CLOSE, 0),
        ("news starred", AlertKind.NEWS, 0),
        ("news about Rate CUT", AlertKind.NEWS, 0),
    ],
)
def test_every_form_is_read_and_written_back(text: str, kind: AlertKind, level: int) -> None:
    rule = parse_rule(text)
    assert (rule.kind, rule.level) == (kind, level)
    assert parse_rule(str(rule)) == rule


@pytest.mark.parametrize(
    "text",
    [
        "",
        "   ",
        "KXFED",
        "KXFED > ",
        "KXFED > many",
        "KXFED > 0",
        "KXFED > 100",
        "KXFED > 60.001",
        "KXFED > 1e1",
        "KXFED >< 60",
        "[bold]X[/] > 60",
        "KXFED moves 5 in 0m",
        "KXFED moves 5 in 5d",
        "closes KXFED in 31d",
        "KXFED moves 5 in soon",
        "fill A B",
        "pnl 50",
        "pnl > NaN",
        "equity > Infinity",
        "equity > 99999999999",
        "limit > 80%",
        "limits > 0%",
        "limits < 80%",
        "closes held",
        "closes held in",
        "news",
        "news about",
        "x" * 300,
    ],
)
def test_what_is_no_rule_is_refused_with_the_usage(text: str) -> None:
    with pytest.raises(Refuse) as refusal:
        parse_rule(text)
    assert "An alert can be" in refusal.value.todo


@given(st.text(max_size=250))
def test_no_text_breaks_the_reader(text: str) -> None:
    try:
        rule = parse_rule(text)
    except Refuse:
        return
    assert parse_rule(str(rule)) == rule


@given(
    st.from_regex(r"[A-Z][A-Z0-9.\-]{0,20}", fullmatch=True).filter(
        lambda word: (
            word.lower() not in {"fill", "pnl", "equity", "limit", "limits", "closes", "news"}
        )
    ),
    st.booleans(),
    st.integers(1, 9_999),
)
def test_a_price_survives_writing(ticker: str, is_above: bool, level: int) -> None:
    rule = AlertRule(kind=AlertKind.PRICE, subject=ticker, is_above=is_above, level=level)
    assert parse_rule(str(rule)) == rule


@pytest.mark.parametrize(
    ("seconds", "text"), [(90, "90s"), (600, "10m"), (7_200, "2h"), (86_400, "1d")]
)
def test_times_are_written_as_people_do(seconds: int, text: str) -> None:
    assert span_text(seconds * 1_000_000_000) == text
