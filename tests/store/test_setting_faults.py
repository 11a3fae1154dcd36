"""All faults of a settings file are found in one reading, and the rest of it still counts."""

from __future__ import annotations

from pathlib import Path

import pytest

from kalshi_desk.core.errors import Stop
from kalshi_desk.store.setting_faults import MOST_BROKEN_LINES, read_faulty
from kalshi_desk.store.settings import Settings, load_settings, template

FAULTY = """venue = "mars"
api = 3
risk.collar_cents = 0
[stops]
trailing_cents = "lots"
colar = 1
[telegram
token = 3
[telegram.users]
"1" = "boss"
"2" = "trade"
[strategies]
interval_s = maybe
[strategies.parameters.volatility]
min_move = [1]
[news.own.x]
title = "t"
[news.own.y]
url = "https://example.com/feed"
[tui]
rate_hz = 100
keymap = { buy_yes = 3 }
presets = [
on_gone = "stop"
"""
WANTED = (
    (1, "venue can't be 'mars'; allowed is one of practice, paper, demo, live, in quotes."),
    (2, "api can't be 3; it is a table of settings. Write [api] on a line of its own"),
    (3, "risk.collar_cents can't be 0; allowed is a whole number from 1 to 99. Correct it, or "),
    (5, "stops.trailing_cents can't be 'lots'; allowed is a whole number from 1 to 98."),
    (7, "Expected ']' at the end of a table declaration. Correct the line or remove it."),
    (10, "telegram.users.1 can't be 'boss'; allowed is one of view, trade, in quotes."),
    (13, "Invalid value. strategies.interval_s: allowed is a whole number from 1 to 86400."),
    (15, "strategies.parameters.volatility.min_move can't be [1]; allowed is"),
    (16, "news.own.x can't be used: it needs url."),
    (21, "tui.rate_hz can't be 100; allowed is a whole number from 1 to 30."),
    (22, "tui.keymap.buy_yes can't be 3; allowed is text of at most 2000 characters, in quotes."),
    (23, "What is opened here is not closed. tui.presets: allowed is entries NAME = VALUE;"),
)


def test_every_fault_is_told_with_its_line_what_may_stand_there_and_what_to_do(
    tmp_path: Path,
) -> None:
    path = tmp_path / "settings.toml"
    path.write_text(FAULTY)
    loaded, problems = read_faulty(path)
    assert len(problems) == len(WANTED), problems
    for problem, (line, words) in zip(problems, WANTED, strict=True):
        assert problem.startswith(f"{path} line {line}: {words}"), problem
        assert any(word in problem for word in ("orrect", "Write ")), problem
    assert loaded.warnings == (f'{path} line 6: unknown setting "stops.colar" is ignored.',)
    settings = loaded.settings
    assert settings.telegram.users == {"2": "trade"}
    assert list(settings.news.own) == ["y"]
    assert settings.tui.on_gone == "stop"
    assert settings.tui.rate_hz == Settings().tui.rate_hz
    assert path.read_text() == FAULTY


@pytest.mark.parametrize("text", ["", template(), "[risk]\ncollar_cents = 5\n"])
def test_a_file_without_faults_reads_as_at_a_start(tmp_path: Path, text: str) -> None:
    path = tmp_path / "settings.toml"
    path.write_text(text)
    loaded, problems = read_faulty(path)
    assert problems == []
    assert loaded.settings == load_settings(path).settings
    assert read_faulty(tmp_path / "none.toml")[0].settings == Settings()


@pytest.mark.parametrize(
    "data",
    [b"\xff\xfe\x00", b"[" * 5_000, b"a = " + b"[" * 5_000, b"= 1\n" * 200, b"\x00", b"a = '''\nb"],
)
def test_what_is_no_settings_file_at_all_is_a_sentence_and_ends(
    tmp_path: Path, data: bytes
) -> None:
    path = tmp_path / "settings.toml"
    path.write_bytes(data)
    loaded, problems = read_faulty(path)
    assert 0 < len(problems) <= MOST_BROKEN_LINES + 1
    assert all(str(path) in problem for problem in problems)
    assert loaded.settings == Settings()


def test_the_same_table_twice_is_one_fault_and_its_settings_are_not_mixed(tmp_path: Path) -> None:
    path = tmp_path / "settings.toml"
    path.write_text("[risk]\ncollar_cents = 5\n[tui]\n[risk]\ncollar_cents = 0\n")
    loaded, problems = read_faulty(path)
    assert len(problems) == 1
    assert "line 4: Cannot declare ('risk',) twice" in problems[0]
    assert loaded.settings.risk.collar_cents == 5
    assert loaded.warnings == ()


def test_a_start_stops_at_the_first_and_names_the_command(tmp_path: Path) -> None:
    path = tmp_path / "settings.toml"
    path.write_text("[risk]\ncollar_cents = 0\n[tui]\nrate_hz = 100\n")
    with pytest.raises(Stop, match="kalshi-desk config check lists every fault"):
        load_settings(path)
