"""Values of settings as people type them: read strictly, so that nothing means two things."""

from __future__ import annotations

import re
from enum import StrEnum

from kalshi_desk.core.text import clean

SettingValue = bool | int | float | str
_NUMBER = re.compile(r"[+-]?(\d+|\d{1,3}(,\d{3})+)(\.\d*)?([eE][+-]?\d{1,3})?", re.ASCII)
_TRUE = frozenset({"on", "true", "yes", "1"})
_FALSE = frozenset({"off", "false", "no", "0"})
_SHOWN = 60


class Kind(StrEnum):
    """What a setting holds."""

    SWITCH = "switch"
    WHOLE = "whole number"
    NUMBER = "number"
    CHOICE = "choice"
    TEXT = "text"
    ANY = "anything"
    TABLE = "table"


def read_switch(text: str) -> bool:
    """Return what on or off stands for; raises ``ValueError``."""
    word = text.strip().lower()
    if word not in _TRUE | _FALSE:
        raise ValueError(text)
    return word in _TRUE


def read_number(text: str, *, is_whole: bool, sign: str = "") -> int | float:
    """Return a number as people write it: ``10000``, ``10,000``, with ``sign`` % or $ beside it.

    A comma only stands between thousands: ``1,5`` could mean 15 and is refused.  Raises
    ``ValueError``.
    """
    body = text.strip()
    if sign == "%":
        body = body.removesuffix("%").rstrip()
    elif sign:
        body = body.removeprefix(sign).lstrip()
    if not _NUMBER.fullmatch(body):
        raise ValueError(text)
    plain = body.replace(",", "")
    return int(plain) if is_whole else float(plain)


def read_any(text: str) -> SettingValue:
    """Return the value that a text most plainly is: on or off, a number, else the text."""
    word = text.strip()
    if word.lower() in {"on", "off", "true", "false"}:
        return read_switch(word)
    for is_whole in (True, False):
        try:
            return read_number(word, is_whole=is_whole)
        except ValueError:
            continue
    return word


def value_text(value: SettingValue) -> str:
    """Return a value as it is typed; what it reads back is equal."""
    if isinstance(value, bool):
        return "on" if value else "off"
    return repr(value).removesuffix(".0") if isinstance(value, float) else str(value)


def number_text(value: float) -> str:
    """Return a bound in words, without an exponent."""
    return f"{value:.12g}"


def quoted(text: str) -> str:
    """Return what was typed for a sentence: one line, not too long, nothing that steers."""
    shown = clean(text)
    return repr(shown if len(shown) <= _SHOWN else f"{shown[:_SHOWN]}…")
