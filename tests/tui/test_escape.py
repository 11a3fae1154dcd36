"""Escape and a key typed at once after it are two keys, and never an Enter."""

from __future__ import annotations

import pytest
from textual import events
from textual.drivers import linux_driver

from kalshi_desk.tui.escape import EscapeFirstParser
from tests.tui.conftest import MakeApp


def keys_of(data: str) -> list[tuple[str, str | None]]:
    """Return the keys that bytes of one read stand for, once no more follow."""
    parser = EscapeFirstParser()
    found = [*parser.feed(data), *parser.feed("")]
    return [(key.key, key.character) for key in found if isinstance(key, events.Key)]


@pytest.mark.parametrize(
    ("data", "keys"),
    [
        ("\x1b", ["escape"]),
        ("\x1b\r", ["escape"]),
        ("\x1b\n", ["escape"]),
        ("\x1b\x1b\r", ["escape", "escape"]),
        ("\x1b\r\r", ["escape", "enter"]),
        ("\x1b1", ["escape", "1"]),
        ("\x1bb", ["escape", "b"]),
        ("\x1bX", ["escape", "X"]),
        ("\x1b:", ["escape", "colon"]),
        ("\x1b[\r", ["escape", "left_square_bracket", "enter"]),
        ("\r", ["enter"]),
        ("\x1b[A", ["up"]),
        ("\x1bOA", ["up"]),
        ("\x1b[1;5D", ["ctrl+left"]),
        ("\x1b[5~", ["pageup"]),
        ("\x1bOP", ["f1"]),
        ("\x1b[27u", ["escape"]),
    ],
)
def test_what_follows_escape(data: str, keys: list[str]) -> None:
    assert [name for name, _ in keys_of(data)] == keys


def test_the_characters_come_along() -> None:
    assert keys_of("\x1b:7") == [("escape", "\x1b"), ("colon", ":"), ("7", "7")]


def test_the_drivers_of_a_terminal_read_so(
    make_app: MakeApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(linux_driver, "XTermParser", object)
    make_app().get_driver_class()
    assert linux_driver.XTermParser is EscapeFirstParser
