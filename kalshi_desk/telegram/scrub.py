"""Keeps the bot's token out of everything that is written: it is part of every address."""

from __future__ import annotations

import logging

HIDDEN = "<token>"


class Scrubber:
    """Replaces the token, and its secret half alone, wherever text could hold them."""

    def __init__(self, token: str) -> None:
        secret = token.rpartition(":")[2]
        self._hidden = [part for part in (token, token.replace(":", "%3A"), secret) if part]

    def __call__(self, text: object) -> str:
        """Return the text without the token."""
        shown = str(text)
        for part in self._hidden:
            shown = shown.replace(part, HIDDEN)
        return shown

    def error(self, error: BaseException) -> str:
        """Return an error in one line: its kind and its words."""
        words = self(error)
        return f"{type(error).__name__}: {words}" if words else type(error).__name__


class ScrubbingFormatter(logging.Formatter):
    """Formats log records, with their tracebacks, without the token."""

    def __init__(self, scrub: Scrubber) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s %(message)s")
        self._scrub = scrub

    def format(self, record: logging.LogRecord) -> str:
        """Return the whole line, scrubbed at the very end."""
        return self._scrub(super().format(record))
