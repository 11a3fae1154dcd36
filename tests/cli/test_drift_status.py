"""What the shell's ``status`` says when the exchange does not answer as expected."""

from __future__ import annotations

import json

import pytest

from kalshi_desk.cli.printing import Form, print_object
from kalshi_desk.cli.rows import status_facts
from kalshi_desk.core.drift import DriftFinding, DriftKind
from kalshi_desk.desk.frames import RiskState
from tests.tui.scripted import status

FINDINGS = (
    DriftFinding(
        kind=DriftKind.WORD,
        field="order.status",
        seen="frozen",
        expected="canceled, executed, resting",
        touches_money=True,
    ),
    DriftFinding(kind=DriftKind.NEW, field="market.color", seen="the text 'red'"),
)
VIEW = status(
    risk=RiskState.REDUCING,
    risk_reason=FINDINGS[0].text,
    drift=FINDINGS,
    drift_checked_ns=1_790_000_000 * 10**9,
)


def test_scripts_get_every_finding_field_by_field(capsys: pytest.CaptureFixture[str]) -> None:
    print_object(status_facts(VIEW), Form.JSON)
    said = json.loads(capsys.readouterr().out)
    assert (said["risk"], said["risk_reason"]) == ("REDUCING", FINDINGS[0].text)
    assert said["drift_checked"] == "2026-09-21T14:13:20Z"
    assert said["drift"][0] == {
        "text": "order.status says 'frozen', known are canceled, executed, resting",
        "touches_money": True,
        "kind": "unknown_word",
        "field": "order.status",
        "seen": "frozen",
        "expected": "canceled, executed, resting",
    }
    assert [one["touches_money"] for one in said["drift"]] == [True, False]


@pytest.mark.parametrize("form", [Form.PLAIN, Form.TABLE])
def test_people_get_a_line_for_each(capsys: pytest.CaptureFixture[str], form: Form) -> None:
    print_object(status_facts(VIEW), form)
    lines = [line.split(":", 1) for line in capsys.readouterr().out.splitlines()]
    told = [value.strip() for name, value in lines if name == "drift"]
    assert told == [finding.text for finding in FINDINGS]


def test_without_findings_there_is_no_line(capsys: pytest.CaptureFixture[str]) -> None:
    print_object(status_facts(status()), Form.PLAIN)
    out = capsys.readouterr().out
    assert "drift:" not in out
    assert "drift_checked: -" in out
