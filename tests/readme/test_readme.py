"""README.md against the program: what it tells people to type is there, and what is there it tells.

The commands themselves run in ``test_typed.py``.
"""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from kalshi_desk.alerts.rules import parse_rule
from kalshi_desk.cli import arguments as grammar
from kalshi_desk.desk.verbs import parse_words
from kalshi_desk.store.setting_env import NAMES as VARIABLE_NAMES
from kalshi_desk.store.setting_env import VARIABLES
from kalshi_desk.store.setting_schema import every_setting, place_of
from kalshi_desk.store.settings import load_settings
from tests.readme import reading

LINES = [tuple(line) for command in reading.commands() for line in reading.expanded(command)]
STANDS_FOR = {
    "COUNT": "5",
    "CENTS": "45",
    "V": "practice",
    "L": "warning",
    "N": "5",
    "TICKER": "KXHIGHNY-26NOV28-B50.5",
}
PROJECT = tomllib.loads((reading.ROOT / "pyproject.toml").read_text("utf-8"))
TESTS = PROJECT["tool"]["pytest"]["ini_options"]
SECTIONS = {name.partition(".")[0] for name in every_setting()} - {"venue"}


# --- commands ---------------------------------------------------------------------------


@pytest.mark.parametrize("line", dict.fromkeys(LINES), ids=" ".join)
def test_the_program_takes_every_command_of_the_readme(line: tuple[str, ...]) -> None:
    words = [STANDS_FOR.get(word, word.lower() if word.isupper() else word) for word in line[1:]]
    if grammar.split_exchange(words) is not None:
        return
    to_parse, verb_words = grammar.split_verb(words)
    options = grammar.build_parser().parse_args(to_parse)
    if verb_words and verb_words[:2] != ["strategy", "new"]:
        parse_words(verb_words)
    assert options.command == (words[0] if words and words[0] != "--venue" else None)


def test_the_readme_names_every_command_of_the_program() -> None:
    (commands,) = (
        action.choices
        for action in grammar.build_parser()._actions
        if action.dest == "command" and action.choices is not None
    )
    assert set(grammar.LISTS) | set(grammar.VERBS) < set(commands)
    assert set(commands) == {line[1] for line in LINES if len(line) > 1} - {"--venue"}


@pytest.mark.parametrize("command", ["news", "config", "api", "telegram", "recordings", "live"])
def test_the_readme_names_every_action_of_a_command(command: str) -> None:
    (commands,) = (
        action.choices
        for action in grammar.build_parser()._actions
        if action.dest == "command" and action.choices is not None
    )
    (actions,) = (a.choices for a in commands[command]._actions if a.dest == "action")
    told = {line[2] for line in LINES if line[1:2] == (command,) and len(line) > 2}
    # What a command does anyway, and the API that the engine serves by itself.
    assert set(actions) - told <= {"run", "serve"}
    assert told <= set(actions)


# --- alerts and settings ----------------------------------------------------------------


def test_every_alert_that_the_readme_names_is_one() -> None:
    part = reading.TEXT.partition("## Alerts and the log")[2].partition("Set it with")[0]
    told = [" ".join(text.split()) for text in re.findall(r"`([^`]+)`", part)]
    assert len(told) > 8
    for text in told:
        words = text.replace("NAME", "daily_loss_percent").replace("WORDS", "gas prices")
        for line in reading.expanded(words):
            parse_rule(" ".join(line))


def test_every_setting_that_the_readme_names_is_one() -> None:
    names = set()
    for text in reading.spans():
        name = text.partition(" ")[0].strip("[]")
        if name.partition(".")[0] in SECTIONS and re.fullmatch(r"[a-z_]+(\.[A-Za-z_]+)+", name):
            names.add(name)
    assert len(names) > 20
    for name in names:
        if name.endswith(".NAME"):
            assert place_of(name.removesuffix(".NAME"))
        else:
            place_of(name)


def test_every_variable_that_is_read_stands_in_the_readme() -> None:
    told = {text for text in ", ".join(reading.spans()).split(", ") if text.isupper()}
    assert set(VARIABLE_NAMES) <= told
    for name, setting in VARIABLES.items():
        row = next(line for line in reading.TEXT.splitlines() if line.startswith(f"| `{name}`"))
        assert f"`{setting}`" in row


def test_every_section_of_the_settings_stands_in_the_readme() -> None:
    for section in SECTIONS:
        assert re.search(rf"`\[?{section}[.`]", reading.TEXT), section


def test_the_block_of_settings_loads_without_a_warning(tmp_path: Path) -> None:
    blocks = [text for text in reading.blocks("toml") if "private_key" not in text]
    assert blocks
    for text in blocks:
        path = tmp_path / "settings.toml"
        path.write_text(text)
        path.chmod(0o600)
        assert load_settings(path).warnings == ()


# --- what developers type ---------------------------------------------------------------


def test_what_developers_type_exists() -> None:
    typed = [*reading.developer_commands(), *"".join(reading.blocks("sh")).splitlines()]
    tests = "".join(path.read_text("utf-8") for path in (reading.ROOT / "tests").rglob("*.py"))
    marks = {mark for line in typed for mark in re.findall(r"pytest.* -m (\w+)", line)}
    assert len(marks) > 1
    for mark in marks:
        assert any(text.startswith(f"{mark}:") for text in TESTS["markers"]), mark
        assert f"pytest.mark.{mark}" in tests, mark
    for line in typed:
        for extras in re.findall(r"\.\[([a-z,]+)\]", line):
            assert set(extras.split(",")) <= set(PROJECT["project"]["optional-dependencies"])
        for path in re.findall(r"(?:^|\s)((?:tests|\.ci)/\S+)", line):
            assert (reading.ROOT / path).exists(), path
    assert PROJECT["project"]["scripts"] == {reading.PROGRAM: "kalshi_desk.cli.main:main"}


def test_every_file_that_the_readme_links_is_there() -> None:
    links = [link for link in re.findall(r"\]\(([^)]+)\)", reading.TEXT) if "://" not in link]
    assert len(links) >= 4
    for link in links:
        assert (reading.ROOT / link).is_file(), link
