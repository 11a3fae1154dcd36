"""``kalshi-desk config`` without an engine, and a start that is refused for its variables."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from kalshi_desk.cli.main import main
from kalshi_desk.cli.panic_alone import key_for_panic
from kalshi_desk.cli.processes import prepare, prepare_to_look
from kalshi_desk.core.errors import Stop
from kalshi_desk.store.paths import open_home
from kalshi_desk.store.secrets import save_key
from kalshi_desk.store.setting_env import NAMES
from kalshi_desk.store.settings import Settings
from tests.cli.conftest import Desk

TOKEN = "123456789:" + "aA-_0" * 7


@pytest.fixture(autouse=True)
def _alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run in an empty folder with none of the variables."""
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("KALSHI_DESK_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)


class Ran:
    """What a command printed and how it ended."""

    def __init__(self, capsys: pytest.CaptureFixture[str], *words: str) -> None:
        self.code = main(["config", *words])
        self.out, self.err = capsys.readouterr()

    @property
    def data(self) -> Any:
        """The JSON on standard output."""
        return json.loads(self.out)


@pytest.fixture
def settings(tmp_path: Path) -> Path:
    return open_home(str(tmp_path / "home"), {}).settings_path


def test_set_writes_the_file_and_get_reads_it(
    capsys: pytest.CaptureFixture[str], settings: Path
) -> None:
    done = Ran(capsys, "set", "risk.position_percent", "5%")
    assert (done.code, done.err) == (0, "")
    assert done.out == f"risk.position_percent: 10 becomes 5, in {settings}.\n"
    assert Ran(capsys, "get", "risk.position_percent").out == "5\n"
    row = Ran(capsys, "get", "risk.position_percent", "--json").data
    assert (row["value"], row["source"]) == (5, "file")
    assert Ran(capsys, "set", "risk.position_percent", "default").code == 0
    row = Ran(capsys, "get", "risk.position_percent", "--json").data
    assert (row["value"], row["source"]) == (10, "default")


@pytest.mark.parametrize(
    ("words", "code", "part"),
    [
        (["set", "risk.position_percent", "0.02"], 1, "in per cent, not a fraction"),
        (["set", "risk.positoin_percent", "2"], 1, "Did you mean risk.position_percent"),
        (["set", "strategies.parameters.volatility.min_move", "9"], 1, "from 0.01 to 0.5"),
        (["set", "strategies.parameters.volatility.nonsense", "9"], 1, "it has z_in, min_move"),
        (["set", "telegram.token", TOKEN], 1, "neither set nor shown"),
        (["get", "telegram.token"], 1, "neither set nor shown"),
        (["get", "telegram.users.5"], 1, "is not set"),
        (["set", "telegram.users.5", "default"], 1, "There is no telegram.users.5"),
        (["set", "news.own.mine.tier", "press"], 1, "it needs"),
        (["set", "practice.seed", "-5"], 1, "from 0 to 2147483647"),
        (["set", "venue", "live"], 1, "--venue live"),
        (["set", "alerts.rules.x", "KXFED goes up"], 1, "no rule"),
        (["set", "venue"], 2, "That is not how to use config set"),
        (["get"], 2, "Usage: kalshi-desk config get NAME"),
        (["path", "x"], 2, "That is not how"),
    ],
)
def test_what_is_wrong_is_said_and_changes_nothing(
    capsys: pytest.CaptureFixture[str], settings: Path, words: list[str], code: int, part: str
) -> None:
    done = Ran(capsys, *words)
    assert (done.code, done.out) == (code, "")
    assert part in done.err
    assert TOKEN not in done.err
    assert not settings.exists() or "[risk]" in settings.read_text()


def test_show_marks_the_source_and_finds_words(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("MAX_DAILY_LOSS", "1.5")
    (tmp_path / ".env").write_text("BANKROLL=2500\n")
    (tmp_path / ".env").chmod(0o600)
    Ran(capsys, "set", "risk.open_positions", "3")
    shown = Ran(capsys, "show", "--json").data
    rows = {row["name"]: row for row in shown["settings"]}
    assert rows["risk.daily_loss_percent"]["source"] == "environment"
    assert (rows["risk.bankroll_dollars"]["value"], rows["risk.bankroll_dollars"]["source"]) == (
        2500,
        ".env",
    )
    assert rows["risk.open_positions"]["source"] == "file"
    assert rows["risk.correlation"]["source"] == "default"
    assert rows["strategies.parameters.volatility.min_move"]["value"] == 0.1
    assert rows["recording.enabled"]["value"] is True
    table = Ran(capsys, "show", "HALTS the desk").out.splitlines()
    assert [line.split()[:3] for line in table] == [
        ["risk.daily_loss_percent", "1.5", "environment"]
    ]
    plain = Ran(capsys, "show", "bankroll", "--plain").out
    assert "source: .env" in plain
    assert "No setting" in Ran(capsys, "show", "zzz").out


def test_set_says_when_a_variable_wins(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MAX_OPEN_POSITIONS", "4")
    done = Ran(capsys, "set", "risk.open_positions", "3")
    assert done.code == 0
    assert done.out.endswith("But MAX_OPEN_POSITIONS in the environment wins.\n")
    assert Ran(capsys, "get", "risk.open_positions").out == "4\n"


def test_path_names_the_files(capsys: pytest.CaptureFixture[str], settings: Path) -> None:
    assert Ran(capsys, "path").out.splitlines()[0] == str(settings)
    found = Ran(capsys, "path", "--json").data
    assert found["settings"] == str(settings)
    assert found["env"][-1] == str(settings.with_name(".env"))


def test_check_says_everything_at_once(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    settings: Path,
    tmp_path: Path,
) -> None:
    assert Ran(capsys, "check").code == 0
    open_home(str(settings.parent), {}).prepare()
    settings.write_text(
        "[risk]\ncolar_cents = 5\n[tui.keymap]\nbuy_yes = 'n'\n"
        "[strategies.parameters.volatility]\nmin_move = 7\nnonsense = 1\n"
        "[tui]\nrate_hz = 100\n[log]\nfile_mb = 0\n"
        "[alerts.rules]\ngood = 'KXFED > 60'\nlate = 'KXFED soon'\n"
    )
    (tmp_path / ".env").write_text(f"TELEGRAM_BOT_TOKEN={TOKEN}\nMAX_OPEN_POSITIONS=0\n")
    monkeypatch.setenv("BANKROLL", "lots")
    monkeypatch.setenv("STOP_LOSS_PERCENTAGE", "0.5")
    monkeypatch.setenv("KALSHI_API_KEY", "secret-id")
    keys = settings.parent / "keys"
    keys.mkdir()
    (keys / "live.toml").write_text("junk")
    (keys / "live.toml").chmod(0o600)
    done = Ran(capsys, "check", "--json")
    assert done.code == 1
    found = done.data
    assert not found["ok"]
    problems = "\n".join(found["problems"])
    for part in (
        "line 9: tui.rate_hz can't be 100; allowed is a whole number from 1 to 30. Correct it",
        "line 11: log.file_mb can't be 0; allowed is",
        *("BANKROLL in the environment can't be 'lots'", "MAX_OPEN_POSITIONS in ", "chmod 600"),
        *("would do both", "min_move can't be '7'", "set without KALSHI_PRIVATE_KEY_PATH"),
        "Can't read the key file",
    ):
        assert part in problems
    warnings = "\n".join(found["warnings"])
    for part in (
        "colar_cents",
        "no such parameter",
        "STOP_LOSS_PERCENTAGE in the environment stands",
        'alerts.rules.late: "KXFED soon" is no rule',
    ):
        assert part in warnings
    assert TOKEN not in done.out
    assert "secret-id" not in done.out
    assert "problem: " in Ran(capsys, "check").out


@pytest.mark.parametrize(
    ("text", "part"), [("venue = 'demo'\n", "no key"), ("a = [\n", "line 1: What is opened here")]
)
def test_check_reads_the_file_as_a_start_would(
    capsys: pytest.CaptureFixture[str], settings: Path, text: str, part: str
) -> None:
    settings.parent.mkdir(parents=True)
    settings.write_text(text)
    done = Ran(capsys, "check")
    assert done.code == 1
    assert part in done.out


def test_an_engine_does_not_start_with_a_wrong_variable(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, settings: Path
) -> None:
    monkeypatch.setenv("MAX_DAILY_LOSS", "0.02")
    assert main(["engine", "--venue", "practice"]) == 1
    said = capsys.readouterr().err
    assert "MAX_DAILY_LOSS in the environment can't be '0.02'" in said
    assert "in per cent" in said
    assert "Nothing was started" in said
    assert not (settings.parent / "state" / "engine.lock").exists()


def test_a_wrong_variable_keeps_nobody_from_a_running_engine(
    monkeypatch: pytest.MonkeyPatch, settings: Path
) -> None:
    monkeypatch.setenv("MAX_DAILY_LOSS", "0.02")
    home = open_home(str(settings.parent), {})
    with pytest.raises(Stop):
        prepare(home)
    loaded = prepare_to_look(home)
    assert loaded.settings == Settings()
    assert "MAX_DAILY_LOSS in the environment can't be" in loaded.warnings[0]


def test_a_panic_uses_the_stored_key_when_variables_are_broken(
    monkeypatch: pytest.MonkeyPatch, settings: Path
) -> None:
    home = open_home(str(settings.parent), {})
    home.prepare()
    monkeypatch.setenv("KALSHI_API_KEY", "half")
    with pytest.raises(Stop, match="a key needs both"):
        key_for_panic(home, "demo")
    save_key(home, "demo", "stored", b"PEM")
    assert key_for_panic(home, "demo").key_id == "stored"


def test_a_running_engine_sets_and_shows(
    capsys: pytest.CaptureFixture[str], fresh: Desk, tmp_path: Path
) -> None:
    (tmp_path / ".env").write_text(f"MAX_OPEN_POSITIONS=4\nTELEGRAM_BOT_TOKEN={TOKEN}\n")
    (tmp_path / ".env").chmod(0o600)
    engine = fresh.start()
    try:
        row = Ran(capsys, "get", "risk.open_positions", "--json").data
        assert (row["value"], row["source"]) == (4, ".env")
        assert main(["set", "risk.open_positions", "5"]) == 0
        said = capsys.readouterr().out
        assert f"MAX_OPEN_POSITIONS in {tmp_path / '.env'} line 1 wins" in said
        assert "engine's next start" in Ran(capsys, "set", "practice.seed", "9").out
        done = Ran(capsys, "set", "log.level", "loud", "--json")
        assert (done.code, done.data["outcome"]) == (1, "refused")
        shown = {row["name"]: row for row in Ran(capsys, "show", "--json").data["settings"]}
        assert shown["risk.open_positions"]["value"] == 5
        assert shown["telegram.token"]["value"] == "set, not shown"
        text = (fresh.home / "settings.toml").read_text()
        assert "open_positions = 5" in text
        assert "seed = 9" in text
        everything = [word for one in fresh.processes() for word in one.cmdline()]
        assert TOKEN not in " ".join(everything)
        written = [path for path in fresh.home.rglob("*") if path.is_file()]
        assert written
        for path in written:
            assert TOKEN.encode() not in path.read_bytes(), path
        assert TOKEN not in os.environ.values()
    finally:
        fresh.end()
        engine.wait(timeout=10)
