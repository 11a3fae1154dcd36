"""Homes keep to their folder, sockets stay short, secrets stay private."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from kalshi_desk.core.errors import Stop
from kalshi_desk.store.files import write_whole
from kalshi_desk.store.paths import MAX_SOCKET_BYTES, open_home
from kalshi_desk.store.secrets import load_key, save_key


def test_a_named_home_holds_everything(tmp_path: Path) -> None:
    home = open_home(str(tmp_path / "h"), {})
    home.prepare()
    places = [
        home.settings_path,
        home.watchlist_path,
        home.recordings,
        home.lock_path,
        home.ready_path,
        home.token_path,
        home.exchange_state_path,
        home.exchange_ready_path,
        home.engine_log,
        home.cli_log,
        home.journal_path("practice"),
    ]
    assert all(place.is_relative_to(tmp_path / "h") for place in places)
    assert all(place.parent.is_dir() for place in places)


def test_the_flag_wins_over_the_environment(tmp_path: Path) -> None:
    env = {"KALSHI_DESK_HOME": str(tmp_path / "env")}
    assert open_home(None, env).root == tmp_path / "env"
    assert open_home(str(tmp_path / "flag"), env).root == tmp_path / "flag"


def test_without_a_name_the_platform_decides() -> None:
    home = open_home(None, {})
    assert home.root is None
    assert "kalshi-desk" in str(home.data)


@pytest.mark.parametrize("length", [5, 90, 200])
def test_the_socket_is_always_short_enough_and_private(tmp_path: Path, length: int) -> None:
    home = open_home(str(tmp_path / ("d" * length)), {})
    home.prepare()
    assert home.link_address.startswith("unix:")
    assert len(home.link_address.removeprefix("unix:")) < MAX_SOCKET_BYTES
    assert home.runtime.stat().st_mode & 0o077 == 0
    if not home.runtime.is_relative_to(tmp_path):
        home.runtime.rmdir()


def test_two_long_homes_do_not_share_a_socket(tmp_path: Path) -> None:
    first, second = (open_home(str(tmp_path / (name * 150)), {}) for name in "ab")
    assert first.link_address != second.link_address


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_no_permission_is_one_sentence(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(Stop, match="Can't write"):
        open_home(str(tmp_path / "h"), {}).prepare()


def test_a_home_below_a_file_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    with pytest.raises(Stop, match="--home") as caught:
        open_home(str(tmp_path / "file" / "h"), {}).prepare()
    assert "\n" not in str(caught.value)
    assert (tmp_path / "file").read_text() == "mine"


def test_a_file_is_replaced_whole_and_private(tmp_path: Path) -> None:
    path = tmp_path / "x"
    write_whole(path, b"one")
    write_whole(path, b"two")
    assert path.read_bytes() == b"two"
    assert path.stat().st_mode & 0o777 == 0o600
    assert list(tmp_path.iterdir()) == [path]


def test_a_key_comes_back_and_never_shows_itself(tmp_path: Path) -> None:
    home = open_home(str(tmp_path), {})
    home.prepare()
    save_key(home, "demo", "id-1", b"PRIVATE")
    key = load_key(home, "demo")
    assert key.venue == "demo"
    assert (key.key_id, key.private_key_pem) == ("id-1", b"PRIVATE")
    assert "PRIVATE" not in f"{key!r} {key}"


def test_a_key_that_others_may_read_is_not_used(tmp_path: Path) -> None:
    home = open_home(str(tmp_path), {})
    home.prepare()
    save_key(home, "demo", "id-1", b"PRIVATE")
    (home.keys / "demo.pem").chmod(0o644)
    with pytest.raises(Stop, match="chmod 600"):
        load_key(home, "demo")


def test_a_missing_or_broken_key_says_what_to_do(tmp_path: Path) -> None:
    home = open_home(str(tmp_path), {})
    home.prepare()
    with pytest.raises(Stop, match="no key for live"):
        load_key(home, "live")
    save_key(home, "live", "id", b"PRIVATE")
    (home.keys / "live.toml").write_text("key_id = 3")
    with pytest.raises(Stop, match="two lines"):
        load_key(home, "live")
