"""Variables: each with good, bad and boundary values, who wins over whom, and hostile files."""

from __future__ import annotations

import itertools
import os
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kalshi_desk.core.errors import Stop
from kalshi_desk.kalshi.environment import keyed
from kalshi_desk.store.env_files import read_variables
from kalshi_desk.store.key_variables import named_key, venue_of_address
from kalshi_desk.store.paths import Home, open_home
from kalshi_desk.store.secret_state import NOT_SET, SET, secret_states
from kalshi_desk.store.secrets import load_key, save_key
from kalshi_desk.store.setting_edit import value_at
from kalshi_desk.store.setting_env import (
    NAMES,
    VARIABLES,
    load_all,
    telegram_token,
    variable_setting,
    without_secrets,
)
from kalshi_desk.store.setting_values import value_text
from kalshi_desk.store.settings import Settings
from kalshi_desk.strategies.registry import BUILT_IN, load

DEMO_URL = "https://external-api.demo.kalshi.co/trade-api/v2"
LIVE_URL = "https://external-api.kalshi.com/trade-api/v2"
TOKEN = "123456789:" + "aA-_0" * 7


@pytest.fixture
def home(tmp_path: Path) -> Home:
    made = open_home(str(tmp_path / "home"))
    made.prepare()
    return made


@pytest.fixture
def here(tmp_path: Path) -> Path:
    folder = tmp_path / "here"
    folder.mkdir()
    return folder


def write_env(folder: Path, text: str | bytes, mode: int = 0o600) -> Path:
    path = folder / ".env"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    path.chmod(mode)
    return path


def refused(home: Home, here: Path, environment: Mapping[str, str] | None = None) -> str:
    """Return why a start is refused."""
    with pytest.raises(Stop) as caught:
        load_all(home, environment or {}, here)
    assert "Nothing was started" in str(caught.value)
    return caught.value.what


# --- every variable ------------------------------------------------------------------------


@pytest.mark.parametrize("name", VARIABLES)
def test_a_variable_sets_its_setting_at_and_between_its_bounds(
    home: Home, here: Path, name: str
) -> None:
    setting = variable_setting(name)
    assert setting.low is not None
    assert setting.high is not None
    path = tuple(VARIABLES[name].split("."))
    for value in (setting.low, setting.high, round((setting.low + setting.high) / 2)):
        value = value or setting.high
        loaded = load_all(home, {name: value_text(value)}, here)
        assert value_at(loaded.settings, path) == value
        assert loaded.sources[VARIABLES[name]] == "environment"
        assert loaded.overridden[VARIABLES[name]] == f"{name} in the environment"


@pytest.mark.parametrize("name", VARIABLES)
def test_a_wrong_variable_is_named_with_what_is_allowed(home: Home, here: Path, name: str) -> None:
    setting = variable_setting(name)
    assert setting.low is not None
    assert setting.high is not None
    beyond = (value_text(setting.low - 0.001), value_text(setting.high + 1), "-1")
    for text in (*beyond, "nan", "inf", "lots", "1;2", "\x1b[31m1", "9" * 5_000, "1_0", "0x1"):
        what = refused(home, here, {name: text})
        assert what.startswith(f"{name} in the environment can't be ")
        assert f"from {value_text(setting.low)} to {value_text(setting.high)}" in what
        assert len(what) < 300
        assert "\x1b" not in what


@pytest.mark.parametrize(
    "name", ["MAX_DAILY_LOSS", "MAX_POSITION_SIZE_PERCENTAGE", "STOP_LOSS_PERCENTAGE"]
)
def test_a_fraction_is_no_percentage(home: Home, here: Path, name: str) -> None:
    assert "It is in per cent, not a fraction" in refused(home, here, {name: "0.02"})
    assert load_all(home, {name: "3%"}, here).settings != Settings()


def test_a_bankroll_of_nothing_is_refused(home: Home, here: Path) -> None:
    assert "from 1 to" in refused(home, here, {"BANKROLL": "0"})
    assert load_all(home, {"BANKROLL": "$10,000"}, here).settings.risk.bankroll_dollars == 10_000


def test_the_defaults_are_those_of_the_variables() -> None:
    volatility = {p.name: p.default for p in load("volatility").parameters}
    assert volatility["min_move"] == 0.1


@pytest.mark.parametrize("name", [n for n, s in VARIABLES.items() if ".parameters." in s])
def test_ranges_of_parameters_are_those_that_the_strategy_declares(name: str) -> None:
    _, _, strategy, parameter = VARIABLES[name].split(".")
    if strategy not in BUILT_IN:
        pytest.skip(f"there is no strategy {strategy}")
    declared = {p.name: p for p in load(strategy).parameters}[parameter]
    setting = variable_setting(name)
    assert (setting.low, setting.high) == (declared.low, declared.high)


def test_every_mistake_is_said_at_once(home: Home, here: Path) -> None:
    write_env(here, "MAX_OPEN_POSITIONS=none\n")
    write_env(home.config, "CORRELATION_LIMIT=2\n")
    what = refused(home, here, {"BANKROLL": "x", "KALSHI_API_URL": "https://evil.example"})
    for name in ("BANKROLL", "MAX_OPEN_POSITIONS", "CORRELATION_LIMIT", "KALSHI_API_URL"):
        assert name in what


def test_an_empty_variable_is_not_set(home: Home, here: Path) -> None:
    write_env(home.config, "MAX_DAILY_LOSS=3\nBANKROLL=\n")
    loaded = load_all(home, {"MAX_DAILY_LOSS": " ", "KALSHI_API_URL": ""}, here)
    assert loaded.settings.risk.daily_loss_percent == 3
    assert loaded.settings.risk.bankroll_dollars == 0


def test_chats_get_the_least_role_unless_the_file_says_another(home: Home, here: Path) -> None:
    home.settings_path.write_text('[telegram.chats]\n"-5" = "trade"\n')
    loaded = load_all(home, {"TELEGRAM_CHAT_ID": "-5, 77"}, here)
    assert loaded.settings.telegram.chats == {"-5": "trade", "77": "view"}
    assert loaded.sources["telegram.chats.-5"] == "file"
    assert loaded.sources["telegram.chats.77"] == "environment"
    assert "'@ann'" in refused(home, here, {"TELEGRAM_CHAT_ID": "1,@ann"})


# --- who wins ------------------------------------------------------------------------------

_LAYERS = ("environment", "here", "home", "file")


@pytest.mark.parametrize(
    "present", [c for n in range(5) for c in itertools.combinations(_LAYERS, n)], ids="-".join
)
def test_precedence(home: Home, here: Path, present: tuple[str, ...]) -> None:
    values = {"environment": 4.0, "here": 5.0, "home": 6.0, "file": 7.0}
    environment = {}
    if "environment" in present:
        environment["MAX_DAILY_LOSS"] = "4"
    if "here" in present:
        write_env(here, 'export MAX_DAILY_LOSS="5" # mine\n')
    if "home" in present:
        write_env(home.config, "MAX_DAILY_LOSS=6\n")
    if "file" in present:
        home.settings_path.write_text("[risk]\ndaily_loss_percent = 7\n")
    loaded = load_all(home, environment, here)
    winner = next((layer for layer in _LAYERS if layer in present), "default")
    assert loaded.settings.risk.daily_loss_percent == values.get(winner, 2.0)
    sources = {"here": ".env", "home": ".env"}
    source = loaded.sources.get("risk.daily_loss_percent", "default")
    assert source == sources.get(winner, winner)
    assert ("risk.daily_loss_percent" in loaded.overridden) == (
        winner in ("environment", "here", "home")
    )


def test_the_home_as_the_current_folder_is_read_once(home: Home) -> None:
    path = write_env(home.config, "BANKROLL=5\nBANKROLL=5\n")
    assert read_variables(NAMES, home, {}, home.config).files == (path,)
    assert load_all(home, {}, home.config).settings.risk.bankroll_dollars == 5


# --- files that are not as they should be ---------------------------------------------------


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (b"MAX_DAILY_LOSS=3\n\xff\xfe", "is not UTF-8 text"),
        (b"MAX_DAILY_LOSS=3\n" + b"x" * 300_000, "is too large"),
        (b"A=1\n\nMAX_DAILY_LOSS='3\n", "line 3 can't be read"),
        (b"MAX_DAILY_LOSS=3\n#\nMAX_DAILY_LOSS=5\n", "two things about MAX_DAILY_LOSS, in line 1"),
        (b"MAX_DAILY_LOSS=3 5\n", "line 1 can't be '3 5'"),
        (b"MAX_DAILY_LOSS=${HOME}\n", "line 1 can't be '${HOME}'"),
    ],
)
def test_a_broken_file_that_concerns_the_desk_is_refused(
    home: Home, here: Path, text: bytes, said: str
) -> None:
    path = write_env(here, text)
    what = refused(home, here)
    assert str(path) in what
    assert said in what


@pytest.mark.parametrize("start", [b"", b"\xef\xbb\xbf"], ids=["plain", "marked"])
def test_files_of_other_systems_are_read(home: Home, here: Path, start: bytes) -> None:
    write_env(here, start + b"MAX_DAILY_LOSS=3\r\nBANKROLL=5\r\n")
    risk = load_all(home, {}, here).settings.risk
    assert (risk.daily_loss_percent, risk.bankroll_dollars) == (3, 5)


def test_a_file_of_wide_letters_is_not_passed_over(home: Home, here: Path) -> None:
    write_env(here, "MAX_DAILY_LOSS=3\r\n".encode("utf-16"))
    assert "is not UTF-8 text" in refused(home, here)


def test_a_slip_of_the_hand_is_not_passed_over(home: Home, here: Path) -> None:
    write_env(here, "MAX_DAILY_LOSSES=3\nmax_daily_loss=1\nBANKROLL=5\nHOME=/x\n")
    loaded = load_all(home, {}, here)
    assert loaded.settings.risk.daily_loss_percent == 2
    first, second = loaded.warnings
    assert "line 1: MAX_DAILY_LOSSES is none" in first
    assert "Did you mean MAX_DAILY_LOSS?" in first
    assert "line 2: max_daily_loss" in second


@pytest.mark.parametrize(
    "text", ["BANKROL=1000\n", "A=1\n  export MAX_DAILY_LOS=5\n", "\ufeffBANKROL=1"]
)
def test_a_slip_alone_in_its_file_is_not_passed_over(home: Home, here: Path, text: str) -> None:
    write_env(here, text)
    (warning,) = load_all(home, {}, here).warnings
    assert "is ignored. Did you mean" in warning


@pytest.mark.parametrize(
    "text", [b"\xff\xfe", b"DJANGO='x\n=\n", b"", b"\0" * 50, b"A=1\nA=2\n", b"[a]\nb=1\n"]
)
def test_a_file_of_something_else_may_hold_what_it_likes(
    home: Home, here: Path, text: bytes
) -> None:
    write_env(here, text, mode=0o666)
    assert load_all(home, {}, here).settings == Settings()


@pytest.mark.skipif(os.name != "posix", reason="modes are POSIX's")
def test_a_file_that_others_may_change_is_refused(home: Home, here: Path) -> None:
    path = write_env(here, "MAX_DAILY_LOSS=50\n", mode=0o662)
    assert f"chmod 600 {path}" in refused(home, here)


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root reads everything")
def test_an_unreadable_file_is_refused(home: Home, here: Path) -> None:
    write_env(here, "MAX_DAILY_LOSS=50\n", mode=0)
    assert "can't be read" in refused(home, here)


def test_a_folder_instead_of_a_file_is_refused(home: Home, here: Path) -> None:
    (here / ".env").mkdir()
    assert "can't be read" in refused(home, here)


@given(st.binary(max_size=300) | st.text(max_size=200).map(str.encode))
def test_no_file_ends_in_anything_but_words(
    tmp_path_factory: pytest.TempPathFactory, body: bytes
) -> None:
    folder = tmp_path_factory.mktemp("any")
    home = open_home(str(folder / "home"))
    said = []
    for before in (b"", b"MAX_DAILY_LOSS=", b"BANKROLL='"):
        write_env(folder, before + body)
        try:
            load_all(home, {}, folder)
        except Stop as stop:
            said.append(stop.what)
    assert all(words.isprintable() for words in said)


def test_nothing_of_a_file_gets_into_the_environment(home: Home, here: Path) -> None:
    write_env(here, f"MAX_DAILY_LOSS=3\nTELEGRAM_BOT_TOKEN={TOKEN}\n")
    before = dict(os.environ)
    load_all(home, None, here)
    assert telegram_token(home, None, here) == TOKEN
    assert dict(os.environ) == before


# --- secrets -------------------------------------------------------------------------------


def test_a_token_is_taken_only_from_a_private_file(home: Home, here: Path) -> None:
    path = write_env(here, f"TELEGRAM_BOT_TOKEN={TOKEN}\n", mode=0o644)
    what = refused(home, here)
    assert f"chmod 600 {path}" in what
    assert TOKEN not in what
    with pytest.raises(Stop, match="chmod 600"):
        telegram_token(home, {}, here)


@pytest.mark.parametrize("wrong", ["12:short", "secret words", "x" * 50, TOKEN + " extra"])
def test_a_wrong_token_is_refused_and_never_shown(home: Home, here: Path, wrong: str) -> None:
    what = refused(home, here, {"TELEGRAM_BOT_TOKEN": wrong})
    assert what.startswith("TELEGRAM_BOT_TOKEN in the environment is no token")
    assert wrong not in what


def test_children_that_need_no_secret_get_none() -> None:
    given_names = dict.fromkeys((*NAMES, "PATH"), "x")
    left = without_secrets(given_names)
    assert "PATH" in left
    assert not {"TELEGRAM_BOT_TOKEN", "KALSHI_API_KEY", "KALSHI_PRIVATE_KEY_PATH"} & set(left)


def test_what_is_told_of_secrets_holds_none_of_them(home: Home, here: Path) -> None:
    pem = home.config / "key.pem"
    pem.write_text("the private key")
    pem.chmod(0o600)
    environment = {
        "TELEGRAM_BOT_TOKEN": TOKEN,
        "KALSHI_API_KEY": "the-id-of-the-key",
        "KALSHI_PRIVATE_KEY_PATH": str(pem),
        "KALSHI_API_URL": DEMO_URL,
    }
    states = secret_states(home, environment, here)
    assert [(one.name, one.state, one.source) for one in states] == [
        ("keys.demo", SET, "environment"),
        ("keys.live", NOT_SET, "default"),
        ("telegram.token", SET, "environment"),
    ]
    told = repr(states) + repr(read_variables(NAMES, home, environment, here).found)
    told += repr(named_key(home, environment, here))
    for secret in (TOKEN, "the-id-of-the-key", "the private key"):
        assert secret not in told


def test_stored_secrets_are_told_too(home: Home, here: Path) -> None:
    save_key(home, "live", "id", b"PEM")
    (home.keys / "telegram.token").write_text(TOKEN)
    states = {one.name: (one.state, one.source) for one in secret_states(home, {}, here)}
    assert states == {
        "keys.demo": (NOT_SET, "default"),
        "keys.live": (SET, "file"),
        "telegram.token": (SET, "file"),
    }


# --- keys of the exchange ------------------------------------------------------------------


@pytest.fixture
def pem(home: Home) -> Path:
    path = home.config / "mine.pem"
    path.write_text("PEM")
    path.chmod(0o600)
    return path


def variables(pem: Path, url: str = "") -> dict[str, str]:
    named = {"KALSHI_API_KEY": "id-1", "KALSHI_PRIVATE_KEY_PATH": str(pem)}
    return {**named, "KALSHI_API_URL": url} if url else named


@pytest.mark.parametrize(("url", "venue"), [(DEMO_URL, "demo"), (LIVE_URL + "/", "live")])
def test_the_address_says_whose_key_it_is_and_nothing_else(
    home: Home, here: Path, pem: Path, url: str, venue: str
) -> None:
    environment = variables(pem, url)
    key = load_key(home, venue, environment, here)
    assert (key.key_id, key.private_key_pem, key.venue) == ("id-1", b"PEM", venue)
    keyed(venue).check_key(key.venue)
    other = {"demo": "live", "live": "demo"}[venue]
    with pytest.raises(Stop, match=f"There is no key for {other}"):
        load_key(home, other, environment, here)
    assert load_all(home, environment, here).settings.venue == "practice"


def test_a_stored_key_serves_the_environment_that_variables_leave_alone(
    home: Home, here: Path, pem: Path
) -> None:
    save_key(home, "live", "stored", b"OTHER")
    environment = variables(pem, DEMO_URL)
    assert load_key(home, "live", environment, here).key_id == "stored"
    assert load_key(home, "demo", environment, here).key_id == "id-1"


def test_a_key_of_no_environment_is_not_used(home: Home, here: Path, pem: Path) -> None:
    save_key(home, "demo", "stored", b"OTHER")
    with pytest.raises(Stop, match="whether it is a key of demo or of live"):
        load_key(home, "demo", variables(pem), here)


@pytest.mark.parametrize("missing", ["KALSHI_API_KEY", "KALSHI_PRIVATE_KEY_PATH"])
def test_half_a_key_is_refused_where_one_is_needed(
    home: Home, here: Path, pem: Path, missing: str
) -> None:
    environment = variables(pem, DEMO_URL)
    del environment[missing]
    with pytest.raises(Stop, match=missing):
        load_key(home, "demo", environment, here)
    load_all(home, environment, here)


@pytest.mark.parametrize(
    "url",
    [
        *("http://external-api.kalshi.com/trade-api/v2", "https://external-api.kalshi.com:444"),
        *("https://external-api.kalshi.com/trade-api/v1", "https://kalshi.com", "demo", "https://"),
        *("https://user@external-api.kalshi.com/trade-api/v2", "https://[::1", "https://x:y/"),
        *("https://external-api.kalshi.com.evil.example/trade-api/v2", "http://127.0.0.1:80"),
        *("wss://external-api-ws.kalshi.com/trade-api/ws/v2", "https://trading-api.kalshi.com"),
        *("https://external-api-ws.kalshi.com/trade-api/v2", "https://evil\x1b[31m"),
    ],
)
def test_an_unknown_address_is_refused_with_those_that_are_known(
    home: Home, here: Path, url: str
) -> None:
    with pytest.raises(ValueError, match=r"there are .*demo.*live"):
        venue_of_address(url)
    what = refused(home, here, {"KALSHI_API_URL": url})
    assert what.startswith("KALSHI_API_URL in the environment: ")
    assert "\x1b" not in what


def test_the_path_of_the_key_starts_where_its_variable_stands(
    home: Home, here: Path, pem: Path
) -> None:
    write_env(
        home.config,
        f"KALSHI_API_KEY=id-2\nKALSHI_PRIVATE_KEY_PATH={pem.name}\nKALSHI_API_URL={DEMO_URL}\n",
    )
    assert load_key(home, "demo", {}, here).private_key_pem == b"PEM"


def test_a_private_key_that_others_may_read_is_not_used(home: Home, here: Path, pem: Path) -> None:
    pem.chmod(0o644)
    with pytest.raises(Stop, match="Others on this computer may read"):
        load_key(home, "demo", variables(pem, DEMO_URL), here)
