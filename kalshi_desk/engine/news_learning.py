"""What prices did after stories: measured once each, journaled, and proof for the strategy.

For each story about a market, at 5, 30 and 120 minutes after it was first seen and at
settlement, how far the log-odds went from the price before it.  A horizon that the result
overtakes counts at the result, and a market that can't be valued just then is asked again: to
leave either out would choose stories by how they ended.

What a story is measured by is the desk's own first reading of it.  A person who corrects a
match may have seen the price move, and a model read again may have been trained on it; both
change what is shown and traded, and nothing of what is learned.  A match that a person added
is not learned from at all.  After a restart stories go on waiting as the journal tells of
them; horizons that passed while the engine was away are lost, settlements are not.
"""

from __future__ import annotations

from collections.abc import Iterable
from heapq import heappop, heappush

import msgspec

from kalshi_desk.core.events import MarketStatusChanged
from kalshi_desk.core.news import NewsItem, Tier
from kalshi_desk.core.strategy import Observation
from kalshi_desk.core.types import PRICE_ONE, PRICE_SCALE, Price
from kalshi_desk.engine.effects import KeepObservation
from kalshi_desk.engine.learning_desk import SETTLED, result_value, take_in
from kalshi_desk.engine.markouts import TRADING
from kalshi_desk.engine.outbox import Outbox
from kalshi_desk.engine.state import CoreState
from kalshi_desk.market.bars import middle_of
from kalshi_desk.market.live import LiveMarket
from kalshi_desk.quant.logit import clipped_logit
from kalshi_desk.strategies.news_proof import NEWS, Horizon, news_cell, price_cell

DAY_NS = 86_400_000_000_000
RECALLED_NS = 30 * DAY_NS
"""How far back stories still wait for their markets' results after a restart."""
MOST_RECALLED = 20_000
MOST_WAITING = 20_000
ASK_EVERY_NS = 1_000_000_000
LOOK_EVERY_NS = 60_000_000_000
TIMED = (Horizon.MINUTES_5, Horizon.MINUTES_30, Horizon.MINUTES_120)

_Pair = tuple[str, str]
_Due = tuple[int, int, Horizon, _Pair]


class Waiting(msgspec.Struct, frozen=True):
    """A story about a market whose effect is not all known."""

    ticker: str
    tier: Tier
    score: float
    before: Price


class NewsLearning:
    """Waits for horizons and results, and asks for what they show to be kept."""

    def __init__(self, state: CoreState, outbox: Outbox) -> None:
        self._state = state
        self._outbox = outbox
        self._open: dict[_Pair, Waiting] = {}
        self._taken: dict[_Pair, None] = {}
        self._by_ticker: dict[str, dict[_Pair, None]] = {}
        self._due: list[_Due] = []
        self._late: list[_Due] = []
        self._number = 0
        self._asked_ns = self._looked_ns = 0

    def add(self, item: NewsItem, began_ns: int, now_ns: int) -> None:
        """Wait for what the markets of an item do after its story; once for each."""
        for match in item.matches:
            pair = (item.cluster, match.ticker)
            if not match.first_score or match.pre_price is None or pair in self._taken:
                continue
            live = self._state.markets.get(match.ticker)
            if live is not None and live.market.status in SETTLED:
                continue
            self._taken[pair] = None
            self._open[pair] = Waiting(match.ticker, item.tier, match.first_score, match.pre_price)
            self._by_ticker.setdefault(match.ticker, {})[pair] = None
            for horizon in TIMED:
                due_ns = began_ns + horizon.length_ns
                if due_ns > now_ns:
                    self._number += 1
                    heappush(self._due, (due_ns, self._number, horizon, pair))
        while len(self._open) > MOST_WAITING:
            self._close(next(iter(self._open)))
        while len(self._taken) > 2 * MOST_WAITING:
            del self._taken[next(iter(self._taken))]

    def restore(self, items: Iterable[NewsItem], now_ns: int) -> None:
        """Wait again for the stories of journaled items, oldest first."""
        cells = self._state.observations.get(NEWS, {})
        ending = f"|{Horizon.SETTLEMENT.value}"
        over = {one.source for cell in cells if cell.endswith(ending) for one in cells[cell]}
        began: dict[str, int] = {}
        for item in items:
            began_ns = began.setdefault(item.cluster, item.first_seen_ns)
            left = tuple(
                match for match in item.matches if _source(item.cluster, match.ticker) not in over
            )
            self.add(msgspec.structs.replace(item, matches=left), began_ns, now_ns)

    def beat(self) -> None:
        """Measure what is due, and look whether a result came without a word."""
        now_ns = self._state.now_ns
        while self._due and self._due[0][0] <= now_ns:
            due = heappop(self._due)
            if not self._measured(due):
                self._late.append(due)
        if self._late and abs(now_ns - self._asked_ns) >= ASK_EVERY_NS:
            self._asked_ns = now_ns
            self._late = [due for due in self._late if not self._measured(due)]
        if abs(now_ns - self._looked_ns) >= LOOK_EVERY_NS:
            self._looked_ns = now_ns
            for ticker in list(self._by_ticker):
                self._settle(ticker)

    def status(self, event: MarketStatusChanged) -> None:
        """Measure all stories about a market that has its result."""
        self._settle(event.ticker)

    def _settle(self, ticker: str) -> None:
        live = self._state.markets.get(ticker)
        if ticker not in self._by_ticker or live is None or live.market.status not in SETTLED:
            return
        value = result_value(live)
        if value is None:
            return
        pending = [due for due in (*self._due, *self._late) if due[3] in self._by_ticker[ticker]]
        for _, _, horizon, pair in sorted(pending):
            self._keep(self._open[pair], pair, horizon, value, live)
        for pair in list(self._by_ticker[ticker]):
            self._keep(self._open[pair], pair, Horizon.SETTLEMENT, value, live)
            self._close(pair)

    def _measured(self, due: _Due) -> bool:
        """Measure one horizon; False when its market can't be valued now."""
        _, _, horizon, pair = due
        waiting = self._open.get(pair)
        if waiting is None:
            # Its market's result overtook it, or it was one too many.
            return True
        live = self._state.markets.get(waiting.ticker)
        value = None if live is None else _value(live)
        if live is None or value is None:
            return False
        self._keep(waiting, pair, horizon, value, live)
        return True

    def _keep(
        self, waiting: Waiting, pair: _Pair, horizon: Horizon, value: float, live: LiveMarket
    ) -> None:
        cell = news_cell(self._state.markets.category(live.market), waiting.tier, horizon)
        before = waiting.before / PRICE_SCALE
        first, last = clipped_logit([before, value]).tolist()
        for name, shown, score in (
            (cell, last - first, waiting.score),
            (price_cell(cell), value, before),
        ):
            observation = Observation(
                strategy=NEWS,
                cell=name,
                event_ticker=live.market.event_ticker or waiting.ticker,
                value=shown,
                at_ns=self._state.now_ns,
                source=_source(*pair),
                score=score,
            )
            take_in(self._state, observation)
            self._outbox.do(KeepObservation(observation))

    def _close(self, pair: _Pair) -> None:
        waiting = self._open.pop(pair)
        pairs = self._by_ticker[waiting.ticker]
        del pairs[pair]
        if not pairs:
            del self._by_ticker[waiting.ticker]


def _source(cluster: str, ticker: str) -> str:
    return f"{cluster} {ticker}"


def _value(live: LiveMarket) -> float | None:
    """Return what one YES is worth in dollars: the middle, or the result.

    A side that nobody quotes counts as its end of the scale, as for markouts: a market that
    ran away leaves an empty side behind.  None while the book can't be trusted, is empty or
    wide, and from the close until the result.
    """
    if live.market.status not in TRADING:
        return result_value(live)
    book = live.book
    if not book.is_valid:
        return None
    middle = middle_of(book)
    if middle:
        return middle / PRICE_SCALE
    bid, ask = book.bid, book.ask
    if (bid is None) == (ask is None):
        return None
    return ((bid or 0) + (PRICE_ONE if ask is None else ask)) / 2 / PRICE_SCALE
