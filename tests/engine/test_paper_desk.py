"""Shadow and paper: queue, depth, ends, markouts, P&L against a small ledger, and restarts."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from kalshi_desk.core.events import (
    AccountRead,
    BookDelta,
    BookSnapshot,
    BookStale,
    ConnectionChanged,
    CoreEvent,
    LinkState,
    MarketsListed,
    MarketStatusChanged,
    TimerFired,
    TradePrinted,
)
from kalshi_desk.core.fees import FeeRule
from kalshi_desk.core.records import Balance, Fill, Market, OrderIntent, Trade
from kalshi_desk.core.strategy import Mode, Observation, Signal
from kalshi_desk.core.types import (
    BookSide,
    Count,
    MarketStatus,
    Money,
    Price,
    TimeInForce,
    parse_count,
    parse_money,
    parse_price,
)
from kalshi_desk.engine.core import TradingCore
from kalshi_desk.engine.effects import Effect, KeepEntry, KeepMeta, KeepObservation, SendOrder
from kalshi_desk.engine.restore import restore
from kalshi_desk.engine.restore_machine import restore_machine
from kalshi_desk.engine.state import CoreSettings
from kalshi_desk.execution.paper import Placed
from kalshi_desk.store.entries import MetaEntry, PaperFillEntry
from kalshi_desk.store.journal import Journal

SECOND = 1_000_000_000
MINUTE = 60 * SECOND
START = 1_800_000_000 * SECOND
BID, ASK = BookSide.BID, BookSide.ASK
PLAIN = FeeRule()
MAKER_FEES = FeeRule(fee_type="quadratic_with_maker_fees")


class Desk:
    """A core with two markets, and what its paper desk asked for."""

    def __init__(self, path: Path, *, fee: FeeRule = PLAIN, close_ns: int = 0) -> None:
        self.path = path
        self.now_ns = START
        self.effects: list[Effect] = []
        self.markets = tuple(
            Market(ticker=ticker, event_ticker=f"E-{ticker}", fee=fee, close_ns=close_ns)
            for ticker in "MN"
        )
        self.open()

    def open(self) -> None:
        self.journal = Journal(self.path, durable=False)
        self.core = TradingCore(CoreSettings(venue="practice"))
        restore(self.core.state, self.journal, self.now_ns)
        restore_machine(self.core, self.journal, self.now_ns)
        self.paper = self.core.paper
        self.take(MarketsListed(self.markets))
        self.take(ConnectionChanged(LinkState.LIVE))
        self.take(
            AccountRead(
                orders=(),
                fills=(),
                positions=(),
                settlements=(),
                balance=Balance(cash=parse_money("10000")),
                asked_ns=self.now_ns,
            )
        )

    def restart(self) -> None:
        self.journal.close()
        self.now_ns += SECOND
        self.effects.clear()
        self.open()

    def take(self, happened: CoreEvent) -> None:
        self.now_ns += 1_000
        self.note(self.core.step(happened, self.now_ns))

    def note(self, effects: list[Effect]) -> None:
        for effect in effects:
            assert not isinstance(effect, SendOrder)
            if isinstance(effect, KeepEntry):
                self.journal.write([effect.entry])
            elif isinstance(effect, KeepMeta):
                self.journal.write([MetaEntry(key=effect.key, value=effect.value or None)])
        self.effects.extend(effects)

    def wait(self, seconds: float) -> None:
        self.now_ns += int(seconds * SECOND)
        self.take(TimerFired())

    def show(self, bids: dict[str, str], asks: dict[str, str], ticker: str = "M") -> None:
        self.take(
            BookSnapshot(
                ticker,
                tuple((parse_price(p), parse_count(n)) for p, n in bids.items()),
                tuple((parse_price(p), parse_count(n)) for p, n in asks.items()),
            )
        )

    def change(self, side: BookSide, price: str, count: str, ticker: str = "M") -> None:
        self.take(BookDelta(ticker, side, parse_price(price), parse_count(count)))

    def trade(self, price: str, count: str, taker: BookSide = ASK, ticker: str = "M") -> None:
        self.take(
            TradePrinted(
                Trade(
                    trade_id=f"t{self.now_ns}",
                    ticker=ticker,
                    price=parse_price(price),
                    count=parse_count(count),
                    taker_side=taker,
                    executed_ns=self.now_ns,
                )
            )
        )

    def place(
        self,
        side: BookSide,
        price: str,
        count: str,
        *,
        mode: Mode = Mode.SHADOW,
        strategy: str = "maker",
        tif: TimeInForce = TimeInForce.GTC,
        ticker: str = "M",
        ttl_s: int = 0,
        holds_s: int = 0,
        reduce_only: bool = False,
    ) -> Placed:
        self.core.state.now_ns = self.now_ns
        placed = self.paper.place(
            strategy,
            mode,
            OrderIntent(
                client_order_id=f"c{len(self.effects)}",
                ticker=ticker,
                side=side,
                price=parse_price(price),
                count=parse_count(count),
                time_in_force=tif,
                reduce_only=reduce_only,
                created_ns=self.now_ns,
            ),
            Signal(
                candidate=ticker,
                legs=(),
                text="",
                cell="cell",
                ttl_s=ttl_s,
                holds_until_ns=self.now_ns + holds_s * SECOND if holds_s else 0,
            ),
            self.now_ns,
        )
        self.note(self.core.outbox.take())
        return placed

    def fills(self, strategy: str = "maker") -> list[Fill]:
        found = [effect.entry for effect in self.effects if isinstance(effect, KeepEntry)]
        return [
            entry.fill
            for entry in found
            if isinstance(entry, PaperFillEntry) and entry.strategy == strategy
        ]

    def observations(self) -> list[Observation]:
        return [e.observation for e in self.effects if isinstance(e, KeepObservation)]

    def filled(self, strategy: str = "maker") -> int:
        return sum(fill.count for fill in self.fills(strategy))


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    made = Desk(tmp_path / "journal.sqlite3")
    made.show({"0.55": "40", "0.54": "80"}, {"0.57": "500"})
    return made


def test_the_queue_fixture_through_the_core(desk: Desk) -> None:
    """o07: a bid of 100 behind 40 gets 75 of these events, never the 100 of a naive touch."""
    desk.place(BID, "0.55", "100")
    desk.trade("0.55", "25")
    desk.change(BID, "0.55", "-25")
    desk.change(BID, "0.55", "-10")
    desk.change(BID, "0.55", "80")
    desk.trade("0.55", "30")
    desk.change(BID, "0.55", "-30")
    desk.trade("0.53", "60")
    desk.trade("0.57", "500", BID)
    assert desk.filled() == parse_count("75")
    assert not any(fill.is_taker for fill in desk.fills())
    assert desk.paper.open_orders("maker")[0].remaining == parse_count("25")


def test_the_same_events_ask_for_the_same_effects(tmp_path: Path) -> None:
    runs = []
    for name in "ab":
        desk = Desk(tmp_path / name, fee=MAKER_FEES)
        desk.show({"0.55": "40"}, {"0.57": "500"})
        desk.place(BID, "0.55", "100", holds_s=3_600)
        desk.place(ASK, "0.56", "7", mode=Mode.PAPER, strategy="other", ttl_s=90)
        desk.place(BID, "0.57", "9", tif=TimeInForce.IOC, ticker="M")
        desk.trade("0.54", "60")
        desk.trade("0.58", "60", BID)
        for _ in range(80):
            desk.wait(60)
        runs.append(desk.effects)
    assert runs[0] == runs[1]
    assert len(runs[0]) > 10


def test_a_taker_gets_what_is_displayed_and_nothing_twice(desk: Desk) -> None:
    desk.place(BID, "0.57", "300", tif=TimeInForce.IOC)
    desk.place(BID, "0.57", "300", tif=TimeInForce.IOC)
    assert [fill.count for fill in desk.fills()] == [30_000, 20_000]
    assert desk.paper.open_orders("maker") == []
    # Another strategy has an account of its own.
    desk.place(BID, "0.57", "300", tif=TimeInForce.IOC, strategy="other")
    assert desk.filled("other") == 30_000
    desk.change(ASK, "0.57", "50")
    desk.place(BID, "0.57", "300", tif=TimeInForce.IOC)
    assert desk.filled() == 55_000


def test_two_orders_share_what_was_printed(desk: Desk) -> None:
    desk.place(BID, "0.56", "10")
    desk.place(BID, "0.56", "10")
    desk.trade("0.56", "12")
    assert [fill.count for fill in desk.fills()] == [1_000, 200]


def test_a_book_that_cant_be_trusted_fills_nothing(desk: Desk) -> None:
    desk.take(BookStale(("M",), "a gap"))
    assert "a gap" in desk.place(BID, "0.57", "1").refusal
    assert "not known" in desk.place(BID, "0.57", "1", ticker="X").refusal
    assert desk.fills() == []
    with pytest.raises(ValueError, match="trade"):
        desk.place(BID, "0.57", "1", mode=Mode.TRADE)


def test_orders_end_by_their_time_and_no_print_after_it_counts(desk: Desk) -> None:
    desk.place(BID, "0.55", "10", ttl_s=60)
    desk.now_ns += 60 * SECOND
    desk.trade("0.53", "100")
    assert desk.fills() == []
    assert desk.paper.open_orders("maker") == []


def test_only_paper_orders_are_taken_back(desk: Desk) -> None:
    desk.place(BID, "0.55", "10", mode=Mode.PAPER)
    desk.place(BID, "0.55", "20", mode=Mode.SHADOW)
    assert desk.paper.cancel_all("maker") == 1
    assert [order.remaining for order in desk.paper.open_orders("maker")] == [2_000]
    assert desk.paper.cancel_all("nobody") == 0


def test_the_close_of_the_market_ends_what_rests_though_nobody_tells(tmp_path: Path) -> None:
    desk = Desk(tmp_path / "journal.sqlite3", close_ns=START + 100 * SECOND)
    desk.show({"0.55": "40"}, {"0.57": "500"})
    desk.place(BID, "0.55", "10")
    desk.wait(99)
    assert len(desk.paper.open_orders("maker")) == 1
    desk.wait(1)
    assert desk.paper.open_orders("maker") == []
    assert "closed" in desk.place(BID, "0.55", "10").refusal


def test_a_position_is_left_when_its_signal_ends(desk: Desk) -> None:
    desk.place(BID, "0.57", "60", tif=TimeInForce.IOC, holds_s=600)
    desk.wait(599)
    assert desk.paper.position("maker", "M").count == 6_000
    desk.wait(1)
    # 40 at 55 and the rest at 54, within the collar.
    assert [(f.side, f.price, f.count) for f in desk.fills()[1:]] == [
        (ASK, 5_500, 4_000),
        (ASK, 5_400, 2_000),
    ]
    assert desk.paper.position("maker", "M").count == 0


def test_a_reduction_closes_no_more_than_is_held(desk: Desk) -> None:
    assert desk.place(ASK, "0.55", "5", reduce_only=True).refusal
    desk.place(BID, "0.57", "3", tif=TimeInForce.IOC)
    desk.place(ASK, "0.55", "5", tif=TimeInForce.IOC, reduce_only=True)
    assert desk.paper.position("maker", "M").count == 0


def test_profit_is_that_of_leaving_now_and_then_of_the_result(desk: Desk) -> None:
    desk.place(BID, "0.57", "10", tif=TimeInForce.IOC)
    # 10 at 57: fee 17.157 cents, charged 18; leaving at 55: 17.325, charged 18.
    assert desk.paper.pnl("maker") == (1, -5_700_000 - 180_000 + 5_500_000 - 180_000)
    desk.show({}, {"0.57": "500"})
    assert desk.paper.pnl("maker") == (1, None)
    desk.take(
        MarketStatusChanged(
            ticker="M",
            status=MarketStatus.FINALIZED,
            result="yes",
            settlement_value=Price(10_000),
        )
    )
    assert desk.paper.pnl("maker") == (1, 10_000_000 - 5_700_000 - 180_000)
    assert desk.paper.pnl("nobody") == (0, 0)
    desk.wait(1)
    assert "M" not in desk.core.state.involved()


def test_only_markets_that_matter_are_looked_at(desk: Desk) -> None:
    assert desk.paper.watched == set()
    desk.place(BID, "0.55", "10", ttl_s=60)
    assert desk.paper.watched == {"M"} <= desk.core.state.involved()
    desk.wait(61)
    assert desk.paper.watched == set()


def test_capital_is_the_equity_of_the_first_time_for_good(desk: Desk) -> None:
    assert desk.paper.capital("maker") == parse_money("10000")
    desk.note(desk.core.outbox.take())
    desk.core.state.ledger.move(Money(-5_000_000), 0, desk.now_ns)
    assert desk.paper.capital("maker") == parse_money("10000")
    desk.restart()
    desk.core.state.ledger.move(Money(-5_000_000), 0, desk.now_ns)
    assert desk.paper.capital("maker") == parse_money("10000")


def test_markouts_are_profit_against_the_middle_after_the_fee(tmp_path: Path) -> None:
    desk = Desk(tmp_path / "journal.sqlite3", fee=MAKER_FEES)
    desk.show({"0.50": "0"}, {"0.54": "10"})
    desk.place(BID, "0.50", "10")
    desk.trade("0.50", "10")
    [fill] = desk.fills()
    # .0175 * 10 * .25 = 4.375 cents; a balance in whole cents makes it 5.
    assert fill.fee == 50_000
    desk.show({"0.51": "5"}, {"0.54": "10"})
    desk.wait(60)
    count, mean = desk.paper.markouts("maker")[1]
    assert (count, mean) == (1, pytest.approx(0.525 - 0.50 - 0.005))
    desk.show({"0.46": "5"}, {"0.48": "10"})
    desk.wait(29 * 60)
    [observation] = desk.observations()
    assert observation.value == pytest.approx(0.47 - 0.50 - 0.005)
    assert (observation.strategy, observation.cell) == ("maker", "cell")
    assert (observation.event_ticker, observation.source) == ("E-M", fill.trade_id)
    assert desk.core.state.observations["maker"]["cell"] == [observation]
    desk.wait(3_600)
    assert len(desk.observations()) == 1


def test_a_sale_is_right_when_the_price_falls(desk: Desk) -> None:
    desk.place(ASK, "0.56", "10")
    desk.trade("0.56", "10", BID)
    desk.show({"0.40": "5"}, {"0.42": "10"})
    desk.wait(30 * 60)
    assert desk.observations()[0].value == pytest.approx(0.56 - 0.41)


def test_a_market_that_ran_away_is_not_left_out(desk: Desk) -> None:
    desk.place(ASK, "0.56", "10")
    desk.trade("0.56", "10", BID)
    desk.show({"0.99": "5"}, {})
    desk.wait(30 * 60)
    assert desk.observations()[0].value == pytest.approx(0.56 - 0.995)


def test_a_closed_market_is_measured_by_its_result(desk: Desk) -> None:
    desk.place(BID, "0.56", "10")
    desk.trade("0.56", "10")
    desk.take(MarketStatusChanged(ticker="M", status=MarketStatus.CLOSED))
    desk.wait(40 * 60)
    assert desk.observations() == []
    desk.take(MarketStatusChanged(ticker="M", status=MarketStatus.DETERMINED, result="no"))
    desk.wait(1)
    assert desk.observations()[0].value == pytest.approx(-0.56)


def test_a_restart_keeps_trades_and_waits_on_and_says_what_it_drops(desk: Desk) -> None:
    desk.place(BID, "0.56", "10", mode=Mode.PAPER, holds_s=7_200)
    desk.trade("0.56", "10")
    desk.place(BID, "0.57", "5", tif=TimeInForce.IOC, ticker="M")
    desk.place(BID, "0.55", "10")
    desk.wait(1)
    before = [fill.trade_id for fill in desk.fills()]
    held = desk.paper.position("maker", "M")
    desk.restart()
    desk.show({"0.55": "40"}, {"0.57": "500"})
    assert desk.paper.position("maker", "M") == held
    assert desk.paper.pnl("maker")[0] == 2
    said = [effect.event.title for effect in desk.effects if hasattr(effect, "event")]
    assert "Simulated orders dropped: 1" in said
    desk.place(BID, "0.57", "5", tif=TimeInForce.IOC)
    assert desk.fills()[-1].trade_id not in before
    desk.wait(30 * 60)
    assert [one.source for one in desk.observations()] == [before[0]]
    desk.restart()
    said = [effect.event.title for effect in desk.effects if hasattr(effect, "event")]
    assert not any("dropped" in title for title in said)
    assert desk.observations() == []


def test_a_payout_outlives_a_market_that_is_listed_no_more(desk: Desk) -> None:
    desk.place(BID, "0.57", "10", tif=TimeInForce.IOC)
    desk.take(
        MarketStatusChanged(
            ticker="M", status=MarketStatus.FINALIZED, result="no", settlement_value=Price(0)
        )
    )
    lost = desk.paper.pnl("maker")
    assert lost == (1, -5_880_000)
    desk.markets = ()
    desk.restart()
    assert desk.paper.pnl("maker") == lost


sizes = st.integers(1, 3_000)
ticks = st.integers(53, 58)
places = st.tuples(
    st.just("place"),
    st.sampled_from([BID, ASK]),
    ticks,
    sizes,
    st.sampled_from(list(TimeInForce)),
    st.sampled_from([Mode.SHADOW, Mode.PAPER]),
)
trades = st.tuples(st.just("trade"), ticks, st.sampled_from([BID, ASK]), sizes)
steps = st.one_of(
    places,
    trades,
    st.tuples(st.just("show"), ticks, ticks, sizes, sizes),
    st.tuples(st.just("change"), ticks, st.integers(-3_000, 3_000)),
    places,
    trades,
    st.tuples(st.just("wait"), st.integers(1, 90)),
)


@settings(max_examples=80, deadline=None)
@given(
    happening=st.lists(steps, min_size=8, max_size=30), value=st.sampled_from([0, 3_700, 10_000])
)
def test_a_small_ledger_agrees_and_nothing_fills_that_was_not_there(
    happening: list[tuple[object, ...]], value: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    desk = Desk(tmp_path_factory.mktemp("paper") / "journal.sqlite3", fee=MAKER_FEES)
    displayed: dict[tuple[BookSide, int], int] = defaultdict(int)
    taken: dict[tuple[BookSide, int], int] = defaultdict(int)
    for step in [("show", 54, 57, 500, 500), *happening]:
        seen = len(desk.fills())
        printed = perform(desk, step, displayed, taken)
        fresh = desk.fills()[seen:]
        assert sum(fill.count for fill in fresh if not fill.is_taker) <= printed
        for fill in fresh:
            if fill.is_taker:
                taken[fill.side.opposite, fill.price] += fill.count
        for level, count in taken.items():
            assert count <= displayed[level]
    check_ledger(desk, value)


def perform(
    desk: Desk,
    step: tuple[object, ...],
    displayed: dict[tuple[BookSide, int], int],
    taken: dict[tuple[BookSide, int], int],
) -> int:
    """Do a step and return what it printed; ``displayed`` counts all that came since a book."""
    match step:
        case ("show", int(bid), int(ask), int(here), int(there)):
            displayed.clear()
            taken.clear()
            bid = min(bid, ask - 1)
            displayed[BID, bid * 100], displayed[ASK, ask * 100] = here, there
            desk.take(
                BookSnapshot(
                    "M", ((Price(bid * 100), Count(here)),), ((Price(ask * 100), Count(there)),)
                )
            )
        case ("trade", int(cents), BookSide() as taker, int(count)):
            desk.trade(f"0.{cents}", f"{count / 100:.2f}", taker)
            return count
        case ("change", int(cents), int(delta)):
            side = BID if cents < 55 else ASK
            displayed[side, cents * 100] += max(0, delta)
            desk.take(BookDelta("M", side, Price(cents * 100), Count(delta)))
        case ("place", BookSide() as side, int(cents), int(count), TimeInForce() as tif, mode):
            assert isinstance(mode, Mode)
            desk.place(side, f"0.{cents}", f"{count / 100:.2f}", tif=tif, mode=mode, ttl_s=120)
        case ("wait", int(seconds)):
            desk.wait(seconds)
    return 0


def check_ledger(desk: Desk, value: int) -> None:
    """Add up in dollars what the journal holds, apart from positions and fee engine."""
    cash, held = Decimal(0), Decimal(0)
    for fill in desk.fills():
        price, count = Decimal(fill.price) / 10_000, Decimal(fill.count) / 100
        rate = Decimal("0.07") if fill.is_taker else Decimal("0.0175")
        fee = Decimal(fill.fee) / 1_000_000
        model = rate * count * price * (1 - price)
        assert model - Decimal("0.02") <= fee <= model + Decimal("0.0101")
        cash -= fill.side.sign * price * count + fee
        held += fill.side.sign * count
    event("it traded" if desk.fills() else "nothing traded")
    expected = cash + held * Decimal(value) / 10_000
    desk.restart()
    assert desk.paper.position("maker", "M").count == held * 100
    desk.take(
        MarketStatusChanged(
            ticker="M",
            status=MarketStatus.FINALIZED,
            result={0: "no", 10_000: "yes"}.get(value, "scalar"),
            settlement_value=Price(value),
        )
    )
    trades, profit = desk.paper.pnl("maker")
    assert profit is not None
    assert Decimal(profit) / 1_000_000 == expected
    desk.restart()
    assert desk.paper.pnl("maker") == (trades, profit)
