"""The one tree of errors, split by what the caller should do.

::

    DeskError
    ├── Retry      the world was busy; the same call may work later, after ``retry_after_s``
    ├── Refuse     the request is wrong or not allowed; say why, change it, ask again
    ├── Unknown    a write may or may not have happened; look it up, never repeat it
    └── Stop       nothing sensible can go on (wrong key, newer journal); tell the person

A fault in our own code is not in the tree: it is an ordinary exception and ends loudly.
"""

from __future__ import annotations


class DeskError(Exception):
    """An expected failure with a sentence for a person.

    ``what`` says what happened, ``money`` what it means for the money, ``todo`` what
    to do next; ``code`` is the machine's name for it.
    """

    def __init__(self, what: str, *, code: str = "", money: str = "", todo: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.code = code
        self.money = money
        self.todo = todo

    def __str__(self) -> str:
        return " ".join(part for part in (self.what, self.money, self.todo) if part)


class Retry(DeskError):
    """The same call may succeed later."""

    def __init__(
        self,
        what: str,
        *,
        code: str = "",
        money: str = "",
        todo: str = "",
        retry_after_s: float = 1.0,
    ) -> None:
        super().__init__(what, code=code, money=money, todo=todo)
        self.retry_after_s = retry_after_s


class Refuse(DeskError):
    """The request was definitely not carried out and must change first."""


class Unknown(DeskError):
    """A write whose outcome is not known: it must be looked up under the same id."""


class Stop(DeskError):
    """The component cannot go on until a person changes something."""
