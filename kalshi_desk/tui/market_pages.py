"""Which page of the list of markets to ask for next: what is in sight, and nothing twice at a time.

The engine cuts a list into pages; only those in sight are asked for, and asked again while
they are.  One question is on its way at a time, and the newest wish replaces older ones.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import msgspec

from kalshi_desk.desk.commands import QueryFailed, Reply
from kalshi_desk.desk.frames import MarketRow
from kalshi_desk.desk.service import AskMarkets, MarketFilter, MarketSort, MarketsPage

PAGE = 100
REFRESH_S = 1.0
RETRY_S = 2.0


@dataclass(frozen=True, slots=True)
class Question:
    """What is listed, and in which order."""

    wanted: MarketFilter = field(default_factory=MarketFilter)
    sort: MarketSort = MarketSort.CLOSE
    descending: bool = False

    def ask(self, offset: int, limit: int, around: str = "") -> AskMarkets:
        """Return the query for one page."""
        return AskMarkets(
            wanted=self.wanted,
            sort=self.sort,
            descending=self.descending,
            offset=offset,
            limit=limit,
            around=around,
        )


class MarketPages:
    """What is known of one list.

    ``put`` gets each page with whether it begins a new order, and whether it is the first
    answer to a new question.
    """

    def __init__(
        self, clock_s: Callable[[], float], put: Callable[[MarketsPage, bool, bool], None]
    ) -> None:
        self._clock_s = clock_s
        self._put = put
        self.question = Question()
        self.page: MarketsPage | None = None
        """The newest answer to the question as it is now; None while it is on its way."""
        self.problem = ""
        self._known: set[int] = set()
        self._on_its_way: AskMarkets | None = None
        self._is_order_old = False
        self._seen = (0, 0)
        self._read_s = 0.0

    def ask(self, question: Question) -> None:
        """Change what is listed."""
        if question != self.question:
            self.question, self.page, self.problem = question, None, ""
            self._is_order_old = False
            self._known.clear()

    def again(self) -> None:
        """Have what is in sight come again at once."""
        self._seen = (0, 0)

    def due(self, first: int, count: int, cursor: str) -> AskMarkets | None:
        """Return what to ask now for the lines in sight, None when nothing is to be asked.

        Whoever asks gives the reply to ``take``.
        """
        if self._on_its_way is not None:
            return None
        now_s = self._clock_s()
        if self.problem and now_s - self._read_s < RETRY_S:
            return None
        query = self._next(first, count, cursor, now_s)
        self._on_its_way = query
        return query

    def _next(self, first: int, count: int, cursor: str, now_s: float) -> AskMarkets | None:
        if self.page is None:
            return self.question.ask(0, PAGE)
        if self._is_order_old:
            return self.question.ask(first // PAGE * PAGE, PAGE, cursor)
        last = min(first + max(count, 1), self.page.total)
        missing = next((line for line in range(first, last) if line not in self._known), None)
        if missing is not None:
            return self.question.ask(missing // PAGE * PAGE, PAGE)
        is_seen = self._seen[0] <= first and last <= self._seen[1]
        if is_seen and now_s - self._read_s < REFRESH_S:
            return None
        return self.question.ask(first, max(last - first, 1))

    def take(self, query: AskMarkets, reply: Reply | None) -> bool:
        """Take the reply to a query; return whether anything came of it."""
        if query is self._on_its_way:
            self._on_its_way = None
        if (query.wanted, query.sort, query.descending) != (
            self.question.wanted,
            self.question.sort,
            self.question.descending,
        ):
            return False
        self._read_s = self._clock_s()
        if not isinstance(reply, MarketsPage):
            if isinstance(reply, QueryFailed):
                self.problem = " ".join(reason.text for reason in reply.reasons)
            return bool(self.problem)
        self.problem = ""
        self._take_page(query, reply)
        return True

    def _take_page(self, query: AskMarkets, page: MarketsPage) -> None:
        is_first = self.page is None
        is_new = is_first or (page.ordered_ns, page.total) != self._order
        if is_new and not is_first and not query.around:
            # Where the cursor's row stands now is not known yet; until it is, nothing moves.
            self._is_order_old = True
            return
        if is_new:
            self._known.clear()
        self._is_order_old, self.page = False, page
        lines = range(page.offset, page.offset + len(page.rows))
        self._known.update(lines)
        self._seen = (page.offset, page.offset + len(page.rows))
        self._put(page, is_new, is_first)

    @property
    def _order(self) -> tuple[int, int]:
        return (0, 0) if self.page is None else (self.page.ordered_ns, self.page.total)


def beyond_from(page: MarketsPage) -> int:
    """Return the line from which on the desk follows none of the markets."""
    return page.total - page.beyond


def with_place(wanted: MarketFilter, category: str, series: str, event: str) -> MarketFilter:
    """Return a filter for one place."""
    return msgspec.structs.replace(wanted, category=category, series=series, event=event)


def spread(row: MarketRow) -> int | None:
    """Return the spread in 1/10,000 dollar, None without both sides."""
    if row.yes_bid is None or row.yes_ask is None:
        return None
    return row.yes_ask - row.yes_bid
