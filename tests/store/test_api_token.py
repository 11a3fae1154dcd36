"""The API's token: made once, private, the same for ever, and never a weak one."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from kalshi_desk.core.errors import Stop
from kalshi_desk.store.api_token import api_token
from kalshi_desk.store.paths import open_home


def test_it_is_made_once_in_a_private_file(tmp_path: Path) -> None:
    home = open_home(str(tmp_path / "home"))
    token = api_token(home)
    assert len(token) >= 40
    assert api_token(home) == token
    assert home.api_token_path.stat().st_mode & 0o777 == 0o600
    assert [path.name for path in home.state.iterdir()] == ["api.token"]
    home.api_token_path.unlink()
    assert api_token(home) != token


def test_processes_that_make_it_at_once_agree(tmp_path: Path) -> None:
    home = open_home(str(tmp_path / "home"))
    start, found = threading.Barrier(8), []

    def make() -> None:
        start.wait()
        found.append(api_token(home))

    threads = [threading.Thread(target=make) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8
    assert len({*found, api_token(home)}) == 1


def test_one_that_others_may_read_is_not_used(tmp_path: Path) -> None:
    home = open_home(str(tmp_path / "home"))
    api_token(home)
    home.api_token_path.chmod(0o644)
    with pytest.raises(Stop, match="chmod 600"):
        api_token(home)


@pytest.mark.parametrize("body", [b"", b"short\n", b"has blanks in it " * 4, b"\xff" * 40])
def test_what_is_no_token_is_not_used(tmp_path: Path, body: bytes) -> None:
    home = open_home(str(tmp_path / "home"))
    home.state.mkdir(parents=True)
    home.api_token_path.write_bytes(body)
    home.api_token_path.chmod(0o600)
    with pytest.raises(Stop, match="no token"):
        api_token(home)
