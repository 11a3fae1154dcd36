"""How the sources of news are, as it was last reported: each feed, and what reads them."""

from __future__ import annotations

from collections.abc import Mapping

from kalshi_desk.core.events import FeedsReported
from kalshi_desk.core.news import FeedReport, ReaderReport


class NewsSources:
    """Feeds by name; ``reader`` is None as long as nobody has said anything of it."""

    def __init__(self) -> None:
        self.feeds: Mapping[str, FeedReport] = {}
        self.reader: ReaderReport | None = None

    def take(self, event: FeedsReported) -> None:
        """Take the newest word; a view that was made before keeps the older one."""
        self.feeds = {report.name: report for report in event.feeds}
        self.reader = event.reader

    @property
    def said(self) -> FeedsReported:
        """What was last said, for somebody who begins to listen now."""
        return FeedsReported(tuple(self.feeds.values()), self.reader)
