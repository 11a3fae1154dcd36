"""Every command on every face, or a reason why not; and each face does what it says."""

from __future__ import annotations

import importlib
import pkgutil
from pathlib import Path
from typing import Any

import pytest

import kalshi_desk.tui
from kalshi_desk.api.offers import BASE, OFFERS, offered
from kalshi_desk.cli import calls, panicking
from kalshi_desk.cli.main import main
from kalshi_desk.cli.offered import OFFERED
from kalshi_desk.desk.automation import SetAuto, SetLimit, SetParameter
from kalshi_desk.desk.commands import Answer, Command, Outcomes, Panic, StopEngine
from kalshi_desk.desk.parity import COMMANDS, INTENDED, QUERIES, Face, cells, markdown
from kalshi_desk.desk.service import AskSettings, SetSetting, SetSeveral
from kalshi_desk.desk.verbs import parse
from kalshi_desk.store.paths import Home
from kalshi_desk.store.presence import EngineRecord
from kalshi_desk.tui.key_table import ACTIONS
from kalshi_desk.tui.offered import BY_ACTION, BY_LINE
from tests.api.core_desk import served
from tests.parity.faces import faces

EVERY = (*COMMANDS, *QUERIES)


def test_no_cell_is_empty_without_a_reason() -> None:
    gaps = [
        f"{cell.kind.__name__} on {cell.face.value}"
        for row in cells(faces())
        for cell in row
        if cell.is_gap
    ]
    assert gaps == []


def test_no_reason_is_given_for_what_is_offered() -> None:
    stale = [
        f"{cell.kind.__name__} on {cell.face.value}"
        for row in cells(faces())
        for cell in row
        if cell.how and cell.why_not
    ]
    assert stale == []


def test_every_type_stands_in_the_table_and_no_other() -> None:
    assert set(INTENDED) <= set(EVERY)
    for face, table in faces().items():
        assert set(table) <= set(EVERY), face
    table = markdown(faces())
    for kind in EVERY:
        assert f"| `{kind.__name__}` |" in table
    assert len(EVERY) == len(set(EVERY)) > 25


# --- the screen -----------------------------------------------------------------------------


def test_the_screen_has_the_actions_it_names() -> None:
    assert set(BY_ACTION.values()) <= {action.id for action in ACTIONS}


def test_the_screen_makes_exactly_the_commands_it_names() -> None:
    """A module that makes a command has its class; unused imports are not allowed."""
    made: set[type] = set()
    for found in pkgutil.walk_packages(kalshi_desk.tui.__path__, "kalshi_desk.tui."):
        if found.name != "kalshi_desk.tui.offered":
            held = vars(importlib.import_module(found.name)).values()
            made |= {kind for kind in EVERY if any(value is kind for value in held)}
    # The last one is what remains to be done when the screen is gone: the shell does it.
    assert made | {StopEngine} == set(BY_ACTION)


@pytest.mark.parametrize("kind", BY_LINE, ids=lambda kind: kind.__name__)
def test_a_line_of_the_screen_means_what_it_says(kind: type) -> None:
    assert type(parse(BY_LINE[kind])) is kind


# --- the shell ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "kind", [kind for kind in OFFERED if kind in COMMANDS], ids=lambda kind: kind.__name__
)
def test_a_line_of_the_shell_sends_what_it_says(
    kind: type, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[Command] = []

    async def submit(_home: Home, command: Command) -> Answer:
        sent.append(command)
        return Answer(command_id="x", outcome=Outcomes.DONE)

    def running(_home: Home) -> EngineRecord:
        return EngineRecord(venue="live", pid=1, link="unix:/none", token_path="/none")

    monkeypatch.setattr(calls, "submit", submit)
    monkeypatch.setattr(panicking, "submit", submit)
    monkeypatch.setattr(panicking, "find_engine", running)
    monkeypatch.setattr(panicking, "is_locked", lambda _home: True)
    monkeypatch.setattr("kalshi_desk.store.presence.find_engine", running)
    assert main([*OFFERED[kind].split(), "--home", str(tmp_path)]) == 0
    assert [type(command) for command in sent] == [kind]


# --- the API --------------------------------------------------------------------------------


def test_the_api_sends_exactly_what_its_offers_say() -> None:
    with served() as api:
        queries: list[type] = []
        ask = api.desk.ask

        async def heard(query: Any) -> Any:
            queries.append(type(query))
            return await ask(query)

        api.desk.ask = heard  # type: ignore[method-assign]
        for offer in OFFERS:
            before, asked = len(api.desk.commands), len(queries)
            body = {"maxPositionSize": 0.1, "volatilityThreshold": 0.1, "tradeInterval": 60}
            words = {"json": body} if offer.takes is not None else {}
            answer = api.call(offer.method, BASE + offer.path, **words)
            assert answer.status_code == 200, answer.text
            sent = {type(command) for command in api.desk.commands[before:]}
            for command in api.desk.commands[before:]:
                if isinstance(command, SetSeveral):
                    sent |= {type(change) for change in command.changes}
            assert sent | set(queries[asked:]) == set(offer.sends), offer.path
    assert set(offered()) == {
        *(Panic, SetAuto, SetSeveral, SetLimit, SetParameter, SetSetting, AskSettings)
    }


# --- Telegram -------------------------------------------------------------------------------


def test_the_bridge_names_what_it_offers() -> None:
    """What each line sends is looked at beside the bridge's own tests."""
    assert {Panic, SetAuto} <= set(faces()[Face.TELEGRAM])


# --- the README -----------------------------------------------------------------------------


def test_the_readme_holds_the_table_as_it_is() -> None:
    """``python -m tests.parity.faces`` prints what has to stand there."""
    readme = Path(__file__).parents[2] / "README.md"
    assert markdown(faces()) in readme.read_text("utf-8")
