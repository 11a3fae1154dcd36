"""The bridge's sentences, one file of them a language; names are the same in all.

A sentence is markup with places for values: ``{name}`` is filled in and escaped.
"""

from __future__ import annotations

import re
import tomllib
from functools import cache
from importlib import resources
from string import Formatter
from typing import Any

from kalshi_desk.core.text import clean
from kalshi_desk.telegram.markup import Html, escape


class Words:
    """Says things in one language."""

    def __init__(self, language: str) -> None:
        self.language = language
        self._sentences = sentences(language)
        self._phrases = phrases(language)

    def __call__(self, name: str, /, **values: object) -> Html:
        """Return a sentence with its values; raises ``KeyError`` for one that isn't there."""
        filled = {key: escape(value) for key, value in values.items()}
        return Html(self._sentences[name].format_map(filled))

    def has(self, name: str) -> bool:
        """Return whether there is such a sentence."""
        return name in self._sentences

    def plain(self, name: str, /, **values: object) -> str:
        """Return a sentence as plain text, for buttons, notes and command lists."""
        return self._sentences[name].format_map(values)

    def engine(self, text: str) -> str:
        """Return what the engine said in this language, as far as the phrases know it.

        The engine speaks English; a sentence that no phrase knows is passed on as it is.
        """
        said = clean(text)
        for pattern, sentence in self._phrases:
            found = pattern.fullmatch(said)
            if found is not None:
                parts = {
                    name: self._engine_part(value or "")
                    for name, value in found.groupdict().items()
                }
                return sentence.format_map(parts)
        return said

    def _engine_part(self, value: str) -> str:
        """Return a part of a sentence: a word, or a shorter sentence that may be known too."""
        for table in ("word", "mode", "stop"):
            known = self._sentences.get(f"{table}.{value.lower()}")
            if known is not None:
                return known
        return self.engine(value)


@cache
def sentences(language: str) -> dict[str, str]:
    """Return all sentences of a language by their dotted names."""
    return dict(_flat(_read(language)["say"], ""))


@cache
def phrases(language: str) -> tuple[tuple[re.Pattern[str], str], ...]:
    """Return what the engine says, as patterns, with its translation."""
    return tuple(
        (re.compile(entry["english"], re.DOTALL), entry["said"])
        for entry in _read(language).get("phrase", ())
    )


def places(sentence: str) -> set[str]:
    """Return the names of the places for values in a sentence."""
    return {name for _, name, _, _ in Formatter().parse(sentence) if name}


def _read(language: str) -> dict[str, Any]:
    folder = resources.files("kalshi_desk.telegram") / "languages"
    return tomllib.loads((folder / f"{language}.toml").read_text("utf-8"))


def _flat(table: dict[str, Any], before: str) -> list[tuple[str, str]]:
    found = []
    for name, value in table.items():
        if isinstance(value, dict):
            found += _flat(value, f"{before}{name}.")
        else:
            found.append((f"{before}{name}", str(value)))
    return found
