"""The official SDKs call every served operation, and their models take every answer."""

from __future__ import annotations

import pytest

from tests.arbiter import surface
from tests.arbiter.conftest import Drive
from tests.arbiter.known_violations import NOT_501, UNPARSED

pytestmark = [pytest.mark.arbiter, pytest.mark.timeout(240)]

REFUSED = {"create_api_key": 403}
"""Served operations that this account may not use, and the status that says so."""
EMPTY = {
    "get_account_api_limits grants",
    "get_deposits deposits",
    "get_multivariate_events events",
    "get_series series.additional_prohibitions",
    "get_series_list series[].additional_prohibitions",
    "get_withdrawals withdrawals",
}
"""Lists that never have anything in them on a practice account."""


@pytest.fixture(params=["async", "sync"])
def drive(request: pytest.FixtureRequest, drives: dict[str, Drive]) -> Drive:
    return drives[str(request.param)]


def test_the_session_runs_to_its_end(drive: Drive) -> None:
    assert drive.code == 0, drive.errors
    assert drive.rows


def test_every_answer_parses(drive: Drive) -> None:
    unparsed = {row["name"]: row["detail"] for row in drive.rows if row["outcome"] == "unparsed"}
    assert unparsed.keys() == UNPARSED, unparsed


def test_every_request_could_be_sent(drive: Drive) -> None:
    assert [row for row in drive.rows if row["outcome"] == "unsent"] == []


def test_every_served_operation_was_called_on_purpose_and_answered(drive: Drive) -> None:
    served = surface.served()
    wrong = {}
    for name, rows in by_name(drive).items():
        if surface.operation(rows[0]["method"], rows[0]["path"]) not in served:
            continue
        statuses = {row["status"] for row in rows if not row["is_probe"]}
        if name in REFUSED:
            if statuses != {REFUSED[name]}:
                wrong[name] = f"answered {statuses} where {REFUSED[name]} was due"
        elif not any(200 <= status < 300 for status in statuses):
            wrong[name] = "nothing in tests/arbiter/sdk/session.py calls it with success"
    assert not wrong


def test_operations_that_are_not_served_say_so(drive: Drive) -> None:
    served = surface.served()
    wrong = {
        f"{row['method']} {row['path']}": row["detail"]
        for row in drive.rows
        if surface.operation(row["method"], row["path"]) not in served and row["status"] != 501
    }
    assert wrong.keys() == NOT_501, wrong


def test_every_list_had_something_in_it(drive: Drive) -> None:
    most: dict[str, int] = {}
    for row in drive.rows:
        if not row["is_probe"]:
            for where, count in row["lists"].items():
                name = f"{row['name']} {where}"
                most[name] = max(most.get(name, 0), count)
    assert {name for name, count in most.items() if not count} == EMPTY


def by_name(drive: Drive) -> dict[str, list[dict[str, object]]]:
    found: dict[str, list[dict[str, object]]] = {}
    for row in drive.rows:
        found.setdefault(row["name"], []).append(row)
    return found
