"""Pages of a list: one question at a time, only what is in sight, and the cursor on its market."""

from __future__ import annotations

from kalshi_desk.core.reasons import Reason, ReasonCode
from kalshi_desk.desk.commands import QueryFailed
from kalshi_desk.desk.service import AskMarkets, MarketFilter, MarketsPage
from kalshi_desk.tui.market_pages import PAGE, MarketPages, Question
from kalshi_desk.tui.paged_table import LineKeys, PagedTable
from tests.tui.conftest import Seconds
from tests.tui.scripted import HELD, World

ROW = World().rows[HELD]


class Book:
    """Takes the pages; ``order`` is the number of the order that the engine answers with."""

    def __init__(self, total: int = 1_000) -> None:
        self.seconds = Seconds()
        self.put: list[tuple[int, int, bool, bool]] = []
        self.pages = MarketPages(self.seconds, self._put)
        self.total, self.order = total, 1

    def _put(self, page: MarketsPage, is_new: bool, is_first: bool) -> None:
        self.put.append((page.offset, len(page.rows), is_new, is_first))

    def reply(self, ask: AskMarkets) -> MarketsPage:
        offset = 300 if ask.around == "FAR" else ask.offset
        count = max(min(ask.limit, self.total - offset), 0)
        return MarketsPage(
            total=self.total, rows=(ROW,) * count, offset=offset, ordered_ns=self.order
        )

    def turn(self, first: int = 0, count: int = 20, cursor: str = "A") -> AskMarkets | None:
        ask = self.pages.due(first, count, cursor)
        if ask is not None:
            self.pages.take(ask, self.reply(ask))
        return ask


def test_one_page_then_what_is_in_sight_each_second() -> None:
    book = Book()
    first = book.turn()
    assert first is not None
    assert (first.offset, first.limit) == (0, PAGE)
    assert book.turn() is None
    book.seconds.value += 1.5
    again = book.turn(first=3)
    assert again is not None
    assert (again.offset, again.limit) == (3, 20)
    assert book.put == [(0, PAGE, True, True), (3, 20, False, False)]


def test_scrolling_asks_for_the_page_that_is_missing() -> None:
    book = Book()
    book.turn()
    ask = book.turn(first=395)
    assert ask is not None
    assert (ask.offset, ask.limit) == (300, PAGE)
    ask = book.turn(first=395)
    assert ask is not None
    assert ask.offset == 400


def test_one_question_at_a_time_and_the_newest_wish_wins() -> None:
    book = Book()
    slow = book.pages.due(0, 20, "")
    assert slow is not None
    book.pages.ask(Question(MarketFilter(text="fed")))
    assert book.pages.due(0, 20, "") is None
    assert not book.pages.take(slow, book.reply(slow)), "an answer to an older question"
    assert book.put == []
    ask = book.turn()
    assert ask is not None
    assert ask.wanted.text == "fed"
    assert book.put == [(0, PAGE, True, True)]


def test_a_new_order_waits_until_the_cursor_is_found_in_it() -> None:
    book = Book()
    book.turn()
    book.seconds.value += 1.5
    book.order = 2
    book.turn(cursor="FAR")
    assert len(book.put) == 1, "nothing moves yet"
    ask = book.turn(cursor="FAR")
    assert ask is not None
    assert ask.around == "FAR"
    assert book.put[1:] == [(300, PAGE, True, False)]


def test_a_refusal_is_kept_and_asked_again_later() -> None:
    book = Book()
    ask = book.pages.due(0, 20, "")
    assert ask is not None
    failed = QueryFailed(reasons=(Reason(ReasonCode.BAD_COMMAND, "No."),))
    assert book.pages.take(ask, failed)
    assert book.pages.problem == "No."
    assert book.pages.due(0, 20, "") is None
    book.seconds.value += 3
    assert book.turn() is not None
    assert book.pages.problem == ""


def test_no_answer_is_asked_again() -> None:
    book = Book()
    ask = book.pages.due(0, 20, "")
    assert ask is not None
    assert not book.pages.take(ask, None)
    assert book.turn() is not None


def test_lines_have_keys_before_their_rows_come() -> None:
    keys = LineKeys(7_000)
    keys.known[3] = "A"
    assert (keys[2], keys[3], len(keys)) == ("#2", "A", 7_000)
    assert list(keys[2:5]) == ["#2", "A", "#4"]


def test_the_cursor_may_stand_on_a_line_that_is_not_known_yet() -> None:
    table = PagedTable([], name="t", title="T")
    table.put(500, 0, (ROW,), is_new=True, is_first=True)
    assert table.cursor_key == ROW.ticker
    table.move(250)
    assert (table.cursor_key, table.current) == ("#250", None)
    other = World().rows["KXFED-26NOV23-T1"]
    table.put(500, 250, (other,), is_new=False, is_first=False)
    assert (table.cursor_key, table.current) == (other.ticker, other)
    table.move(10_000)
    assert table.line_of(table.cursor_key) == 499
