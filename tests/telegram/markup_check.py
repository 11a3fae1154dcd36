"""Reads Telegram's HTML as its server does: which tags there are, how they nest, what is text."""

from __future__ import annotations

import re

TAGS = frozenset(("b", "strong", "i", "em", "u", "ins", "s", "code", "pre", "a", "blockquote"))
_PIECE = re.compile(r"<(/?)([A-Za-z][\w-]*)([^<>]*)>|&(#\d+|#x[0-9a-fA-F]+|\w+);|<|.", re.DOTALL)
_NAMED = {"lt": "<", "gt": ">", "amp": "&", "quot": '"'}


class BadMarkup(Exception):
    """What the server answers with 400."""


def read_markup(text: str) -> str:
    """Return the text that a reader sees; raises ``BadMarkup`` in the server's words."""
    stack: list[str] = []
    seen: list[str] = []
    for found in _PIECE.finditer(text):
        closes, tag, entity = found[1], found[2], found[4]
        offset = len(text[: found.start()].encode())
        if found[0] == "<":
            raise BadMarkup(f"Unexpected end of name token at byte offset {offset}")
        if tag:
            name = tag.lower()
            if name not in TAGS:
                raise BadMarkup(f'Unsupported start tag "{name}" at byte offset {offset}')
            if not closes:
                stack.append(name)
            elif not stack or stack.pop() != name:
                raise BadMarkup(f'Unmatched end tag at byte offset {offset}, found "</{name}>"')
        elif entity:
            seen.append(_entity(entity, found[0]))
        else:
            seen.append(found[0])
    if stack:
        raise BadMarkup(f'Can\'t find end tag corresponding to start tag "{stack[-1]}"')
    return "".join(seen)


def _entity(name: str, raw: str) -> str:
    if name.startswith("#x"):
        return chr(int(name[2:], 16))
    if name.startswith("#"):
        return chr(int(name[1:]))
    return _NAMED.get(name, raw)


def units(text: str) -> int:
    """Return a length in UTF-16 code units."""
    return len(text.encode("utf-16-le")) // 2
