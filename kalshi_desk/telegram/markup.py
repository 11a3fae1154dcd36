"""Text for Telegram's HTML mode: escaped, without links that nobody meant, cut to its limits.

Telegram makes links of whatever looks like one (``/word``, ``@name``, ``#word``, a domain), also
in a title that somebody else wrote.  Such text gets an invisible word joiner where the link
would begin, so that a tap on a headline can't send a command or open a page.
"""

from __future__ import annotations

import html
import re
from collections.abc import Sequence
from urllib.parse import urlsplit

from kalshi_desk.core.text import clean

MESSAGE_UNITS = 4_096
"""What one message may hold, in UTF-16 code units; markup is counted too, to be safe."""
FIELD_CHARACTERS = 300
CODE_CHARACTERS = 100
JOINER = "\u2060"
_LINK = re.compile(r"(?<!\w)([/@#$])(?=[^\W\d])|(://)|(?<=\w)(\.)(?=[^\W\d_]{2,}(?![\w-]))")
_PIECE = re.compile(r"<[^<>]*>|&[#\w]+;|[^<&]|[<&]", re.DOTALL)
_TAG_NAME = re.compile(r"</?([a-z]+)")


class Html(str):
    """Markup that this room made itself; every other string is text and gets escaped."""

    __slots__ = ()


def defuse(text: str) -> str:
    """Return the text with nothing in it that Telegram would make a link of."""
    return _LINK.sub(lambda found: found[0] + JOINER, text)


def escape(value: object, limit: int = FIELD_CHARACTERS) -> Html:
    """Return anything as harmless markup on one line, at most ``limit`` characters of text."""
    if isinstance(value, Html):
        return value
    text = clean(value, limit + 1)
    if len(text) > limit:
        text = f"{text[: limit - 1]}…"
    return Html(html.escape(defuse(text), quote=False))


def code(value: object) -> Html:
    """Return a name to be copied with a tap, such as a ticker; Telegram links nothing in it."""
    return Html(f"<code>{html.escape(clean(value, CODE_CHARACTERS), quote=False)}</code>")


def bold(value: object) -> Html:
    """Return text in bold."""
    return Html(f"<b>{escape(value)}</b>")


def link(url: str, text: object) -> Html:
    """Return a link to a web page; an address that is none of the web stays plain text."""
    cleaned = clean(url, 1_000).replace(" ", "")
    try:
        parts = urlsplit(cleaned)
        is_web = parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:
        is_web = False
    if not is_web:
        return escape(text)
    return Html(f'<a href="{html.escape(cleaned, quote=True)}">{escape(text)}</a>')


def lines(*parts: str) -> Html:
    """Return the parts that are not empty, one a line."""
    return Html("\n".join(part for part in parts if part))


def units(text: str) -> int:
    """Return the length as Telegram counts it, in UTF-16 code units."""
    return len(text) + sum(char > "\uffff" for char in text)


def split(text: str, limit: int = MESSAGE_UNITS) -> list[Html]:
    """Cut markup into messages of at most ``limit`` units, on lines where that is possible.

    No tag reaches over the end of a line; one that is open where a long line must be cut is
    closed there and opened again in the next message.
    """
    found: list[Html] = []
    current = ""
    for line in text.split("\n"):
        for part in _pieces_of(line, limit):
            joined = f"{current}\n{part}" if current else part
            if units(joined) <= limit:
                current = joined
                continue
            if current.strip():
                found.append(Html(current))
            current = part
    if current.strip():
        found.append(Html(current))
    return found


def fit(rows: Sequence[str], more: str, limit: int = MESSAGE_UNITS) -> Html:
    """Return as many whole lines as one message holds; ``more`` stands for those left out."""
    kept: list[str] = []
    room = limit - units(more) - 1
    for row in rows:
        room -= units(row) + 1
        if room < 0:
            return Html("\n".join((*kept, more)))
        kept.append(row)
    return Html("\n".join(kept))


def plain(text: str) -> str:
    """Return markup as the text that a reader sees."""
    return html.unescape(re.sub(r"<[^<>]*>", "", text))


def _is_tag(piece: str) -> bool:
    return len(piece) > 2 and piece[0] == "<" and piece[-1] == ">"


def _closing(tag: str) -> str:
    name = _TAG_NAME.match(tag)
    return f"</{name[1]}>" if name else ""


def _pieces_of(line: str, limit: int) -> list[str]:
    """Cut one line that is too long for a message, never inside a tag or an entity."""
    if units(line) <= limit:
        return [line]
    found: list[str] = []
    stack: list[str] = []
    current: list[str] = []
    size = tail = 0
    for piece in _PIECE.findall(line):
        after, wants = stack, tail
        if _is_tag(piece):
            is_end = piece.startswith("</")
            after = stack[:-1] if is_end else [*stack, piece]
            wants = sum(len(_closing(tag)) for tag in after)
        if current and size + units(piece) + wants > limit:
            found.append("".join((*current, *map(_closing, reversed(stack)))))
            current = list(stack)
            size = sum(map(units, current))
        current.append(piece)
        size += units(piece)
        stack, tail = after, wants
    last = "".join(current)
    return [*found, last] if plain(last).strip() else found
