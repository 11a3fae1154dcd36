"""The peer's side of bench_backtest; runs under an interpreter that has nautilus_trader.

The same book changes as the desk's, as L2 deltas of binary options in its ``BacktestEngine``;
the strategy is called at each, asks the cache's book for the best prices, and buys one
contract where the spread is two cents, at most once a second.  Prints events a second.
"""

import random
import sys
import time
from decimal import Decimal

from nautilus_trader.backtest.engine import BacktestEngine, BacktestEngineConfig
from nautilus_trader.config import LoggingConfig
from nautilus_trader.model.currencies import USDC
from nautilus_trader.model.data import BookOrder, OrderBookDelta
from nautilus_trader.model.enums import (
    AccountType,
    AssetClass,
    BookAction,
    BookType,
    OmsType,
    OrderSide,
    TimeInForce,
)
from nautilus_trader.model.identifiers import InstrumentId, Symbol, TraderId, Venue
from nautilus_trader.model.instruments import BinaryOption
from nautilus_trader.model.objects import Money, Price, Quantity
from nautilus_trader.trading.strategy import Strategy

START_NS = 1_790_000_000_000_000_000
STEP_NS = 2_000_000
SECOND_NS = 1_000_000_000
VENUE = Venue("BENCH")
MARKETS = [f"BENCH-{number}" for number in range(10)]


def changes(count, seed=7):
    """Return the absolute sizes after the same changes as bench_backtest makes."""
    rng = random.Random(seed)
    sizes = {}
    for _ in range(count):
        ticker, side = rng.choice(MARKETS), rng.choice(("yes", "no"))
        cents = rng.randint(40, 49)
        size = sizes.get((ticker, side, cents), 0)
        change = -size if size and rng.random() < 0.5 else rng.randint(1, 500)
        sizes[ticker, side, cents] = size + change
        yield ticker, side, cents, size + change


def instrument(ticker):
    return BinaryOption(
        instrument_id=InstrumentId(Symbol(ticker), VENUE),
        raw_symbol=Symbol(ticker),
        outcome="Yes",
        description=ticker,
        asset_class=AssetClass.ALTERNATIVE,
        currency=USDC,
        price_precision=2,
        price_increment=Price.from_str("0.01"),
        size_precision=2,
        size_increment=Quantity.from_str("0.01"),
        activation_ns=0,
        expiration_ns=START_NS * 2,
        max_quantity=None,
        min_quantity=None,
        maker_fee=Decimal(0),
        taker_fee=Decimal(0),
        ts_event=0,
        ts_init=0,
    )


def deltas(count, instruments):
    found = []
    for number, (ticker, side, cents, size) in enumerate(changes(count), start=1):
        is_bid = side == "yes"
        price = cents if is_bid else 100 - cents
        order = BookOrder(
            OrderSide.BUY if is_bid else OrderSide.SELL,
            Price(price / 100, 2),
            Quantity(size, 2),
            price,
        )
        at_ns = START_NS + number * STEP_NS
        action = BookAction.UPDATE if size else BookAction.DELETE
        found.append(OrderBookDelta(instruments[ticker].id, action, order, 0, number, at_ns, at_ns))
    return found


class EachEvent(Strategy):
    """What the desk's strategy does, in the peer's own terms."""

    def __init__(self, instruments):
        super().__init__()
        self.instruments = instruments
        self.looks = 0
        self.fills = 0
        self.bought_ns = 0

    def on_start(self):
        for one in self.instruments.values():
            self.subscribe_order_book_deltas(one.id, BookType.L2_MBP)

    def on_order_book_deltas(self, found):
        self.looks += 1
        book = self.cache.order_book(found.instrument_id)
        bid, ask = book.best_bid_price(), book.best_ask_price()
        if bid is None or ask is None or ask - bid > Decimal("0.02"):
            return
        now_ns = self.clock.timestamp_ns()
        if now_ns - self.bought_ns < SECOND_NS:
            return
        self.bought_ns = now_ns
        one = self.instruments[found.instrument_id.symbol.value]
        order = self.order_factory.limit(
            one.id, OrderSide.BUY, one.make_qty(1), ask, time_in_force=TimeInForce.IOC
        )
        self.submit_order(order)

    def on_order_filled(self, event):
        self.fills += 1


def one_round(count):
    engine = BacktestEngine(
        BacktestEngineConfig(
            trader_id=TraderId("BENCH-001"), logging=LoggingConfig(bypass_logging=True)
        )
    )
    engine.add_venue(
        VENUE,
        OmsType.NETTING,
        AccountType.CASH,
        [Money(1_000_000, USDC)],
        book_type=BookType.L2_MBP,
    )
    instruments = {ticker: instrument(ticker) for ticker in MARKETS}
    for one in instruments.values():
        engine.add_instrument(one)
    engine.add_data(deltas(count, instruments))
    strategy = EachEvent(instruments)
    engine.add_strategy(strategy)
    began = time.perf_counter()
    engine.run()
    took = time.perf_counter() - began
    counted = strategy.looks, strategy.fills
    engine.dispose()
    return count / took, counted


def main():
    count, rounds = int(sys.argv[1]), int(sys.argv[2])
    rates, counted = zip(*(one_round(count) for _ in range(rounds)), strict=True)
    print(
        f"nautilus:   {max(rates):>10,.0f} events/s  (looks, fills: {counted[-1]}; in memory)",
        flush=True,
    )


if __name__ == "__main__":
    main()
