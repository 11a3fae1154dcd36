"""Complete readings of the account, and what of it must be watched: resting orders, markets."""

from __future__ import annotations

import asyncio

from kalshi_desk.core.errors import Refuse
from kalshi_desk.core.events import AccountRead
from kalshi_desk.core.ports import Clock, Sleep
from kalshi_desk.core.records import Fill, Order
from kalshi_desk.kalshi.history import History
from kalshi_desk.kalshi.rest import RestClient

_SECOND_NS = 1_000_000_000
_OVERLAP_NS = 60 * _SECOND_NS
_USUAL_LAG_S = 2.0
_PATIENCE_S = 5.0
_MARGIN_S = 0.02


class AccountReader:
    """Reads every page of every list; a reading that fails part-way yields nothing.

    ``touched`` are the tickers we ever had to do with, ``resting`` maps live order ids
    to tickers, ``settled`` are the tickers whose payout was read.
    """

    def __init__(self, rest: RestClient, clock: Clock, *, since_ns: int = 0) -> None:
        self.touched: set[str] = set()
        self.settled: set[str] = set()
        self.resting: dict[str, str] = {}
        self._rest = rest
        self._history = History(rest)
        self._clock = clock
        self._since_ns = max(since_ns - _OVERLAP_NS, 0)

    async def wait_for(self, joined_ns: int, sleep: Sleep) -> None:
        """Wait until lists hold what happened before ``joined_ns`` (exchange clock).

        What happens later arrives on the stream; between the two lies the lag of reads.
        After ``_PATIENCE_S`` the reading goes on, and says itself up to when it is complete.
        """
        left_s = _PATIENCE_S
        while left_s > 0:
            try:
                as_of_ns = await self._rest.user_data_timestamp()
            except Refuse:
                await sleep(_USUAL_LAG_S)
                return
            if not as_of_ns or as_of_ns >= joined_ns:
                return
            pause_s = min((joined_ns - as_of_ns) / _SECOND_NS + _MARGIN_S, left_s)
            left_s -= pause_s
            await sleep(pause_s)

    async def read(self) -> AccountRead:
        """Read the account; raises ``DeskError``.

        Lists begin a minute before the last complete reading, because reads lag writes;
        resting orders and positions are always complete.
        """
        since_ns = self._since_ns
        min_ts = since_ns // _SECOND_NS or None
        asked_ns = await self._asked_ns()
        rest = self._rest
        resting, recent, fills, positions, settlements, balance = await asyncio.gather(
            rest.orders(status="resting"),
            self._history.orders(min_ts),
            self._history.fills(min_ts),
            rest.positions(),
            rest.settlements(min_ts=min_ts),
            rest.balance(),
        )
        orders = {order.order_id: order for order in resting}
        orders.update((order.order_id, order) for order in recent)
        read = AccountRead(
            orders=tuple(orders.values()),
            fills=tuple(sorted(fills, key=lambda fill: fill.executed_ns)),
            positions=tuple(positions),
            settlements=tuple(settlements),
            balance=balance,
            asked_ns=asked_ns,
            since_ns=since_ns,
        )
        self._learn(read)
        self._since_ns = max(asked_ns - _OVERLAP_NS, 0)
        return read

    def tickers(self) -> set[str]:
        """Return the tickers that the account knows, to have their markets described."""
        return set(self.touched)

    def note_fill(self, fill: Fill) -> None:
        """Remember the market of an execution."""
        self.touched.add(fill.ticker)

    def note_order(self, order: Order) -> None:
        """Keep the set of resting orders."""
        self.touched.add(order.ticker)
        if order.state.is_open and order.remaining > 0:
            self.resting[order.order_id] = order.ticker
        else:
            self.resting.pop(order.order_id, None)

    async def _asked_ns(self) -> int:
        """Return from when on the reading may miss something, on the desk's clock."""
        now_ns = self._clock.now_ns()
        try:
            as_of_ns = await self._rest.user_data_timestamp()
        except Refuse:
            return now_ns
        ahead_ns = self._rest.http.exchange_now_ns() - self._clock.now_ns()
        return min(now_ns, as_of_ns - ahead_ns) if as_of_ns else now_ns

    def _learn(self, read: AccountRead) -> None:
        self.resting.clear()
        for order in read.orders:
            self.note_order(order)
        for fill in read.fills:
            self.note_fill(fill)
        self.touched.update(position.ticker for position in read.positions)
        self.settled.update(settlement.ticker for settlement in read.settlements)
