"""What README.md tells people to type: commands, blocks and names, as they stand there."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "README.md").read_text("utf-8")
PROGRAM = "kalshi-desk"
_BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_SPAN = re.compile(r"`([^`]+)`")
_COMMANDS = "## Shell commands"
_EXTRA = "Exit codes"
_PLACEHOLDER = re.compile(r"[A-Z]+(_[A-Z]+)*")
_REST = re.compile(r"\[([^\[\]]*)\]")

FITS = frozenset({"fixed 20%", "fixed 5c", "trailing 5c", "time 4h", "time 30m", "volatility 2sd"})
"""Which amount each kind of stop takes."""


@dataclass(frozen=True)
class Block:
    """One fenced block: its language and its text."""

    language: str
    text: str


def blocks(language: str) -> list[str]:
    """Return the fenced blocks of a language."""
    return [found[2] for found in _BLOCK.finditer(TEXT) if found[1] == language]


def prose() -> str:
    """Return the text without its fenced blocks."""
    return _BLOCK.sub("", TEXT)


def spans() -> list[str]:
    """Return every code span, on one line, as it is read and not as a table escapes it."""
    return [_plain(found[1]) for found in _SPAN.finditer(prose())]


def commands() -> list[str]:
    """Return every command of the desk, each once, in the order of the text.

    In the table of commands a span without the program's name is one more command.
    """
    found = [text for text in spans() if _is_ours(text)]
    for row in _table():
        cell = row.replace(r"\|", "\0").split("|")[1].replace("\0", "|")
        found += [
            text if _is_ours(text) else f"{PROGRAM} {text}"
            for text in (_plain(span[1]) for span in _SPAN.finditer(cell))
        ]
    for text in (*blocks("sh"), *blocks("console")):
        found += [_plain(line) for line in _ours_in(text)]
    return list(dict.fromkeys(found))


def options_of_commands() -> dict[str, list[str]]:
    """Return the options that the table's second column names, by the row's first command."""
    found: dict[str, list[str]] = {}
    for row in _table():
        _, first, second, _ = row.replace(r"\|", "\0").split("|")
        options = [text for text in _SPAN.findall(second.replace("\0", "|")) if text[0] == "-"]
        parts = [part for text in options for part in text.split(" --")]
        if parts:
            found[_plain(_SPAN.findall(first.replace("\0", "|"))[0])] = [
                f"--{part.lstrip('-')}" for part in parts
            ]
    return found


def developer_commands() -> list[str]:
    """Return what a developer types: pytest, pip, the benchmarks, and the checks."""
    inline = [text for text in spans() if re.match(r"(python|pip|pre-commit|\.ci/)\b", text)]
    return list(dict.fromkeys(inline))


def expanded(command: str) -> list[list[str]]:
    """Return the words of every line that a command's brackets and bars stand for."""
    return [shlex.split(line) for line in _optional(command)]


def placeholders(words: list[str]) -> list[str]:
    """Return the words that stand for something else: ``TICKER``, ``--level L``, ``FILE``."""
    return [word for word in words if _PLACEHOLDER.fullmatch(word)]


def _optional(text: str) -> Iterator[str]:
    found = _REST.search(text)
    if found is None:
        yield from _alternatives(text)
        return
    before, after = text[: found.start()], text[found.end() :]
    yield from _optional(f"{before.rstrip()}{after}")
    for line in _alternatives(found[1]):
        yield from _optional(f"{before}{line}{after}")


def _alternatives(text: str) -> Iterator[str]:
    """Yield each choice of ``a|b``: of words, or of phrases where one between has blanks.

    ``buy X yes|no 5`` chooses a word, ``config show|get NAME|path`` what follows the command.
    """
    if "|" not in text:
        yield text
        return
    first, *middle, last = text.split("|")
    head, _, start = first.rpartition(" ")
    end, _, tail = last.partition(" ")
    if any(" " in part for part in middle):
        end, tail = last, ""
    for choice in (start, *middle, end):
        yield from _alternatives(" ".join(part for part in (head, choice, tail) if part))


def _table() -> list[str]:
    part = TEXT.partition(_COMMANDS)[2].partition(_EXTRA)[0]
    return [row for row in part.splitlines() if row.startswith("| `")]


def _ours_in(block: str) -> list[str]:
    """Return the commands of a shell block: comments, prompts and what runs around them off."""
    lines = [re.sub(r"\s+#.*|^\$ ", "", line) for line in block.splitlines()]
    found = []
    for line in lines:
        found += re.findall(rf"\$\(({PROGRAM} [^)]*)\)", line)
        whole = re.fullmatch(rf"(?:.* && )?(?:\S*/)?({PROGRAM}\b.*?)(?: &)?", line)
        if whole:
            found.append(whole[1])
    return found


def _is_ours(text: str) -> bool:
    return text.split(" ")[0] == PROGRAM


def _plain(text: str) -> str:
    return " ".join(text.replace(r"\|", "|").split())
