"""News: what arrives, the markets it touches, what those did since, and the feeds behind it."""

from __future__ import annotations

from kalshi_desk.core.news import ReaderReport
from kalshi_desk.desk.service_frames import FeedRow, MatchView, NewsRow, ReaderRow
from kalshi_desk.tui import format as f
from kalshi_desk.tui import news_words as w
from kalshi_desk.tui.actions import Where
from kalshi_desk.tui.confirm import is_open
from kalshi_desk.tui.desk import Desk
from kalshi_desk.tui.facts_pane import FactsPane
from kalshi_desk.tui.ink import Cell
from kalshi_desk.tui.layout import ScreenName
from kalshi_desk.tui.screens.news_keys import NewsKeys
from kalshi_desk.tui.screens.news_panes import (
    FeedsTable,
    HeadlinesTable,
    MatchesTable,
    story_facts,
)
from kalshi_desk.tui.screens.news_stories import Shown, Stories, Story, StoryFilter, why_no_news
from kalshi_desk.tui.station import Grid, StationScreen
from kalshi_desk.tui.virtual_table import VirtualTable


class NewsScreen(StationScreen):
    """Headlines above; the selected story, its markets and the feeds below."""

    NAME = ScreenName.NEWS

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self.only = StoryFilter()
        self.stories = Stories()
        self._shown: tuple[object, ...] = ()
        self.headlines = HeadlinesTable(self.feed_title)
        self.story = FactsPane("story", "Story")
        self.matches = MatchesTable()
        self.feeds = FeedsTable()
        self.panes = {
            Where.HEADLINES: self.headlines,
            Where.STORY: self.story,
            Where.MATCHES: self.matches,
            Where.FEEDS: self.feeds,
        }
        self._of = ""
        self._told: tuple[object, ...] = ()
        self.more_keys = NewsKeys(self)

    @property
    def topics(self) -> tuple[str, ...]:
        """The items, the feeds that they come from, and what reads those."""
        return ("news", "feeds", "reader")

    # --- layout ------------------------------------------------------------------------

    def wide_grid(self, width: int, height: int) -> Grid:
        """Return headlines over the full width, the story left, markets and feeds right."""
        below = min(max(height * 11 // 20, 14), 22)
        feeds = max(below // 2 - 1, 7)
        return Grid(
            "1fr 1fr",
            f"1fr {below - feeds} {feeds}",
            tuple(self.panes),
            right=frozenset({Where.MATCHES, Where.FEEDS}),
            wide=frozenset({Where.HEADLINES}),
            tall=frozenset({Where.STORY}),
        )

    def lead_rows(self, height: int) -> int:
        """Give the headlines half."""
        return height // 2

    def counts(self) -> dict[str, int]:
        """Return how many markets the story touches, and how many feeds there are."""
        return {Where.MATCHES: len(self.matches.rows), Where.FEEDS: len(self.feeds.rows)}

    # --- what is shown -----------------------------------------------------------------

    def show_rows(self, topics: set[str]) -> None:
        """Show the newest of these topics."""
        board = self.desk.board
        now_ns = board.now_ns
        for timed in (self.headlines, self.feeds):
            timed.now_ns = now_ns
        if "reader" in topics:
            self._show_reader()
        if "feeds" in topics:
            self.feeds.sync(board.rows("feeds", FeedRow), FeedRow)
            self.feeds.refresh_line(0)
        if "news" in topics:
            self.stories.sync(board.rows("news", NewsRow))
        self.show_filtered()
        for table in (self.headlines, self.feeds):
            table.beat_time(now_ns // f.SECOND_NS)

    @property
    def reader(self) -> ReaderReport | None:
        """The process that reads news, None where nobody says."""
        row = self.desk.board.rows("reader", ReaderRow).get("")
        return None if row is None else row.report

    def _show_reader(self) -> None:
        reader = self.reader
        if reader == self.feeds.reader:
            return
        self.feeds.reader = reader
        self.feeds.refresh_line(0)
        self.headlines.silence = w.silence_cell(reader)
        self.headlines.refresh_line(0)

    def show_filtered(self) -> None:
        """Show the stories that are wanted, and the selected one."""
        table, only = self.headlines, self.only
        mine = self.mine() if only.shown is Shown.MINE else set()
        asked = (self.stories.version, only.question, mine)
        if asked != self._shown:
            self._shown = asked
            table.sync_stories(only.wanted(self.stories.by_id, mine))
        if table.said != only.said:
            table.said = only.said
        table.refresh_line(0)
        self._say_why_empty()
        self.show_story()

    def _say_why_empty(self) -> None:
        feeds = self.feeds.rows
        if self.stories.by_id:
            text: tuple[str, ...] = (
                f"No story fits {self.only.said}.",
                "Esc shows all of them again.",
            )
        else:
            text = why_no_news(feeds, self.desk.board.now_ns, self.reader)
        self.empty(self.headlines, "news", *text)
        self.empty(self.feeds, "feeds", "No feeds.", "News is off, or has none.")

    @property
    def row(self) -> NewsRow | None:
        """The selected item: the first copy of the selected story."""
        story = self.headlines.current
        return None if story is None else story.row

    def mine(self) -> set[str]:
        """Return the markets that the account is in."""
        board = self.desk.board
        held = {row.ticker for row in board.positions.values() if row.position}
        return held | {row.ticker for row in board.orders.values() if is_open(row)}

    def feed_title(self, name: str) -> str:
        """Return what a feed is called."""
        row = self.feeds.rows.get(name)
        return (row.report.title if row is not None else "") or name

    def show_story(self) -> None:
        """Show the story under the cursor and its markets."""
        story = self.headlines.current
        key = "" if story is None else story.row.item_id
        if key != self._of:
            self._of, self.story.top, self._told = key, 0, ()
            self.matches.sync({}, MatchView)
        self._say_why_empty_matches(story)
        source = "" if story is None else self.feed_title(story.row.feed)
        now_ns, room = self.desk.board.now_ns, self.story.room
        told = (story, source, now_ns // f.SECOND_NS, room)
        if told == self._told:
            return
        self._told = told
        facts = story_facts(story, source, now_ns, room)
        self.story.show(facts, right=(Cell(f"{source} ", "muted"),) if source else ())
        matches = () if story is None else story.row.matches
        self.matches.sync({match.ticker: match for match in matches}, MatchView)

    def _say_why_empty_matches(self, story: Story | None) -> None:
        text = "Select a headline." if story is None else "No market matches it; a adds one."
        self.empty(self.matches, "news", text)

    def on_virtual_table_moved(self, event: VirtualTable.Moved) -> None:
        """Show what belongs to the headline under the cursor."""
        event.stop()
        if event.table is self.headlines:
            self.show_story()

    def on_virtual_table_chosen(self, event: VirtualTable.Chosen) -> None:
        """Do what Enter does, on a double click."""
        event.stop()
        self.focus_pane(next(w for w, pane in self.panes.items() if pane is event.table))
        self.more_keys.confirm()

    # --- keys --------------------------------------------------------------------------

    def before_action(self) -> None:
        """Show what belongs to the headline of now, for keys come faster than messages."""
        self.show_story()

    def owners(self) -> tuple[object, ...]:
        """Return who carries out actions."""
        return (self.more_keys, self.common)

    def line_typed(self, sign: str, text: str) -> None:
        """Search while words are typed."""
        if sign == "/":
            self.more_keys.look_for(text)

    def line_entered(self, sign: str, text: str) -> None:
        """Carry out a finished line."""
        if sign == "/":
            self.more_keys.look_for(text)
            self.bar_done()
        else:
            super().line_entered(sign, text)

    def line_left(self, sign: str) -> None:
        """End a search with its line."""
        if sign == "/":
            self.more_keys.look_for("")
        self.bar_done()
