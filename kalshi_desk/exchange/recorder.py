"""Brings every market's candlesticks up to date from what the engine says happened."""

from __future__ import annotations

from kalshi_desk.exchange import history
from kalshi_desk.exchange.matching import MatchingEngine
from kalshi_desk.exchange.notices import LevelChanged, LifecycleChanged, Notice, Traded


class Recorder:
    """Reads each notice once, before it is taken by whoever publishes it."""

    def __init__(self, engine: MatchingEngine) -> None:
        self._engine = engine
        self._seen: tuple[list[Notice], int] = ([], 0)

    def note(self, now_ns: int) -> None:
        """Enter what happened since the last call; called once a step or command."""
        engine = self._engine
        seen, count = self._seen
        fresh = engine.notices[count:] if seen is engine.notices else engine.notices
        touched: set[str] = set()
        minutes = history.minutes_kept(len(engine.markets))
        for notice in fresh:
            if isinstance(notice, Traded):
                market = engine.markets[notice.ticker]
                history.note_trade(market, engine.books[notice.ticker], notice.trade, minutes)
                touched.add(notice.ticker)
            elif isinstance(notice, LevelChanged):
                touched.add(notice.ticker)
            elif isinstance(notice, LifecycleChanged):
                engine.dirty.add(notice.ticker)
        for ticker in touched:
            history.note_quotes(engine.markets[ticker], engine.books[ticker], now_ns, minutes)
        self._seen = (engine.notices, len(engine.notices))
