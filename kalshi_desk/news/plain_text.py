"""Text of feeds as plain words: no markup, no scripts, nothing that could steer a terminal."""

from __future__ import annotations

from html.parser import HTMLParser
from urllib.parse import urlsplit

from kalshi_desk.core.text import clean

TITLE_LENGTH = 300
SUMMARY_LENGTH = 1_000
LINK_LENGTH = 1_000
_MOST_RAW_EACH = 16
"""Letters read for each one kept: the parser takes time with the square of a tag without end."""
_SILENT = frozenset({"script", "style", "template", "head", "noscript", "svg", "iframe"})
_INLINE = frozenset(
    {"a", "abbr", "b", "em", "font", "i", "mark", "s", "small", "span", "strong", "sub", "sup", "u"}
)


class _Words(HTMLParser):
    """Keeps the text between tags; what separates blocks separates words."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self._silent = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _SILENT:
            self._silent += 1
        self._separate(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._separate(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag in _SILENT and self._silent:
            self._silent -= 1
        self._separate(tag)

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self.parts.append(data)

    def _separate(self, tag: str) -> None:
        if tag not in _INLINE:
            self.parts.append(" ")


def strip_markup(text: object, limit: int) -> str:
    """Return the words of a text that may hold HTML, on one line, at most ``limit`` long."""
    raw = text if isinstance(text, str) else "" if text is None else str(text)
    raw = raw[: limit * _MOST_RAW_EACH]
    if "<" in raw or "&" in raw:
        words = _Words()
        words.feed(raw)
        words.close()
        raw = "".join(words.parts)
    return clean(raw, limit).rstrip()


def web_link(text: object) -> str:
    """Return an address that a browser may be given, empty for anything else."""
    link = clean(text, LINK_LENGTH + 1)
    try:
        parts = urlsplit(link)
    except ValueError:
        return ""
    is_web = parts.scheme in ("http", "https") and bool(parts.hostname)
    return link if is_web and len(link) <= LINK_LENGTH and " " not in link else ""
