"""Makes notifications of events: which chats hear of it, how loudly, when, and in what words."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence

from kalshi_desk.desk.frames import DeskEvent, Level
from kalshi_desk.telegram.markup import Html, bold, code, escape
from kalshi_desk.telegram.memory import Memory
from kalshi_desk.telegram.numbers import SECOND_NS, clock
from kalshi_desk.telegram.records import Notice
from kalshi_desk.telegram.settings import (
    FREQUENCIES,
    OFF,
    SILENT,
    BridgeSettings,
    Category,
    category_of,
    is_danger,
)
from kalshi_desk.telegram.words import Words

_MARK = {Level.INFO: "·", Level.GOOD: "✓", Level.WARNING: "▲", Level.ERROR: "‼"}
_TEXT_CHARACTERS = 350


class Notices:
    """Turns what happened into notices on disk; ``settings`` and ``words`` are those of now."""

    def __init__(
        self,
        memory: Memory,
        settings: Callable[[], BridgeSettings],
        words: Callable[[], Words],
        *,
        now_ns: Callable[[], int] = time.time_ns,
    ) -> None:
        self._memory = memory
        self._settings = settings
        self._words = words
        self._now_ns = now_ns

    def events(self, events: Iterable[DeskEvent], venue: str, seen: dict[str, object]) -> None:
        """Keep notices of events together with how far the events were seen, in one write."""
        made: list[Notice] = []
        for event in events:
            category = category_of(event)
            text = self._event_text(event, category, venue)
            made += self._for_chats(category, text, is_danger=is_danger(event))
        self._memory.add_notices(made, seen)

    def own(
        self,
        category: Category,
        texts: Sequence[Html],
        seen: dict[str, object] | None = None,
    ) -> None:
        """Keep notices of the bridge's own, which are told at once, and what they settle."""
        made: list[Notice] = []
        for text in texts:
            made += self._for_chats(category, text, is_danger=True)
        self._memory.add_notices(made, seen or {})

    def answer(self, chat: int, text: Html) -> None:
        """Keep an answer that could not be sent now; it goes as soon as that is possible."""
        self._memory.add_notices([self._notice(chat, text, 0, is_silent=False)], {})

    def _for_chats(self, category: Category, text: Html, *, is_danger: bool) -> list[Notice]:
        settings = self._settings()
        loudness = settings.loudness(category)
        if loudness == OFF:
            return []
        span_ns = FREQUENCIES.get(settings.frequency, 0) * SECOND_NS
        due_ns = 0 if is_danger or not span_ns else (self._now_ns() // span_ns + 1) * span_ns
        return [
            self._notice(int(chat), text, due_ns, is_silent=loudness == SILENT)
            for chat in settings.chats
        ]

    def _notice(self, chat: int, text: Html, due_ns: int, *, is_silent: bool) -> Notice:
        return Notice(
            number=self._memory.next_number(),
            chat=chat,
            text=str(text),
            due_ns=due_ns,
            is_silent=is_silent,
        )

    def _event_text(self, event: DeskEvent, category: Category, venue: str) -> Html:
        words, settings = self._words(), self._settings()
        title = words.engine(event.title)
        mark = _MARK[event.level]
        where = Html(f" {code(event.ticker)}") if event.ticker else Html("")
        if settings.style == "compact":
            return Html(f"{mark} {escape(title)}{where}")
        kind = words.plain(f"category.{category.value}")
        venue_part = "" if venue == "live" else f" · {escape(venue)}"
        head = f"{mark} {bold(title)}{where}"
        body = escape(words.engine(event.text), _TEXT_CHARACTERS)
        foot = f"<i>{escape(kind)}{venue_part} · {clock(event.at_ns)}</i>"
        return Html("\n".join(part for part in (head, body, foot) if part))
