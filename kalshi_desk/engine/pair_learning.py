"""What entries of pairs brought: measured once each, journaled, and proof for their category.

A signal of several legs that guarantee nothing together is followed on paper as if it had been
taken at once: each leg entered and left as a taker through the depth of its book, fees
included.  That is the dear way; the strategy would rest its legs as a maker, but which of
them would have traded nobody knows, and to count only those that did would choose the good
ones.  An entry ends when its time is over or the first of its markets has a result.  Open
entries are journaled, so that a restart ends them where they would have ended, or later.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from kalshi_desk.core.strategy import Observation, Signal
from kalshi_desk.core.types import COUNT_SCALE, MONEY_SCALE, PRICE_ONE, Count, Money, Price
from kalshi_desk.engine.effects import KeepMeta, KeepObservation
from kalshi_desk.engine.learning_desk import SETTLED, result_price, take_in
from kalshi_desk.engine.outbox import Outbox
from kalshi_desk.engine.state import CoreState
from kalshi_desk.market.live import LiveMarket
from kalshi_desk.portfolio.valuation import exit_now
from kalshi_desk.strategies.learning import entry_cell

ENTRY_KEY = "pair_entry:"
MOST_OPEN = 200
ASK_EVERY_NS = 1_000_000_000
GIVEN_UP_NS = 7 * 86_400_000_000_000
"""An entry whose markets can't be valued for so long after its end is lost."""


class Leg(msgspec.Struct, frozen=True):
    """One leg: contracts of YES in hundredths, negative for NO."""

    ticker: str
    count: Count


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """A pair that was entered on paper; ``paid`` with fees, in micro-dollars."""

    strategy: str
    candidate: str
    cell: str
    event_ticker: str
    legs: tuple[Leg, ...]
    paid: Money
    began_ns: int
    ends_ns: int


_decode = msgspec.json.Decoder(Entry).decode


class PairLearning:
    """Enters each pair once, waits for its end, and asks for what it brought to be kept."""

    def __init__(self, state: CoreState, outbox: Outbox) -> None:
        self._state = state
        self._outbox = outbox
        self._open: dict[str, Entry] = {}
        self._asked_ns = 0

    @property
    def waiting(self) -> list[Entry]:
        """The entries whose end has not come, oldest first."""
        return list(self._open.values())

    def decided(self, strategy: str) -> None:
        """Enter what a strategy has just signaled and is not in."""
        found = self._state.strategies.get(strategy)
        for signal in () if found is None else found.signals:
            key = f"{ENTRY_KEY}{strategy}:{signal.candidate}"
            is_pair = signal.is_basket and signal.guaranteed is None and signal.holds_until_ns > 0
            if is_pair and key not in self._open and len(self._open) < MOST_OPEN:
                entry = self._enter(strategy, signal)
                if entry is not None:
                    self._open[key] = entry
                    self._outbox.do(KeepMeta(key, msgspec.json.encode(entry).decode()))

    def recall(self, kept: Mapping[str, str]) -> None:
        """Wait again for journaled entries; one that can't be read is left out."""
        for key, text in kept.items():
            try:
                self._open[key] = _decode(text)
            except (ValueError, msgspec.DecodeError):
                continue

    def beat(self) -> None:
        """Value what is over; what can't be valued just now is asked again."""
        now_ns = self._state.now_ns
        if not self._open or abs(now_ns - self._asked_ns) < ASK_EVERY_NS:
            return
        self._asked_ns = now_ns
        for key, entry in list(self._open.items()):
            is_over = entry.ends_ns <= now_ns
            if not is_over and not self._has_result(entry.legs):
                continue
            brought = self._worth(entry.legs)
            if brought is not None:
                self._keep(entry, Money(brought - entry.paid))
            if brought is not None or entry.ends_ns + GIVEN_UP_NS <= now_ns:
                del self._open[key]
                self._outbox.do(KeepMeta(key, ""))

    def _enter(self, strategy: str, signal: Signal) -> Entry | None:
        """Return the entry at what the books ask now; None where they can't take it."""
        legs = tuple(Leg(leg.ticker, Count(leg.side.sign * leg.count)) for leg in signal.legs)
        first = self._state.markets.get(legs[0].ticker)
        # To enter a position is to leave its opposite: both together pay a dollar a contract.
        opposite = self._worth([Leg(leg.ticker, Count(-leg.count)) for leg in legs])
        if first is None or opposite is None or self._has_result(legs):
            return None
        return Entry(
            strategy=strategy,
            candidate=signal.candidate,
            cell=entry_cell(signal.cell),
            event_ticker=first.market.event_ticker or legs[0].ticker,
            legs=legs,
            paid=Money(PRICE_ONE * sum(abs(leg.count) for leg in legs) - opposite),
            began_ns=self._state.now_ns,
            ends_ns=signal.holds_until_ns,
        )

    def _keep(self, entry: Entry, won: Money) -> None:
        contracts = abs(entry.legs[0].count) / COUNT_SCALE
        observation = Observation(
            strategy=entry.strategy,
            cell=entry.cell,
            event_ticker=entry.event_ticker,
            value=won / MONEY_SCALE / contracts,
            at_ns=self._state.now_ns,
            source=f"{entry.candidate} {entry.began_ns}",
        )
        take_in(self._state, observation)
        self._outbox.do(KeepObservation(observation))

    def _has_result(self, legs: Iterable[Leg]) -> bool:
        markets = [self._state.markets.get(leg.ticker) for leg in legs]
        return any(live is not None and _result(live) is not None for live in markets)

    def _worth(self, legs: Iterable[Leg]) -> Money | None:
        """Return what leaving all legs now brings after fees, None when one can't be left."""
        total = 0
        for leg in legs:
            live = self._state.markets.get(leg.ticker)
            value = None if live is None else _value(live, leg.count, self._state.now_ns)
            if value is None:
                return None
            total += value
        return Money(total)


def _result(live: LiveMarket) -> Price | None:
    """Return what one YES became, None while the market has no result."""
    return result_price(live) if live.market.status in SETTLED else None


def _value(live: LiveMarket, count: Count, now_ns: int) -> int | None:
    result = _result(live)
    if result is not None:
        return abs(count) * (result if count > 0 else PRICE_ONE - result)
    found = exit_now(live.book, count, live.market.fee, now_ns=now_ns)
    return None if found is None else found.net
