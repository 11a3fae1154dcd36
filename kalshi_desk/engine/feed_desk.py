"""Switches feeds of news on and off when a person asks for it."""

from __future__ import annotations

from kalshi_desk.core.news import NewsItem
from kalshi_desk.core.reasons import ReasonCode
from kalshi_desk.desk.commands import Outcomes
from kalshi_desk.desk.frames import EventKind, Level
from kalshi_desk.desk.service import SetFeed
from kalshi_desk.engine.commanding import Commanding
from kalshi_desk.engine.effects import Effect, SaveSetting
from kalshi_desk.engine.outbox import Outbox
from kalshi_desk.engine.setting_live import put_setting
from kalshi_desk.engine.state import CoreState
from kalshi_desk.news.sources import is_feed_name

SWITCHED = ("news", "switched")


class SwitchFeed(Effect, frozen=True):
    """Read a feed from now on, or no more."""

    feed: str
    on: bool


class TellReader(Effect, frozen=True):
    """Tell the worker what an item is said to be now, so that it says no more otherwise."""

    item: NewsItem


class FeedDesk:
    """Carries :class:`SetFeed` out; ``names`` are the feeds of this desk, none in a replay."""

    def __init__(self, state: CoreState, outbox: Outbox, commanding: Commanding) -> None:
        self._state = state
        self._outbox = outbox
        self._commanding = commanding
        self.names: tuple[str, ...] = ()
        commanding.others[SetFeed] = self.set

    def see(self, names: tuple[str, ...]) -> None:
        """Take the names of the feeds that there are."""
        self.names = names

    def set(self, name: str, command: SetFeed) -> None:
        """Switch one feed, now and at every later start."""
        if command.feed not in self.names:
            known = ", ".join(self.names) or "none on this venue"
            text = f"There is no feed {command.feed[:60]}; there are {known}. Nothing was changed."
            self._commanding.refuse(name, ReasonCode.BAD_COMMAND, text)
            return
        word = "on" if command.on else "off"
        self._outbox.do(SwitchFeed(command.feed, command.on))
        if is_feed_name(command.feed):
            put_setting(self._state, (*SWITCHED, command.feed), command.on)
            self._outbox.do(SaveSetting(".".join((*SWITCHED, command.feed)), command.on))
        self._outbox.say(
            self._state.now_ns, EventKind.NEWS, Level.INFO, f"Feed {command.feed}: {word}"
        )
        self._commanding.answer(name, Outcomes.DONE, f"The feed {command.feed} is {word}.")
