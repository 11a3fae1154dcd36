"""The news of a running engine: which feeds, what is known, and who hears of it."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path

import msgspec

from kalshi_desk.core.news import Tier
from kalshi_desk.core.ports import Clock
from kalshi_desk.engine.feed_desk import SwitchFeed
from kalshi_desk.engine.news_desk import PassNews
from kalshi_desk.engine.news_link import KNOWN_NS, MOST_KNOWN, NewsLink
from kalshi_desk.engine.shell import EngineShell
from kalshi_desk.news.sources import OwnSource, Source, sources_for
from kalshi_desk.store.journal import Journal
from kalshi_desk.store.news_table import read_news
from kalshi_desk.store.service_settings import NewsSettings

START_AFTER_S = 3.0
"""After the desk is ready: nothing may wait for news, least of all a short visit."""
_log = logging.getLogger(__name__)
OFF = "news are switched off (setting news.enabled)"


class NewsService:
    """Steers the news worker by the settings and by what people switch."""

    def __init__(
        self,
        shell: EngineShell,
        settings: NewsSettings,
        venue: str,
        clock: Clock,
        journal: Journal,
        *,
        model_path: Path | None = None,
        start_after_s: float = START_AFTER_S,
    ) -> None:
        self._shell = shell
        self._settings = settings
        self._venue = venue
        self._start_after_s = start_after_s
        self._switched: dict[str, bool] = {}
        since_ns = clock.now_ns() - KNOWN_NS
        self.link = NewsLink(
            clock,
            shell.core.state.markets,
            shell.take,
            self.sources,
            known=read_news(journal.rows, since_ns=since_ns, limit=MOST_KNOWN),
            seen=shell.core.feeds.see,
            model_path=model_path,
        )
        shell.performers[SwitchFeed] = self.switch
        shell.performers[PassNews] = self._pass_on

    def _pass_on(self, effect: PassNews) -> None:
        """Let everyone know what people said of items: the core, and the worker that reads."""
        self._shell.take(effect.event)
        self.link.know(effect.event.items)

    def switch(self, effect: SwitchFeed) -> None:
        """Read a feed from now on, or no more."""
        self._switched[effect.feed] = effect.on
        self.link.refresh()

    def apply(self, settings: NewsSettings) -> None:
        """Let other settings hold from now on; a switch changed there wins over an older word."""
        before, self._settings = self._settings, settings
        for name in {*before.switched, *settings.switched}:
            if before.switched.get(name) != settings.switched.get(name):
                self._switched.pop(name, None)
        self.link.refresh()

    def sources(self) -> tuple[Source, ...]:
        """Return the feeds as the settings, people and the venue want them now."""
        settings = self._settings
        own = {
            name: OwnSource(url=feed.url, title=feed.title, kind=feed.kind, tier=Tier(feed.tier))
            for name, feed in settings.own.items()
        }
        found = sources_for(
            self._venue,
            practice_url=self._shell.venue.news_url,
            public_in_practice=settings.public_in_practice,
            own=own,
            switched={**settings.switched, **self._switched},
            interval_s=settings.interval_s,
        )
        if settings.enabled:
            return found
        return tuple(msgspec.structs.replace(one, is_on=False, fault=OFF) for one in found)

    async def run(self, ready: asyncio.Task[None]) -> None:
        """Read news once the desk is ready, until cancelled."""
        try:
            self.link.refresh()
            await asyncio.wait({ready})
            await asyncio.sleep(self._start_after_s)
            await self.link.run()
        except Exception as error:
            # Trading goes on without news, but not without a word of it.
            _log.exception("news can't be read")
            self.link.give_up(f"the desk failed at it ({type(error).__name__})")
