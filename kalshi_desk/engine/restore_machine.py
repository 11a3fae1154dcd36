"""Brings baskets back to where the journal left them."""

from __future__ import annotations

import msgspec

from kalshi_desk.engine.core import TradingCore
from kalshi_desk.execution.baskets import TRAILING, BasketRecord
from kalshi_desk.store.journal import Journal
from kalshi_desk.store.machine import read_baskets

_decode_basket = msgspec.msgpack.Decoder(BasketRecord).decode


def baskets_of(journal: Journal) -> list[BasketRecord]:
    """Return the baskets under way and as many ended ones as the completion rate needs."""
    # An ended basket that says nothing about completion may stand among the newest.
    return [_decode_basket(body) for body in read_baskets(journal.rows, ended=10 * TRAILING)]


def restore_machine(core: TradingCore, journal: Journal) -> None:
    """Fill the machine's part of a core whose orders and fills are restored already."""
    core.baskets.restore(baskets_of(journal))
