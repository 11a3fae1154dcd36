"""What the bridge keeps: roles and strangers, its memory on disk, its token out of every text."""

from __future__ import annotations

import io
import logging
import os
import sqlite3
import stat
from pathlib import Path
from typing import get_args, get_type_hints

import pytest
import telegram

from kalshi_desk.core.errors import Refuse, Stop
from kalshi_desk.store.bot_token import load_bot_token, save_bot_token, token_file
from kalshi_desk.store.bridge_state import BridgeState
from kalshi_desk.store.paths import Home, open_home
from kalshi_desk.store.secret_state import SecretState, secret_states
from kalshi_desk.store.service_settings import TelegramSettings
from kalshi_desk.store.setting_env import TOKEN as TOKEN_VARIABLE
from kalshi_desk.telegram.access import HOUR_NS, MOST_REPORTS, Person, Strangers, role_of
from kalshi_desk.telegram.bridge import open_bot
from kalshi_desk.telegram.memory import Memory
from kalshi_desk.telegram.records import Notice, NoticeState, Request
from kalshi_desk.telegram.scrub import Scrubber, ScrubbingFormatter
from kalshi_desk.telegram.settings import BridgeSettings, Category
from tests.telegram.bot_server import TOKEN

GROUP = -5
SETTINGS = BridgeSettings(
    users={"1": "trade", "2": "view"}, chats={"3": "view", "4": "trade", str(GROUP): "trade"}
)


@pytest.mark.parametrize(
    ("user", "chat", "role"),
    [
        (1, 1, "trade"),
        (2, 2, "view"),
        (3, 3, "view"),
        (4, 4, "trade"),
        (9, 9, ""),
        (1, GROUP, "trade"),
        (2, GROUP, "view"),
        (9, GROUP, ""),
        (1, -6, ""),
        (0, GROUP, ""),
    ],
)
def test_roles(user: int, chat: int, role: str) -> None:
    assert role_of(SETTINGS, Person(user, chat, is_private=chat > 0)) == role
    assert role_of(SETTINGS, Person(user, chat, is_private=chat > 0, is_bot=True)) == ""


def test_an_empty_list_lets_nobody_in() -> None:
    for person in (Person(1, 1, is_private=True), Person(1, GROUP, is_private=False)):
        assert role_of(BridgeSettings(), person) == ""


def test_a_stranger_is_reported_once_an_hour_and_a_crowd_does_not_flood() -> None:
    said: list[str] = []
    now = [0]
    strangers = Strangers(said.append, lambda: now[0])
    eve = Person(9, 9, is_private=True, name="E\u202eve\n" * 99)
    assert strangers.came(eve)
    assert not strangers.came(eve)
    assert "\u202e" not in said[0]
    assert len(said[0]) < 150
    now[0] = HOUR_NS
    assert strangers.came(eve)
    for number in range(5_000):
        strangers.came(Person(10 + number, 1, is_private=True))
    assert len(said) == 1 + MOST_REPORTS


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "telegram.sqlite3"


def a_notice(number: int, **more: object) -> Notice:
    fields = {"number": number, "chat": 1, "text": f"n{number}", "due_ns": 0, "is_silent": False}
    return Notice(**{**fields, **more})  # type: ignore[arg-type]


def test_memory_outlives_its_process_and_is_private(path: Path) -> None:
    state = BridgeState(path)
    memory = Memory(state)
    memory.receive([Request(update_id=7, body="{}")], 8)
    memory.add_notices([a_notice(memory.next_number())], {"seen:practice": 3})
    state.close()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    again = Memory(BridgeState(path))
    assert (again.offset, again.number("seen:practice")) == (8, 3)
    assert [request.update_id for request in again.requests()] == [7]
    assert [notice.text for notice in again.notices()] == ["n1"]
    assert again.next_number() == 2
    again.answered(7)
    again.drop_notices(again.notices())
    last = Memory(BridgeState(path))
    assert (last.requests(), last.notices(), last.offset) == ([], [], 8)


def test_what_was_on_its_way_is_in_doubt_and_says_so_once(path: Path) -> None:
    memory = Memory(BridgeState(path))
    memory.add_notices(
        [a_notice(1), a_notice(2, state=NoticeState.SENDING), a_notice(3, is_repeat=True)], {}
    )
    again = Memory(BridgeState(path))
    assert again.doubt() == 1
    assert [(n.state, n.is_repeat) for n in again.notices()] == [
        (NoticeState.WAITING, False),
        (NoticeState.WAITING, True),
        (NoticeState.WAITING, True),
    ]
    assert Memory(BridgeState(path)).doubt() == 0


def test_a_write_is_whole_or_not_at_all(path: Path) -> None:
    state = BridgeState(path)
    state.write({("t", "a"): b"1"})
    bad = {("t", "b"): b"2", ("t", None): b"3"}
    with pytest.raises(Stop, match="memory"):
        state.write(bad, [("t", "a")])  # type: ignore[arg-type]
    assert state.read("t") == {"a": b"1"}


def test_a_memory_that_is_no_database_says_so(path: Path) -> None:
    path.write_bytes(b"not a database at all" * 100)
    with pytest.raises(Stop, match="can't use its memory"):
        BridgeState(path)


def test_a_record_is_on_disk_for_others_when_the_write_returns(path: Path) -> None:
    BridgeState(path).write({("t", "a"): b"1"})
    with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as other:
        assert other.execute("SELECT body FROM kept").fetchall() == [(b"1",)]


@pytest.fixture
def home(tmp_path: Path) -> Home:
    made = open_home(str(tmp_path))
    made.prepare()
    return made


def test_the_token_comes_from_the_environment_first(home: Home) -> None:
    other = TOKEN.replace("4711", "4712")
    save_bot_token(home, other)
    assert load_bot_token(home, {}) == other
    assert load_bot_token(home, {TOKEN_VARIABLE: f" {TOKEN}\n"}) == TOKEN


def test_the_kept_token_is_private_and_refused_when_it_is_not(home: Home) -> None:
    save_bot_token(home, f"{TOKEN}\n")
    path = token_file(home)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    if os.name == "posix":
        path.chmod(0o644)
        with pytest.raises(Stop, match="Others on this computer"):
            load_bot_token(home, {})


@pytest.mark.parametrize("bad", ["", "hello", "123:short", f"{TOKEN} x", "x" * 60])
def test_what_is_no_token_is_refused_without_being_repeated(home: Home, bad: str) -> None:
    with pytest.raises(Refuse) as refused:
        save_bot_token(home, bad)
    assert not bad or bad not in str(refused.value)
    assert not token_file(home).exists()
    with pytest.raises(Stop) as stopped:
        load_bot_token(home, {TOKEN_VARIABLE: bad})
    assert not bad or bad not in str(stopped.value)


def test_config_says_that_there_is_a_token_and_not_what_it_is(home: Home, tmp_path: Path) -> None:
    def state() -> SecretState:
        found = secret_states(home, {}, tmp_path / "elsewhere")
        return next(one for one in found if one.name == "telegram.token")

    assert (state().state, state().source) == ("not set", "default")
    save_bot_token(home, TOKEN)
    assert (state().state, state().source) == ("set, not shown", "file")
    assert TOKEN not in str(state())


def test_the_settings_know_the_same_kinds_of_notification_as_the_bridge() -> None:
    (meta,) = (
        get_args(hint)[1]
        for name, hint in get_type_hints(TelegramSettings, include_extras=True).items()
        if name == "notify"
    )
    assert meta.extra["key"].split("|") == [kind.value for kind in Category]


def test_a_keyring_holds_it_when_asked(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    import keyring

    held: dict[tuple[str, str], str] = {}
    monkeypatch.setattr(keyring, "set_password", lambda a, b, c: held.update({(a, b): c}))
    monkeypatch.setattr(keyring, "get_password", lambda a, b: held.get((a, b)))
    save_bot_token(home, TOKEN, in_keyring=True)
    assert TOKEN not in token_file(home).read_text()
    assert load_bot_token(home, {}) == TOKEN


async def test_no_log_and_no_error_holds_the_token() -> None:
    scrub = Scrubber(TOKEN)
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(ScrubbingFormatter(scrub))
    root = logging.getLogger()
    before = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    try:
        for server in ("http://127.0.0.1:9", f"http://127.0.0.1:9/{TOKEN}", "nonsense"):
            bot = open_bot(TOKEN, server)
            with pytest.raises(telegram.error.TelegramError) as failed:
                await bot.get_me()
            error = failed.value
            logging.getLogger("test").error("it failed: %s", error, exc_info=error)
            assert TOKEN not in scrub.error(error)
        logging.getLogger("test").error("https://x/bot%s/getMe", TOKEN)
    finally:
        root.removeHandler(handler)
        root.setLevel(before)
    written = stream.getvalue()
    assert "it failed" in written
    assert "getMe" in written
    assert TOKEN not in written
    assert TOKEN.partition(":")[2] not in written
