"""The simulated account of one strategy: its broker, positions, and when each order ends."""

from __future__ import annotations

from dataclasses import dataclass, field

import msgspec

from kalshi_desk.core.fees import NON_DIRECT
from kalshi_desk.core.records import Fill, OrderIntent, Settlement
from kalshi_desk.core.strategy import Mode, Signal
from kalshi_desk.core.types import BookSide, Money, Outcome
from kalshi_desk.execution.paper import PaperBroker
from kalshi_desk.market.live import LiveMarkets
from kalshi_desk.portfolio.positions import Position, Positions
from kalshi_desk.portfolio.valuation import exit_now

SECOND_NS = 1_000_000_000


class Purpose(msgspec.Struct, frozen=True):
    """Why a simulated order was made, and when it ends by itself; 0 is the market's close."""

    mode: Mode
    cell: str
    ends_ns: int
    holds_until_ns: int


def purpose_of(mode: Mode, signal: Signal, intent: OrderIntent, now_ns: int) -> Purpose:
    """Return when an order of a signal ends: its time to live or what the signal holds for."""
    made_ns = intent.created_ns or now_ns
    ends = [made_ns + signal.ttl_s * SECOND_NS] if signal.ttl_s else []
    ends += [signal.holds_until_ns] if signal.holds_until_ns else []
    return Purpose(mode, signal.cell, min(ends, default=0), signal.holds_until_ns)


@dataclass(slots=True)
class PaperBook:
    """What a strategy did in modes shadow and paper, as if it had an account of its own.

    ``capital`` is what it may reckon with: the real equity when it began.  ``last`` is the
    purpose of its newest trade in each market.
    """

    strategy: str
    broker: PaperBroker = field(default_factory=lambda: PaperBroker(grid=NON_DIRECT))
    positions: Positions = field(default_factory=Positions)
    purposes: dict[str, Purpose] = field(default_factory=dict)
    last: dict[str, Purpose] = field(default_factory=dict)
    trades: int = 0
    capital: Money | None = None

    def book(self, fill: Fill, purpose: Purpose) -> bool:
        """Book a fill once; return whether it was new."""
        if self.positions.book_fill(fill, self.strategy) is None:
            return False
        self.trades += 1
        self.last[fill.ticker] = purpose
        return True

    def settle(self, settlement: Settlement) -> bool:
        """Pay out what is held of a market; return whether anything was."""
        held = self.positions.get(settlement.ticker)
        self.broker.forget(settlement.ticker)
        self.tidy()
        self.last.pop(settlement.ticker, None)
        if not held.count:
            return False
        paid = msgspec.structs.replace(settlement, revenue=held.payout(settlement.value))
        return self.positions.book_settlement(paid) is not None

    def tidy(self) -> None:
        """Forget the purposes of orders that rest no more."""
        for order_id in [name for name in self.purposes if name not in self.broker.resting]:
            del self.purposes[order_id]

    def overdue(self, now_ns: int, ticker: str = "") -> list[str]:
        """Return the resting orders whose time is over, of one market or of all."""
        resting = self.broker.resting
        names = [order.order_id for order in resting.of(ticker)] if ticker else list(resting)
        return [name for name in names if 0 < self.purposes[name].ends_ns <= now_ns]

    def end(self, ticker: str, outcome: Outcome, now_ns: int) -> None:
        """Mean to hold a position in an outcome no longer than until now."""
        held = self.positions.get(ticker).count
        purpose = self.last.get(ticker)
        if purpose is not None and held and (held > 0) == (outcome is Outcome.YES):
            self.last[ticker] = msgspec.structs.replace(purpose, holds_until_ns=now_ns)

    def exits_due(self, now_ns: int) -> list[tuple[Position, Purpose]]:
        """Return the positions that their signals meant to hold no longer."""
        found = [(held, self.last.get(held.ticker)) for held in self.positions.held()]
        return [
            (held, purpose)
            for held, purpose in found
            if purpose is not None and 0 < purpose.holds_until_ns <= now_ns
        ]

    def concerns(self) -> set[str]:
        """Return the markets whose events matter to this account."""
        return self.broker.concerns() | {held.ticker for held in self.positions.held()}

    def profit(self, markets: LiveMarkets, now_ns: int) -> Money | None:
        """Return P&L after fees, holdings at the price of leaving now; None without one."""
        total = self.positions.realized() - self.positions.fees()
        for held in self.positions.held():
            value = self._worth(held, markets, now_ns)
            if value is None:
                return None
            total += value - held.cost
        return Money(total)

    def _worth(self, held: Position, markets: LiveMarkets, now_ns: int) -> Money | None:
        live = markets.get(held.ticker)
        if live is None:
            return None
        if live.market.settlement_value is not None:
            return held.payout(live.market.settlement_value)
        side = BookSide.BID if held.count > 0 else BookSide.ASK
        found = exit_now(
            live.book,
            held.count,
            live.market.fee,
            now_ns=now_ns,
            grid=NON_DIRECT,
            own=self.broker.taken(held.ticker, side),
        )
        return None if found is None else found.net
