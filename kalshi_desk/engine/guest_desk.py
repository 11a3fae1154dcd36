"""What the core knows of the guests of the desk, and the words that they have for every face."""

from __future__ import annotations

from collections import deque

from kalshi_desk.core.events import CoreEvent
from kalshi_desk.core.text import clean
from kalshi_desk.desk.commands import Answer, Outcomes
from kalshi_desk.desk.frames import EventKind, Level, Row
from kalshi_desk.desk.service import GuestSays
from kalshi_desk.desk.service_frames import GuestRow
from kalshi_desk.engine.commanding import Commanding
from kalshi_desk.engine.effects import GiveAnswer
from kalshi_desk.engine.outbox import Outbox
from kalshi_desk.engine.state import CoreState
from kalshi_desk.engine.topics import WHOLE

MOST_WORDS, WORDS_NS = 30, 60_000_000_000
"""So many words of guests in so much time; what comes above that is not passed on."""
_NAME, _TITLE, _TEXT = 40, 120, 600


class GuestMoved(CoreEvent, frozen=True, kw_only=True):
    """Where a guest process stands now; with a ``title`` every face is told."""

    row: GuestRow
    level: Level = Level.INFO
    title: str = ""
    text: str = ""


class GuestDesk:
    """Keeps the rows of guests and passes their words on."""

    def __init__(self, state: CoreState, outbox: Outbox, commanding: Commanding) -> None:
        self._state = state
        self._outbox = outbox
        self._commanding = commanding
        self._spoken: deque[int] = deque(maxlen=MOST_WORDS)
        commanding.others[GuestSays] = self.says

    def moved(self, event: GuestMoved) -> None:
        """Take the new row of a guest."""
        self._state.guests[event.row.name] = event.row
        if event.title:
            self._outbox.say(
                self._state.now_ns, EventKind.GUEST, event.level, event.title, event.text
            )

    def says(self, command_id: str, command: GuestSays) -> None:
        """Tell every face what a guest says; one that talks without end is not heard."""
        now_ns, spoken = self._state.now_ns, self._spoken
        if len(spoken) == MOST_WORDS and 0 <= now_ns - spoken[0] < WORDS_NS:
            # Not by ``refuse``, which would tell every face of each refusal.
            text = f"More than {MOST_WORDS} words of guests in a minute; it was not passed on."
            answer = Answer(command_id=command_id, outcome=Outcomes.REFUSED, text=text)
            self._outbox.do(GiveAnswer(answer))
            return
        spoken.append(now_ns)
        title = f"{clean(command.guest)[:_NAME]}: {clean(command.title)[:_TITLE]}"
        text = clean(command.text)[:_TEXT]
        self._outbox.say(now_ns, EventKind.GUEST, command.level, title, text)
        self._commanding.answer(command_id, Outcomes.DONE)


def guest_rows(state: CoreState, _rest: str = "") -> dict[str, Row]:
    """Build the topic ``guests``."""
    return dict(state.guests)


WHOLE["guests"] = guest_rows
