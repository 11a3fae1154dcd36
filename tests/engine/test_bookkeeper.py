"""The folio in a core: the bridge holds to the micro-dollar, also after a restart."""

from __future__ import annotations

import random
from collections.abc import Iterable
from pathlib import Path

import pytest

from kalshi_desk.core.events import (
    AccountRead,
    BalanceReported,
    BookSnapshot,
    ConnectionChanged,
    CoreEvent,
    FillReported,
    LinkState,
    MarketsListed,
    MarketStatusChanged,
    OrderAnswered,
    TimerFired,
)
from kalshi_desk.core.fees import DIRECT, FeeGrid, fill_fee, trade_fee
from kalshi_desk.core.grid import uniform_grid
from kalshi_desk.core.records import (
    Balance,
    Event,
    ExchangePosition,
    Fill,
    Market,
    OrderIntent,
    Settlement,
)
from kalshi_desk.core.types import (
    Action,
    BookSide,
    Count,
    MarketStatus,
    Money,
    Outcome,
    Price,
    TimeInForce,
)
from kalshi_desk.desk.automation_frames import PnlRow, PortfolioView
from kalshi_desk.desk.commands import PlaceOrder
from kalshi_desk.engine.core import TradingCore
from kalshi_desk.engine.effects import (
    Effect,
    KeepEntry,
    KeepFill,
    KeepIntent,
    KeepMeta,
    KeepOrder,
    KeepSettlement,
    Notify,
    SendOrder,
)
from kalshi_desk.engine.inputs import CommandReceived
from kalshi_desk.engine.pnl_view import FRESH_NS, strategy_pnl
from kalshi_desk.engine.portfolio_view import record_bound
from kalshi_desk.engine.restore import journal_order, restore
from kalshi_desk.engine.state import CoreSettings
from kalshi_desk.engine.topics import build
from kalshi_desk.store.entries import EquityEntry, MetaEntry
from kalshi_desk.store.journal import Journal
from tests.wide_limits import WIDE

SECOND = 1_000_000_000
START = 1_800_000_000 * SECOND
TICKERS = "ABC"
ORIGINS = ("manual", "arbitrage", "volatility")
FINE = uniform_grid(Price(1))
MARKETS = (
    Market(ticker="A", event_ticker="E", category="Politics", grid=FINE),
    Market(ticker="B", event_ticker="E", category="Politics", grid=FINE),
    Market(ticker="C", event_ticker="F", category="Weather", grid=FINE),
)
EVENTS = (
    Event(event_ticker="E", series_ticker="S", title="Who wins"),
    Event(event_ticker="F", series_ticker="S", title="Rain"),
)


class Exchange:
    """What the exchange knows: cash and fills; it charges as a direct member is charged."""

    def __init__(self) -> None:
        self.cash = 1_000_000_000
        self.fills: list[Fill] = []
        self.settlements: list[Settlement] = []
        self.held: dict[str, int] = {}
        self._left: dict[str, int] = {}

    def fill(
        self, intent: OrderIntent, count: int, now_ns: int, *, is_taker: bool, grid: FeeGrid
    ) -> Fill:
        number, order_id = len(self.fills), f"o-{intent.client_order_id}"
        value = -intent.side.sign * intent.price * count
        fee = trade_fee(MARKETS[0].fee, intent.price, Count(count), is_taker=is_taker)
        charged = fill_fee(
            fee, Money(value), accumulator=Money(self._left.get(order_id, 0)), grid=grid
        )
        self._left[order_id] = charged.accumulator
        made = Fill(
            trade_id=f"t{number:03}",
            order_id=order_id,
            client_order_id=intent.client_order_id,
            ticker=intent.ticker,
            side=intent.side,
            price=intent.price,
            count=Count(count),
            fee=charged.net,
            is_taker=is_taker,
            executed_ns=now_ns,
        )
        # YES and NO in pairs are a dollar each: buying NO costs a dollar less the YES price.
        before = self.held.get(intent.ticker, 0)
        after = self.held[intent.ticker] = before + intent.side.sign * count
        locked = 10_000 * (max(0, -after) - max(0, -before))
        self.cash += value - locked - charged.net
        self.fills.append(made)
        return made

    def settle(self, ticker: str, value: int, now_ns: int) -> Settlement:
        held = self.held.pop(ticker, 0)
        revenue = held * value if held > 0 else -held * (10_000 - value)
        self.cash += revenue
        paid = Settlement(
            ticker=ticker, result="x", value=Price(value), revenue=Money(revenue), settled_ns=now_ns
        )
        self.settlements.append(paid)
        return paid


class Bench:
    """A core on a journal, and the exchange it trades with; ``restart`` ends only the core."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.now_ns = START
        self.exchange = Exchange()
        self.said: list[str] = []
        self.number = 0
        self.begin()

    def begin(self) -> None:
        self.journal = Journal(self.path, durable=False)
        settings = CoreSettings(max_order=Count(10**9), collar=Price(9_900), limits=WIDE)
        self.core = TradingCore(settings)
        restore(self.core.state, self.journal, self.now_ns)
        self.take(MarketsListed(MARKETS, EVENTS))
        self.take(ConnectionChanged(LinkState.LIVE))
        self.read()
        for ticker in TICKERS:
            self.quote(ticker, 4_700)

    def restart(self) -> None:
        self.journal.close()
        self.begin()

    def quote(self, ticker: str, bid: int, size: int = 10**8) -> None:
        self.take(
            BookSnapshot(ticker, ((Price(bid), Count(size)),), ((Price(bid + 100), Count(size)),))
        )

    def read(self) -> None:
        self.take(
            AccountRead(
                orders=(),
                fills=tuple(self.exchange.fills),
                positions=tuple(
                    ExchangePosition(ticker=ticker, position=Count(held))
                    for ticker, held in self.exchange.held.items()
                    if held
                ),
                settlements=tuple(self.exchange.settlements),
                balance=Balance(cash=Money(self.exchange.cash)),
                asked_ns=self.now_ns,
            )
        )

    def take(self, event: CoreEvent) -> list[Effect]:
        self.now_ns += FRESH_NS
        effects = self.core.step(event, self.now_ns)
        for effect in effects:
            self.carry(effect)
        return effects

    def carry(self, effect: Effect) -> None:
        if isinstance(effect, KeepIntent):
            self.journal.append_intent(effect.intent, self.now_ns)
        elif isinstance(effect, KeepFill):
            self.journal.write([effect.fill])
        elif isinstance(effect, KeepSettlement):
            self.journal.write([effect.settlement])
        elif isinstance(effect, KeepOrder):
            order = self.core.state.orders.by_client_id[effect.client_order_id]
            self.journal.write([journal_order(order)])
        elif isinstance(effect, KeepEntry):
            self.journal.write([effect.entry])
        elif isinstance(effect, KeepMeta):
            self.journal.write([MetaEntry(key=effect.key, value=effect.value or None)])
        elif isinstance(effect, Notify):
            self.said.append(effect.event.title)

    def order(
        self, ticker: str, side: BookSide, price: int, count: int, origin: str = "manual"
    ) -> OrderIntent:
        self.number += 1
        self.now_ns += 3 * SECOND
        outcome = Outcome.YES if side is BookSide.BID else Outcome.NO
        command = PlaceOrder(
            ticker=ticker,
            action=Action.BUY,
            outcome=outcome,
            count=Count(count),
            price=Price(price if side is BookSide.BID else 10_000 - price),
            time_in_force=TimeInForce.GTC,
            origin=origin,
        )
        effects = self.take(CommandReceived(f"c{self.number}", command))
        (intent,) = [effect.intent for effect in effects if isinstance(effect, SendOrder)]
        order_id = f"o-{intent.client_order_id}"
        self.take(OrderAnswered(intent.client_order_id, order_id, Count(0), Count(count)))
        return intent

    def fill(
        self, intent: OrderIntent, count: int, *, is_taker: bool = True, grid: FeeGrid = DIRECT
    ) -> None:
        made = self.exchange.fill(intent, count, self.now_ns, is_taker=is_taker, grid=grid)
        self.take(FillReported(made))

    def buy(
        self, ticker: str, price: int, count: int, origin: str = "manual", *, side: str = "bid"
    ) -> None:
        self.fill(self.order(ticker, BookSide(side), price, count, origin), count)

    def settle(self, ticker: str, value: int) -> None:
        self.exchange.settle(ticker, value, self.now_ns)
        self.read()

    def move(self, amount: int) -> None:
        """Let money come from outside; believed once it has been stated for a while."""
        self.exchange.cash += amount
        for _ in range(2):
            self.now_ns += 5 * SECOND
            self.take(BalanceReported(Balance(cash=Money(self.exchange.cash))))

    def beat(self, seconds: float) -> list[Effect]:
        self.now_ns += int(seconds * SECOND)
        return self.take(TimerFired())

    @property
    def view(self) -> PortfolioView:
        rows = build(self.core.state, "portfolio")
        assert rows is not None
        found = rows[""]
        assert isinstance(found, PortfolioView)
        return found

    def pnl(self) -> dict[str, PnlRow]:
        rows = build(self.core.state, "pnl") or {}
        return {key: row for key, row in rows.items() if isinstance(row, PnlRow)}


@pytest.fixture
def bench(tmp_path: Path) -> Iterable[Bench]:
    made = Bench(tmp_path / "journal.sqlite3")
    yield made
    made.journal.close()


def check(bench: Bench) -> None:
    """The bridge, and every scope against the account."""
    view, rows = bench.view, bench.pnl().values()
    assert view.cash == bench.exchange.cash
    assert view.equity is not None
    assert view.equity == bench.core.state.equity()
    assert view.start is not None
    assert view.unrealized is not None
    gained = view.equity - view.start - view.outside
    assert gained == view.realized_gross - view.fees + view.unrealized
    for scope in ("strategy", "event", "category", "role"):
        mine = [row for row in rows if row.scope == scope]
        assert sum(row.gross for row in mine) == view.realized_gross
        assert sum(row.fees for row in mine) == view.fees
        assert sum(row.predicted_fees for row in mine) == view.predicted_fees
        assert sum(row.unrealized or 0 for row in mine) == view.unrealized
        assert sum(row.net or 0 for row in mine) == gained


@pytest.mark.parametrize("seed", range(6))
def test_the_bridge_holds_through_trading_flows_payouts_and_restarts(
    bench: Bench, seed: int
) -> None:
    rng = random.Random(seed)
    open_tickers = list(TICKERS)
    for step in range(40):
        ticker = rng.choice(open_tickers)
        if rng.random() < 0.75:
            side = rng.choice(list(BookSide))
            count = rng.randrange(1, 900)
            price = rng.randrange(4_500, 5_000)
            intent = bench.order(ticker, side, price, count * 2, rng.choice(ORIGINS))
            for _ in range(rng.choice((1, 2))):
                bench.fill(intent, count, is_taker=rng.random() < 0.7)
        elif rng.random() < 0.3:
            bench.move(rng.randrange(-50_000_000, 90_000_000))
        elif rng.random() < 0.4:
            bench.restart()
        else:
            bench.quote(ticker, rng.randrange(3_000, 6_000))
        if step in (20, 30):
            bench.settle(open_tickers.pop(), rng.choice((0, 3_300, 10_000)))
        bench.beat(30)
        check(bench)
    for ticker in TICKERS:
        bench.quote(ticker, 4_700)
    before, parts = bench.view, bench.pnl()
    bench.restart()
    after = bench.view
    assert bench.pnl() == parts, "nothing about the parts is lost with the process"
    assert after.max_drawdown == pytest.approx(before.max_drawdown)
    assert (after.settled, after.best, after.worst) == (before.settled, before.best, before.worst)
    assert (after.start, after.outside) == (before.start, before.outside)
    assert not [title for title in bench.said if "while the desk was off" in title]


def test_predicted_fees_are_the_charged_ones_and_a_wrong_charge_shows(bench: Bench) -> None:
    intent = bench.order("A", BookSide.BID, 4_833, 2_100)
    for count in (7, 700, 33):
        bench.fill(intent, count)
    row = bench.pnl()["strategy:manual"]
    assert (row.trades, row.contracts) == (3, 740)
    assert row.fees == row.predicted_fees > 0
    made = bench.exchange.fill(intent, 100, bench.now_ns, is_taker=True, grid=DIRECT)
    bench.exchange.cash -= 900
    bench.take(FillReported(Fill(**{**fields(made), "fee": Money(made.fee + 900)})))
    row = bench.pnl()["role:taker"]
    assert row.fees - row.predicted_fees == 900
    assert row.unpredicted_fees == 0


def fields(fill: Fill) -> dict[str, object]:
    return {name: getattr(fill, name) for name in fill.__struct_fields__}


def test_a_fee_is_predicted_when_the_market_is_named_and_never_by_a_rule_of_another_day(
    tmp_path: Path,
) -> None:
    bench = Bench(tmp_path / "journal.sqlite3")
    late = Fill(
        trade_id="x1",
        order_id="x",
        ticker="Z",
        side=BookSide.BID,
        price=Price(5_000),
        count=Count(100),
        fee=Money(17_500),
        is_taker=True,
        executed_ns=bench.now_ns,
    )
    old = Fill(**{**fields(late), "trade_id": "x2", "executed_ns": START - 30 * 86_400 * SECOND})
    for fill in (late, old):
        bench.take(FillReported(fill))
    row = bench.pnl()["strategy:foreign"]
    assert (row.fees, row.predicted_fees, row.unpredicted_fees) == (35_000, 0, 35_000)
    bench.take(MarketsListed((Market(ticker="Z", event_ticker="G"),)))
    bench.beat(1)
    row = bench.pnl()["event:G"]
    assert (row.predicted_fees, row.unpredicted_fees) == (17_500, 17_500)
    bench.restart()
    again = bench.pnl()["strategy:foreign"]
    assert (again.predicted_fees, again.unpredicted_fees) == (17_500, 17_500)
    bench.journal.close()


def test_a_fill_read_before_its_order_was_named_goes_to_the_strategy_that_sent_it(
    bench: Bench,
) -> None:
    bench.number += 1
    command = PlaceOrder(
        ticker="A",
        action=Action.BUY,
        outcome=Outcome.YES,
        count=Count(500),
        price=Price(4_800),
        origin="arbitrage",
    )
    effects = bench.take(CommandReceived("late", command))
    (intent,) = [effect.intent for effect in effects if isinstance(effect, SendOrder)]
    made = bench.exchange.fill(intent, 500, bench.now_ns, is_taker=True, grid=DIRECT)
    # A reading tells fills without our id, here before the answer to the order.
    bench.exchange.fills[-1] = Fill(**{**fields(made), "client_order_id": ""})
    bench.read()
    assert bench.pnl()["strategy:foreign"].trades == 1
    bench.take(OrderAnswered(intent.client_order_id, made.order_id, Count(500), Count(0)))
    bench.beat(1)
    rows = bench.pnl()
    assert "strategy:foreign" not in rows
    mine = rows["strategy:arbitrage"]
    assert (mine.trades, mine.fees, mine.predicted_fees) == (1, made.fee, made.fee)
    assert mine.unrealized == bench.view.unrealized
    check(bench)
    bench.restart()
    assert bench.pnl()["strategy:arbitrage"] == mine


def test_an_account_with_a_past_begins_with_the_cash_before_its_first_fill(
    bench: Bench, tmp_path: Path
) -> None:
    bench.buy("A", 4_800, 2_000)
    bench.buy("A", 4_700, 500, side="ask")
    bench.buy("B", 4_800, 300)
    bench.settle("B", 10_000)
    other = Bench(tmp_path / "other.sqlite3")
    other.exchange, other.now_ns = bench.exchange, bench.now_ns
    other.restart()
    assert other.view.start == 1_000_000_000, "as if the desk had been there from the beginning"
    assert other.view.realized_net == bench.view.realized_net
    check(other)
    other.journal.close()


def test_two_strategies_in_one_market_are_judged_by_their_own_cost(bench: Bench) -> None:
    bench.buy("A", 4_000, 1_000, "arbitrage")
    bench.buy("A", 4_900, 1_000, "volatility")
    bench.fill(bench.order("A", BookSide.ASK, 4_700, 1_000, "arbitrage"), 1_000)
    rows = bench.pnl()
    assert rows["strategy:arbitrage"].gross == 700 * 1_000
    assert rows["strategy:volatility"].gross == 0
    pooled = rows["strategy:pooled cost"]
    assert (pooled.gross, pooled.net) == (-450 * 1_000, 0)
    check(bench)


def test_rows_are_built_anew_after_a_booking_and_for_quotes_twice_a_second(bench: Bench) -> None:
    bench.buy("A", 4_800, 1_000, "arbitrage")
    mine = strategy_pnl(bench.core.state, "arbitrage")
    assert mine == bench.pnl()["strategy:arbitrage"]
    assert strategy_pnl(bench.core.state, "volatility") is None
    quote = BookSnapshot("A", ((Price(3_000), Count(5_000)),), ((Price(3_100), Count(5_000)),))
    bench.core.step(quote, bench.now_ns + FRESH_NS // 2)
    assert strategy_pnl(bench.core.state, "arbitrage") is mine
    bench.core.step(quote, bench.now_ns + FRESH_NS)
    later = strategy_pnl(bench.core.state, "arbitrage")
    assert mine is not None
    assert later is not None
    assert (later.unrealized or 0) < (mine.unrealized or 0)
    bench.now_ns += FRESH_NS
    made = bench.exchange.fill(
        bench.core.state.recent[-1], 10, bench.now_ns, is_taker=True, grid=DIRECT
    )
    bench.core.step(FillReported(made), bench.now_ns)
    again = strategy_pnl(bench.core.state, "arbitrage")
    assert again is not None
    assert again.trades == 2, "a booking shows at once"


def test_money_from_outside_is_no_profit_no_drawdown_and_survives(bench: Bench) -> None:
    bench.beat(61)
    bench.move(500_000_000)
    bench.beat(61)
    bench.move(-900_000_000)
    bench.beat(61)
    view = bench.view
    assert view.outside == -400_000_000
    assert (view.drawdown_now, view.max_drawdown) == (0.0, 0.0)
    assert [point.equity for point in view.equity_curve][-1] == 600_000_000
    bench.exchange.cash += 70_000_000
    bench.restart()
    assert bench.view.outside == -330_000_000
    assert "Cash moved by $70.00 while the desk was off" in bench.said
    assert bench.core.state.opening_equity == 1_000_000_000 - 330_000_000, "no P&L of the day"
    assert bench.view.max_drawdown == 0.0
    check(bench)


def test_equity_is_sampled_once_a_minute_and_waits_for_the_books_of_what_is_held(
    bench: Bench,
) -> None:
    def samples(effects: list[Effect]) -> list[EquityEntry]:
        entries = [effect.entry for effect in effects if isinstance(effect, KeepEntry)]
        return [entry for entry in entries if isinstance(entry, EquityEntry)]

    assert len(samples(bench.beat(1))) == 1
    assert not samples(bench.beat(30))
    assert len(samples(bench.beat(30))) == 1
    bench.buy("A", 4_800, 10_000)
    bench.journal.close()
    bench.journal = Journal(bench.path, durable=False)
    bench.core = TradingCore(CoreSettings())
    restore(bench.core.state, bench.journal, bench.now_ns)
    bench.take(MarketsListed(MARKETS, EVENTS))
    bench.take(ConnectionChanged(LinkState.LIVE))
    bench.read()
    assert not samples(bench.beat(61)), "without a book what is held can't be valued"
    bench.quote("A", 4_700)
    (sample,) = samples(bench.beat(1))
    assert sample.equity == bench.view.equity
    assert sample.growth < 1.0
    bench.take(ConnectionChanged(LinkState.LOST))
    assert not samples(bench.beat(120)), "nothing is known while the line is down"


def test_a_drawdown_is_seen_at_once_and_remembered(bench: Bench) -> None:
    bench.buy("A", 4_800, 100_000)
    bench.beat(61)
    bench.quote("A", 1_000)
    assert bench.view.drawdown_now == pytest.approx(0.376, abs=0.01)
    bench.beat(61)
    bench.quote("A", 9_000)
    bench.beat(61)
    assert bench.view.drawdown_now == 0.0
    assert bench.view.max_drawdown == pytest.approx(0.376, abs=0.01)
    assert max(p.drawdown for p in bench.view.equity_curve) == pytest.approx(0.376, abs=0.01)


def test_without_an_exit_a_part_has_no_unrealised_profit_and_the_others_do(bench: Bench) -> None:
    bench.buy("A", 4_800, 1_000, "arbitrage")
    bench.buy("C", 4_800, 1_000, "volatility")
    bench.quote("A", 4_700, size=10)
    rows = bench.pnl()
    assert rows["strategy:arbitrage"].unrealized is None
    assert rows["strategy:arbitrage"].net is None
    assert rows["event:E"].net is None
    assert rows["strategy:volatility"].net is not None
    assert rows["category:Weather"].net == rows["event:F"].net
    assert rows["role:taker"].net is None
    assert bench.view.unrealized is None


def test_stages_from_open_to_paid(bench: Bench) -> None:
    for ticker in TICKERS:
        bench.buy(ticker, 4_800, 1_000)
    assert bench.view.stages["open"][0] == 3
    bench.take(MarketStatusChanged("A", MarketStatus.ACTIVE, close_ns=START + 900 * SECOND))
    bench.beat(901)
    assert {name: number for name, (number, _) in bench.view.stages.items()} == {
        "open": 2, "closed": 1, "determined": 0, "paid": 0, "paid_today": 0,
    }  # fmt: skip
    bench.take(
        MarketStatusChanged(
            "A", MarketStatus.DETERMINED, result="yes", settlement_value=Price(10_000)
        )
    )
    assert bench.view.stages["determined"] == (1, 10_000_000)
    rows = bench.pnl()
    assert rows["event:E"].unrealized is not None, "what it will pay is known"
    check(bench)
    bench.settle("A", 10_000)
    assert bench.view.stages["paid"] == bench.view.stages["paid_today"] == (1, 10_000_000)
    assert (bench.view.settled, bench.view.wins, bench.view.win_rate) == (1, 1, 1.0)
    bench.beat(86_400)
    assert bench.view.stages["paid_today"] == (0, 0)
    assert bench.view.stages["paid"] == (1, 10_000_000)


def test_the_record_of_a_strategy_counts_its_own_trades_by_event(bench: Bench) -> None:
    assert record_bound(bench.core.state, "arbitrage") is None
    for ticker in "AC":
        bench.buy(ticker, 4_800, 1_000, "arbitrage")
        bench.buy(ticker, 4_700, 1_000, "manual", side="ask")
    bound = record_bound(bench.core.state, "arbitrage")
    assert bound is not None
    nets = {trip.net for trip in bench.core.state.folio.parts.trips_of("arbitrage")}
    assert len(nets) == 1
    assert bound == pytest.approx(nets.pop()), "two equal losses leave no doubt"
    assert record_bound(bench.core.state, "manual") is None
