"""The structured log: read back as it was said, filtered, rotated, and without a secret."""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kalshi_desk.store import log_reader
from kalshi_desk.store.log import CUT, Log, LogRecordLine, Redactor, set_level
from kalshi_desk.store.log_reader import moment_ns, read_log

_log = logging.getLogger("kalshi_desk.engine.test")


@pytest.fixture
def path(tmp_path: Path) -> Iterator[Path]:
    """A log of this process, and the root logger as it was afterwards."""
    root = logging.getLogger()
    level = root.level
    yield tmp_path / "engine.log"
    root.setLevel(level)


def test_what_was_said_is_read_back_with_its_fields(path: Path) -> None:
    log = Log(path)
    _log.info("An order of %s", "[bold]5[/]\x1b[31m", extra={"fields": {"ticker": "KXFED"}})
    _log.debug("too quiet")
    _log.warning("second")
    log.close()
    lines, has_older = read_log(path)
    assert [line.text for line in lines] == ["An order of [bold]5[/][31m", "second"]
    assert not has_older
    assert lines[0].fields == {"ticker": "KXFED"}
    assert lines[0].source == "engine.test"
    assert lines[0].n < lines[1].n
    assert abs(moment_ns(lines[0]) - lines[0].n) < 2_000_000
    assert path.stat().st_mode & 0o777 == 0o600


def test_levels_and_text_filter_and_pages_meet(path: Path) -> None:
    log = Log(path)
    for number in range(30):
        _log.log(logging.ERROR if number % 3 == 0 else logging.INFO, "line %d", number)
    log.close()
    errors, _ = read_log(path, level="error")
    assert [line.text for line in errors] == [f"line {n}" for n in range(0, 30, 3)]
    found, _ = read_log(path, text="LINE 2")
    assert len(found) == 11
    newest, has_older = read_log(path, limit=10)
    assert has_older
    older, _ = read_log(path, before=newest[0].n, limit=10)
    assert [line.text for line in older + newest] == [f"line {n}" for n in range(10, 30)]


def test_it_rotates_and_older_files_are_read_too(path: Path) -> None:
    log = Log(path, file_mb=1, files=3)
    for number in range(1_500):
        _log.info("%d %s", number, "x" * 1_900)
    log.close()
    assert path.with_name("engine.log.1").exists()
    assert sum(file.stat().st_size for file in path.parent.iterdir()) < 4_200_000
    lines, _ = read_log(path, limit=1_200)
    numbers = [int(line.text.split()[0]) for line in lines]
    assert numbers == list(range(300, 1_500))


def test_a_level_can_be_changed_while_it_runs(path: Path) -> None:
    log = Log(path, level="error")
    _log.warning("unheard")
    set_level("debug")
    _log.debug("heard")
    log.close()
    assert [line.text for line in read_log(path, level="debug")[0]] == ["heard"]


def test_secrets_are_cut_from_text_fields_and_tracebacks(path: Path) -> None:
    log = Log(path)
    log.redactor.learn("s3cret-token-of-the-link")
    pem = "-----BEGIN PRIVATE KEY-----\nMIIB\n-----END PRIVATE KEY-----"
    _log.info("%s and %s", "s3cret-token-of-the-link", pem, extra={"fields": {"pem": pem}})
    _log.info("https://api.telegram.org/bot123456789:AAEhBOweik6ad9r_ABCDEFGHIJKLMNOPQRS/getMe")
    _log.info("Authorization: Bearer abcdefghijklmnop")
    try:
        raise ValueError("s3cret-token-of-the-link")
    except ValueError:
        _log.exception("failed")
    log.close()
    said = path.read_text()
    for secret in ("s3cret-token", "MIIB", "AAEhBOweik6ad9r", "abcdefghijklmnop"):
        assert secret not in said
    assert said.count(CUT) >= 6


def test_a_broken_line_is_shown_as_it_is(path: Path) -> None:
    log = Log(path)
    _log.info("whole")
    log.close()
    with path.open("ab") as stream:
        stream.write(b'{"n": 1, "at\xff\x1b[2J\n\nplain words\n')
    texts = [line.text for line in read_log(path)[0]]
    assert texts[0] == "whole"
    assert texts[-1] == "plain words"
    assert "\x1b" not in "".join(texts)


def test_a_file_is_read_from_its_end_and_no_further_than_needed(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log_reader, "BLOCK", 100)
    line = LogRecordLine(n=1, at="", level="info", source="s", text="")
    written = [msgspec.structs.replace(line, n=n, text="é" * n) for n in range(1, 61)]
    path.write_bytes(b"".join(msgspec.json.encode(one) + b"\n" for one in written))
    asked: list[Path] = []
    monkeypatch.setattr(Path, "read_bytes", lambda file: asked.append(file))
    assert read_log(path, limit=100) == (written, False)
    assert read_log(path, limit=3) == (written[-3:], True)
    assert asked == []


def test_a_file_that_is_rotated_while_it_is_read_is_read_once(path: Path) -> None:
    line = LogRecordLine(n=1, at="", level="info", source="s", text="one")
    path.write_bytes(msgspec.json.encode(line) + b"\n")
    lines = log_reader._backwards(path)
    assert next(lines) == line
    path.rename(path.with_name(f"{path.name}.1"))
    path.write_bytes(b"")
    assert list(lines) == []


def test_no_file_is_an_empty_page(tmp_path: Path) -> None:
    assert read_log(tmp_path / "none.log") == ([], False)


@given(st.text(min_size=8, max_size=40).filter(lambda s: len(s.strip()) >= 8), st.text(max_size=60))
def test_a_known_secret_never_survives(secret: str, around: str) -> None:
    redactor = Redactor()
    redactor.learn(secret)
    assert secret.strip() not in redactor.cut(f"{around}{secret}{around}").replace(CUT, "\0")


@given(st.lists(st.text(max_size=80), max_size=20))
def test_whatever_is_said_is_one_line_each(texts: list[str]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "engine.log"
        root = logging.getLogger()
        level = root.level
        log = Log(path)
        for text in texts:
            _log.info("%s", text)
        log.close()
        root.setLevel(level)
        assert len(read_log(path)[0]) == len(texts)
        assert len(path.read_bytes().splitlines()) == len(texts)


@pytest.mark.parametrize(
    "text",
    [
        "{'KALSHI-ACCESS-SIGNATURE': 'hid+den/=='}",
        "kalshi-access-signature: hid+den/==",
        "GET https://reader:hid+den@feeds.example/rss",
        "GET https://feeds.example/rss?a=1&apikey=hid+den&b=2",
        "GET https://feeds.example/rss?access_token=hid+den",
        "Authorization: Basic hid+denhid+den=",
        "/bot123456789%3Ahid-denAAAAAAAAAAAAAAAAAAAAAAAAAAAAA/getMe",
    ],
)
def test_secrets_of_addresses_and_heads_are_cut(text: str) -> None:
    said = Redactor().cut(text)
    assert "hid" not in said
    assert CUT in said


def test_addresses_and_words_without_a_secret_stay() -> None:
    for text in (
        "http://127.0.0.1:3001/api",
        "https://a.b/c?q=1@2",
        "Basic economics of a token: key rates",
    ):
        assert Redactor().cut(text) == text
