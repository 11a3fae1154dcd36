"""The panes of the News screen: headlines, one story, the markets it touches, and the feeds."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from kalshi_desk.core.news import FeedState, ReaderReport
from kalshi_desk.desk.service_frames import FeedRow, MatchView, NewsRow
from kalshi_desk.tui import format as f
from kalshi_desk.tui import news_words as w
from kalshi_desk.tui.board import Delta
from kalshi_desk.tui.columns import Column, Item
from kalshi_desk.tui.detail_table import DetailTable
from kalshi_desk.tui.facts_pane import GAP, Fact, heading, labelled, sentence
from kalshi_desk.tui.ink import Cell, fit
from kalshi_desk.tui.layout import FULL_WIDTH
from kalshi_desk.tui.screens.news_stories import Story
from kalshi_desk.tui.virtual_table import VirtualTable
from kalshi_desk.tui.words import ago, day

_BAR = 8
_SOURCE = 15
_MARKET = 24
_HALF = 12
_MOST_TITLE = 2_000
_MOST_SUMMARY = 6_000


class HeadlinesTable(VirtualTable[Story]):
    """Stories, the newest on top; new ones come in above and leave the cursor where it is."""

    def __init__(self, feed_title: Callable[[str], str]) -> None:
        self.now_ns = 0
        self.said = ""
        self.silence: Cell | None = None
        self._feed_title = feed_title
        super().__init__(self._columns(_MARKET), name="headlines", title="News", flashes=False)

    def _columns(self, market: int) -> list[Column[Story]]:
        return [
            Column("age", 4, 100, lambda s: Cell(self.time_text(s), "muted")),
            Column("source", _SOURCE, 60, lambda s: _source(s, self._feed_title), right=False),
            Column("tone", 7, 95, lambda s: w.sentiment_cell(s.row)),
            Column("", _BAR, 30, _bar_cell, right=False),
            Column("sure", 4, 50, _sure),
            Column("headline", 40, 100, lambda s: Cell(s.row.title), right=False, flex=True),
            Column("market", market, 40, _market, right=False),
            Column("since", 6, 90, lambda s: w.moved_cell(s.best)),
            Column("you", 3, 45, lambda s: w.label_mark(s.row), right=False),
        ]

    def on_resize(self) -> None:
        """Give the markets more room where there is much."""
        self.columns = tuple(self._columns(_MARKET + max(self.size.width - FULL_WIDTH, 0) // 2))
        super().on_resize()

    def time_text(self, row: Story) -> str:
        """Return how long ago the story was first seen."""
        return w.short_age(row.row.first_seen_ns, self.now_ns)

    def order_rows(self) -> list[Item]:
        """The newest first."""
        rows = self.rows
        return [*sorted(rows, key=lambda key: (-rows[key].row.first_seen_ns, key))]

    def rearrange(self) -> None:
        """Take new stories in above; where one has scrolled down, what is in sight stays there."""
        anchor = self.items[self.top] if 0 < self.top < len(self.items) else None
        above = self._line_of.get(self.cursor_key, 0) - self.top
        super().rearrange()
        if isinstance(anchor, str) and anchor in self._line_of:
            self.top = self._line_of[anchor]
        line = self._line_of.get(self.cursor_key, 0)
        if line - self.top >= self.page:
            self.top = line - min(max(above, 0), self.page - 1)
        self._clamp_top()

    def sync_stories(self, stories: dict[str, Story]) -> None:
        """Take the stories as they are now; what is not among them is gone."""
        gone = tuple(key for key in self.rows if key not in stories)
        # Only stories come here; Delta is typed for the rows of a frame.
        self.apply(Delta(dict(stories), gone), Story)  # type: ignore[arg-type]

    def head_cells(self) -> Iterable[Cell]:
        """Say how many there are, which are shown, how many came in above, and that none do."""
        if self.silence is not None:
            yield self.silence
            yield Cell("  ")
        if self.top:
            yield Cell(f"↑ {self.top} newer ", "you")
        if self.said:
            yield Cell(f"{self.said} ", "you")
        yield Cell(f"{len(self.items):,} stories ", "muted")


def _source(story: Story, feed_title: Callable[[str], str]) -> Cell:
    times = f" ×{story.copies}" if story.copies > 1 else ""
    name = fit(feed_title(story.row.feed), _SOURCE - len(times))
    return Cell(f"{name}{times}", w.TIER_INK[story.row.tier])


def _bar_cell(story: Story) -> Cell:
    row = story.row
    if not w.is_scored(row):
        return Cell("")
    return Cell(w.bar(row.sentiment, _BAR), w.tone(row.sentiment))


def _sure(story: Story) -> Cell:
    row = story.row
    if not w.is_scored(row):
        return Cell("")
    return Cell(w.percent(row.confidence), "ink" if row.confidence >= 0.5 else "faint")


def _market(story: Story) -> Cell:
    best = story.best
    if best is None:
        return Cell(f.NONE, "faint")
    more = len(story.row.matches) - 1
    return Cell(f"{f'+{more} ' if more else ''}{best.title or best.ticker}", "muted")


class MatchesTable(DetailTable[MatchView]):
    """The markets that the selected story is about, and what they did since."""

    def __init__(self) -> None:
        columns: list[Column[MatchView]] = [
            Column("market", 18, 100, lambda m: Cell(m.title or m.ticker), right=False, flex=True),
            Column("good is", 9, 95, w.polarity_cell, right=False),
            Column("before", 6, 70, lambda m: Cell(f.average(m.pre_price), "muted")),
            Column("now", 6, 80, lambda m: Cell(f.average(m.now_price))),
            Column("since", 6, 90, w.moved_cell),
            Column("fair", 5, 60, _posterior),
            Column("fit", 4, 40, lambda m: Cell(f"{m.relevance:.2f}", "muted")),
            Column("by", 4, 30, _by),
        ]
        super().__init__(columns, name="matches", title="Matched markets")

    def order_rows(self) -> list[Item]:
        """The best fit first, as the engine tells them."""
        return list(self.rows)

    def detail(self, row: MatchView) -> str:
        """Return why it was matched, and what is not clear."""
        unclear = ""
        if row.is_ambiguous and not row.by_person:
            unclear = "Other events fit as well: nothing is traded on it. "
        who = "You said so. " if row.by_person else ""
        return f"{unclear}{who}{row.why} · {row.ticker}"

    def detail_ink(self) -> str:
        """Return the role of the text below."""
        row = self.current
        is_unclear = row is not None and row.is_ambiguous and not row.by_person
        return "caution" if is_unclear and not self.note else super().detail_ink()


def _posterior(row: MatchView) -> Cell:
    if row.posterior is None:
        return Cell(f.NONE, "faint")
    return Cell(f"{row.posterior * 100:.1f}%", "you")


def _by(row: MatchView) -> Cell:
    return Cell("you", "you", True) if row.by_person else Cell("desk", "faint")


class FeedsTable(DetailTable[FeedRow]):
    """Every feed with its health; one that fails says why."""

    def __init__(self) -> None:
        self.now_ns = 0
        self.only = ""
        self.reader: ReaderReport | None = None
        columns: list[Column[FeedRow]] = [
            Column("feed", 16, 100, self._feed, right=False, flex=True),
            Column("state", 9, 99, lambda r: w.state_cell(r.report), right=False),
            Column("tier", 8, 30, lambda r: Cell(r.report.tier.value, "muted"), right=False),
            Column("items", 5, 60, lambda r: Cell(f"{r.report.items:,}", "muted")),
            Column("last", 5, 80, lambda r: Cell(self.time_text(r), "muted")),
            Column("answer", 7, 50, _latency),
            Column("lag", 5, 70, lambda r: Cell(w.lag_text(r.report), "muted")),
            Column("fails", 5, 40, _failures),
        ]
        super().__init__(columns, name="feeds", title="Feeds")

    def _feed(self, row: FeedRow) -> Cell:
        report = row.report
        is_only = report.name == self.only
        mark = "● " if is_only else ""
        return Cell(f"{mark}{report.title or report.name}", "you" if is_only else "ink", is_only)

    def time_text(self, row: FeedRow) -> str:
        """Return how long ago it answered well."""
        return w.short_age(row.report.ok_ns, self.now_ns)

    def order_rows(self) -> list[Item]:
        """Those that fail first, those that are off last, else by name."""
        rank = {FeedState.FAILING: 0, FeedState.OFF: 2}
        rows = self.rows
        return [*sorted(rows, key=lambda key: (rank.get(rows[key].report.state, 1), key))]

    def head_cells(self) -> Iterable[Cell]:
        """Say how many answer and what scores, or that nobody asks them."""
        silence = w.silence_cell(self.reader)
        if silence is not None:
            yield silence
            yield Cell(" ")
            return
        reports = [row.report for row in self.rows.values()]
        failing = sum(report.state is FeedState.FAILING for report in reports)
        good = sum(report.state is FeedState.OK for report in reports)
        if failing:
            yield Cell(f"{failing} failing ", "risk", True)
        yield Cell(f"{good} of {len(reports)} answer ", "muted")
        yield from w.scorer_cells(self.reader)

    def detail(self, row: FeedRow) -> str:
        """Return why it fails, else where it is."""
        report = row.report
        if report.state is FeedState.FAILING:
            return f"{report.text or 'It does not answer.'} · {report.url}"
        return f"{report.text} · {report.url}" if report.text else report.url

    def detail_ink(self) -> str:
        """Return the role of the text below."""
        row = self.current
        failing = row is not None and row.report.state is FeedState.FAILING
        return "risk" if failing and not self.note else super().detail_ink()


def _latency(row: FeedRow) -> Cell:
    report = row.report
    return Cell(f.age(report.latency_ms) if report.asked_ns else f.NONE, "muted")


def _failures(row: FeedRow) -> Cell:
    count = row.report.failures
    return Cell(f"{count:,}" if count else "", "caution")


def story_facts(story: Story | None, source: str, now_ns: int, room: int) -> list[Fact]:
    """Return one story in full: who said it and when, its tone, its text, its link."""
    if story is None:
        return [(Cell("Select a headline.", "muted"),)]
    row = story.row
    facts = sentence(row.title[:_MOST_TITLE], room)
    facts += [
        (Cell(f"{source} · {w.TIER_WORDS[row.tier]}", w.TIER_INK[row.tier]), GAP, _seen(row)),
        (),
        *_tone(row),
    ]
    if row.label is not None:
        label = w.label_cell(row)
        facts.append(labelled("your label", label.text, label.ink, bold=True))
    facts.append(labelled("first seen", f"{ago(row.first_seen_ns, now_ns)}{_claimed(row)}"))
    if story.copies > 1:
        others = ", ".join(story.others)
        facts.append(labelled("copies", f"{story.copies}{f' · also {others}' if others else ''}"))
    if row.summary:
        facts += [(), *sentence(row.summary[:_MOST_SUMMARY], room, "muted")]
    if row.link:
        facts += [(), heading("Link, y copies it"), *sentence(row.link, room, "muted")]
    return facts


def _seen(row: NewsRow) -> Cell:
    return Cell(f"{day(row.first_seen_ns, time=True)} UTC", "faint")


def _claimed(row: NewsRow) -> str:
    if not row.published_ns:
        return ", no time given"
    late_s = (row.first_seen_ns - row.published_ns) // f.SECOND_NS
    if late_s < 0:
        return ", dated later than that"
    return f", {f.span(late_s)} after its date"


def _tone(row: NewsRow) -> list[Fact]:
    if not w.is_scored(row):
        return [(Cell("Not read yet: no tone.", "faint"),)]
    left, right = w.two_sided(row.sentiment, _HALF)
    ink = w.tone(row.sentiment)
    return [
        (
            Cell("tone ", "muted"),
            Cell(f"{w.signed(row.sentiment):<7} ", ink, True),
            Cell(left, ink),
            Cell("│", "faint"),
            Cell(right, ink),
            GAP,
            Cell(f"{w.percent(row.confidence)} sure", "ink" if row.confidence >= 0.5 else "faint"),
        ),
        labelled("read by", row.scored_by, "muted"),
    ]
