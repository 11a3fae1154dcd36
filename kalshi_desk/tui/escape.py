"""Escape is Escape, whatever follows it: a key typed at once after it must not swallow it.

A terminal sends Escape as the byte that also begins every key sequence, so Textual reads
Escape and a key typed within a tenth of a second as that key with Alt, and Escape and Enter
as Enter alone: the key that takes an order back would have sent it.  The desk has no use for
Alt, so here the two are the two keys; and an Enter that came with Escape is never an Enter.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable

from textual import events
from textual._xterm_parser import XTermParser

_ESCAPE = "\x1b"
_BEGINNINGS = frozenset("[OP]^_")
"""What may follow Escape where a terminal speaks: keys with a name, and its own answers."""
_ENTERS = frozenset("\r\n")


class EscapeFirstParser(XTermParser):
    """Reads Escape followed by a character as two keys."""

    def _sequence_to_key_events(self, sequence: str, alt: bool = False) -> Iterable[events.Key]:
        """Return the keys of a sequence; ``alt`` marks a character that followed Escape."""
        if not alt and len(sequence) == 2 and sequence[0] == _ESCAPE:
            if sequence[1] in _BEGINNINGS:
                return
            alt, sequence = True, sequence[1]
        if alt:
            yield events.Key("escape", _ESCAPE)
            if sequence in _ENTERS:
                return
        yield from super()._sequence_to_key_events(sequence)


def read_escape_first() -> None:
    """Have the terminal drivers loaded so far read keys with ``EscapeFirstParser``."""
    for name, module in list(sys.modules.items()):
        if name.startswith("textual.drivers.") and hasattr(module, "XTermParser"):
            setattr(module, "XTermParser", EscapeFirstParser)  # noqa: B010 (of no known module)
