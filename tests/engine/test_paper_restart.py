"""Orders that rest on the paper venue end in time, also under another engine."""

from __future__ import annotations

from kalshi_desk.core.events import CoreEvent, OrderReported, TimerFired
from kalshi_desk.core.ports import EventSink
from kalshi_desk.core.records import OrderIntent, OrderState
from kalshi_desk.core.types import BookSide, Count, Price, parse_money
from kalshi_desk.engine.paper_venue import PaperAccount, PaperVenue
from kalshi_desk.engine.state import CoreSettings, CoreState

SECOND = 1_000_000_000
START = 1_800_000_000 * SECOND


class HandClock:
    """Stands still until it is set."""

    time_ns = START

    def now_ns(self) -> int:
        return self.time_ns


class OneBeat:
    """A feed that tells of one beat a minute later."""

    def __init__(self, clock: HandClock) -> None:
        self._clock = clock

    async def run(self, sink: EventSink) -> None:
        self._clock.time_ns += 61 * SECOND
        sink(TimerFired())

    async def watch(self, tickers: object) -> None:
        """Follow nothing."""


async def test_an_order_with_an_end_still_has_it_after_a_restart() -> None:
    clock, heard = HandClock(), list[CoreEvent]()
    state = CoreState(CoreSettings(venue="paper"))
    intent = OrderIntent(
        client_order_id="c1",
        ticker="A",
        side=BookSide.BID,
        price=Price(4_000),
        count=Count(100),
        created_ns=START,
        expires_ns=START + 60 * SECOND,
    )
    state.orders.add_intent(intent)
    state.orders.answered("c1", "o1", Count(0), Count(100), START)
    account = PaperAccount(parse_money("100"))
    venue = PaperVenue(OneBeat(clock), clock, state, account, set)
    await venue.run(heard.append)
    ended = [event.order for event in heard if isinstance(event, OrderReported)]
    assert [(order.order_id, order.state) for order in ended] == [("o1", OrderState.CANCELED)]
