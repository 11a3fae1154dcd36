"""What a person has not looked at yet holds new exposure back."""

from __future__ import annotations

from kalshi_desk.core.drift import DriftFinding, DriftKind
from kalshi_desk.risk.drift import MOST_FINDINGS, DriftLog


def finding(field: str, *, money: bool = True, kind: DriftKind = DriftKind.MISSING) -> DriftFinding:
    return DriftFinding(kind=kind, field=field, touches_money=money)


def test_only_money_holds_back_and_only_until_it_is_acknowledged() -> None:
    log = DriftLog()
    assert log.take([finding("order.color", money=False, kind=DriftKind.NEW)])
    assert log.reducing_why == ""
    log.take([finding("order.status"), finding("fill.fee_cost")])
    assert log.reducing_why == "order.status is missing and 1 more"
    log.acknowledge()
    assert log.reducing_why == ""
    assert log.take([finding("order.status")]) == []
    assert log.reducing_why == ""
    assert log.take([finding("order.ticker")]) == [finding("order.ticker")]
    assert log.reducing_why == "order.ticker is missing"
    assert len(log.findings) == 4


def test_a_clean_look_later_lets_nothing_pass_by_itself() -> None:
    log = DriftLog()
    log.take([finding("order.status")])
    log.take([])
    assert log.reducing_why


def test_a_flood_of_harmless_findings_ends_and_hides_no_grave_one() -> None:
    log = DriftLog()
    log.take(finding(f"market.f{n}", money=False) for n in range(2 * MOST_FINDINGS))
    assert len(log.findings) == MOST_FINDINGS
    assert log.take([finding("order.status")])
    assert log.reducing_why
