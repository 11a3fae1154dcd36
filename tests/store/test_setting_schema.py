"""The schema: every name leads somewhere, every value reads back, the file keeps its comments."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kalshi_desk.core.errors import Refuse, Stop
from kalshi_desk.store.setting_edit import value_at, with_value
from kalshi_desk.store.setting_request import read_request
from kalshi_desk.store.setting_schema import Setting, every_setting, place_of
from kalshi_desk.store.setting_values import Kind, SettingValue, read_number, value_text
from kalshi_desk.store.settings import Settings, load_settings, save_setting, template

PLAIN = [setting for setting in every_setting().values() if setting.kind is not Kind.TABLE]
WORDS = st.text(st.characters(exclude_categories=["C", "Z"]), max_size=40)
COMMENTED = """# mine, above everything
venue = "paper"   # for now

[risk] # the gate
# careful with this
collar_cents = 5  # narrow

[telegram.users]
# Ann
"1" = "trade"
"""


@st.composite
def named_values(draw: st.DrawFn) -> tuple[str, SettingValue]:
    """Draw a setting, or an entry of a table, and a value that it may have."""
    kinds = st.sampled_from(["plain", "user", "keymap", "feed", "switch", "rule", "parameter"])
    kind = draw(kinds)
    name = draw(st.from_regex(r"[a-z][a-z0-9_-]{0,20}", fullmatch=True))
    if kind == "user":
        number = draw(st.integers(0, 10**12))
        return f"telegram.users.{number}", draw(st.sampled_from(["view", "trade"]))
    if kind == "keymap":
        return f"tui.keymap.{draw(st.from_regex('[a-z_]{1,40}', fullmatch=True))}", draw(WORDS)
    if kind == "feed":
        return f"news.own.{name}.url", "https://" + draw(WORDS)
    if kind == "switch":
        return f"news.switched.{name}", draw(st.booleans())
    if kind == "rule":
        return f"alerts.rules.{name}", draw(WORDS)
    if kind == "parameter":
        numbers = st.floats(allow_nan=False, allow_infinity=False) | st.integers(-(2**53), 2**53)
        value: SettingValue = draw(numbers | st.booleans())
        return f"strategies.parameters.{name}.x", value
    setting = draw(st.sampled_from(PLAIN))
    return setting.name, draw(values_of(setting))


def values_of(setting: Setting) -> st.SearchStrategy[SettingValue]:
    """Return what a setting may be."""
    if setting.kind is Kind.SWITCH:
        return st.booleans()
    if setting.kind is Kind.CHOICE:
        return st.sampled_from(setting.choices)
    if setting.kind is Kind.TEXT:
        return WORDS
    assert setting.low is not None
    assert setting.high is not None
    if setting.kind is Kind.WHOLE:
        return st.integers(int(setting.low), int(setting.high))
    return st.floats(setting.low, setting.high)


@given(named_values())
def test_what_is_set_reads_back_from_text_and_file(
    tmp_path_factory: pytest.TempPathFactory, drawn: tuple[str, SettingValue]
) -> None:
    name, value = drawn
    place = place_of(name)
    if value_text(value).strip():
        assert place.setting.parse(value_text(value)) == value
    path = tmp_path_factory.mktemp("home") / "settings.toml"
    path.write_text(COMMENTED)
    saved = save_setting(path, name, value)
    loaded = load_settings(path)
    assert loaded.settings == saved
    assert loaded.warnings == ()
    found = value_at(saved, place.path)
    assert (found, type(found)) == (value, type(value))
    assert saved == with_value(load_settings_text(path, COMMENTED), place.path, value)
    text = path.read_text("utf-8")
    for comment in ("# mine, above everything", "# for now", "# the gate", "# careful with this"):
        assert comment in text
    assert "# Ann" in text
    assert loaded.sources[".".join(place.path)] == "file"


def load_settings_text(path: Path, text: str) -> Settings:
    """Return the settings of another text."""
    other = path.with_name("other.toml")
    other.write_text(text)
    return load_settings(other).settings


@given(named_values())
def test_what_is_taken_away_leaves_the_rest(
    tmp_path_factory: pytest.TempPathFactory, drawn: tuple[str, SettingValue]
) -> None:
    name, value = drawn
    path = tmp_path_factory.mktemp("home") / "settings.toml"
    before = load_settings_text(path, COMMENTED)
    path.write_text(COMMENTED)
    save_setting(path, name, value)
    taken = name.removesuffix(".url")
    save_setting(path, taken, None)
    after = load_settings(path).settings
    assert after == with_value(before, place_of(taken).taken, None)
    assert "# Ann" in path.read_text()


@pytest.mark.parametrize("setting", PLAIN, ids=lambda setting: setting.name)
def test_every_bound_is_allowed_and_what_lies_beyond_is_not(setting: Setting) -> None:
    if setting.low is None or setting.high is None:
        assert setting.kind in (Kind.SWITCH, Kind.CHOICE, Kind.TEXT)
        for text in ("\x1b[31m", "x" * 3_000):
            with pytest.raises(ValueError, match="allowed is"):
                setting.parse(text)
        return
    step = 1 if setting.kind is Kind.WHOLE else 0.001
    for inside in (setting.low, setting.high):
        with_value(Settings(), place_of(setting.name).path, setting.parse(value_text(inside)))
    for text in (
        *(value_text(setting.low - step), value_text(setting.high + step)),
        *("nan", "inf", "-inf", "1e999", "", "ten", "0x10", "1_0", "1 0", "1,5", "1.000,5", "٣"),
    ):
        with pytest.raises(ValueError, match="allowed is") as caught:
            setting.parse(text)
        assert value_text(setting.high).removesuffix(".0") in str(caught.value)


def test_a_fraction_of_one_for_a_percentage_is_refused_and_says_per_cent() -> None:
    with pytest.raises(ValueError, match="in per cent, not a fraction of one"):
        every_setting()["risk.daily_loss_percent"].parse("0.02")
    assert every_setting()["risk.daily_loss_percent"].parse("2 %") == 2.0
    with pytest.raises(ValueError, match="can't be '5%'"):
        every_setting()["risk.collar_cents"].parse("5%")


@pytest.mark.parametrize(
    ("text", "value"),
    [("10,000", 10_000), ("1,234,567", 1_234_567), (" 12 ", 12), ("+7", 7), ("$1,000", 1_000)],
)
def test_thousands_may_be_parted(text: str, value: int) -> None:
    assert read_number(text, is_whole=True, sign="$") == value


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("risk.colar_cents", "risk.collar_cents"),
        ("position_percent", "risk.position_percent"),
        ("enabled", "recording.enabled or news.enabled or telegram.enabled"),
        ("lgo.level", "log.level"),
    ],
)
def test_a_wrong_name_is_answered_with_the_nearest(name: str, meant: str) -> None:
    with pytest.raises(Refuse, match=f"Did you mean {meant}"):
        place_of(name)


@pytest.mark.parametrize(
    "name",
    [
        *("", ".", "risk", "risk.", "telegram.users.ann", "telegram.users.", "news.own.a.b.c"),
        *("strategies.parameters.x", "strategies.parameters..y", 'alerts.rules.a"b', "a" * 9_000),
    ],
)
def test_what_is_no_name_is_refused(name: str) -> None:
    with pytest.raises(Refuse):
        place_of(name)


@pytest.mark.parametrize(
    "name",
    ["TELEGRAM_BOT_TOKEN", "telegram.token", "KALSHI_API_KEY", "keys.live.private_key", "password"],
)
def test_secrets_are_no_settings(name: str) -> None:
    with pytest.raises(Refuse, match="neither set nor shown"):
        read_request(name, "123:abc")


def test_the_case_of_a_name_does_not_matter_but_that_of_an_entry_does() -> None:
    assert place_of("Risk.Collar_Cents").name == "risk.collar_cents"
    assert place_of("Alerts.Rules.MyRule").name == "alerts.rules.MyRule"


def test_an_entry_may_be_called_like_a_secret() -> None:
    assert read_request("news.switched.token", "off").value is False


@pytest.mark.parametrize(
    ("name", "value", "why"),
    [
        ("venue", "live", "--venue live"),
        ("telegram.server", "https://evil.example", "by hand only"),
        ("telegram.users", "1", "is a table"),
        ("MAX_DAILY_LOSS", "2", "risk.daily_loss_percent"),
    ],
)
def test_what_no_face_may_set_is_refused(name: str, value: str, why: str) -> None:
    with pytest.raises(Refuse, match=why):
        read_request(name, value)


def test_a_moved_setting_still_holds(tmp_path: Path) -> None:
    path = tmp_path / "settings.toml"
    path.write_text("[stops]\nfixed_percent = 12\n")
    loaded = load_settings(path)
    assert loaded.settings.risk.stop_loss_percent == 12
    assert "risk.stop_loss_percent" in loaded.warnings[0]


def test_a_file_with_an_unknown_name_can_still_be_changed(tmp_path: Path) -> None:
    path = tmp_path / "settings.toml"
    path.write_text("[risk]\ncolar_cents = 5\n")
    assert save_setting(path, "risk.collar_cents", 7).risk.collar_cents == 7
    assert "colar_cents = 5" in path.read_text()


def test_a_table_where_a_value_stands_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "settings.toml"
    for text in ("[risk\n", "\udcff", "risk = 5\n"):
        path.write_bytes(text.encode("utf-8", "surrogateescape"))
        with pytest.raises(Stop):
            save_setting(path, "risk.collar_cents", 7)
        assert path.read_bytes() == text.encode("utf-8", "surrogateescape")


def test_a_link_to_a_file_stays_one(tmp_path: Path) -> None:
    real, link = tmp_path / "dotfiles.toml", tmp_path / "settings.toml"
    real.write_text("# kept\n")
    link.symlink_to(real)
    save_setting(link, "api.port", 0)
    assert link.is_symlink()
    assert "# kept" in real.read_text()
    assert load_settings(link).settings.api.port == 0


def test_the_template_says_what_waits_for_the_next_start() -> None:
    lines = template().splitlines()
    place = lines.index("# seed = 7")
    assert lines[place - 1].endswith("Holds from the next start.")


_WRITER = """
import sys
from pathlib import Path
from kalshi_desk.store.settings import save_setting
path, first = Path(sys.argv[1]), int(sys.argv[2])
for n in range(first, first + 30):
    save_setting(path, f"telegram.users.{n}", "view")
"""


def test_two_processes_that_write_at_once_lose_nothing(tmp_path: Path) -> None:
    path = tmp_path / "settings.toml"
    path.write_text(COMMENTED)
    writers = [
        subprocess.Popen([sys.executable, "-c", _WRITER, str(path), str(first)])
        for first in (100, 200)
    ]
    assert [writer.wait(timeout=60) for writer in writers] == [0, 0]
    users = load_settings(path).settings.telegram.users
    wanted = {str(n) for first in (100, 200) for n in range(first, first + 30)}
    assert set(users) == wanted | {"1"}
    assert "# Ann" in path.read_text()


@pytest.mark.parametrize(
    "text",
    [
        "[risk]\ncollar_cents = 99999999999999999999999\n",
        "[risk]\nevent_percent = nan\n",
        "[risk]\nevent_percent = inf\n",
        "[risk]\nevent_percent = 0.02\n",
        "a = " + "[" * 5_000 + "]" * 5_000,
        "venue = 1979-05-27\n",
    ],
)
def test_a_hostile_file_ends_in_words(tmp_path: Path, text: str) -> None:
    path = tmp_path / "settings.toml"
    path.write_text(text)
    with pytest.raises(Stop) as caught:
        load_settings(path)
    assert len(str(caught.value)) < 800


def test_names_of_a_file_cannot_steer_a_terminal(tmp_path: Path) -> None:
    path = tmp_path / "settings.toml"
    path.write_text('"\\u001b[31mred" = 1\n[tui.keymap]\n"\\u001b[2J" = "x"\n')
    loaded = load_settings(path)
    assert "\x1b" not in "".join(loaded.warnings)


def test_a_folder_in_the_place_of_the_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Stop, match="Can't read the settings"):
        load_settings(tmp_path)
    with pytest.raises(Stop, match="Can't read the settings"):
        save_setting(tmp_path, "api.port", 0)
