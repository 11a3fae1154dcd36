"""What changed in a topic that is built whole: so that a face pulls only that."""

from __future__ import annotations

from collections.abc import Mapping

from kalshi_desk.desk.frames import Row

MOST_GONE = 2_000


class ChangedRows:
    """The rows of one topic, each with the number of the pull that found it changed."""

    def __init__(self) -> None:
        self._rows: Mapping[str, Row] = {}
        self._changed: dict[str, int] = {}
        self._gone: dict[str, int] = {}
        self._forgotten = 0

    def take(self, rows: Mapping[str, Row], number: int) -> None:
        """Find out what has changed since the last time; numbers only grow."""
        before, self._rows = self._rows, rows
        for key, row in rows.items():
            old = before.get(key)
            if old is not row and old != row:
                self._changed[key] = number
                self._gone.pop(key, None)
        for key in before.keys() - rows.keys():
            del self._changed[key]
            self._gone.pop(key, None)
            self._gone[key] = number
        while len(self._gone) > MOST_GONE:
            self._forgotten = self._gone.pop(next(iter(self._gone)))

    def since(self, number: int) -> tuple[dict[str, Row], tuple[str, ...]] | None:
        """Return the rows changed after a pull, and the keys gone; None where all must come."""
        if number <= self._forgotten:
            return None
        changed = {key: self._rows[key] for key, when in self._changed.items() if when > number}
        return changed, tuple(key for key, when in self._gone.items() if when > number)
