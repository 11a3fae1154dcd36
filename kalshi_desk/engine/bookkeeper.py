"""Keeps the folio beside positions and cash: parts, fees held against charges, equity samples."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

from kalshi_desk.core.events import LinkState
from kalshi_desk.core.fees import PredictedFee
from kalshi_desk.core.records import Fill, Settlement
from kalshi_desk.core.types import MarketStatus, Money
from kalshi_desk.engine.effects import KeepEntry, KeepMeta
from kalshi_desk.engine.outbox import Outbox
from kalshi_desk.engine.state import CoreState
from kalshi_desk.portfolio.folio import explained_cash, key_of
from kalshi_desk.portfolio.market_parts import UNKNOWN_OWNER
from kalshi_desk.portfolio.track import EVERY_NS, Sample
from kalshi_desk.store.entries import EquityEntry
from kalshi_desk.store.journal import Journal

EXCHANGE_ZONE = ZoneInfo("America/New_York")
CASH_KEY = "cash_base"
"""Meta: cash before the first known fill, and what came from outside since."""
PATIENCE_NS = 5 * EVERY_NS
"""How long a sample waits for the books of what is held, before it is taken without."""
NAME_AGE_NS = 600_000_000_000
"""How long a fill waits for an order of ours that it may belong to."""
RULE_AGE_NS = 86_400_000_000_000
"""How old a fill may be whose fee is predicted by the rule of today."""
_TRADING = frozenset({MarketStatus.ACTIVE, MarketStatus.UNKNOWN})


def exchange_day(at_ns: int) -> date:
    """Return the exchange's day of a moment."""
    return datetime.fromtimestamp(at_ns // 1_000_000_000, UTC).astimezone(EXCHANGE_ZONE).date()


def day_start_ns(at_ns: int) -> int:
    """Return when the exchange's day of a moment began."""
    start = datetime.combine(exchange_day(at_ns), time.min, EXCHANGE_ZONE)
    return int(start.timestamp()) * 1_000_000_000


class Bookkeeper:
    """Books fills, payouts and cash from outside into the folio, and samples equity."""

    def __init__(self, state: CoreState, outbox: Outbox) -> None:
        self._state = state
        self._outbox = outbox
        self._sampled_ns = 0
        self._due_since_ns = 0

    def fill(self, fill: Fill, origin: str) -> None:
        """Book a fill that is new to the positions."""
        if self._state.folio.unpriced:
            self._price_late()
        folio = self._state.folio
        predicted = self._predict(fill)
        folio.parts.fill(fill, origin, predicted)
        if not origin and self._state.now_ns - fill.executed_ns < NAME_AGE_NS:
            folio.nameless[key_of(fill)] = fill, predicted
        if predicted is None:
            folio.unpriced[key_of(fill)] = fill, origin

    def _predict(self, fill: Fill) -> PredictedFee | None:
        live = self._state.markets.get(fill.ticker)
        if live is None or self._state.now_ns - fill.executed_ns > RULE_AGE_NS:
            return None
        predicted = self._state.folio.fees.predict(fill, live.market.fee)
        if predicted is not None:
            self._outbox.do(KeepEntry(predicted))
        return predicted

    def settlement(self, settlement: Settlement) -> None:
        """Book a payout that is new to the positions."""
        self._state.folio.parts.settle(settlement)

    def cash_from_outside(self) -> Money:
        """Return the cash that neither fills nor payouts explain, and book it as such.

        The first statement of a journal makes the base.  What moved while the desk was off
        is found too, since nothing of the sum depends on having seen it move.
        """
        state, folio = self._state, self._state.folio
        cash = state.ledger.cash
        if cash is None:
            return Money(0)
        explained = explained_cash(state.positions)
        if folio.base is None:
            folio.base = Money(cash - explained)
            self._keep_base()
            return Money(0)
        outside = Money(cash - explained - folio.base - folio.flows)
        if outside:
            folio.flows = Money(folio.flows + outside)
            self._keep_base()
            self._sample()
        return outside

    def _keep_base(self) -> None:
        folio = self._state.folio
        self._outbox.do(KeepMeta(CASH_KEY, f"{folio.base} {folio.flows}"))

    def beat(self) -> None:
        """Predict fees of markets named late, and sample equity once a minute."""
        state = self._state
        if state.folio.unpriced:
            self._price_late()
        if state.folio.nameless:
            self._name_late()
        is_due = state.now_ns - self._sampled_ns >= EVERY_NS
        if state.folio.base is None or state.link is not LinkState.LIVE or not is_due:
            return
        self._due_since_ns = self._due_since_ns or state.now_ns
        if self._has_books() or state.now_ns - self._due_since_ns >= PATIENCE_NS:
            self._sample()

    def _price_late(self) -> None:
        folio = self._state.folio
        for key, (fill, origin) in list(folio.unpriced.items()):
            predicted = self._predict(fill)
            if predicted is not None:
                folio.parts.predicted(fill, origin, predicted)
                if key in folio.nameless:
                    folio.nameless[key] = fill, predicted
            if predicted is not None or self._state.now_ns - fill.executed_ns > RULE_AGE_NS:
                del folio.unpriced[key]

    def _name_late(self) -> None:
        """Give fills to our orders that were named after them, as readings may tell them."""
        folio = self._state.folio
        for key, (fill, predicted) in list(folio.nameless.items()):
            order = self._state.orders.known(fill.order_id)
            if order is None and self._state.now_ns - fill.executed_ns < NAME_AGE_NS:
                continue
            del folio.nameless[key]
            if order is not None and order.origin != UNKNOWN_OWNER:
                folio.parts.rename(fill, order.origin, predicted)
                if key in folio.unpriced:
                    folio.unpriced[key] = fill, order.origin

    def _has_books(self) -> bool:
        """Whether what is held can be valued: a book that is late would look like a loss."""
        for held in self._state.positions.held():
            live = self._state.markets.get(held.ticker)
            if live is None or (live.market.status in _TRADING and not live.has_book):
                return False
        return True

    def _sample(self) -> None:
        state, track = self._state, self._state.folio.track
        equity = state.equity()
        last_ns = 0 if track.last is None else track.last.at_ns
        if equity is None or state.now_ns <= last_ns:
            return
        day = exchange_day(state.now_ns).toordinal()
        sample = track.add(state.now_ns, equity, state.folio.flows, day)
        self._sampled_ns, self._due_since_ns = state.now_ns, 0
        self._outbox.do(
            KeepEntry(
                EquityEntry(
                    at_ns=sample.at_ns,
                    equity=sample.equity,
                    flows=sample.flows,
                    growth=sample.growth,
                    peak=sample.peak,
                )
            )
        )


def recall_folio(state: CoreState, journal: Journal) -> dict[tuple[str, str], PredictedFee]:
    """Restore base, flows and the equity track; return the fees predicted for old fills."""
    base, _, flows = (journal.meta(CASH_KEY) or "").partition(" ")
    if base.lstrip("-").isdigit() and flows.lstrip("-").isdigit():
        state.folio.base, state.folio.flows = Money(int(base)), Money(int(flows))
    for row in journal.equity_track():
        sample = Sample(row.at_ns, row.equity, row.flows, row.growth, row.peak)
        state.folio.track.keep(sample, exchange_day(row.at_ns).toordinal())
    return journal.predicted_fees()


def recall_fill(state: CoreState, fill: Fill, origin: str, predicted: PredictedFee | None) -> None:
    """Book an old fill again, with the fee that was predicted for it then."""
    folio = state.folio
    if predicted is None:
        folio.unpriced[key_of(fill)] = fill, origin
    else:
        folio.fees.recall(predicted)
    folio.parts.fill(fill, origin, predicted)
    if not origin:
        # The engine may have ended before the order's answer; those of others are soon dropped.
        folio.nameless[key_of(fill)] = fill, predicted
