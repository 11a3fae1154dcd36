"""What many titles have in common, for headings and branches."""

from __future__ import annotations

from collections.abc import Sequence


def shared_title(titles: Sequence[str]) -> str:
    """Return the words that all titles share at both ends, ``…`` where they differ.

    Empty when they share none; ``titles`` must not be empty.
    """
    if len(set(titles)) == 1:
        return titles[0]
    words = [title.split(" ") for title in titles]
    start = _shared_start(words)
    end = _shared_start([w[len(start) :][::-1] for w in words])
    return " ".join([*start, "…", *reversed(end)]) if start or end else ""


def _shared_start(words: list[list[str]]) -> list[str]:
    shared = []
    for column in zip(*words, strict=False):
        if len(set(column)) > 1:
            break
        shared.append(column[0])
    return shared
