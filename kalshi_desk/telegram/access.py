"""Who may ask: an allow-list of people and chats; whoever is not on it gets nothing.

In a chat between one person and the bot, the person's role counts, or that of the chat, which
is the same person.  In a group, the group must be on the list and the person too, and the
person's role counts: the others there stay strangers.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass

from kalshi_desk.core.text import clean
from kalshi_desk.telegram.numbers import SECOND_NS
from kalshi_desk.telegram.settings import TRADE, BridgeSettings

HOUR_NS = 3_600 * SECOND_NS
MOST_STRANGERS = 1_000
MOST_REPORTS = 20
"""How many strangers are reported in an hour; a crowd of them must not flood the desk."""


@dataclass(frozen=True, slots=True)
class Person:
    """Who wrote, and where; ``user`` is 0 for a chat's anonymous voice."""

    user: int
    chat: int
    is_private: bool
    name: str = ""
    is_bot: bool = False


def role_of(settings: BridgeSettings, person: Person) -> str:
    """Return ``view``, ``trade``, or empty for a stranger."""
    if person.is_bot or not person.user:
        return ""
    mine = settings.users.get(str(person.user), "")
    chats = settings.chats.get(str(person.chat), "")
    if person.is_private:
        return TRADE if TRADE in (mine, chats) else mine or chats
    return mine if chats else ""


class Strangers:
    """Reports each stranger once an hour.

    ``report`` gets one sentence; ``now_ns`` is the time.
    """

    def __init__(self, report: Callable[[str], None], now_ns: Callable[[], int]) -> None:
        self._report = report
        self._now_ns = now_ns
        self._told: OrderedDict[tuple[int, int], int] = OrderedDict()
        self._reports: deque[int] = deque(maxlen=MOST_REPORTS)

    def came(self, person: Person) -> bool:
        """Take note of a stranger; returns whether that was reported."""
        key, now_ns = (person.user, person.chat), self._now_ns()
        if now_ns - self._told.get(key, -HOUR_NS) < HOUR_NS:
            return False
        if len(self._reports) == MOST_REPORTS and now_ns - self._reports[0] < HOUR_NS:
            return False
        self._told[key] = now_ns
        self._told.move_to_end(key)
        while len(self._told) > MOST_STRANGERS:
            self._told.popitem(last=False)
        self._reports.append(now_ns)
        name = clean(person.name, 40) or "without a name"
        where = "in private" if person.is_private else f"in the chat {person.chat}"
        self._report(f"User {person.user} ({name}) wrote to the bot {where} and got no answer.")
        return True


def how_to_allow(person: Person | None = None) -> str:
    """Return how a person is put on the list, for the log."""
    user = str(person.user) if person is not None else "USER ID"
    chat = str(person.chat) if person is not None else "CHAT ID"
    text = f'To let them in, add to the settings: [telegram.users] "{user}" = "view" or "trade"'
    if person is None or not person.is_private:
        text += f'; for a group also: [telegram.chats] "{chat}" = "view"'
    return text + "."
