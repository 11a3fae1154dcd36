"""Cancel every order at the exchange itself and prove it, whatever fails on the way."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

from kalshi_desk.core.errors import DeskError, Stop, Unknown
from kalshi_desk.core.records import Order
from kalshi_desk.kalshi.rest import RestClient

VERIFY_S = 15.0
"""How long it is tried."""
CALL_S = 5.0
"""How long one call may take; a call that hangs must not use up the whole time."""
_PAUSE_S = 0.1
_PAUSE_AFTER_TROUBLE_S = 0.5
_AT_ONCE = 8
_T = TypeVar("_T")


async def cancel_and_verify(client: RestClient) -> list[Order]:
    """Cancel everything and read the orders until none rests; return what still does.

    A call that fails is made again, and orders are canceled one by one besides, until it
    is proven that nothing rests or :data:`VERIFY_S` are over.  Raises a ``DeskError``
    when it is not known what rests: the last one, or ``Unknown`` when the lists stayed
    behind; raises ``Stop`` at once when the exchange takes neither writes nor reads.
    """
    return await _Canceling(client).run()


class _Canceling:
    """One attempt to leave nothing resting."""

    def __init__(self, client: RestClient) -> None:
        self._client = client
        self._loop = asyncio.get_running_loop()
        self._give_up = self._loop.time() + VERIFY_S
        self._asked_all = False
        self._left: list[Order] | None = None

    async def run(self) -> list[Order]:
        refused = await self._cancel_all()
        wrote_at = self._loop.time()
        while True:
            trouble: DeskError | None = None
            try:
                if await self._nothing_rests(wrote_at):
                    return []
            except DeskError as error:
                trouble = error
            if isinstance(refused, Stop) and isinstance(trouble, Stop):
                raise trouble
            if self._loop.time() >= self._give_up:
                return self._what_is_left(trouble)
            await asyncio.sleep(_PAUSE_AFTER_TROUBLE_S if trouble or refused else _PAUSE_S)
            refused = await self._cancel_all()
            await self._cancel_each()

    async def _cancel_all(self) -> DeskError | None:
        """Ask for all orders to be canceled until that is once taken; return why it was not."""
        if self._asked_all:
            return None
        try:
            await self._within_time(self._client.cancel_all())
        except DeskError as error:
            return error
        self._asked_all = True
        return None

    async def _nothing_rests(self, wrote_at: float) -> bool:
        """Read what rests.  Reads lag writes: an empty list from before them proves nothing."""
        client = self._client
        as_of_ns = await self._within_time(client.user_data_timestamp())
        self._left = await self._within_time(client.orders(status="resting"))
        # The exchange's clock is known best by now, so look back from it to the writes.
        since_ns = int((self._loop.time() - wrote_at) * 1e9)
        return not self._left and as_of_ns >= client.http.exchange_now_ns() - since_ns

    async def _cancel_each(self) -> None:
        orders = self._left or []
        for start in range(0, len(orders), _AT_ONCE):
            if self._loop.time() >= self._give_up:
                return
            await asyncio.gather(*map(self._cancel, orders[start : start + _AT_ONCE]))

    async def _cancel(self, order: Order) -> None:
        try:
            await self._within_time(self._client.cancel_order(order.order_id, order.ticker))
        except DeskError:
            return  # Gone already or to be tried again; the next reading shows it.

    async def _within_time(self, call: Awaitable[_T]) -> _T:
        try:
            async with asyncio.timeout(CALL_S):
                return await call
        except TimeoutError:
            raise Unknown(
                f"The exchange did not answer within {CALL_S:.0f} seconds.", code="timeout"
            ) from None

    def _what_is_left(self, trouble: DeskError | None) -> list[Order]:
        if self._left:
            return self._left
        if trouble is not None:
            raise trouble
        raise Unknown(
            f"The exchange's lists are still behind after {VERIFY_S:.0f} seconds.",
            code="not_proven",
            money="Nothing rests as far as they go.",
        )
