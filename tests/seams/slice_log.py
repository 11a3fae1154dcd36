"""The exchange's own log of an account, and whether any limit was ever exceeded in it.

Limits are measured on what the exchange says happened, in its order.  Fees are left out and
positions carried at the worst price of the last minutes, so that nothing is called a breach
which the gate's own definition (executable prices, worst fees) might have allowed.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Set
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from kalshi_desk.core.records import OrderIntent
from kalshi_desk.core.types import parse_count, parse_money, parse_price
from tests.exchange.client import Seat

DOLLAR = 10_000
SLACK = 500
"""An exit may go so far through the best price that candles show, in 1/10,000 dollar."""
MARK_S = 180
LATE_S = 5.0
"""How much later than the gate looked at it an order may reach the exchange's log."""


@dataclass(frozen=True)
class LoggedOrder:
    """One order; ``ended`` is None while it rests.  Times are seconds since the epoch."""

    order_id: str
    client_id: str
    ticker: str
    is_bid: bool
    price: int
    initial: int
    filled: int
    status: str
    created: float
    ended: float | None

    @property
    def sign(self) -> int:
        return 1 if self.is_bid else -1

    @property
    def unit(self) -> int:
        """What one contract costs."""
        return self.price if self.is_bid else DOLLAR - self.price


@dataclass(frozen=True)
class LoggedFill:
    """One side of a trade."""

    trade_id: str
    order_id: str
    ticker: str
    is_bid: bool
    price: int
    count: int
    fee: int
    at: float


@dataclass
class ExchangeLog:
    """Everything that the exchange says of the account."""

    orders: list[LoggedOrder]
    fills: list[LoggedFill]
    realized: dict[str, int]
    settled: list[tuple[float, str]]
    markets: dict[str, dict[str, Any]]
    exclusive: set[str]
    category: dict[str, str]
    theme: dict[str, str]
    candles: dict[str, list[tuple[float, int, int]]] = field(default_factory=dict)

    def event_of(self, ticker: str) -> str:
        return str(self.markets[ticker]["event_ticker"])

    def threshold(self, ticker: str) -> float | None:
        """Return the value above which a market pays, None for one of another kind."""
        market = self.markets[ticker]
        return market["floor_strike"] if market.get("strike_type") == "greater" else None

    def closes(self, ticker: str) -> float:
        return _time(self.markets[ticker]["close_time"])

    def mark(self, ticker: str, count: int, at: float) -> int:
        """Return the least that a position may have been carried at around a time."""
        before = [row for row in self.candles.get(ticker, []) if row[0] - 60 <= at]
        near = [row for row in before if row[0] >= at - MARK_S] or before[-1:]
        if not near:
            return 0
        bid, ask = min(row[1] for row in near), max(row[2] for row in near)
        unit = bid if count > 0 else DOLLAR - ask
        return abs(count) * max(0, unit - SLACK)


def read_log(seat: Seat) -> ExchangeLog:
    """Read orders, fills, positions and settlements of an account, every page of each."""
    orders = [_order(row) for row in _pages(seat, "/portfolio/orders", "orders")]
    fills = [_fill(row) for row in _pages(seat, "/portfolio/fills", "fills")]
    positions = _pages(seat, "/portfolio/positions?settlement_status=all", "market_positions")
    paid = _pages(seat, "/portfolio/settlements", "settlements")
    tickers = sorted({order.ticker for order in orders})
    markets = {ticker: seat.get(f"/markets/{ticker}")["market"] for ticker in tickers}
    names = {str(market["event_ticker"]) for market in markets.values()}
    events = {name: seat.get(f"/events/{name}")["event"] for name in names}
    log = ExchangeLog(
        orders=sorted(orders, key=lambda order: order.created),
        fills=sorted(fills, key=lambda fill: fill.at),
        realized={row["ticker"]: parse_money(row["realized_pnl_dollars"]) for row in positions},
        settled=[(_time(row["settled_time"]), row["ticker"]) for row in paid],
        markets=markets,
        exclusive={name for name, event in events.items() if event["mutually_exclusive"]},
        category={name: event["category"] for name, event in events.items()},
        theme={name: event["series_ticker"] for name, event in events.items()},
    )
    _read_candles(seat, log)
    return log


def _read_candles(seat: Seat, log: ExchangeLog) -> None:
    tickers = sorted(log.markets)
    if not tickers:
        return
    start, end = int(log.orders[0].created) - 3_600, int(log.orders[-1].created) + 120
    for first in range(0, len(tickers), 100):
        names = ",".join(tickers[first : first + 100])
        found = seat.get(
            f"/markets/candlesticks?market_tickers={names}&start_ts={start}&end_ts={end}"
            "&period_interval=1"
        )
        for row in found["markets"]:
            log.candles[row["market_ticker"]] = [
                (
                    float(candle["end_period_ts"]),
                    parse_price(candle["yes_bid"]["low_dollars"]),
                    parse_price(candle["yes_ask"]["high_dollars"]),
                )
                for candle in row["candlesticks"]
            ]


def _pages(seat: Seat, path: str, name: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    cursor, joint = "", "&" if "?" in path else "?"
    while True:
        page = seat.get(f"{path}{joint}limit=1000" + (f"&cursor={cursor}" if cursor else ""))
        found += page[name]
        cursor = page["cursor"]
        if not cursor:
            return found


def _time(text: str) -> float:
    return datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


def _order(row: Mapping[str, Any]) -> LoggedOrder:
    return LoggedOrder(
        order_id=row["order_id"],
        client_id=row["client_order_id"],
        ticker=row["ticker"],
        is_bid=row["book_side"] == "bid",
        price=parse_price(row["yes_price_dollars"]),
        initial=parse_count(row["initial_count_fp"]),
        filled=parse_count(row["fill_count_fp"]),
        status=row["status"],
        created=_time(row["created_time"]),
        ended=None if row["status"] == "resting" else _time(row["last_update_time"]),
    )


def _fill(row: Mapping[str, Any]) -> LoggedFill:
    return LoggedFill(
        trade_id=row["trade_id"],
        order_id=row["order_id"],
        ticker=row["ticker"],
        is_bid=row["book_side"] == "bid",
        price=parse_price(row["yes_price_dollars"]),
        count=parse_count(row["count_fp"]),
        fee=parse_money(row["fee_cost"]),
        at=_time(row["created_time"]),
    )


@dataclass(frozen=True)
class Allowed:
    """The limits in force, in micro-dollars and counts; the bankroll makes W a constant."""

    market: int
    event: int
    category: int
    theme: int
    total: int
    machine_market: int
    machine_order: int
    positions: int
    resting: int
    per_minute: int
    near_close_s: int


class Replay:
    """Goes through the log in its order; :meth:`run` answers every breach in words."""

    def __init__(
        self,
        log: ExchangeLog,
        intents: Mapping[str, OrderIntent],
        allowed: Allowed,
        decided: Set[str] = frozenset(),
    ) -> None:
        self._log = log
        self._intents = intents
        self._allowed = allowed
        self._early = {log.event_of(ticker) for ticker in decided}
        self._held: dict[str, int] = defaultdict(int)
        self._open: dict[str, tuple[LoggedOrder, int]] = {}
        self._sent: list[float] = []
        self._filled: dict[str, list[tuple[LoggedOrder, int]]] = defaultdict(list)
        self.breaches: list[str] = []
        self.most = {"positions": 0, "resting": 0, "market": 0, "event": 0, "total": 0}

    def run(self) -> list[str]:
        """Replay everything and return what should not have been."""
        by_id = {order.order_id: order for order in self._log.orders}
        for at, _, what in sorted(self._steps(), key=lambda step: step[:2]):
            if isinstance(what, LoggedFill):
                self._fill(what, by_id[what.order_id])
            elif isinstance(what, LoggedOrder):
                self._create(what, at)
            elif what in self._open:
                del self._open[what]
            else:
                self._held[what] = 0
        return self.breaches

    def _steps(self) -> Iterator[tuple[float, int, LoggedFill | LoggedOrder | str]]:
        for order in self._log.orders:
            yield order.created, 0, order
            if order.ended is not None:
                yield order.ended, 2, order.order_id
        for fill in self._log.fills:
            yield fill.at, 1, fill
        for at, ticker in self._log.settled:
            yield at, 3, ticker

    def _origin(self, order: LoggedOrder) -> str:
        return self._intents[order.client_id].origin

    def _fill(self, fill: LoggedFill, order: LoggedOrder) -> None:
        before = self._held[fill.ticker]
        signed = fill.count if fill.is_bid else -fill.count
        if self._intents[order.client_id].reduce_only and (
            before * signed >= 0 or abs(signed) > abs(before)
        ):
            self.breaches.append(
                f"an exit ({self._origin(order)}, {order.client_id}) took {fill.ticker} "
                f"from {before} by {signed}"
            )
        self._held[fill.ticker] = before + signed
        self._filled[fill.ticker].append((order, fill.count))
        rests = self._open.get(fill.order_id)
        if rests is not None:
            self._open[fill.order_id] = (order, rests[1] - fill.count)

    def _opens(self, order: LoggedOrder, count: int) -> int:
        """Return how much of an order adds exposure; other orders close first."""
        held = self._held[order.ticker]
        if held * order.sign >= 0:
            return count
        closing = sum(
            left
            for other, left in self._open.values()
            if other.ticker == order.ticker and other.sign == order.sign
        )
        return max(0, count - max(0, abs(held) - closing))

    def _create(self, order: LoggedOrder, at: float) -> None:
        opens = self._opens(order, order.initial)
        adding = {
            number: (other, left)
            for number, (other, left) in self._open.items()
            if left and self._held[other.ticker] * other.sign >= 0
        }
        self._open[order.order_id] = (order, order.initial)
        if opens:
            is_machine = self._origin(order) not in {"manual", "flatten"}
            self._count(order, adding, at)
            self._lose(order, opens, adding, at, is_machine=is_machine)
            if is_machine:
                self._pace(order, opens, at)
        self._sent.append(at)

    def _count(
        self, order: LoggedOrder, adding: Mapping[str, tuple[LoggedOrder, int]], at: float
    ) -> None:
        markets = {ticker for ticker, count in self._held.items() if count}
        is_new = order.ticker not in markets
        markets |= {other.ticker for other, _ in adding.values()} | {order.ticker}
        self._check(order, "positions", len(markets), self._allowed.positions, is_new=is_new)
        self._check(order, "resting", len(adding) + 1, self._allowed.resting)

    def _lose(
        self,
        order: LoggedOrder,
        opens: int,
        adding: Mapping[str, tuple[LoggedOrder, int]],
        at: float,
        *,
        is_machine: bool,
    ) -> None:
        edges = self._edges(adding.values(), at)
        before = self._worst(edges)
        _add_order(edges[order.ticker], order, opens)
        after = self._worst(edges)
        name = self._log.event_of(order.ticker)
        limits = self._allowed
        market = max(0, -min(edges[order.ticker]))
        self._check(order, "market", market, limits.market)
        if is_machine:
            alone = market - self._later(order, adding.values())
            self._check(order, "machine's market", alone, limits.machine_market)
        # What takes away a risk of its event passes, however large that is.
        adds = after[name] - before.get(name, 0)
        if 2 * adds >= order.unit * opens:
            self._check(order, "event", after[name], limits.event)
            for what, kinds, allowed in (
                ("theme", self._log.theme, limits.theme),
                ("category", self._log.category, limits.category),
            ):
                kin = sum(worst for other, worst in after.items() if kinds[other] == kinds[name])
                self._check(order, what, kin, allowed)
            self._check(order, "total", sum(after.values()), limits.total)

    def _later(self, order: LoggedOrder, adding: Iterable[tuple[LoggedOrder, int]]) -> int:
        """Return what of a market's loss people caused after the gate had looked at an order.

        An order may be overtaken on its way; the limit of machines doesn't hold people.
        """
        asked = self._intents[order.client_id].created_ns
        late = [(other, left) for other, left in adding if other.ticker == order.ticker]
        late += self._filled[order.ticker]
        return sum(
            other.unit * count
            for other, count in late
            if self._intents[other.client_id].created_ns > asked
        )

    def _edges(self, adding: Iterable[tuple[LoggedOrder, int]], at: float) -> dict[str, list[int]]:
        """Return for each market what it changes when YES loses and when it wins."""
        edges: dict[str, list[int]] = defaultdict(lambda: [0, 0])
        for ticker, count in self._held.items():
            if count:
                value = self._log.mark(ticker, count, at)
                pays = DOLLAR * abs(count)
                edges[ticker] = [-value, pays - value] if count > 0 else [pays - value, -value]
        for other, left in adding:
            _add_order(edges[other.ticker], other, left)
        return edges

    def _worst(self, edges: Mapping[str, list[int]]) -> dict[str, int]:
        """Return the worst loss of each event: at most one YES where its markets exclude.

        Of a ladder of thresholds, those below the value win and those above lose.
        """
        events: dict[str, list[tuple[str, list[int]]]] = defaultdict(list)
        for ticker, pair in edges.items():
            events[self._log.event_of(ticker)].append((ticker, pair))
        found = {}
        for name, lines in events.items():
            none = sum(lose for _, (lose, _) in lines)
            strikes = [self._log.threshold(ticker) for ticker, _ in lines]
            if name in self._log.exclusive:
                worst = none + min(0, *(win - lose for _, (lose, win) in lines))
            elif None not in strikes:
                totals, worst = none, none
                for _, (_, (lose, win)) in sorted(zip(strikes, lines, strict=True)):
                    totals += win - lose
                    worst = min(worst, totals)
            else:
                worst = sum(min(pair) for _, pair in lines)
            found[name] = max(0, -worst)
        return found

    def _pace(self, order: LoggedOrder, opens: int, at: float) -> None:
        cost = order.unit * opens
        self._check(order, "machine's order", cost, self._allowed.machine_order)
        sent = sum(at - 60 + LATE_S < other for other in self._sent)
        self._check(order, "orders a minute", sent + 1, self._allowed.per_minute)
        left = self._log.closes(order.ticker) - at
        # One that was decided early has closed then with its event, which nobody could know.
        is_early = self._log.event_of(order.ticker) in self._early
        if not is_early and left < self._allowed.near_close_s - LATE_S:
            self.breaches.append(f"{order.ticker}: entered {left:.0f} s before the close")

    def _check(
        self, order: LoggedOrder, what: str, seen: int, allowed: int, *, is_new: bool = True
    ) -> None:
        self.most[what] = max(self.most.get(what, 0), seen)
        if is_new and seen > allowed:
            self.breaches.append(
                f"{what}: {seen} with {order.client_id} ({self._origin(order)}) in "
                f"{order.ticker} at {order.created:.3f}; {allowed} allowed"
            )


def _add_order(pair: list[int], order: LoggedOrder, count: int) -> None:
    """Let an order fill in the outcome in which it would lose."""
    pair[0 if order.is_bid else 1] -= order.unit * count
