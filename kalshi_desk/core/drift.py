"""What an exchange says otherwise than the desk expects, named field by field."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from kalshi_desk.core.types import Count, Price


class DriftKind(StrEnum):
    """In which way an answer differs."""

    MISSING = "missing_field"
    NEW = "new_field"
    WORD = "unknown_word"
    TYPE = "wrong_type"
    DEPRECATED = "deprecated"
    STALE = "stale_socket"


class DriftFinding(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """One difference: the field, what stood there, and what is known.

    ``field`` is object and field, such as ``order.status``.  A finding that
    ``touches_money`` concerns prices, counts, fees, cash, positions or states of orders.
    """

    kind: DriftKind
    field: str
    seen: str = ""
    expected: str = ""
    touches_money: bool = False

    @property
    def key(self) -> str:
        """What makes it the same finding when it is found again."""
        seen = self.seen if self.kind is DriftKind.WORD else ""
        return f"{self.kind.value} {self.field} {seen}".strip()

    @property
    def text(self) -> str:
        """The finding as a clause, without a full stop."""
        seen, field = self.seen, self.field
        if self.kind is DriftKind.MISSING:
            return f"{field} is missing"
        if self.kind is DriftKind.NEW:
            return f"{field} is new (it holds {seen})"
        if self.kind is DriftKind.WORD:
            return f"{field} says '{seen}', known are {self.expected}"
        if self.kind is DriftKind.TYPE:
            return f"{field} holds {seen} where {self.expected} is expected"
        if self.kind is DriftKind.DEPRECATED:
            return f"{field} is announced to end: {seen}"
        return f"the stream's book of {field} shows {seen}, the exchange itself {self.expected}"


class BookTop(msgspec.Struct, frozen=True):
    """The best level of both sides in YES prices, None where a side is empty.

    ``updated_ns`` is when the book last changed in any way.
    """

    bid: tuple[Price, Count] | None
    ask: tuple[Price, Count] | None
    updated_ns: int = 0

    def shows(self, other: BookTop) -> bool:
        """Whether both say the same, whenever they were made."""
        return (self.bid, self.ask) == (other.bid, other.ask)
