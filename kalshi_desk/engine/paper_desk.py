"""Strategies in modes shadow and paper: their orders fill on this venue's book without it.

Each strategy has an account of its own.  Shadow orders are simulated to their natural end
whatever the strategy thinks later, since taking back what goes wrong would filter out the
bad fills; paper orders may be taken back.  What was traded is journaled; what rests is not
and is dropped, with a word, by a restart.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from kalshi_desk.core.events import (
    BookDelta,
    BookSnapshot,
    CoreEvent,
    MarketsListed,
    MarketStatusChanged,
    TradePrinted,
)
from kalshi_desk.core.records import Fill, Order, OrderIntent, OrderState, Settlement
from kalshi_desk.core.strategy import Mode, Signal
from kalshi_desk.core.types import (
    NO_MONEY,
    PRICE_ONE,
    Action,
    BookSide,
    Count,
    MarketStatus,
    Money,
    Outcome,
    Price,
    TimeInForce,
)
from kalshi_desk.desk.frames import EventKind, Level
from kalshi_desk.engine.effects import KeepEntry, KeepMeta, KeepObservation
from kalshi_desk.engine.learning_desk import result_price
from kalshi_desk.engine.markouts import Markouts
from kalshi_desk.engine.outbox import Outbox
from kalshi_desk.engine.paper_account import PaperBook, Purpose, purpose_of
from kalshi_desk.engine.state import CoreState
from kalshi_desk.execution.paper import Placed
from kalshi_desk.market.live import LiveMarket
from kalshi_desk.portfolio.positions import Position
from kalshi_desk.store.entries import PaperFillEntry, PaperSettlementEntry

CAPITAL = "paper_capital:"
RESTING = "paper_resting"
_TRADING = frozenset({MarketStatus.ACTIVE, MarketStatus.INACTIVE, MarketStatus.UNKNOWN})
"""A market that only pauses keeps its orders."""


class PaperDesk:
    """The simulated accounts of all strategies; ``watched`` are the markets that concern them."""

    def __init__(self, state: CoreState, outbox: Outbox) -> None:
        self._state = state
        self._outbox = outbox
        self._books: dict[str, PaperBook] = {}
        self._markouts = Markouts()
        self._told_resting = 0
        self.watched = state.simulated

    def place(
        self, strategy: str, mode: Mode, intent: OrderIntent, signal: Signal, now_ns: int
    ) -> Placed:
        """Fill an order on the book as it stands, or let it rest in the queue.

        A ``refusal`` in the answer says why nothing was done.  Raises ``ValueError`` for a
        mode that is not simulated.
        """
        if mode not in (Mode.SHADOW, Mode.PAPER):
            raise ValueError(f"orders of mode {mode} are not simulated")
        purpose = purpose_of(mode, signal, intent, now_ns)
        if purpose.ends_ns and purpose.ends_ns <= now_ns:
            return Placed("", refusal="Its time is over.")
        book = self._book(strategy)
        if intent.reduce_only:
            held = book.positions.get(intent.ticker).count
            closable = abs(held) if held * intent.side.sign < 0 else 0
            if not closable:
                return Placed("", refusal="There is nothing to reduce.")
            count = Count(min(intent.count, closable))
            intent = msgspec.structs.replace(intent, count=count)
        return self._place(book, purpose, intent, now_ns)

    def _place(self, book: PaperBook, purpose: Purpose, intent: OrderIntent, now_ns: int) -> Placed:
        live = self._state.markets.get(intent.ticker)
        refusal = self._why_not(live)
        if live is None or refusal:
            return Placed("", refusal=refusal)
        if not live.market.grid.is_valid(intent.price):
            return Placed("", refusal="The price is not on this market's grid.")
        placed = book.broker.place(intent, live.book, live.market.fee, now_ns)
        for fill in placed.fills:
            self._fill(book, fill, purpose)
        if placed.rests:
            book.purposes[placed.order_id] = purpose
        if placed.rests or placed.fills:
            self.watched.add(intent.ticker)
        return placed

    def cancel_all(self, strategy: str) -> int:
        """Take a strategy's paper orders off and return how many; its shadow orders stay."""
        book = self._books.get(strategy)
        if book is None:
            return 0
        chosen = [name for name, purpose in book.purposes.items() if purpose.mode is Mode.PAPER]
        self._cancel(book, chosen)
        return len(chosen)

    def give_up(self, strategy: str, ticker: str, outcome: Outcome) -> None:
        """Let what a strategy holds of an outcome in the simulation end at the next beat.

        Its paper orders for it are taken off; its shadow orders stay.
        """
        book = self._books.get(strategy)
        if book is not None:
            book.end(ticker, outcome, self._state.now_ns)
            resting = [o for o in book.broker.resting.of(ticker) if o.intent.outcome is outcome]
            paper = [o.order_id for o in resting if book.purposes[o.order_id].mode is Mode.PAPER]
            self._cancel(book, paper)

    def open_orders(self, strategy: str) -> list[Order]:
        """Return what of a strategy rests in the simulation, oldest first."""
        book = self._books.get(strategy)
        if book is None:
            return []
        now_ns = self._state.now_ns
        return [
            book.broker.report(order, OrderState.RESTING, now_ns)
            for order in book.broker.resting.values()
        ]

    def position(self, strategy: str, ticker: str) -> Position:
        """Return what a strategy holds of a market in the simulation."""
        book = self._books.get(strategy)
        return Position(ticker) if book is None else book.positions.get(ticker)

    def positions(self, strategy: str) -> list[Position]:
        """Return everything that a strategy holds in the simulation."""
        book = self._books.get(strategy)
        return [] if book is None else book.positions.held()

    def pnl(self, strategy: str) -> tuple[int, Money | None]:
        """Return the number of simulated trades, and P&L after fees.

        Holdings count at the price of leaving now; None when one can't be left.
        """
        book = self._books.get(strategy)
        if book is None:
            return 0, NO_MONEY
        return book.trades, book.profit(self._state.markets, self._state.now_ns)

    def capital(self, strategy: str) -> Money | None:
        """Return what a strategy may reckon with: the equity when it was first asked for.

        None before the real account is known.  Cash does not limit the simulation.
        """
        book = self._book(strategy)
        if book.capital is None:
            book.capital = self._state.equity()
            if book.capital is not None:
                self._outbox.do(KeepMeta(f"{CAPITAL}{strategy}", str(book.capital)))
        return book.capital

    def markouts(self, strategy: str) -> dict[int, tuple[int, float]]:
        """Return by minutes how many maker fills were measured since the start, and their mean.

        In dollars a contract, after the maker's fee.
        """
        return self._markouts.means(strategy)

    def on_event(self, event: CoreEvent) -> None:
        """Take an event that the markets have taken already; most concern no order here."""
        if isinstance(event, TradePrinted):
            if event.trade.ticker in self.watched:
                self._print(event)
        elif isinstance(event, BookDelta):
            if event.ticker in self.watched:
                for book in self._books.values():
                    book.broker.on_delta(event.ticker, event.side, event.price, event.delta)
        elif isinstance(event, BookSnapshot):
            live = self._state.markets.get(event.ticker)
            if event.ticker in self.watched and live is not None:
                for book in self._books.values():
                    book.broker.on_book(event.ticker, live.book)
        elif isinstance(event, MarketStatusChanged):
            if event.ticker in self.watched:
                self._end_market(event.ticker)
        elif isinstance(event, MarketsListed):
            for ticker in sorted(self.watched):
                self._end_market(ticker)

    def beat(self) -> None:
        """End what is over by time, leave what is held too long, and measure markouts."""
        now_ns = self._state.now_ns
        for book in self._books.values():
            self._cancel(book, book.overdue(now_ns))
            for held, purpose in book.exits_due(now_ns):
                self._exit(book, held, purpose)
        for ticker in sorted(self.watched):
            self._end_market(ticker)
        for observation in self._markouts.beat(self._state.markets, now_ns):
            cells = self._state.observations.setdefault(observation.strategy, {})
            cells.setdefault(observation.cell, []).append(observation)
            self._outbox.do(KeepObservation(observation))
        self._watch()
        resting = sum(len(book.broker.resting) for book in self._books.values())
        if resting != self._told_resting:
            self._told_resting = resting
            self._outbox.do(KeepMeta(RESTING, str(resting) if resting else ""))

    def restore(
        self,
        fills: Iterable[PaperFillEntry],
        settlements: Iterable[Settlement],
        meta: Mapping[str, str],
        now_ns: int,
    ) -> None:
        """Rebuild all accounts from the journal, and say what rested and is dropped.

        Markouts that were due while the engine was away are lost; the others are waited for.
        """
        for entry in fills:
            purpose = Purpose(Mode(entry.mode), entry.cell, 0, entry.holds_until_ns)
            self._book(entry.strategy).book(entry.fill, purpose)
            if not entry.fill.is_taker:
                self._markouts.add(entry.strategy, entry.cell, entry.fill, now_ns)
        for settlement in settlements:
            for book in self._books.values():
                book.settle(settlement)
        for key, value in meta.items():
            if key.startswith(CAPITAL):
                self._book(key.removeprefix(CAPITAL)).capital = Money(int(value))
        for book in self._books.values():
            book.broker.next_id = now_ns // 1_000
        self._told_resting = int(meta.get(RESTING) or 0)
        if self._told_resting:
            self._outbox.say(
                now_ns,
                EventKind.SYSTEM,
                Level.INFO,
                f"Simulated orders dropped: {self._told_resting}",
                "Resting orders of strategies in shadow and paper do not outlive the engine; "
                "what they traded does.",
            )
        self._watch()

    def _book(self, strategy: str) -> PaperBook:
        book = self._books.get(strategy)
        if book is None:
            book = self._books[strategy] = PaperBook(strategy)
            # Numbers go on from the time, so that a restart gives none twice.
            book.broker.next_id = max(1, self._state.now_ns // 1_000)
        return book

    def _why_not(self, live: LiveMarket | None) -> str:
        if live is None:
            return "The market is not known."
        close_ns = live.market.close_ns
        if not live.book.is_valid or 0 < close_ns <= self._state.now_ns:
            return f"The book is not current ({live.stale_reason or 'the market is closed'})."
        if not live.market.fee.is_known:
            return "The fee of this market is not known, so a fill could not be priced."
        return "" if self._state.is_exchange_trading else "The exchange takes no orders now."

    def _fill(self, book: PaperBook, fill: Fill, purpose: Purpose) -> None:
        if not book.book(fill, purpose):
            return
        self._outbox.do(
            KeepEntry(
                PaperFillEntry(
                    strategy=book.strategy,
                    mode=purpose.mode.value,
                    fill=fill,
                    cell=purpose.cell,
                    holds_until_ns=purpose.holds_until_ns,
                )
            )
        )
        if not fill.is_taker:
            self._markouts.add(book.strategy, purpose.cell, fill)

    def _print(self, event: TradePrinted) -> None:
        trade, now_ns = event.trade, self._state.now_ns
        live = self._state.markets.get(trade.ticker)
        if live is None or not live.market.fee.is_known:
            return
        for book in self._books.values():
            # An order whose time is over gets nothing, though its beat has not come yet.
            self._cancel(book, book.overdue(now_ns, trade.ticker))
            fills = book.broker.on_print(
                trade.ticker, trade.price, trade.count, trade.taker_side, live.market.fee, now_ns
            )
            for fill in fills:
                self._fill(book, fill, book.purposes[fill.order_id])
            if fills:
                book.tidy()

    @staticmethod
    def _cancel(book: PaperBook, order_ids: Iterable[str]) -> None:
        for order_id in order_ids:
            book.broker.cancel(order_id)
            book.purposes.pop(order_id, None)

    def _exit(self, book: PaperBook, held: Position, purpose: Purpose) -> None:
        """Sell what is held as a taker, no further than the collar from the touch."""
        live = self._state.markets.get(held.ticker)
        if live is None:
            return
        side = BookSide.ASK if held.count > 0 else BookSide.BID
        touch = live.book.bid if side is BookSide.ASK else live.book.ask
        if touch is None:
            return
        grid = live.market.grid
        limit = Price(touch + side.sign * self._state.settings.collar)
        limit = Price(min(max(limit, grid.finest), PRICE_ONE - grid.finest))
        limit = grid.floor(limit) if side is BookSide.BID else grid.ceil(limit)
        intent = OrderIntent(
            client_order_id=f"{book.strategy}-exit-{held.ticker}-{self._state.now_ns}",
            ticker=held.ticker,
            side=side,
            price=limit,
            count=Count(abs(held.count)),
            time_in_force=TimeInForce.IOC,
            reduce_only=True,
            action=Action.SELL,
            origin=book.strategy,
            created_ns=self._state.now_ns,
        )
        self._place(book, purpose, intent, self._state.now_ns)

    def _end_market(self, ticker: str) -> None:
        """Take orders off a market that trades no more, and pay out what is final."""
        live = self._state.markets.get(ticker)
        if live is None or live.market.status in _TRADING:
            return
        for book in self._books.values():
            self._cancel(book, [order.order_id for order in book.broker.resting.of(ticker)])
        market, value = live.market, result_price(live)
        if market.status is not MarketStatus.FINALIZED or value is None:
            return
        now_ns = self._state.now_ns
        settlement = Settlement(
            ticker=ticker, result=market.result, value=value, revenue=NO_MONEY, settled_ns=now_ns
        )
        paid = [book.settle(settlement) for book in self._books.values()]
        if any(paid):
            self._outbox.do(
                KeepEntry(
                    PaperSettlementEntry(
                        ticker=ticker, result=market.result, value=value, settled_ns=now_ns
                    )
                )
            )

    def _watch(self) -> None:
        """Follow the markets that matter to any account or wait for a markout."""
        concerns = self._markouts.waiting.union(*(b.concerns() for b in self._books.values()))
        if concerns != self.watched:
            self.watched.clear()
            self.watched.update(concerns)
