"""The account inside the core: fills, cash, settlements and readings that must agree."""

from __future__ import annotations

from kalshi_desk.core.events import AccountRead, BalanceReported, LinkState
from kalshi_desk.core.records import Fill, Order, OrderState, Settlement
from kalshi_desk.core.types import (
    CENT,
    BookSide,
    Count,
    MarketStatus,
    Money,
    Outcome,
    complement,
)
from kalshi_desk.desk.frames import EventKind, Level
from kalshi_desk.engine.bookkeeper import Bookkeeper, exchange_day
from kalshi_desk.engine.effects import (
    KeepFill,
    KeepMeta,
    KeepOrder,
    KeepSettlement,
    LookUp,
    ReadAccount,
)
from kalshi_desk.engine.outbox import Outbox
from kalshi_desk.engine.risk_numbers import has_marks
from kalshi_desk.engine.state import LIVE_OFF, CoreState
from kalshi_desk.risk.gate import cents, contracts, dollars

READ_LAG_NS = 3_000_000_000
REREAD_NS = 4_000_000_000
REGULAR_NS = 60_000_000_000
"""How long without a reading of the account: a lost fill or cancel makes no gap on the stream."""
MAX_MISMATCHES = 3
_OF_A_FILL = "Trade"
"""Kalshi's reason of an update that a fill made."""
CENT_STEP = 10_000


class Account:
    """Books what the exchange says about us into the state, each thing once."""

    def __init__(self, state: CoreState, outbox: Outbox) -> None:
        self._state = state
        self._outbox = outbox
        self.books = Bookkeeper(state, outbox)
        self._mismatch: dict[str, tuple[Count, Count]] = {}
        self._mismatches = 0
        self._reread_ns = 0
        self._asked_ns = 0
        self._read_ns = 0

    def order(self, report: Order) -> None:
        """Merge a report about one of our orders."""
        state = self._state
        known = state.orders.known(report.order_id) or state.orders.by_client_id.get(
            report.client_order_id
        )
        before = None if known is None else known.state
        order = state.orders.reported(report, state.now_ns)
        self._outbox.do(KeepOrder(order.client_order_id))
        if before is None and order.state.is_open:
            self._say_order("Order of another program found", Level.WARNING, order.client_order_id)
        elif before is OrderState.UNRESOLVED and order.state is not before:
            self._say_order(
                f"Order resolved: {order.state.value}", Level.GOOD, order.client_order_id
            )
        elif order.state is OrderState.CANCELED and before not in (OrderState.CANCELED, None):
            # A fill leaves this word on an order whose cancel says no reason of its own.
            why = "" if order.reason in ("", _OF_A_FILL) else f" ({order.reason})"
            title = f"Order canceled{why}"
            self._say_order(title, Level.INFO, order.client_order_id)

    def fill(self, fill: Fill, *, is_quiet: bool = False) -> None:
        """Book a fill once: position, cash, its order, and a word to every face."""
        state = self._state
        if state.positions.knows_fill(fill):
            return
        order = state.orders.filled(fill, state.now_ns)
        origin = order.origin if order is not None else ""
        realized_before = state.positions.get(fill.ticker).realized
        cash = state.positions.book_fill(fill, origin)
        if cash is None:
            return
        state.ledger.move(cash, state.shard_of(fill.ticker), state.now_ns)
        if fill.fee % CENT_STEP:
            state.is_direct = True
        if fill.post_position not in (None, state.positions.get(fill.ticker).count):
            self._reread_ns = state.now_ns + REREAD_NS
        self._outbox.do(KeepFill(fill))
        self.books.fill(fill, origin)
        state.markets.touched.add(fill.ticker)
        if order is not None:
            self._outbox.do(KeepOrder(order.client_order_id))
        if not is_quiet:
            self._say_fill(fill, Money(state.positions.get(fill.ticker).realized - realized_before))

    def _say_fill(self, fill: Fill, realized: Money) -> None:
        order = self._state.orders.known(fill.order_id)
        outcome = order.outcome if order is not None else _default_outcome(fill.side)
        verb = order.action.value if order is not None else "buy"
        price = fill.price if outcome is Outcome.YES else complement(fill.price)
        gain = f", realised {dollars(realized)}" if realized else ""
        self._outbox.say(
            self._state.now_ns,
            EventKind.FILL,
            Level.GOOD,
            f"Filled: {verb} {contracts(fill.count)} {outcome.upper()} at {cents(price)}",
            f"fee {dollars(fill.fee)} {'taker' if fill.is_taker else 'maker'}{gain}",
            fill.ticker,
        )

    def settlement(self, settlement: Settlement, *, is_quiet: bool = False) -> None:
        """Book a payout once."""
        state = self._state
        held = state.positions.get(settlement.ticker)
        count, expected = held.count, held.payout(settlement.value)
        payout = state.positions.book_settlement(settlement)
        if payout is None:
            return
        self._outbox.do(KeepSettlement(settlement))
        self.books.settlement(settlement)
        state.markets.touched.add(settlement.ticker)
        if count or payout:
            state.ledger.move(payout, state.shard_of(settlement.ticker), state.now_ns)
        if is_quiet:
            return
        if abs(settlement.revenue - expected) >= _slack(settlement, count):
            self._reread_ns = state.now_ns + REREAD_NS
            self._outbox.say(
                state.now_ns,
                EventKind.SETTLEMENT,
                Level.ERROR,
                f"The payout of {settlement.ticker} is not what the desk expected",
                f"The exchange paid {dollars(settlement.revenue)}, the desk's own count gives "
                f"{dollars(expected)}: look at your fills there.",
                settlement.ticker,
            )
        if not count:
            return
        side = "YES" if count > 0 else "NO"
        self._outbox.say(
            state.now_ns,
            EventKind.SETTLEMENT,
            Level.GOOD if payout else Level.WARNING,
            f"Settled {settlement.result.upper()}: {contracts(Count(abs(count)))} {side} "
            f"paid {dollars(payout)}",
            f"realised {dollars(held.realized)} before {dollars(held.fees)} fees",
            settlement.ticker,
        )

    def balance(self, event: BalanceReported) -> None:
        """Compare stated cash with the ledger."""
        state = self._state
        difference = state.ledger.state(event.balance, state.now_ns)
        outside = self.books.cash_from_outside() if state.has_account else difference
        if outside and state.opening_equity is not None:
            state.opening_equity = Money(state.opening_equity + outside)
            self._keep_opening()
        if not outside:
            return
        if state.peak_equity is not None:
            # What was paid in or out is neither a gain nor a loss.
            state.peak_equity = Money(state.peak_equity + outside)
        when = "outside the desk" if difference else "while the desk was off"
        self._outbox.say(
            state.now_ns,
            EventKind.SYSTEM,
            Level.WARNING,
            f"Cash moved by {dollars(outside)} {when}",
            "A deposit, a withdrawal or a rebate; the ledger follows the exchange.",
        )

    def reading(self, event: AccountRead) -> None:
        """Take a complete reading of the account and compare it with the books."""
        state = self._state
        is_first = not state.has_account
        is_quiet = is_first and not state.has_history
        for order in event.orders:
            state.orders.name(order)
        for fill in sorted(event.fills, key=lambda f: (f.executed_ns, f.trade_id)):
            self.fill(fill, is_quiet=is_quiet)
        for settlement in sorted(event.settlements, key=lambda s: s.settled_ns):
            self.settlement(settlement, is_quiet=is_quiet)
        for order in event.orders:
            if order.state is OrderState.RESTING or state.orders.known(order.order_id):
                self.order(order)
        self._miss_orders(event)
        state.has_account = True
        self._read_ns = state.now_ns
        self.balance(BalanceReported(event.balance))
        self._compare(event, is_first=is_first)

    def _miss_orders(self, event: AccountRead) -> None:
        """Look up open orders that a complete reading should have held but did not."""
        listed = {order.order_id for order in event.orders}
        for order in self._state.orders.open_orders():
            is_old = order.updated_ns < event.asked_ns - READ_LAG_NS
            if is_old and order.order_id and order.order_id not in listed:
                made_ns = order.created_ns
                until_ns = max(made_ns, order.unknown_ns)
                self._outbox.do(LookUp(order.client_order_id, order.ticker, made_ns, until_ns))

    def _compare(self, event: AccountRead, *, is_first: bool) -> None:
        """Compare positions; a difference that outlives several readings halts the desk.

        After a start one is enough, unless an order may be filling just now or has just
        filled: whatever happened while the desk was away, its books are not those of the
        exchange.
        """
        state = self._state
        theirs = {p.ticker: p.position for p in event.positions if p.position}
        ours = {p.ticker: p.count for p in state.positions.held()}
        found = {
            ticker: (ours.get(ticker, Count(0)), theirs.get(ticker, Count(0)))
            for ticker in theirs.keys() | ours.keys()
            if ours.get(ticker, 0) != theirs.get(ticker, 0)
        }
        found = {t: pair for t, pair in found.items() if not self._is_paying_out(t, *pair)}
        state.differs = _difference_text(found)
        same = {t: pair for t, pair in found.items() if self._mismatch.get(t) == pair}
        self._mismatch = found
        self._mismatches = self._mismatches + 1 if same else 0
        if found:
            self._reread_ns = state.now_ns + REREAD_NS
        if is_first and state.has_history:
            fresh_ns = event.asked_ns - READ_LAG_NS
            # The list of positions may be older than that of fills.
            fresh = {fill.ticker for fill in event.fills if fill.executed_ns >= fresh_ns}
            grave = {
                ticker: pair
                for ticker, pair in found.items()
                if ticker not in fresh and not self._may_be_filling(ticker, *pair)
            }
        else:
            grave = same if self._mismatches >= MAX_MISMATCHES else {}
        if grave and not state.halted_why:
            self.halt(_difference_text(grave))

    def _may_be_filling(self, ticker: str, ours: Count, theirs: Count) -> bool:
        """Whether an open order could have traded the difference while the lists were read."""
        missing = theirs - ours
        late = sum(
            order.side.sign * (order.remaining + order.filled - order.booked)
            for order in self._state.orders.open_orders(ticker)
            if order.side.sign * missing > 0
        )
        late += sum(
            order.side.sign * (order.filled - order.booked)
            for order in self._state.orders.unbooked()
            if order.ticker == ticker and not order.state.is_open
        )
        return late * missing > 0 and abs(late) >= abs(missing)

    def _is_paying_out(self, ticker: str, ours: Count, theirs: Count) -> bool:
        """Whether one side has paid a market out and the other is about to.

        Two counts that differ are no payout, whatever the market's status.
        """
        if ours and theirs:
            return False
        if self._state.positions.is_settled(ticker):
            return not ours
        if not ours:
            return False
        live = self._state.markets.get(ticker)
        return live is not None and live.market.status in (
            MarketStatus.DETERMINED,
            MarketStatus.FINALIZED,
        )

    def halt(self, why: str) -> None:
        """Let only reductions pass until a person resumes."""
        state = self._state
        if state.halted_why != LIVE_OFF:
            # That LIVE is off outlives every other reason: no resume may bring it back.
            state.halted_why = why
        self._outbox.do(KeepMeta("halted", state.halted_why))
        self._outbox.say(
            state.now_ns,
            EventKind.RISK,
            Level.ERROR,
            "HALTED",
            f"{why}. Positions are kept; only reductions pass until you resume.",
        )

    def beat(self) -> None:
        """Ask again where something is in doubt, and open a new day."""
        state = self._state
        if not state.has_account:
            return
        overdue = self._reread_ns and state.now_ns >= self._reread_ns
        doubt = state.ledger.is_doubtful and state.now_ns - self._asked_ns > REREAD_NS
        late = [o for o in state.orders.unbooked() if state.now_ns - o.updated_ns > READ_LAG_NS]
        regular = state.now_ns - max(self._read_ns, self._asked_ns) > REGULAR_NS
        if state.link is not LinkState.LIVE:
            regular = False
        if (overdue or doubt or late or regular) and state.now_ns - self._asked_ns > REREAD_NS:
            self._asked_ns = state.now_ns
            self._reread_ns = 0
            why = "a regular look" if regular else "positions, cash or fills are in doubt"
            self._outbox.do(ReadAccount(why))
        self._open_day()
        self.books.beat()

    def _open_day(self) -> None:
        state = self._state
        equity = state.equity()
        if equity is None:
            return
        day = exchange_day(state.now_ns).isoformat()
        if day != state.day and has_marks(state):
            state.day, state.opening_equity = day, equity
            self._keep_opening()

    def _keep_opening(self) -> None:
        state = self._state
        self._outbox.do(KeepMeta("day", f"{state.day} {state.opening_equity}"))

    def _say_order(self, title: str, level: Level, client_id: str) -> None:
        order = self._state.orders.by_client_id[client_id]
        self._outbox.say(
            self._state.now_ns,
            EventKind.ORDER,
            level,
            title,
            f"{order.action.value} {contracts(order.count)} {order.outcome.upper()} "
            f"at {cents(order.outcome_price)}, {contracts(order.filled)} filled",
            order.ticker,
        )


def _difference_text(found: dict[str, tuple[Count, Count]]) -> str:
    """Say where positions differ from the exchange's, empty when they don't."""
    if not found:
        return ""
    ticker, (mine, other) = min(found.items())
    more = f", and {len(found) - 1} more" if len(found) > 1 else ""
    return (
        f"positions differ from the exchange's, first {ticker}: "
        f"desk {contracts(mine)}, exchange {contracts(other)}{more}"
    )


def _slack(settlement: Settlement, count: Count) -> int:
    """Return what rounding may make of a payout: a cent, and of a scalar value one a contract."""
    is_scalar = settlement.result not in ("yes", "no")
    return CENT_STEP + (CENT * abs(count) if is_scalar else 0)


def _default_outcome(side: BookSide) -> Outcome:
    return Outcome.YES if side is BookSide.BID else Outcome.NO
