"""Stories made of items: copies together, and which of them are wanted."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum

from kalshi_desk.core.news import FeedState, ReaderReport, ReaderState
from kalshi_desk.desk.service_frames import FeedRow, MatchView, NewsRow


class Shown(StrEnum):
    """Which stories are shown."""

    ALL = "all"
    MATCHED = "with a market"
    MINE = "with one of mine"


@dataclass(frozen=True, slots=True)
class Story:
    """The first copy of a story that is known, how many copies there are, and who else ran it."""

    row: NewsRow
    copies: int
    others: tuple[str, ...]

    @property
    def best(self) -> MatchView | None:
        """The market that fits best."""
        return self.row.matches[0] if self.row.matches else None


class Stories:
    """The stories of all items by the id of their first known copy.

    Only what changed is put together again: a frame with one new item costs that item.
    ``version`` grows with each change.
    """

    def __init__(self) -> None:
        self.by_id: dict[str, Story] = {}
        self.version = 0
        self._rows: dict[str, NewsRow] = {}
        self._members: dict[str, dict[str, NewsRow]] = {}
        self._first: dict[str, str] = {}

    def sync(self, rows: Mapping[str, NewsRow]) -> None:
        """Take the items as they are now; what is not among them is gone."""
        held, moved = self._rows, set()
        for key, row in rows.items():
            before = held.get(key)
            if before is row:
                continue
            held[key] = row
            if before != row:
                if before is not None:
                    moved |= self._leave(key, before)
                self._members.setdefault(_cluster(row), {})[key] = row
                moved.add(_cluster(row))
        if len(held) > len(rows):
            for key in held.keys() - rows.keys():
                moved |= self._leave(key, held.pop(key))
        # All old ones first: an item may have gone over to another story.
        for cluster in moved:
            self.by_id.pop(self._first.pop(cluster, ""), None)
        for cluster in moved:
            self._put_together(cluster)
        self.version += bool(moved)

    def _leave(self, key: str, row: NewsRow) -> set[str]:
        del self._members[_cluster(row)][key]
        return {_cluster(row)}

    def _put_together(self, cluster: str) -> None:
        members = list(self._members[cluster].values())
        if not members:
            del self._members[cluster]
            return
        first = min(members, key=lambda row: (row.copy, row.first_seen_ns, row.item_id))
        others = tuple(sorted({row.feed for row in members} - {first.feed}))
        copies = max(len(members), *(row.copy for row in members))
        self._first[cluster] = first.item_id
        self.by_id[first.item_id] = Story(first, copies, others)


def _cluster(row: NewsRow) -> str:
    return row.cluster or row.item_id


@dataclass(slots=True)
class StoryFilter:
    """Which stories are wanted: by words, by feed, by what they touch."""

    text: str = ""
    feed: str = ""
    shown: Shown = Shown.ALL

    def wanted(self, stories: Mapping[str, Story], mine: Collection[str]) -> dict[str, Story]:
        """Return the stories that fit."""
        words = self.text.casefold().split()
        if self == StoryFilter():
            return dict(stories)
        return {key: story for key, story in stories.items() if self._fits(story, words, mine)}

    def _fits(self, story: Story, words: list[str], mine: Collection[str]) -> bool:
        row = story.row
        if self.feed and self.feed not in (row.feed, *story.others):
            return False
        if self.shown is not Shown.ALL and not row.matches:
            return False
        if self.shown is Shown.MINE and not any(match.ticker in mine for match in row.matches):
            return False
        if not words:
            return True
        titles = " ".join(f"{match.title} {match.ticker}" for match in row.matches)
        text = f"{row.title} {row.summary} {row.feed} {titles}".casefold()
        return all(word in text for word in words)

    @property
    def question(self) -> tuple[str, str, Shown]:
        """What is asked, to tell it from another question."""
        return self.text, self.feed, self.shown

    @property
    def said(self) -> str:
        """The filter in words, empty when everything is shown."""
        parts = [f"“{self.text}”"] if self.text else []
        if self.feed:
            parts.append(f"from {self.feed}")
        if self.shown is not Shown.ALL:
            parts.append(self.shown.value)
        return " ".join(parts)


def why_no_news(
    feeds: Mapping[str, FeedRow], now_ns: int, reader: ReaderReport | None = None
) -> tuple[str, ...]:
    """Return why there is no item yet, and what to do."""
    if reader is not None and reader.state is ReaderState.DOWN:
        return (f"No news is being read: {reader.text}.", "Events and the log say more.")
    reports = [row.report for row in feeds.values()]
    on = [report for report in reports if report.state is not FeedState.OFF]
    if not reports:
        return (
            "News is off, or has no feed.",
            "Settings: news.enabled, and [news.own] for feeds of your own.",
        )
    if not on:
        return ("Every feed is switched off.", "In Feeds, s switches one on.")
    failing = [report for report in on if report.state is FeedState.FAILING]
    if len(failing) == len(on):
        why = failing[0].text or "it does not answer"
        return (f"No feed answers. {failing[0].title or failing[0].name}: {why}", _AGAIN)
    good = [report for report in on if report.state is FeedState.OK]
    if not good:
        return (f"No news yet: {len(on)} feeds are being asked for the first time.",)
    newest = max(report.ok_ns for report in good)
    seconds = max((now_ns - newest) // 1_000_000_000, 0)
    return (f"No news yet: {len(good)} feeds answer, the last {seconds}s ago.",)


_AGAIN = "Each is asked again by itself, ever more seldom. Feeds, below, says more."
