"""The bridge's memory: what it holds in mind is on disk first.

A step that belongs together is one write: an event counts as seen in the write that keeps its
notices, and an update as received in the write that keeps the request.  So a kill at any moment
loses nothing and repeats nothing, but for the one message that was on its way.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypeVar

import msgspec

from kalshi_desk.telegram.ports import KeptPort, Key
from kalshi_desk.telegram.records import (
    Confirmation,
    ConfirmationState,
    Notice,
    NoticeState,
    Request,
)

_NOTICES, _REQUESTS, _CONFIRMATIONS, _FACTS = "notices", "requests", "confirmations", "facts"
_OFFSET = "offset"
_encode = msgspec.json.encode
_T = TypeVar("_T")


class Memory:
    """Everything the bridge must not forget; raises ``Stop`` when the disk refuses."""

    def __init__(self, kept: KeptPort) -> None:
        self._kept = kept
        self._facts = {name: body.decode() for name, body in kept.read(_FACTS).items()}
        self._notices = {n.number: n for n in self._read(_NOTICES, Notice)}
        self._requests = {r.update_id: r for r in self._read(_REQUESTS, Request)}
        self._confirmations = {
            c.confirmation_id: c for c in self._read(_CONFIRMATIONS, Confirmation)
        }
        self._number = max(self._notices, default=0)

    def _read(self, table: str, kind: type[_T]) -> list[_T]:
        return [msgspec.json.decode(body, type=kind) for body in self._kept.read(table).values()]

    # --- single facts -------------------------------------------------------------------

    def fact(self, name: str) -> str:
        """Return a kept fact, empty when there is none."""
        return self._facts.get(name, "")

    def number(self, name: str) -> int | None:
        """Return a kept whole number, None when there is none."""
        text = self.fact(name)
        return int(text) if text else None

    def keep_facts(self, facts: dict[str, object]) -> None:
        """Keep facts in one step; those that are the same cost nothing."""
        new = {name: str(value) for name, value in facts.items()}
        new = {name: text for name, text in new.items() if self._facts.get(name) != text}
        if new:
            self._kept.write({(_FACTS, name): text.encode() for name, text in new.items()})
            self._facts.update(new)

    # --- updates ------------------------------------------------------------------------

    @property
    def offset(self) -> int:
        """The number of the next update to ask Telegram for, 0 at first."""
        return self.number(_OFFSET) or 0

    def requests(self) -> list[Request]:
        """Return what was received and not answered, oldest first."""
        return sorted(self._requests.values(), key=lambda request: request.update_id)

    def receive(self, requests: Sequence[Request], offset: int) -> None:
        """Keep requests, and that Telegram need not send them again."""
        puts = {_key(_REQUESTS, r.update_id): _encode(r) for r in requests}
        self._kept.write({**puts, (_FACTS, _OFFSET): str(offset).encode()})
        self._requests.update({r.update_id: r for r in requests})
        self._facts[_OFFSET] = str(offset)

    def answered(self, update_id: int) -> None:
        """Forget a request that is dealt with."""
        if self._requests.pop(update_id, None) is not None:
            self._kept.write({}, [_key(_REQUESTS, update_id)])

    # --- notices ------------------------------------------------------------------------

    def next_number(self) -> int:
        """Return the number of a new notice."""
        self._number += 1
        return self._number

    def notices(self, chat: int | None = None) -> list[Notice]:
        """Return what is not sent yet, oldest first."""
        found = (n for n in self._notices.values() if chat in (None, n.chat))
        return sorted(found, key=lambda notice: notice.number)

    def add_notices(self, notices: Iterable[Notice], facts: dict[str, object]) -> None:
        """Keep notices together with the fact that what they tell of was seen."""
        new = {n.number: n for n in notices}
        texts = {name: str(value) for name, value in facts.items()}
        puts: dict[Key, bytes] = {_key(_NOTICES, n.number): _encode(n) for n in new.values()}
        puts.update({(_FACTS, name): text.encode() for name, text in texts.items()})
        if puts:
            self._kept.write(puts)
        self._notices.update(new)
        self._facts.update(texts)

    def change_notices(self, notices: Sequence[Notice]) -> None:
        """Keep another state of notices."""
        self._kept.write({_key(_NOTICES, n.number): _encode(n) for n in notices})
        self._notices.update({n.number: n for n in notices})

    def drop_notices(self, notices: Sequence[Notice]) -> None:
        """Forget notices that are sent."""
        self._kept.write({}, [_key(_NOTICES, n.number) for n in notices])
        for notice in notices:
            self._notices.pop(notice.number, None)

    def doubt(self) -> int:
        """Mark what was on its way at the last end as perhaps repeated; return how many."""
        found = [
            msgspec.structs.replace(n, state=NoticeState.WAITING, is_repeat=True)
            for n in self._notices.values()
            if n.state is NoticeState.SENDING
        ]
        if found:
            self.change_notices(found)
        return len(found)

    # --- confirmations ------------------------------------------------------------------

    def confirmation(self, confirmation_id: str) -> Confirmation | None:
        """Return a confirmation, None when it is unknown or long over."""
        return self._confirmations.get(confirmation_id)

    def confirmations(self, state: ConfirmationState) -> list[Confirmation]:
        """Return the confirmations in a state, oldest first."""
        found = (c for c in self._confirmations.values() if c.state is state)
        return sorted(found, key=lambda c: c.created_ns)

    def confirmation_of(self, update_id: int) -> Confirmation | None:
        """Return the confirmation that a request made, when it is asked a second time."""
        found = (c for c in self._confirmations.values() if c.update_id == update_id)
        return next(found, None)

    def keep(self, confirmation: Confirmation) -> None:
        """Keep a new confirmation, or another state of one."""
        name = confirmation.confirmation_id
        self._kept.write({(_CONFIRMATIONS, name): _encode(confirmation)})
        self._confirmations[name] = confirmation

    def forget_over(self, before_ns: int) -> None:
        """Forget confirmations that were over before a moment: their buttons are expired."""
        lasting = (ConfirmationState.OPEN, ConfirmationState.SENT)
        old = [
            c.confirmation_id
            for c in self._confirmations.values()
            if c.state not in lasting and c.expires_ns < before_ns
        ]
        if old:
            self._kept.write({}, [(_CONFIRMATIONS, name) for name in old])
            for name in old:
                del self._confirmations[name]


def _key(table: str, number: int) -> Key:
    return table, str(number)
