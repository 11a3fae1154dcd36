"""All state of the trading core, and what follows from it by arithmetic alone."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from kalshi_desk.alerts.watch import Watch
from kalshi_desk.core.drift import BookTop
from kalshi_desk.core.events import LinkState, UsageReported
from kalshi_desk.core.fees import DIRECT, NON_DIRECT, FeeGrid
from kalshi_desk.core.reasons import Reason, ReasonCode
from kalshi_desk.core.records import Market, OrderIntent
from kalshi_desk.core.strategy import Mode, Observation, ParameterValue
from kalshi_desk.core.types import CENT, NO_COUNT, NO_MONEY, Count, Money, Price
from kalshi_desk.desk.automation_frames import LabRow
from kalshi_desk.desk.frames import ReplayView, Row
from kalshi_desk.desk.service_frames import GuestRow
from kalshi_desk.engine.exposures import Exposures
from kalshi_desk.engine.health_state import Health
from kalshi_desk.engine.news_state import NewsState
from kalshi_desk.engine.risk_numbers import risk_view
from kalshi_desk.engine.strategy_state import StrategyState
from kalshi_desk.engine.tail_risk import TailRisk
from kalshi_desk.execution.orders import ManagedOrder, Orders
from kalshi_desk.market.live import LiveMarkets
from kalshi_desk.portfolio.cash import Purse
from kalshi_desk.portfolio.folio import Folio
from kalshi_desk.portfolio.positions import Position, Positions
from kalshi_desk.portfolio.valuation import Exit, exit_now
from kalshi_desk.risk.drift import DriftLog
from kalshi_desk.risk.exposure import Exposed, Resting, Stake, worst_case
from kalshi_desk.risk.gate import GateView, order_cost
from kalshi_desk.risk.limits import Limits
from kalshi_desk.risk.loss_guard import LossGuards
from kalshi_desk.risk.stop_book import StopBook
from kalshi_desk.risk.stops import StopRules
from kalshi_desk.store.settings import Settings

LIVE_OFF = "LIVE was switched off"
RECENT_INTENTS = 50
MOST_COSTS = 5_000
MOST_MESSAGES = 10_000
DEFAULT_COLLAR = Price(10 * CENT)
DEFAULT_MAX_ORDER = Count(1_000_000)


@dataclass(slots=True, kw_only=True)
class CoreSettings:
    """What a person may set about the core; prices in 1/10,000 dollar, counts in 1/100."""

    venue: str = "practice"
    speed: float = 1.0
    """How much faster than the wall the clock runs; time-outs of the network are the wall's."""
    can_trade: bool = True
    read_only_why: str = ""
    collar: Price = DEFAULT_COLLAR
    max_order: Count = DEFAULT_MAX_ORDER
    strategy_interval_ns: int = 60_000_000_000
    strategy_values: dict[str, dict[str, ParameterValue]] = field(default_factory=dict)
    stops: StopRules = field(default_factory=StopRules)
    limits: Limits = field(default_factory=Limits)
    whole: Settings = field(default_factory=Settings)
    """Every setting as it holds now; what the fields above say of it comes from here."""
    sources: dict[str, str] = field(default_factory=dict)
    overridden: dict[str, str] = field(default_factory=dict)

    def real_ms(self, age_ms: float) -> int:
        """Return an age on the desk's clock in real milliseconds: lag is of network and machine."""
        return max(0, int(age_ms / self.speed))


@dataclass(slots=True)
class CoreState:
    """The desk as the core knows it; every room's state machine in one place."""

    settings: CoreSettings
    markets: LiveMarkets = field(default_factory=LiveMarkets)
    orders: Orders = field(default_factory=Orders)
    positions: Positions = field(default_factory=Positions)
    ledger: Purse = field(default_factory=Purse)
    folio: Folio = field(default_factory=Folio)
    recent: deque[OrderIntent] = field(default_factory=lambda: deque(maxlen=RECENT_INTENTS))
    starred: set[str] = field(default_factory=set)
    simulated: set[str] = field(default_factory=set)
    """Markets in which shadow or paper orders rest or positions are held."""
    link: LinkState = LinkState.STARTING
    waiting_for: str = "the engine is starting"
    exchange_text: str = ""
    is_exchange_trading: bool = True
    has_account: bool = False
    has_history: bool = False
    halted_why: str = ""
    drift: DriftLog = field(default_factory=DriftLog)
    observations: dict[str, dict[str, list[Observation]]] = field(default_factory=dict)
    day: str = ""
    opening_equity: Money | None = None
    peak_equity: Money | None = None
    guards: LossGuards = field(default_factory=LossGuards)
    loss_why: str = ""
    has_marks: bool = False
    marks_since_ns: int = 0
    differs: str = ""
    messages: deque[int] = field(default_factory=lambda: deque(maxlen=MOST_MESSAGES))
    is_direct: bool = False
    usage: UsageReported | None = None
    replay: ReplayView | None = None
    auto: bool = False
    is_stopping: bool = False
    """Whether a person ends the engine and its orders: strategies send nothing new meanwhile."""
    modes: dict[str, Mode] = field(default_factory=dict)
    strategies: dict[str, StrategyState] = field(default_factory=dict)
    implications: set[tuple[str, str]] = field(default_factory=set)
    holds: dict[tuple[str, str], int] = field(default_factory=dict)
    """Until when a strategy means to hold its position in a market."""
    lab: dict[str, LabRow] = field(default_factory=dict)
    alerts: dict[str, Watch] = field(default_factory=dict)
    alert_problems: dict[str, tuple[str, str]] = field(default_factory=dict)
    """Rules of the settings that can't be read, and why."""
    guests: dict[str, GuestRow] = field(default_factory=dict)
    health: Health = field(default_factory=Health)
    correlations: dict[str, Row] = field(default_factory=dict)
    news: NewsState = field(default_factory=NewsState)
    now_ns: int = 0
    stops: StopBook = field(init=False)
    _costs: dict[str, tuple[tuple[object, ...], Money]] = field(default_factory=dict)
    exposures: Exposures = field(init=False)
    tail: TailRisk = field(init=False)

    def __post_init__(self) -> None:
        self.exposures = Exposures(self)
        self.tail = TailRisk(self)
        self.stops = StopBook(self.settings.stops)

    @property
    def reducing_why(self) -> str:
        """Why only reductions pass though the desk is not halted, empty when they are not alone."""
        return "; ".join(filter(None, (self.drift.reducing_why, self.loss_why)))

    @property
    def fee_grid(self) -> FeeGrid:
        """The rounding of this account: the worse one until a fill has shown sub-cent fees."""
        return DIRECT if self.is_direct else NON_DIRECT

    def involved(self) -> set[str]:
        """Return the markets not to lose sight of: held, ordered, simulated or starred."""
        held = {position.ticker for position in self.positions.held()}
        open_orders = {order.ticker for order in self.orders.open_orders()}
        return held | open_orders | self.starred | self.simulated

    def effective_position(self, ticker: str) -> Count:
        """Return the position with what is known to have traded but not booked yet."""
        pending = sum(
            order.side.sign * (order.filled - order.booked)
            for order in self.orders.unbooked()
            if order.ticker == ticker
        )
        return Count(self.positions.get(ticker).count + pending)

    def resting_reducing(self, ticker: str, position: Count) -> Count:
        """Return what open orders would already close of a position."""
        return Count(
            sum(
                order.remaining
                for order in self.orders.open_orders(ticker)
                if position * order.side.sign < 0
            )
        )

    def committed(self, shard: int | None = None) -> Money:
        """Return the cash that open orders may still take, with the worst fee.

        ``shard`` counts only the orders that draw on one exchange shard.
        """
        total = 0
        closable: dict[str, int] = {}
        for order in self.orders.open_orders():
            live = self.markets.get(order.ticker)
            if live is None or shard not in (None, live.market.shard):
                continue
            opens = int(order.remaining)
            position = self.positions.get(order.ticker).count
            if position * order.side.sign < 0:
                left = closable.setdefault(order.ticker, abs(position))
                closes = min(left, opens)
                closable[order.ticker] = left - closes
                opens -= closes
            total += self._resting_cost(order, Count(opens), live.market)
        return Money(total)

    def _resting_cost(self, order: ManagedOrder, opens: Count, market: Market) -> Money:
        """Return what opening ``opens`` of an order takes; remembered while nothing changes.

        A desk with hundreds of resting orders asks for this before each new one.
        """
        is_waived = self.now_ns < market.fee.waived_until_ns
        key = (order.price, opens, market.fee, is_waived)
        known = self._costs.get(order.client_order_id)
        if known is not None and known[0] == key:
            return known[1]
        cost = order_cost(order.side, order.price, opens, market, self.now_ns) or NO_MONEY
        if len(self._costs) > MOST_COSTS:
            self._costs.clear()
        self._costs[order.client_order_id] = (key, cost)
        return cost

    def shard_of(self, ticker: str) -> int:
        """Return the exchange shard of a market, 0 for one that is not known."""
        live = self.markets.get(ticker)
        return 0 if live is None else live.market.shard

    def exit_of(self, position: Position) -> Exit | None:
        """Return what closing a position at once would bring, None when the book can't."""
        live = self.markets.get(position.ticker)
        if live is None:
            return None
        return exit_now(
            live.book,
            position.count,
            live.market.fee,
            now_ns=self.now_ns,
            grid=self.fee_grid,
            own=self.own_sizes(position.ticker, position.count),
        )

    def own_sizes(self, ticker: str, position: Count) -> dict[Price, Count]:
        """Return what of the levels that a position could be sold to is our own resting order.

        Paper orders rest in no book but the broker's.
        """
        sizes: dict[Price, Count] = {}
        if self.settings.venue == "paper":
            return sizes
        for order in self.orders.open_orders(ticker):
            if order.side.sign * position > 0:
                found = sizes.get(order.price, NO_COUNT)
                sizes[order.price] = Count(found + order.remaining)
        return sizes

    def value_of(self, position: Position) -> Money:
        """Return what a position is carried at in equity.

        The exit after fees where the book could take all of it; else the settlement
        value once determined, the last price, or what was paid, in this order.
        """
        found = self.exit_of(position)
        if found is not None:
            return found.net
        live = self.markets.get(position.ticker)
        price = None
        if live is not None:
            price = live.market.settlement_value
            price = live.last_price if price is None else price
        return position.cost if price is None else position.payout(price)

    def equity(self) -> Money | None:
        """Return cash and what all positions would bring; None before cash is known."""
        if self.ledger.cash is None:
            return None
        return Money(self.ledger.cash + sum(self.value_of(held) for held in self.positions.held()))

    def worst_case(self, ticker: str | None = None, event: str | None = None) -> Money:
        """Return the worst change of value at settlement: of all, a market or an event."""
        return worst_case(self.exposed(ticker, event))

    def exposed(self, ticker: str | None = None, event: str | None = None) -> list[Exposed]:
        """Return holdings and open orders that settlement can hurt."""
        found: list[Exposed] = []
        for held in self.positions.held():
            group, excludes = self.group_of(held.ticker)
            if ticker in (None, held.ticker) and event in (None, group):
                value = self.value_of(held)
                found.append(Stake(held.ticker, group, excludes, held.count, value))
        for order in self.orders.open_orders():
            group, excludes = self.group_of(order.ticker)
            if ticker in (None, order.ticker) and event in (None, group):
                found.append(self._resting(order, group, excludes))
        return found

    def _resting(self, order: ManagedOrder, group: str, excludes: bool) -> Resting:
        fee = self.worst_fee(order, order.remaining)
        return Resting(order.ticker, group, excludes, order.side, order.price, order.remaining, fee)

    def worst_fee(self, order: ManagedOrder, count: Count) -> Money:
        """Return the most that a fill of so many contracts of an order may be charged."""
        live = self.markets.get(order.ticker)
        if live is None or not count:
            return NO_MONEY
        cost = order_cost(order.side, order.price, count, live.market, self.now_ns)
        per_contract = order.price if order.side.sign > 0 else 10_000 - order.price
        return Money(max(0, (cost or 0) - per_contract * count))

    def group_of(self, ticker: str) -> tuple[str, bool]:
        """Return the event of a market, and whether its markets exclude each other."""
        live = self.markets.get(ticker)
        if live is None:
            return ticker, False
        event = self.markets.events.get(live.market.event_ticker)
        excludes = live.market.mutually_exclusive or bool(event and event.mutually_exclusive)
        return live.market.event_ticker or ticker, excludes

    def gate_view(self, ticker: str) -> GateView:
        """Show the gate what it may look at for an order in one market."""
        live = self.markets.get(ticker)
        position = self.effective_position(ticker)
        cannot_send = self.cannot_send()
        shard = self.shard_of(ticker)
        return GateView(
            now_ns=self.now_ns,
            cannot_send=cannot_send,
            halted_why=self.halted_why,
            market=None if live is None else live.market,
            book=None if live is None else live.book,
            position=position,
            resting_reducing=self.resting_reducing(ticker, position),
            cash=self.ledger.on_shard(shard) if self.has_account else None,
            cash_everywhere=self.ledger.cash or NO_MONEY,
            committed=self.committed(shard),
            is_unresolved=bool(self.orders.unresolved(ticker)),
            recent=list(self.recent),
            collar=self.settings.collar,
            max_count=self.settings.max_order,
            risk=risk_view(self, ticker),
            last_price=None if live is None else live.last_price,
            reducing_why=self.drift.reducing_why,
        )

    def book_top(self, ticker: str) -> BookTop | None:
        """Return the best levels of a book that may be traded on, None without one."""
        live = self.markets.get(ticker)
        if live is None or not live.book.is_valid:
            return None
        book = live.book
        bid, ask = book.bid, book.ask
        return BookTop(
            bid=None if bid is None else (bid, book.bid_size),
            ask=None if ask is None else (ask, book.ask_size),
            updated_ns=book.updated_ns,
        )

    def cannot_send(self) -> Reason | None:
        """Return why no order could be sent now, whatever it says; None when one could."""
        if not self.settings.can_trade:
            return Reason(ReasonCode.READ_ONLY_VENUE, self.settings.read_only_why)
        if self.link is not LinkState.LIVE:
            return Reason(
                ReasonCode.NOT_CONNECTED,
                f"There is no connection to the exchange ({self.waiting_for}); "
                "nothing was sent. It reconnects by itself.",
                self.link.value,
                "live",
            )
        if not self.is_exchange_trading:
            return Reason(
                ReasonCode.NOT_CONNECTED,
                f"The exchange takes no orders now ({self.exchange_text}); nothing was sent.",
                self.exchange_text,
                "open",
            )
        return None
