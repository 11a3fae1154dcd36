"""Order writes beyond create and cancel: amend, decrease and batches.  Each is sent once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

import msgspec

from kalshi_desk.core.errors import DeskError, Refuse, Unknown
from kalshi_desk.core.events import (
    CancelAnswered,
    CancelFailed,
    OrderAnswered,
    OrderRefused,
    OrderUnknown,
)
from kalshi_desk.core.records import OrderIntent
from kalshi_desk.core.types import (
    BookSide,
    Count,
    Price,
    format_count,
    format_price,
    parse_count,
)
from kalshi_desk.kalshi import wire_account as wire
from kalshi_desk.kalshi.errors import Ask, error_from_answer, unreadable_answer
from kalshi_desk.kalshi.models import Amended
from kalshi_desk.kalshi.order_body import intent_body
from kalshi_desk.kalshi.rest import ORDERS, RestClient

_BAD_REQUEST = 400
_BATCH = f"{ORDERS}/batched"
Placed = OrderAnswered | OrderRefused | OrderUnknown
Canceled = CancelAnswered | CancelFailed


class OrderWrites:
    """Changes of resting orders, and many orders in one request.

    Every method raises ``DeskError``; ``Unknown`` means that the order must be looked up.
    """

    def __init__(self, rest: RestClient) -> None:
        self._answers = rest.answers
        self._budget = rest.budget
        self._subaccount = rest.subaccount

    async def amend(
        self,
        order_id: str,
        *,
        ticker: str,
        side: BookSide,
        price: Price,
        total: Count,
        new_client_order_id: str = "",
    ) -> Amended:
        """Restate an order; ``total`` is what has filled plus what shall remain.

        It loses its place in the queue unless only made smaller, and may trade at once.
        """
        body: dict[str, Any] = {
            "ticker": ticker,
            "side": side.value,
            "price": format_price(price),
            "count": format_count(total),
        }
        if new_client_order_id:
            body["updated_client_order_id"] = new_client_order_id
        found = await self._answers.write(
            "POST",
            f"{ORDERS}/{quote(order_id, safe='')}/amend",
            wire.AmendedBody,
            ask=Ask.PLACE,
            params=self._ours(),
            body=self._named(body),
        )
        return Amended(found.order_id, _count(found.fill_count), _count(found.remaining_count))

    async def decrease(self, order_id: str, *, ticker: str, to: Count) -> Count:
        """Make an order smaller without losing its place; return what remains of it."""
        found = await self._answers.write(
            "POST",
            f"{ORDERS}/{quote(order_id, safe='')}/decrease",
            wire.DecreasedBody,
            ask=Ask.CANCEL,
            params=self._ours(),
            body=self._named({"reduce_to": format_count(to), "market_ticker": ticker}),
        )
        return _count(found.remaining_count) or Count(0)

    async def create_many(self, intents: Sequence[OrderIntent]) -> list[Placed]:
        """Place many orders, not all or none; each has its own outcome, in order.

        The whole request must fit into the write bucket at once: ``Refuse`` where it never
        will.  When the request itself fails, nobody knows or nothing was placed, as the
        error says.
        """
        most = self._budget.most_items("POST", _BATCH)
        if len(intents) > most:
            raise Refuse(
                f"At most {most} orders fit into one request, and these are {len(intents)}.",
                code="batch_too_large",
                money="Nothing was ordered.",
            )
        body = {"orders": [intent_body(intent, self._subaccount) for intent in intents]}
        answer = await self._answers.write(
            "POST", _BATCH, wire.CreatedItems, ask=Ask.PLACE, body=body, items=len(intents)
        )
        if len(answer.orders) != len(intents):
            raise unreadable_answer("another number of orders came back", ask=Ask.PLACE)
        return [_placed(intent, row) for intent, row in zip(intents, answer.orders, strict=True)]

    async def cancel_many(self, orders: Sequence[tuple[str, str]]) -> list[Canceled]:
        """Cancel many orders, given as order id and ticker; each has its own outcome.

        What does not fit into the write bucket at once goes in several requests.
        """
        most = self._budget.most_items("DELETE", _BATCH)
        canceled: list[Canceled] = []
        for start in range(0, len(orders), most):
            rows = [
                self._named({"order_id": order_id, "market_ticker": ticker})
                for order_id, ticker in orders[start : start + most]
            ]
            answer = await self._answers.write(
                "DELETE",
                _BATCH,
                wire.CanceledItems,
                ask=Ask.CANCEL,
                body={"orders": rows},
                items=len(rows),
            )
            canceled += [_canceled(row) for row in answer.orders]
        return canceled

    async def queue_position(self, order_id: str) -> Count:
        """Return the contracts ahead of one resting order."""
        path = f"/portfolio/orders/{quote(order_id, safe='')}/queue_position"
        body = await self._answers.get(path, wire.QueueBody)
        return _count(body.queue_position_fp) or Count(0)

    def _ours(self) -> dict[str, str | int]:
        return {"subaccount": self._subaccount} if self._subaccount else {}

    def _named(self, body: dict[str, Any]) -> dict[str, Any]:
        return {**body, **self._ours()}


def _count(text: str | None, *, ask: Ask = Ask.PLACE) -> Count | None:
    try:
        return None if text is None else parse_count(text)
    except ValueError as error:
        raise unreadable_answer(str(error), ask=ask) from None


def _error_of(item: wire.ItemError, ask: Ask) -> DeskError:
    return error_from_answer(_BAD_REQUEST, msgspec.json.encode(item), ask=ask)


def _placed(intent: OrderIntent, row: wire.CreatedItem) -> Placed:
    name = intent.client_order_id
    if row.error is not None:
        error = _error_of(row.error, Ask.PLACE)
        if isinstance(error, Unknown):
            return OrderUnknown(name, str(error))
        return OrderRefused(name, error.code, str(error))
    try:
        filled, remaining = _count(row.fill_count), _count(row.remaining_count)
    except DeskError as error:
        return OrderUnknown(name, str(error))
    if not row.order_id or filled is None or remaining is None:
        return OrderUnknown(name, str(unreadable_answer("it names no order", ask=Ask.PLACE)))
    return OrderAnswered(
        client_order_id=name, order_id=row.order_id, filled=filled, remaining=remaining
    )


def _canceled(row: wire.CanceledItem) -> Canceled:
    if row.error is not None:
        error = _error_of(row.error, Ask.CANCEL)
        is_gone = isinstance(error, Refuse) and error.code == "not_found"
        return CancelFailed(row.order_id, str(error), is_gone=is_gone)
    try:
        reduced = _count(row.reduced_by, ask=Ask.CANCEL) or Count(0)
    except DeskError as error:
        return CancelFailed(row.order_id, str(error), is_gone=False)
    return CancelAnswered(order_id=row.order_id, reduced_by=reduced)
