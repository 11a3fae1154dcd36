"""What a backtest keeps while it runs: orders, fills, payouts and the equity over time."""

from __future__ import annotations

from typing import Any

import msgspec

from kalshi_desk.core.records import Fill, OrderIntent, Settlement
from kalshi_desk.core.types import Money, Price
from kalshi_desk.engine.markouts import Markouts
from kalshi_desk.engine.state import CoreState

SAMPLE_NS = 60_000_000_000
DAY_NS = 86_400_000_000_000


class FilledTrade(msgspec.Struct, frozen=True, kw_only=True):
    """One fill with what was known of its market then; ``middle`` None without two sides."""

    fill: Fill
    at_ns: int
    event_ticker: str
    category: str
    strategy: str
    middle: Price | None

    @property
    def role(self) -> str:
        """Whether the fill took from the book or rested in it."""
        return "taker" if self.fill.is_taker else "maker"


class Ledger:
    """Collects; the report computes."""

    def __init__(self, state: CoreState, capital: Money) -> None:
        self._state = state
        self.capital = capital
        self.intents = 0
        self.trades: list[FilledTrade] = []
        self.payouts: dict[str, Settlement] = {}
        self.equity: list[tuple[int, Money]] = []
        self.decisions: list[tuple[int, dict[str, Any]]] = []
        self.markouts = Markouts()
        self._sampled_ns = 0

    def on_intent(self, intent: OrderIntent, now_ns: int) -> None:
        """Count an order."""
        self.intents += 1

    def on_fill(self, fill: Fill, now_ns: int) -> None:
        """Keep a fill with the middle of its book."""
        state = self._state
        live = state.markets.get(fill.ticker)
        order = state.orders.known(fill.order_id) or state.orders.known(fill.client_order_id)
        self.trades.append(
            FilledTrade(
                fill=fill,
                at_ns=now_ns,
                event_ticker="" if live is None else live.market.event_ticker or fill.ticker,
                category="" if live is None else state.markets.category(live.market),
                strategy="" if order is None else order.origin,
                middle=None if live is None else _middle(live.book.bid, live.book.ask),
            )
        )
        self.markouts.add(self.trades[-1].role, "", fill)
        self.sample(now_ns)

    def on_settlement(self, settlement: Settlement, now_ns: int) -> None:
        """Keep a payout."""
        self.payouts[settlement.ticker] = settlement
        self.sample(now_ns)

    def on_time(self, now_ns: int) -> None:
        """Measure markouts; sample equity once a minute, and at the first beat of each day."""
        self.markouts.beat(self._state.markets, now_ns)
        is_due = now_ns - self._sampled_ns >= SAMPLE_NS
        if is_due or now_ns // DAY_NS != self._sampled_ns // DAY_NS:
            self.sample(now_ns)

    def on_decision(self, now_ns: int, facts: dict[str, Any]) -> None:
        """Keep a decision."""
        self.decisions.append((now_ns, facts))

    def sample(self, now_ns: int) -> None:
        """Keep the equity of this moment, once it is known; the last word of a moment counts."""
        equity = self._state.equity()
        if equity is None:
            return
        self._sampled_ns = now_ns
        if self.equity and self.equity[-1][0] == now_ns:
            self.equity.pop()
        self.equity.append((now_ns, equity))


def _middle(bid: Price | None, ask: Price | None) -> Price | None:
    return None if bid is None or ask is None else Price((bid + ask) // 2)
