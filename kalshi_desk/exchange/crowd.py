"""The crowd: makers, noise and informed traders that act on (seed, step) and the engine's state.

Of the informed, one sees the hidden value as it is, the other reads the news and acts on
where the value will go; makers only follow.
"""

from __future__ import annotations

from bisect import bisect_left
from contextlib import suppress
from random import Random

from kalshi_desk.exchange import beliefs, grids
from kalshi_desk.exchange.book import Side
from kalshi_desk.exchange.commands import NewOrder
from kalshi_desk.exchange.matching import MatchingEngine
from kalshi_desk.exchange.news import Newsroom
from kalshi_desk.exchange.records import Driver, Event, Market, Order
from kalshi_desk.exchange.refusals import Refusal

MAKERS = (1, 2, 3)
NOISE = (4, 5, 6)
INFORMED = (7, 8)
READER = 8
CROWD_NAMES = (
    "maker-a",
    "maker-b",
    "maker-c",
    "noise-a",
    "noise-b",
    "noise-c",
    "informed-a",
    "informed-b",
)

_HALF_SPREAD = {1: 55.0, 2: 95.0, 3: 160.0}
_LAYERS = {1: 5, 2: 6, 3: 7}
_FINE = {"deci_cent": 0.45, "tapered_deci_cent": 0.9, "center_whole_edge_half_cent": 0.9}
_MAKER_ACTS = 9
_NOISE_CHANCE = 0.75
_INFORMED_CHANCE = 0.35
_INFORMED_EDGE = 180.0
_READER_CHANCE = 0.5
_NEWS_S = 90.0
_NOISE_RESTING = 25
_DRIVER_EVERY = 10
_TRIES_PER_CHANGE = 8
"""Where few markets trade, members may try in vain; a step ends all the same."""
_FAST_DRIVERS = {"btc": 3, "eth": 3}


class Crowd:
    """Simulated members; all memory they have is in the books, positions and drivers."""

    def __init__(
        self,
        seed: int,
        engine: MatchingEngine,
        events: dict[str, Event],
        drivers: dict[str, Driver],
        newsroom: Newsroom,
    ) -> None:
        self.seed = seed
        self.engine = engine
        self.events = events
        self.drivers = drivers
        self.newsroom = newsroom
        self.fair: dict[str, float] = {}
        self._open: dict[str, list[tuple[Event, list[Market]]]] = {}
        self._active: list[Market] = []
        self._weights: list[float] = []
        self._total = 0.0
        self.changes_per_step = 0.0
        """How many changes of books a step shall bring; 0 for the usual pace."""

    def refresh(self) -> None:
        """Take the list of tradable markets and their fair prices anew."""
        self._active = [m for m in self.engine.markets.values() if m.status == "active"]
        self._weights = []
        self._total = 0.0
        for market in self._active:
            self._total += market.activity
            self._weights.append(self._total)
        self._open = {name: [] for name in self.drivers}
        for event in self.events.values():
            markets = [self.engine.markets[ticker] for ticker in event.markets]
            if any(market.status in {"active", "inactive"} for market in markets):
                self._open[event.driver].append((event, markets))
        self.fair = {}
        for name in self.drivers:
            self._price(name)

    def rng_of(self, step: int) -> Random:
        """Return the random numbers of one step."""
        return Random((self.seed << 40) ^ step)

    def step(self, step: int, now_ns: int) -> None:
        """Let hidden values move and a few members act."""
        rng = self.rng_of(step)
        for offset, name in enumerate(self.drivers):
            every = _FAST_DRIVERS.get(name, _DRIVER_EVERY)
            if (step + offset) % every == 0:
                beliefs.walk(self.drivers[name], rng, now_ns)
                self._price(name)
        if step % _DRIVER_EVERY == 0:
            self.newsroom.run(rng, now_ns)
        if not self._active or not (self.engine.trading_active and self.engine.exchange_active):
            return
        if rng.random() < _READER_CHANCE:
            self.trade_news(rng, now_ns)
        if self.changes_per_step:
            self._keep_pace(rng, step, now_ns)
            return
        for _ in range(_MAKER_ACTS):
            self.quote(rng, self._pick(rng), rng.choice(MAKERS), now_ns)
        if rng.random() < _NOISE_CHANCE:
            self.trade_noise(rng, self._pick(rng), now_ns)
        if rng.random() < _INFORMED_CHANCE:
            self.trade_informed(rng, self._pick(rng), now_ns)

    def _keep_pace(self, rng: Random, step: int, now_ns: int) -> None:
        """Let members act, in the usual proportions, until books changed often enough."""
        engine = self.engine
        wanted = int(self.changes_per_step * step) - int(self.changes_per_step * (step - 1))
        goal = engine.level_changes + wanted
        for _ in range(wanted * _TRIES_PER_CHANGE):
            if engine.level_changes >= goal:
                return
            self.quote(rng, self._pick(rng), rng.choice(MAKERS), now_ns)
            if rng.random() < _NOISE_CHANCE / _MAKER_ACTS:
                self.trade_noise(rng, self._pick(rng), now_ns)
            if rng.random() < _INFORMED_CHANCE / _MAKER_ACTS:
                self.trade_informed(rng, self._pick(rng), now_ns)

    def open_market(self, rng: Random, market: Market, now_ns: int) -> None:
        """Fill a new market's book with every maker's layers."""
        for _ in range(5):
            for maker in MAKERS:
                self.quote(rng, market, maker, now_ns)

    def warm(self, rng: Random, now_ns: int) -> None:
        """Live through one coarse interval: values move, makers follow, some trade."""
        self.newsroom.run(rng, now_ns)
        for name in self.drivers:
            beliefs.walk(self.drivers[name], rng, now_ns)
            self._price(name)
        for market in self._active:
            self.quote(rng, market, rng.choice(MAKERS), now_ns)
            if rng.random() < 0.35:
                self.trade_noise(rng, market, now_ns)

    def _price(self, driver: str) -> None:
        """Value every open event of a driver at the driver's last update."""
        for event, markets in self._open[driver]:
            values = beliefs.fair_values(event, markets, self.drivers[driver])
            for market, value in zip(markets, values, strict=True):
                self.fair[market.ticker] = value

    def _pick(self, rng: Random) -> Market:
        found = bisect_left(self._weights, rng.random() * self._total)
        return self._active[min(found, len(self._active) - 1)]

    # -- market makers ------------------------------------------------------------------

    def quote(self, rng: Random, market: Market, maker: int, now_ns: int) -> None:
        """Move one maker's quotes in one market a little toward where it wants them."""
        held = self.engine.ledger.quantity(maker, market.ticker) / 100
        skew = max(min(held / 4000.0, 1.0), -1.0) * 120.0
        centre = self.fair[market.ticker] * 10_000 - skew
        half = _HALF_SPREAD[maker] * _FINE.get(market.structure, 1.0) * rng.uniform(0.85, 1.15)
        book = self.engine.books[market.ticker]
        sides = (True, False) if rng.random() < 0.5 else (False, True)
        for is_bid in sides:
            wanted = centre - half if is_bid else centre + half
            side = book.side(is_bid)
            if not 0 < wanted < 10_000:
                self._withdraw(side, maker, now_ns)
                continue
            top = grids.nearest(market.structure, wanted, up=not is_bid)
            if (top > wanted) == is_bid and top != wanted:
                self._withdraw(side, maker, now_ns)
                continue
            self._quote_side(rng, market, side, maker, top, now_ns)

    def _withdraw(self, side: Side, maker: int, now_ns: int) -> None:
        for order in side.orders_of(maker)[:2]:
            self.engine.remove(order, "", now_ns)

    def _quote_side(
        self, rng: Random, market: Market, side: Side, maker: int, top: int, now_ns: int
    ) -> None:
        mine = side.orders_of(maker)
        sign = 1 if side.is_bid else -1
        stale = [order for order in mine if (order.price - top) * sign > 0]
        for order in stale[:3]:
            self.engine.remove(order, "", now_ns)
        mine = mine[min(len(stale), 3) :]
        tick = grids.step_at(market.structure, top - 1 if side.is_bid else top)
        if not mine or (top - mine[0].price) * sign >= 2 * tick:
            self._layer(rng, market, maker, side.is_bid, top, 0, now_ns)
            if len(mine) >= _LAYERS[maker]:
                self.engine.remove(mine[-1], "", now_ns)
        elif len(mine) < _LAYERS[maker]:
            self._deepen(rng, market, maker, mine, sign, now_ns)
        elif rng.random() < 0.25:
            self.engine.remove(rng.choice(mine), "", now_ns)

    def _deepen(
        self, rng: Random, market: Market, maker: int, mine: list[Order], sign: int, now_ns: int
    ) -> None:
        """Add a layer behind the last one, or refill the touch."""
        worst = mine[-1].price
        tick = grids.step_at(market.structure, worst - 1 if sign > 0 else worst)
        gap = tick * rng.choice((1, 1, 1, 2, 2, 3)) * (3 if tick < 50 else 1)
        price = worst - sign * gap
        if not grids.is_on_grid(market.structure, price):
            price = mine[0].price
        self._layer(rng, market, maker, sign > 0, price, len(mine), now_ns)

    def _layer(
        self,
        rng: Random,
        market: Market,
        maker: int,
        is_bid: bool,
        price: int,
        depth: int,
        now_ns: int,
    ) -> None:
        count = _size(rng, 40.0 + 45.0 * depth)
        self._send(
            NewOrder(
                owner=maker,
                ticker=market.ticker,
                is_bid=is_bid,
                price=price,
                count=count,
                post_only=True,
            ),
            now_ns,
        )

    # -- takers -------------------------------------------------------------------------

    def trade_noise(self, rng: Random, market: Market, now_ns: int) -> None:
        """Let somebody without a view buy, sell, or leave a small order."""
        owner = rng.choice(NOISE)
        is_bid = rng.random() < 0.5
        book = self.engine.books[market.ticker]
        best = book.side(not is_bid).best
        mine = self.engine.open_orders[owner]
        if len(mine) > _NOISE_RESTING:
            self.engine.remove(next(iter(mine.values())), "", now_ns)
        if rng.random() < 0.25:
            own = book.side(is_bid).best
            if own is not None:
                self._send(
                    NewOrder(
                        owner=owner,
                        ticker=market.ticker,
                        is_bid=is_bid,
                        price=own,
                        count=_size(rng, 12.0),
                        post_only=True,
                    ),
                    now_ns,
                )
        elif best is not None:
            self._take(rng, owner, market, is_bid, best, _size(rng, 14.0), now_ns)

    def trade_informed(self, rng: Random, market: Market, now_ns: int) -> None:
        """Let somebody who knows the fair price take a quote that is off by enough."""
        self._correct(rng, rng.choice(INFORMED), market, self.fair[market.ticker], now_ns)

    def trade_news(self, rng: Random, now_ns: int) -> None:
        """Let the reader of the news trade where a story has not arrived in the value yet."""
        recent = self.newsroom.fresh(now_ns, _NEWS_S)
        moving = [item.driver for item in recent if self.drivers[item.driver].shifts]
        events = self._open[rng.choice(moving)] if moving else []
        if not events:
            return
        event, markets = rng.choice(events)
        driver = self.drivers[event.driver]
        values = beliefs.fair_values(event, markets, driver, beliefs.foreseen(driver))
        market, value = rng.choice(list(zip(markets, values, strict=True)))
        if market.status == "active":
            self._correct(rng, READER, market, value, now_ns)

    def _correct(self, rng: Random, owner: int, market: Market, value: float, now_ns: int) -> None:
        """Take a quote that is off somebody's value (dollars) by enough."""
        fair = value * 10_000
        book = self.engine.books[market.ticker]
        ask, bid = book.best_ask, book.best_bid
        if ask is not None and fair - ask > _INFORMED_EDGE:
            self._take(rng, owner, market, True, ask, _size(rng, 60.0), now_ns)
        elif bid is not None and bid - fair > _INFORMED_EDGE:
            self._take(rng, owner, market, False, bid, _size(rng, 60.0), now_ns)

    def _take(
        self,
        rng: Random,
        owner: int,
        market: Market,
        is_bid: bool,
        price: int,
        count: int,
        now_ns: int,
    ) -> None:
        self._send(
            NewOrder(
                owner=owner,
                ticker=market.ticker,
                is_bid=is_bid,
                price=price,
                count=count,
                time_in_force="immediate_or_cancel",
                self_trade="maker",
            ),
            now_ns,
        )

    def _send(self, new: NewOrder, now_ns: int) -> None:
        with suppress(Refusal):
            self.engine.place(new, now_ns)


def _size(rng: Random, middle: float) -> int:
    """Return a believable size in 1/100 contract, between 1 and 5,000 contracts."""
    contracts = min(max(middle * rng.lognormvariate(0.0, 0.9), 1.0), 5_000.0)
    kind = rng.random()
    if kind < 0.12:
        return int(contracts * 100)
    if kind < 0.45 and contracts > 20:
        return round(contracts / 10) * 1_000
    return int(contracts) * 100
