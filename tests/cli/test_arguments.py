"""The command line's own grammar, without any process."""

from __future__ import annotations

from pathlib import Path

import pytest

from kalshi_desk import __version__
from kalshi_desk.cli.arguments import VERBS, build_parser, split_exchange, split_verb
from kalshi_desk.cli.flat import dollars, moment
from kalshi_desk.cli.main import main
from kalshi_desk.core.types import Money
from kalshi_desk.desk.verbs import USAGE


@pytest.mark.parametrize(
    ("arguments", "kept", "words"),
    [
        ("buy A yes 1 @ 2 --ioc", "buy", "buy A yes 1 @ 2 --ioc"),
        ("--home H buy A yes 1 @ 2 --json", "--home H buy --json", "buy A yes 1 @ 2"),
        ("buy --home buy A", "buy --home buy", "buy A"),
        ("cancel all --home=H", "cancel --home=H", "cancel all"),
        ("--venue demo buy A yes 1 @ 2 --ioc", "--venue demo buy", "buy A yes 1 @ 2 --ioc"),
        ("--venue=demo buy A", "--venue=demo buy", "buy A"),
        ("status --json", "status --json", ""),
        ("stop --orders cancel", "stop --orders cancel", ""),
        ("panic --venue live --json", "panic --venue live --json", "panic"),
        ("panic --venue=live", "panic --venue=live", "panic"),
        ("buy A --venue live", "buy", "buy A --venue live"),
        ("", "", ""),
    ],
)
def test_the_words_of_verbs_are_left_to_the_grammar(arguments: str, kept: str, words: str) -> None:
    assert split_verb(arguments.split()) == (kept.split(), words.split())


@pytest.mark.parametrize(
    ("arguments", "parts"),
    [
        ("exchange --port 0", ([], ["--port", "0"])),
        ("--home H exchange --json", (["--home", "H"], ["--json"])),
        ("--home exchange status", None),
        ("--home=H exchange", (["--home=H"], [])),
        ("status", None),
        ("", None),
    ],
)
def test_the_exchange_reads_its_own_options(
    arguments: str, parts: tuple[list[str], list[str]] | None
) -> None:
    assert split_exchange(arguments.split()) == parts


@pytest.mark.parametrize("where", ["before", "after"])
@pytest.mark.parametrize("command", ["status", "markets", "stop", "engine", "panic"])
def test_the_home_may_stand_on_either_side(command: str, where: str) -> None:
    words = ["--home", "H", command] if where == "before" else [command, "--home", "H"]
    assert build_parser().parse_args(words).home == "H"


@pytest.mark.parametrize("words", ["panic --venue live", "--venue live panic"])
def test_a_panic_may_name_its_venue_on_either_side(words: str) -> None:
    options = build_parser().parse_args(words.split())
    assert (options.venue or options.desk_venue) == "live"


def test_every_verb_of_the_grammar_is_a_command() -> None:
    assert set(VERBS) == set(USAGE)


@pytest.mark.parametrize("arguments", ["nonsense", "status --jsn", "stop --orders maybe", "replay"])
def test_misuse_ends_with_2(arguments: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments.split()) == 2
    assert "usage:" in capsys.readouterr().err


@pytest.mark.parametrize("venue", ["--venue practice", "--venue=practice"])
@pytest.mark.parametrize("command", ["buy X yes 1 @ 1 --ioc", "status", "stop", "engine"])
def test_a_venue_before_another_command_is_refused(
    command: str, venue: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert main([*venue.split(), *command.split(), "--home", str(tmp_path)]) == 2
    said = capsys.readouterr().err
    assert "venue" in said
    assert "Nothing was sent." in said
    assert len(said.strip().splitlines()) == 2


def test_help_and_version_end_with_0(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"kalshi-desk {__version__}\n"
    assert main(["--help"]) == 0
    shown = capsys.readouterr().out
    assert all(f"\n    {verb} " in shown for verb in VERBS)


@pytest.mark.parametrize(
    ("money", "text"),
    [
        (0, "0.00"),
        (-1_130_000, "-1.13"),
        (98_018_600, "98.0186"),
        (1, "0.000001"),
        (-1, "-0.000001"),
    ],
)
def test_money_is_exact_with_at_least_two_decimals(money: int, text: str) -> None:
    assert dollars(Money(money)) == text


def test_times_are_utc_or_absent() -> None:
    assert moment(0) is None
    assert moment(1_782_950_400_000_000_000) == "2026-07-02T00:00:00Z"
