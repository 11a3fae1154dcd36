"""One snapshot under way: encoded while the exchange holds still, then written bit by bit."""

from __future__ import annotations

import time

import msgspec

from kalshi_desk.exchange.pieces import split
from kalshi_desk.exchange.venue_state import VenueState

_WRITE_BYTES = 512 * 1024

Row = tuple[int, int, bytes]
"""Generation, number and bytes of a piece."""


class Snapshot:
    """A state on its way to the file.

    Nothing of the state may change until ``is_encoded``; from then on it may, and
    ``next_rows`` hands out what to write.  ``log_seq`` is the last command that it contains.
    """

    def __init__(self, state: VenueState, generation: int, log_seq: int) -> None:
        self.generation = generation
        self.log_seq = log_seq
        self.step = state.step
        self.is_encoded = False
        self._encode = msgspec.msgpack.Encoder().encode
        head, self._left = split(state)
        head.generation = generation
        self.head = self._encode(head)
        self._rows: list[Row] = []
        self._count = 0

    def encode(self, seconds: float | None = None) -> None:
        """Encode for so long at most, or all that is left; at least one piece."""
        give_up = None if seconds is None else time.monotonic() + seconds
        for piece in self._left:
            self._rows.append((self.generation, self._count, self._encode(piece)))
            self._count += 1
            if give_up is not None and time.monotonic() > give_up:
                return
        self.is_encoded = True

    def next_rows(self, most_bytes: int = _WRITE_BYTES) -> list[Row]:
        """Return the next rows to write, none when all were handed out."""
        found, size = 0, 0
        for row in self._rows:
            if size >= most_bytes:
                break
            found, size = found + 1, size + len(row[2])
        rows, self._rows = self._rows[:found], self._rows[found:]
        return rows
