"""A core that hears of markets, books and news; seconds count from the start."""

from __future__ import annotations

from kalshi_desk.core.events import (
    AccountRead,
    BookSnapshot,
    ConnectionChanged,
    CoreEvent,
    LinkState,
    MarketsListed,
    MarketStatusChanged,
    NewsArrived,
    TimerFired,
)
from kalshi_desk.core.news import NewsItem
from kalshi_desk.core.records import Balance, Event, Market
from kalshi_desk.core.strategy import Observation
from kalshi_desk.core.types import Count, MarketStatus, Price, parse_money
from kalshi_desk.desk.commands import Answer, Command
from kalshi_desk.desk.frames import DeskEvent, EventKind
from kalshi_desk.engine.core import TradingCore
from kalshi_desk.engine.effects import (
    Effect,
    GiveAnswer,
    KeepEntry,
    KeepObservation,
    Notify,
)
from kalshi_desk.engine.inputs import CommandReceived
from kalshi_desk.engine.news_desk import PassNews
from kalshi_desk.engine.state import CoreSettings
from tests.market.news import SECOND, START

DAY_S = 86_400.0


class NewsWorld:
    """Markets A and B of event E, in the middle of 40 cents since long before the start."""

    def __init__(self, core: TradingCore | None = None, *, since_s: float = -600.0) -> None:
        self.core = core or TradingCore(CoreSettings())
        self.effects: list[Effect] = []
        self.now_s = since_s
        self._commands = 0
        markets = tuple(
            Market(ticker=name, event_ticker="E", close_ns=START + round(30 * DAY_S) * SECOND)
            for name in ("A", "B")
        )
        event = Event(event_ticker="E", series_ticker="S", title="", category="Politics")
        self.take(MarketsListed(markets, (event,)), since_s)
        self.take(ConnectionChanged(LinkState.LIVE), since_s)
        balance = Balance(cash=parse_money("10000"))
        at_ns = START + round(since_s) * SECOND
        self.take(AccountRead((), (), (), (), balance, asked_ns=at_ns), since_s)
        self.book("A", 4_000, since_s)
        self.book("B", 4_000, since_s)

    def take(self, event: CoreEvent, at_s: float) -> list[Effect]:
        """Pass an event, and whatever news the core itself passes on."""
        self.now_s = at_s
        found = self.core.step(event, START + round(at_s * SECOND))
        self.effects += found
        for effect in found:
            if isinstance(effect, PassNews):
                self.take(effect.event, at_s)
        return found

    def book(self, ticker: str, middle: int, at_s: float, *, half: int = 100) -> None:
        bids = ((Price(middle - half), Count(1_000)),)
        self.take(BookSnapshot(ticker, bids, ((Price(middle + half), Count(1_000)),)), at_s)

    def news(self, *items: NewsItem, at_s: float = 1.0) -> list[Effect]:
        return self.take(NewsArrived(items), at_s)

    def wait(self, at_s: float) -> list[Effect]:
        return self.take(TimerFired(), at_s)

    def settle(self, ticker: str, result: str, at_s: float) -> list[Effect]:
        status = MarketStatus.DETERMINED
        return self.take(MarketStatusChanged(ticker, status, result=result), at_s)

    def command(self, command: Command) -> Answer:
        self._commands += 1
        self.take(CommandReceived(f"k{self._commands}", command), self.now_s)
        return [one.answer for one in self.effects if isinstance(one, GiveAnswer)][-1]

    @property
    def kept(self) -> list[NewsItem]:
        """What the journal was told of items, in order."""
        entries = [one.entry for one in self.effects if isinstance(one, KeepEntry)]
        return [entry for entry in entries if isinstance(entry, NewsItem)]

    @property
    def measured(self) -> list[Observation]:
        """What the journal was told of measurements of news, in order."""
        found = [one.observation for one in self.effects if isinstance(one, KeepObservation)]
        return [one for one in found if one.strategy == "news"]

    def effects_of(self, horizon: str) -> list[tuple[float, float]]:
        """Return score and change of the measurements of one horizon."""
        return [(o.score, o.value) for o in self.measured if o.cell.endswith(f"|{horizon}")]

    def said(self, kind: EventKind) -> list[DeskEvent]:
        events = [one.event for one in self.effects if isinstance(one, Notify)]
        return [event for event in events if event.kind is kind]
