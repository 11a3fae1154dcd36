"""News in the core: kept, told where it matters, corrected by people, and learned from."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

import msgspec

from kalshi_desk.core.events import FeedsReported, MarketStatusChanged, NewsArrived
from kalshi_desk.core.news import MIN_RELEVANCE, NewsItem, NewsMatch
from kalshi_desk.core.reasons import ReasonCode
from kalshi_desk.core.strategy import Signal
from kalshi_desk.core.types import MONEY_SCALE, Money
from kalshi_desk.desk.commands import Outcomes
from kalshi_desk.desk.frames import EventKind, Level
from kalshi_desk.desk.service import CorrectMatch, LabelNews
from kalshi_desk.engine.commanding import Commanding
from kalshi_desk.engine.decision_check import one_line
from kalshi_desk.engine.effects import Effect, KeepEntry
from kalshi_desk.engine.news_learning import NewsLearning
from kalshi_desk.engine.news_view import feed_rows, news_rows, reader_rows
from kalshi_desk.engine.outbox import Outbox
from kalshi_desk.engine.reader_watch import ReaderWatch
from kalshi_desk.engine.state import CoreState
from kalshi_desk.engine.topics import WHOLE
from kalshi_desk.strategies.news_proof import NEWS

ARBITRAGE = "arbitrage"
LARGE_PROFIT = Money(MONEY_SCALE)
"""A basket that surely earns a dollar is worth a word."""
TOLD_FOR_NS = 600_000_000_000
"""News that the desk has known for longer is no news to a person."""
TOLD_LAG_NS = 3_600_000_000_000
AGAIN_NS = 3_600_000_000_000
MINUTE_NS = 60_000_000_000
MOST_TOLD = 6
"""Words of each kind in a minute."""
REMEMBERED = 2_000


class PassNews(Effect, frozen=True):
    """Pass news through the core as if it had come from outside: to all who listen to it."""

    event: NewsArrived


class NewsDesk:
    """Listens to news and feeds, and carries out what people say about an item."""

    def __init__(self, state: CoreState, outbox: Outbox, commanding: Commanding) -> None:
        self._state = state
        self._outbox = outbox
        self._commanding = commanding
        self.learning = NewsLearning(state, outbox)
        self._stories = _Pace(state)
        self._chances = _Pace(state)
        self._reader = ReaderWatch(state, outbox)
        commanding.others[CorrectMatch] = self._correct
        commanding.others[LabelNews] = self._label

    def arrived(self, event: NewsArrived) -> None:
        """Keep what is new or changed, learn from it, and tell what concerns the account."""
        state = self._state
        state.markets.apply(event, state.now_ns)
        changed = state.markets.news.changed
        for item in changed:
            self._outbox.do(KeepEntry(item))
            self.learning.add(item, state.markets.news.began_ns(item), state.now_ns)
        self._tell(changed)

    def feeds(self, event: FeedsReported) -> None:
        """Take how every feed is, and tell when news stops or goes on being read."""
        markets = self._state.markets
        before = markets.sources.reader
        markets.apply(event, self._state.now_ns)
        self._reader.moved(before, markets.sources.reader)

    def beat(self) -> None:
        """Measure what stories have done."""
        self.learning.beat()

    def status(self, event: MarketStatusChanged) -> None:
        """Measure what stories about a decided market were worth."""
        self.learning.status(event)

    def restore(self, items: Sequence[NewsItem], now_ns: int) -> None:
        """Know the journaled items again, oldest first."""
        self._state.markets.apply(NewsArrived(tuple(items)), now_ns)
        self.learning.restore(items, now_ns)

    def decided(self, strategy: str) -> None:
        """Tell of what a strategy has just found, where it is proven or surely large."""
        found = self._state.strategies.get(strategy)
        if found is None or not found.is_on or strategy not in (NEWS, ARBITRAGE):
            return
        for signal in found.signals:
            if self._is_chance(strategy, signal) and self._chances.may(
                f"{strategy} {signal.candidate}", AGAIN_NS
            ):
                self._outbox.say(
                    self._state.now_ns,
                    EventKind.OPPORTUNITY,
                    Level.GOOD,
                    f"{found.info.title}: {signal.candidate}",
                    signal.text,
                    signal.legs[0].ticker,
                )

    @staticmethod
    def _is_chance(strategy: str, signal: Signal) -> bool:
        if signal.unproven:
            return False
        return strategy == NEWS or (signal.guaranteed or 0) >= LARGE_PROFIT

    # --- what is told --------------------------------------------------------------------

    def _tell(self, items: Sequence[NewsItem]) -> None:
        state = self._state
        recent = [item for item in items if self._is_recent(item)]
        if not recent:
            return
        mine = state.starred | {held.ticker for held in state.positions.held()}
        mine |= {order.ticker for order in state.orders.open_orders()}
        for item in recent:
            about = [m for m in item.matches if m.relevance >= MIN_RELEVANCE and m.ticker in mine]
            if not about or not self._stories.may(item.cluster, TOLD_FOR_NS):
                continue
            first = max(about, key=lambda match: (match.relevance, match.ticker))
            self._outbox.say(
                state.now_ns,
                EventKind.NEWS,
                Level.INFO,
                one_line(item.title),
                self._words(item, about),
                first.ticker,
            )

    def _is_recent(self, item: NewsItem) -> bool:
        age_ns = self._state.now_ns - self._state.markets.news.began_ns(item)
        lag_ns = item.lag_ns
        return age_ns <= TOLD_FOR_NS and (lag_ns is None or lag_ns <= TOLD_LAG_NS)

    @staticmethod
    def _words(item: NewsItem, about: Sequence[NewsMatch]) -> str:
        names = ", ".join(_way(match) for match in about)
        score = f"sentiment {item.sentiment:+.2f}, confidence {item.confidence:.0%}"
        return one_line(f"{item.feed}: {names} ({score})")

    # --- what people say -----------------------------------------------------------------

    def _correct(self, name: str, command: CorrectMatch) -> None:
        item = self._known(name, command.item_id)
        if item is None:
            return
        ticker, polarity = command.ticker, command.polarity
        was = {match.ticker: match for match in item.matches}
        if polarity is None and ticker not in was:
            text = f"That item is not matched to {ticker}."
            self._commanding.refuse(name, ReasonCode.BAD_COMMAND, text)
            return
        if polarity is not None and self._state.markets.get(ticker) is None:
            text = f"There is no market {ticker}."
            self._commanding.refuse(name, ReasonCode.UNKNOWN_MARKET, text)
            return
        said = NewsMatch(ticker=ticker, relevance=0.0, why="a person said so", by_person=True)
        if polarity is not None:
            said = msgspec.structs.replace(said, relevance=1.0, polarity=polarity)
        matches = tuple({**was, ticker: said}.values())
        self._pass_on(msgspec.structs.replace(item, matches=matches))
        word = "is not about" if polarity is None else "is about"
        self._commanding.answer(name, Outcomes.DONE, f"The item {word} {ticker}.")

    def _label(self, name: str, command: LabelNews) -> None:
        item = self._known(name, command.item_id)
        if item is None:
            return
        if command.label not in (-1, 0, 1):
            text = f"A label is -1, 0 or 1, not {command.label}. Nothing was changed."
            self._commanding.refuse(name, ReasonCode.BAD_COMMAND, text)
            return
        self._pass_on(msgspec.structs.replace(item, label=command.label))
        word = {-1: "bad", 0: "neither good nor bad", 1: "good"}[command.label]
        self._commanding.answer(name, Outcomes.DONE, f"Labelled as {word} news.")

    def _known(self, name: str, item_id: str) -> NewsItem | None:
        item = self._state.markets.news.by_id.get(item_id)
        if item is None:
            text = "That item is not among the news of the last two days."
            self._commanding.refuse(name, ReasonCode.BAD_COMMAND, text)
        return item

    def _pass_on(self, item: NewsItem) -> None:
        """Let everyone know it as it now is: the journal, the strategies, a recording."""
        self._outbox.do(PassNews(NewsArrived((item,))))


class _Pace:
    """How often something may be told: each thing once in a while, and few in a minute."""

    def __init__(self, state: CoreState) -> None:
        self._state = state
        self._told: dict[str, int] = {}
        self._times: deque[int] = deque(maxlen=MOST_TOLD)

    def may(self, name: str, again_ns: int) -> bool:
        """Return whether it may be told now, and take note that it is."""
        now_ns, times = self._state.now_ns, self._times
        if name in self._told and abs(now_ns - self._told[name]) < again_ns:
            return False
        if len(times) == MOST_TOLD and abs(now_ns - times[0]) < MINUTE_NS:
            return False
        times.append(now_ns)
        self._told.pop(name, None)
        self._told[name] = now_ns
        while len(self._told) > REMEMBERED:
            del self._told[next(iter(self._told))]
        return True


def _way(match: NewsMatch) -> str:
    if not match.speaks:
        return match.ticker
    return f"{match.ticker} ({'for' if match.polarity > 0 else 'against'} YES)"


WHOLE["news"] = news_rows
WHOLE["feeds"] = feed_rows
WHOLE["reader"] = reader_rows
