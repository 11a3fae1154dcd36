"""The exchange as the desk's ``Broker``: orders out, one event back for each call."""

from __future__ import annotations

from collections.abc import Iterable

from kalshi_desk.core.errors import DeskError, Refuse, Unknown
from kalshi_desk.core.events import (
    CancelAnswered,
    CancelFailed,
    OrderAnswered,
    OrderLookedUp,
    OrderRefused,
    OrderUnknown,
)
from kalshi_desk.core.ports import Clock
from kalshi_desk.core.records import Order, OrderIntent
from kalshi_desk.kalshi.history import History
from kalshi_desk.kalshi.rest import RestClient

_SECOND_NS = 1_000_000_000
_GONE = "The exchange has no such resting order: it traded, was canceled, or never rested."
_LOOK_BACK_S = 60
_SETTLE_NS = 5 * _SECOND_NS
_LIST_LAG_NS = 2 * _SECOND_NS


def _named(orders: Iterable[Order], name: str) -> Order | None:
    """Find an order by client id, or by its own, which names one that came without."""
    return next((o for o in orders if name in (o.client_order_id, o.order_id)), None)


class KalshiBroker:
    """Orders to the exchange; every call ends in exactly one event."""

    def __init__(self, rest: RestClient, clock: Clock) -> None:
        self._rest = rest
        self._history = History(rest)
        self._clock = clock

    async def send(self, intent: OrderIntent) -> OrderAnswered | OrderRefused | OrderUnknown:
        """Place an order, once."""
        try:
            return await self._rest.create_order(intent)
        except Unknown as error:
            return OrderUnknown(intent.client_order_id, str(error))
        except DeskError as error:
            return OrderRefused(intent.client_order_id, error.code, str(error))

    async def cancel(self, order_id: str, ticker: str) -> CancelAnswered | CancelFailed:
        """Cancel an order; ``is_gone`` when no such order lives any more."""
        try:
            return await self._rest.cancel_order(order_id, ticker)
        except DeskError as error:
            if isinstance(error, Refuse) and error.code == "not_found":
                return CancelFailed(order_id, _GONE, is_gone=True)
            return CancelFailed(order_id, str(error), is_gone=False)

    async def look_up(
        self, client_order_id: str, ticker: str, since_ns: int, until_ns: int
    ) -> OrderLookedUp | None:
        """Find an order by client id, or by its own; None while the list may still miss it.

        The list lags the engine, so its silence counts only once the exchange says that
        reads are complete up to well after ``until_ns``, when the order may last have been
        on its way.  It is looked for from ``since_ns`` on, when it was made.
        """
        try:
            complete_ns = await self._complete_ns()
            min_ts = max(since_ns // _SECOND_NS - _LOOK_BACK_S, 0)
            orders = await self._rest.orders(ticker=ticker, min_ts=min_ts)
            if found := _named(orders, client_order_id):
                return OrderLookedUp(client_order_id, found)
            if complete_ns < until_ns + _SETTLE_NS:
                return None
            old = await self._history.archived_orders(min_ts, ticker=ticker)
        except DeskError:
            return None
        return OrderLookedUp(client_order_id, _named(old, client_order_id))

    async def _complete_ns(self) -> int:
        """Return up to which time reads hold everything, on the desk's clock."""
        now_ns = self._clock.now_ns()
        try:
            as_of_ns = await self._rest.user_data_timestamp()
        except Refuse:
            return now_ns - _LIST_LAG_NS
        return min(now_ns, as_of_ns - (self._rest.http.exchange_now_ns() - self._clock.now_ns()))
