"""The whole machine: believable markets, conservation, life cycle, replay of the command log."""

from __future__ import annotations

from contextlib import suppress
from random import Random

import msgspec
import pytest

from kalshi_desk.exchange.commands import (
    AmendOrder,
    CancelAll,
    CancelOrder,
    Command,
    DecreaseOrder,
    Jump,
    NewOrder,
    ResolveMarket,
    SetMarketActive,
    SetTrading,
)
from kalshi_desk.exchange.grids import is_on_grid
from kalshi_desk.exchange.notices import LifecycleChanged, Traded
from kalshi_desk.exchange.refusals import Refusal
from kalshi_desk.exchange.rules import DEFAULT_RULES
from kalshi_desk.exchange.statefile import replay
from kalshi_desk.exchange.venue import DESK, Venue, VenueState

ORIGIN = 1_795_390_000_000_000_000
SEED = 7
encode = msgspec.msgpack.encode
Log = list[tuple[int, int, Command]]


def fresh(seed: int = SEED) -> Venue:
    """Return a new exchange with a short warm-up."""
    return Venue.new(seed, ORIGIN, DEFAULT_RULES, warm_minutes=4)


def fingerprint(venue: Venue) -> bytes:
    """Return everything the exchange knows."""
    return encode(venue.state())


def steps(venue: Venue, count: int) -> None:
    """Let steps pass."""
    for _ in range(count):
        venue.step()


class Trader:
    """A random member whose commands are logged as a server would."""

    def __init__(self, venue: Venue, seed: int) -> None:
        self.venue = venue
        self.rng = Random(seed)
        self.log: Log = []

    def send(self, command: Command) -> None:
        """Log and apply a command; a refusal is part of the record."""
        ts_ns = self.venue.now_ns + self.rng.randrange(90_000_000)
        self.log.append((self.venue.step_number, ts_ns, command))
        with suppress(Refusal):
            self.venue.apply(command, ts_ns)

    def act(self) -> None:
        """Do one random thing."""
        engine, rng = self.venue.engine, self.rng
        markets = [m for m in engine.markets.values() if m.status == "active"]
        market = rng.choice(markets)
        book = engine.books[market.ticker]
        is_bid = rng.random() < 0.5
        touch = book.side(rng.random() < 0.5).best or 5_000
        mine = list(engine.open_orders[DESK].values())
        kind = rng.random()
        if kind < 0.6 or not mine:
            self.send(
                NewOrder(
                    owner=DESK,
                    ticker=market.ticker,
                    is_bid=is_bid,
                    price=touch,
                    count=rng.randrange(1, 3_000),
                    client_id=str(rng.random()),
                    time_in_force=rng.choice(("good_till_canceled", "fill_or_kill")),
                )
            )
            return
        order = rng.choice(mine)
        if kind < 0.7:
            self.send(CancelOrder(owner=DESK, number=order.number))
        elif kind < 0.8:
            self.send(
                AmendOrder(
                    owner=DESK,
                    number=order.number,
                    ticker=order.ticker,
                    is_bid=order.is_bid,
                    price=touch,
                    total=order.filled + rng.randrange(1, 900),
                )
            )
        elif kind < 0.95:
            self.send(DecreaseOrder(owner=DESK, number=order.number, reduce_by=50))
        else:
            self.send(CancelAll(owner=DESK))


@pytest.fixture(scope="module")
def story() -> tuple[Venue, Log]:
    """Return an exchange after a busy time with every kind of command, and its log."""
    venue = fresh()
    trader = Trader(venue, 3)
    for round_number in range(60):
        steps(venue, trader.rng.randrange(1, 5))
        for _ in range(trader.rng.randrange(3)):
            trader.act()
        if round_number == 20:
            trader.send(SetTrading(trading_active=False, exchange_active=True))
        if round_number == 23:
            trader.send(SetTrading(trading_active=True, exchange_active=True))
        if round_number == 30:
            trader.send(ResolveMarket(ticker="KXFED-26DEC-T3.75", result="yes"))
            trader.send(SetMarketActive(ticker="KXRECSSNBER-27DEC27", active=False))
        if round_number == 34:
            trader.send(SetMarketActive(ticker="KXRECSSNBER-27DEC27", active=True))
        if round_number == 45:
            trader.send(Jump(to_step=venue.step_number + 12_000))
    return venue, trader.log


def test_the_markets_are_many_two_sided_and_of_different_shapes() -> None:
    venue = fresh()
    traded = set()
    for _ in range(300):
        venue.step()
        traded |= {n.ticker for n in venue.take_notices() if isinstance(n, Traded)}
    markets = venue.engine.markets
    two_sided = [
        t
        for t, b in venue.engine.books.items()
        if b.best_bid is not None and b.best_ask is not None
    ]
    assert len(traded) >= 60
    assert len(two_sided) >= 60
    events = {markets[ticker].event_ticker for ticker in traded}
    assert len(events) >= 12
    assert {venue.events[e].mutually_exclusive for e in events} == {True, False}
    assert {"linear_cent", "deci_cent", "tapered_deci_cent"} <= {
        m.structure for m in markets.values()
    }
    spreads = [
        venue.engine.books[t].best_ask - venue.engine.books[t].best_bid  # type: ignore[operator]
        for t in two_sided
    ]
    assert all(spread > 0 for spread in spreads)
    assert sorted(spreads)[len(spreads) // 2] <= 400
    assert any(s.fee_type == "quadratic_with_maker_fees" for s in venue.series.values())


def test_fair_prices_of_one_event_agree_with_each_other() -> None:
    venue = fresh()
    steps(venue, 50)
    for event in venue.events.values():
        fair = [venue.crowd.fair[ticker] for ticker in event.markets]
        if event.mutually_exclusive:
            assert sum(fair) == pytest.approx(1.0, abs=0.02)
        elif len(fair) > 1:
            assert fair == sorted(fair, reverse=True)


def test_money_and_books_hold_through_everything(story: tuple[Venue, Log]) -> None:
    venue, _ = story
    assert venue.total() == venue.opening_total
    for ticker, book in venue.engine.books.items():
        structure = venue.engine.markets[ticker].structure
        for order in [*book.bids.orders(), *book.asks.orders()]:
            assert venue.engine.open_orders[order.owner][order.number] is order
            assert is_on_grid(structure, order.price)
        if book.best_bid is not None and book.best_ask is not None:
            assert book.best_bid < book.best_ask
    assert venue.ledger.accounts[DESK].fills


def test_every_step_conserves() -> None:
    venue = fresh(11)
    for _ in range(200):
        venue.step()
        assert venue.total() == venue.opening_total


def test_the_same_seed_gives_the_same_exchange_and_another_does_not() -> None:
    first, second, other = fresh(), fresh(), fresh(8)
    for venue in (first, second, other):
        steps(venue, 40)
    assert fingerprint(first) == fingerprint(second)
    assert fingerprint(first) != fingerprint(other)


def test_replaying_the_command_log_reproduces_every_book(story: tuple[Venue, Log]) -> None:
    venue, log = story
    again = fresh()
    replay(again, log, venue.step_number)
    assert fingerprint(again) == fingerprint(venue)


def test_a_snapshot_goes_on_exactly_like_the_original(story: tuple[Venue, Log]) -> None:
    _, log = story
    first = fresh()
    replay(first, log[: len(log) // 2], 0)
    state = msgspec.msgpack.decode(fingerprint(first), type=VenueState)
    second = Venue(state, DEFAULT_RULES)
    for venue in (first, second):
        replay(venue, log[len(log) // 2 :], venue.step_number)
        steps(venue, 100)
    assert fingerprint(first) == fingerprint(second)


def test_a_state_of_an_older_version_gets_the_series_it_lacks() -> None:
    state = msgspec.msgpack.decode(fingerprint(fresh()), type=VenueState)
    for ticker in state.events.pop("KXFEDDECISION-26DEC").markets:
        del state.markets[ticker]
    state.resting = [order for order in state.resting if order.ticker in state.markets]
    for account in state.accounts:
        account.positions = {t: p for t, p in account.positions.items() if t in state.markets}
    del state.series["KXFEDDECISION"], state.drivers["fed"]
    venue = Venue(state, DEFAULT_RULES)
    venue.adopt_catalog()
    assert venue.series["KXFEDDECISION"].fee_type == "quadratic_with_maker_fees"
    for ticker in venue.events["KXFEDDECISION-26DEC"].markets[1:3]:
        assert venue.engine.books[ticker].best_bid is not None
    steps(venue, 20)


def test_the_short_market_rolls_over_and_settles() -> None:
    venue = fresh()
    event = next(e for e in venue.events.values() if e.series_ticker == "KXETH5M")
    ticker = event.markets[0]
    market = venue.engine.markets[ticker]
    bid = venue.engine.books[ticker].best_ask
    assert bid is not None
    buy = NewOrder(owner=DESK, ticker=ticker, is_bid=True, price=bid, count=100)
    venue.apply(buy, venue.now_ns)
    resting = NewOrder(owner=DESK, ticker=ticker, is_bid=True, price=10, count=100)
    order = venue.apply(resting, venue.now_ns).order
    kinds = []
    until_close = (market.close_ns - venue.now_ns) // venue.step_ns
    venue.apply(Jump(to_step=venue.step_number + until_close - 20), venue.now_ns)
    for _ in range(120):
        venue.step()
        kinds += [
            notice.kind
            for notice in venue.take_notices()
            if isinstance(notice, LifecycleChanged) and notice.ticker == ticker
        ]
    assert kinds == ["determined", "settled"]
    assert market.status == "finalized"
    assert order.status == "canceled"
    settlement = venue.ledger.accounts[DESK].settlements[0]
    assert settlement.result == market.result
    assert settlement.revenue == (1 if market.result == "yes" else 0)
    following = [
        m
        for m in venue.engine.markets.values()
        if m.series_ticker == "KXETH5M" and m.status == "active"
    ]
    assert len(following) == 1
    book = venue.engine.books[following[0].ticker]
    assert book.best_bid is not None
    assert book.best_ask is not None
    assert venue.total() == venue.opening_total


def test_a_long_gap_settles_what_fell_due_and_lists_what_is_open_now() -> None:
    venue = fresh()
    venue.apply(Jump(to_step=3 * 864_000), venue.now_ns)
    steps(venue, 10)
    for series in venue.series:
        active = [
            m
            for m in venue.engine.markets.values()
            if m.series_ticker == series and m.status == "active"
        ]
        assert active, series
        assert all(market.close_ns > venue.now_ns for market in active)
    assert venue.total() == venue.opening_total


def test_a_yes_in_an_exclusive_event_decides_its_siblings() -> None:
    venue = fresh()
    event = venue.events["KXFEDDECISION-26DEC"]
    venue.apply(ResolveMarket(ticker=event.markets[2], result="yes"), venue.now_ns)
    results = [venue.engine.markets[ticker].result for ticker in event.markets]
    assert results == ["no", "no", "yes", "no", "no"]


def test_reactivation_and_pauses_cancel_orders() -> None:
    venue = fresh()
    ticker = "KXRECSSNBER-27DEC27"
    order = venue.apply(
        NewOrder(owner=DESK, ticker=ticker, is_bid=True, price=100, count=100), venue.now_ns
    ).order
    venue.apply(SetMarketActive(ticker=ticker, active=False), venue.now_ns)
    assert order.status == "resting"
    venue.apply(SetMarketActive(ticker=ticker, active=True), venue.now_ns)
    assert order.status == "canceled"
    shy = NewOrder(
        owner=DESK, ticker=ticker, is_bid=True, price=100, count=100, cancel_on_pause=True
    )
    kept = venue.apply(msgspec.structs.replace(shy, cancel_on_pause=False), venue.now_ns).order
    shy_order = venue.apply(shy, venue.now_ns).order
    venue.apply(SetTrading(trading_active=False, exchange_active=True), venue.now_ns)
    assert (shy_order.status, kept.status) == ("canceled", "resting")
    step = venue.step_number
    before = fingerprint_of_books(venue)
    steps(venue, 5)
    assert venue.step_number == step + 5
    assert fingerprint_of_books(venue) == before


def fingerprint_of_books(venue: Venue) -> list[object]:
    """Return every level of every book."""
    return [(b.yes_levels(), b.no_levels()) for b in venue.engine.books.values()]


def test_orders_expire() -> None:
    venue = fresh()
    order = venue.apply(
        NewOrder(
            owner=DESK,
            ticker="KXRECSSNBER-27DEC27",
            is_bid=True,
            price=100,
            count=100,
            expires_ns=venue.now_ns + 1_000_000_000,
        ),
        venue.now_ns,
    ).order
    steps(venue, 9)
    assert order.status == "resting"
    steps(venue, 1)
    assert order.status == "canceled"
