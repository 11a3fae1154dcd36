"""What the API changes: through the commands of every face, whole or not at all, and once."""

from __future__ import annotations

import json

import msgspec
import pytest

from kalshi_desk.api.bodies import ConfigChange
from kalshi_desk.api.config_fields import FIELDS, changes
from kalshi_desk.api.openapi import document
from kalshi_desk.core.errors import Retry, Unknown
from kalshi_desk.core.strategy import Parameter
from kalshi_desk.desk.automation import SetAuto, SetLimit, SetParameter
from kalshi_desk.desk.commands import Answer, Command, Outcomes, Panic, Query, Reply
from kalshi_desk.desk.service import SetSetting, SetSeveral
from kalshi_desk.store.risk_settings import RiskSettings
from kalshi_desk.strategies.registry import load
from tests.api.core_desk import CoreDesk, Served, served

JSON = {"Content-Type": "application/json"}


def post(api: Served, body: object, **headers: str) -> tuple[int, str]:
    answer = api.call(
        "POST", "/api/config", headers={**JSON, **headers}, content=json.dumps(body).encode()
    )
    told = answer.json()
    assert told["success"] is (answer.status_code == 200)
    return answer.status_code, told["message"]


def test_settings_are_changed_by_the_commands_of_every_face(api: Served) -> None:
    before = len(api.desk.commands)
    code, text = post(api, {"maxPositionSize": 0.07, "stopLoss": 0.04, "volatilityThreshold": 0.12})
    assert code == 200, text
    assert api.desk.commands[before:] == [
        SetSeveral(
            changes=(
                SetLimit(name="position_percent", value="7"),
                SetLimit(name="stop_loss_percent", value="4"),
                SetParameter(strategy="volatility", name="min_move", value="0.12"),
            )
        )
    ]
    assert "10 becomes 7" in text
    shown = api.call("GET", "/api/config").json()
    assert (shown["maxPositionSize"], shown["stopLoss"]) == (0.07, 0.04)
    assert shown["volatilityThreshold"] == 0.12
    assert shown["tradeInterval"] == 60


@pytest.mark.parametrize(
    ("body", "allowed"),
    [
        ({"maxPositionSize": 1.5}, "allowed is a number from 0.1 to 100"),
        ({"maxPositionSize": -0.1}, "allowed is a number from 0.1 to 100"),
        ({"stopLoss": 0}, "allowed is a number from 0.1 to 100"),
        ({"volatilityThreshold": 0.9}, "allowed is a number from 0.01 to 0.5 dollars"),
        ({"maxPositionSize": 1e300}, "allowed is a number from 0.1 to 100"),
        ({"maxPositionSize": 0.2, "volatilityThreshold": 9}, "allowed is a number from 0.01"),
        ({"volatilityThreshold": 0.2, "stopLoss": 9}, "allowed is a number from 0.1 to 100"),
        ({"stopLoss": 9, "maxPositionSize": 0.2, "volatilityThreshold": 0.2}, "from 0.1 to 100"),
    ],
)
def test_one_wrong_value_is_refused_with_what_is_allowed_and_nothing_changes(
    api: Served, body: dict[str, float], allowed: str
) -> None:
    before, events = api.call("GET", "/api/config").json(), len(api.desk.events)
    code, text = post(api, body)
    assert code == 422
    assert allowed in text
    assert "Nothing was changed." in text
    assert api.call("GET", "/api/config").json() == before
    said = [event.title for event in api.desk.events[events:]]
    assert said == ["Refused by the desk"]


def test_auto_and_panic_are_the_commands_of_every_face(api: Served) -> None:
    before = len(api.desk.commands)
    assert api.call("POST", "/api/start-trading").json()["success"] is True
    assert api.call("GET", "/api/status").json()["trading"] is True
    assert api.call("POST", "/api/stop-trading").json()["success"] is True
    assert api.call("GET", "/api/status").json()["trading"] is False
    answer = api.call("POST", "/api/panic")
    assert "verified" in answer.json()["message"]
    assert api.desk.commands[before:] == [SetAuto(on=True), SetAuto(on=False), Panic()]
    assert 'state="halted"} 1.0' in api.call("GET", "/api/metrics").text
    refused = api.call("POST", "/api/start-trading")
    assert (refused.status_code, refused.json()["success"]) in {(409, False), (200, True)}


def test_a_key_makes_a_request_happen_once() -> None:
    with served() as api:
        key = {"Idempotency-Key": "one-two-three"}
        first = api.call("POST", "/api/start-trading", headers=key)
        again = api.call("POST", "/api/start-trading", headers=key)
        assert first.json() == again.json()
        assert api.desk.commands == [SetAuto(on=True)]
        other = api.call("POST", "/api/config", json={"tradeInterval": 90}, headers=key)
        assert (other.status_code, other.json()["success"]) == (409, False)
        assert api.desk.commands == [SetAuto(on=True)]
        api.call("POST", "/api/start-trading")
        api.call("POST", "/api/start-trading")
        assert len(api.desk.commands) == 3


def test_what_protects_happens_each_time_whatever_the_key() -> None:
    with served() as api:
        for key in ("a", "a", "two words"):
            for path in ("/api/panic", "/api/stop-trading"):
                answer = api.call("POST", path, headers={"Idempotency-Key": key})
                assert answer.status_code == 200
        assert api.desk.commands == [Panic(), SetAuto(on=False)] * 3


@pytest.mark.parametrize("key", ["", "x" * 201, "two words", "t\tab"])
def test_a_key_that_is_none_is_refused(api: Served, key: str) -> None:
    before = len(api.desk.commands)
    answer = api.call("POST", "/api/start-trading", headers={"Idempotency-Key": key})
    assert answer.status_code == 400
    assert len(api.desk.commands) == before


class Restarted(CoreDesk):
    """An engine whose next ``dead`` connections turn out to be dead at their first use."""

    def __init__(self) -> None:
        super().__init__()
        self.dead = 0

    async def submit(self, command: Command, command_id: str | None = None) -> Answer:
        self._fail()
        return await super().submit(command, command_id)

    async def ask(self, query: Query) -> Reply:
        self._fail()
        return await super().ask(query)

    def _fail(self) -> None:
        if self.dead:
            self.dead -= 1
            raise Retry("The engine does not answer.", code="no_engine")


def test_an_engine_that_was_started_again_is_reached_at_the_first_call() -> None:
    with served(Restarted()) as api:
        assert isinstance(api.desk, Restarted)
        api.desk.dead = 1
        assert api.call("POST", "/api/panic").status_code == 200
        assert api.desk.commands == [Panic()]
        api.desk.dead = 1
        assert api.call("GET", "/api/config").status_code == 200
        api.desk.dead = 2
        answer = api.call("POST", "/api/panic")
        assert (answer.status_code, api.desk.commands) == (503, [Panic()])


def test_a_command_that_may_have_arrived_is_not_sent_again() -> None:
    class Lost(CoreDesk):
        sent = 0

        async def submit(self, command: Command, command_id: str | None = None) -> Answer:
            self.sent += 1
            raise Unknown("The connection was lost.", code="link_lost")

    with served(Lost()) as api:
        assert api.call("POST", "/api/start-trading").status_code == 504
        assert isinstance(api.desk, Lost)
        assert api.desk.sent == 1


def test_an_outcome_that_nobody_knows_is_said_to_be_unknown() -> None:
    class Unsure(CoreDesk):
        async def submit(self, command: Command, command_id: str | None = None) -> Answer:
            text = "It is not proven yet what became of every order."
            return Answer(command_id="x", outcome=Outcomes.UNKNOWN, text=text)

    with served(Unsure()) as api:
        answer = api.call("POST", "/api/panic")
        assert answer.status_code == 504
        assert answer.json() == {
            "success": False,
            "message": "It is not proven yet what became of every order.",
        }


def test_no_secret_of_the_settings_comes_out(api: Served) -> None:
    for path in ("config", "status", "metrics", "docs", "openapi.json", "health"):
        assert "SECRET" not in api.call("GET", f"/api/{path}").text


def test_values_are_written_as_a_person_would() -> None:
    asked = ConfigChange(max_position_size=0.07, stop_loss=1e-3, trade_interval=60.0)
    assert changes(asked) == (
        SetLimit(name="position_percent", value="7"),
        SetLimit(name="stop_loss_percent", value="0.1"),
        SetSetting(name="strategies.interval_s", value="60"),
    )
    assert changes(ConfigChange(trade_interval=100)) == (
        SetSetting(name="strategies.interval_s", value="100"),
    )


def test_the_document_tells_the_ranges_that_the_desk_holds() -> None:
    told = document()["components"]["schemas"]["ConfigChange"]["properties"]
    limits = msgspec.json.schema_components([RiskSettings])[1]["RiskSettings"]["properties"]
    names = {
        field.encode_name: FIELDS[field.name] for field in msgspec.structs.fields(ConfigChange)
    }
    for wire, field in names.items():
        low, high = told[wire]["minimum"], told[wire]["maximum"]
        if field.owner == "limit":
            known = limits[field.name]
            held = known["minimum"], known["maximum"]
            assert (low * field.scale, high * field.scale) == held
        elif field.owner == "volatility":
            declared: Parameter = next(
                one for one in load(field.owner).parameters if one.name == field.name
            )
            assert (low, high) == (declared.low, declared.high)
