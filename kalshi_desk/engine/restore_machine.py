"""Brings baskets, simulated accounts, news and entries of pairs back from the journal."""

from __future__ import annotations

import msgspec

from kalshi_desk.core.records import Settlement
from kalshi_desk.core.types import NO_MONEY
from kalshi_desk.engine.alert_desk import RAISED_KEY
from kalshi_desk.engine.core import TradingCore
from kalshi_desk.engine.news_learning import MOST_RECALLED, RECALLED_NS
from kalshi_desk.engine.pair_learning import ENTRY_KEY
from kalshi_desk.engine.paper_desk import CAPITAL, RESTING
from kalshi_desk.execution.baskets import TRAILING, BasketRecord
from kalshi_desk.store.journal import Journal
from kalshi_desk.store.machine import read_baskets, read_paper_fills, read_paper_settlements
from kalshi_desk.store.news_table import read_news

_decode_basket = msgspec.msgpack.Decoder(BasketRecord).decode


def baskets_of(journal: Journal) -> list[BasketRecord]:
    """Return the baskets under way and as many ended ones as the completion rate needs."""
    # An ended basket that says nothing about completion may stand among the newest.
    return [_decode_basket(body) for body in read_baskets(journal.rows, ended=10 * TRAILING)]


def restore_machine(core: TradingCore, journal: Journal, now_ns: int) -> None:
    """Fill the machine's part of a core whose orders and fills are restored already.

    What it says about it is among the effects of the core's next step.
    """
    core.alerts.recall(journal.all_meta(RAISED_KEY))
    core.baskets.restore(baskets_of(journal))
    if not core.state.auto:
        # A venue that does not remember AUTO: to finish a basket would be to trade without it.
        for strategy in {record.strategy for record in core.baskets.in_flight()}:
            core.baskets.abandon(strategy)
    simulated = [
        Settlement(
            ticker=entry.ticker,
            result=entry.result,
            value=entry.value,
            revenue=NO_MONEY,
            settled_ns=entry.settled_ns,
        )
        for entry in read_paper_settlements(journal.rows)
    ]
    core.paper.restore(
        read_paper_fills(journal.rows),
        [*simulated, *journal.settlements()],
        {**journal.all_meta(CAPITAL), **journal.all_meta(RESTING)},
        now_ns,
    )
    since_ns = now_ns - RECALLED_NS
    core.news.restore(read_news(journal.rows, since_ns=since_ns, limit=MOST_RECALLED), now_ns)
    core.pairs.recall(journal.all_meta(ENTRY_KEY))
