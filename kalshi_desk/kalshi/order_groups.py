"""Order groups: breakers that cancel their orders when too much fills within 15 seconds."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from kalshi_desk.core.types import Count, format_count, parse_count
from kalshi_desk.kalshi import wire_account as wire
from kalshi_desk.kalshi.answers import converted
from kalshi_desk.kalshi.errors import Ask
from kalshi_desk.kalshi.models import OrderGroup
from kalshi_desk.kalshi.rest import RestClient

_PATH = "/portfolio/order_groups"


class OrderGroups:
    """All calls on order groups.  Every method raises ``DeskError``.

    A group lives on one exchange shard, and calls without it go to shard 0.
    """

    def __init__(self, rest: RestClient) -> None:
        self._rest = rest
        self._answers = rest.answers

    async def create(self, limit: Count, *, shard: int = 0) -> OrderGroup:
        """Open a group that triggers above ``limit`` contracts in 15 seconds."""
        body: dict[str, Any] = {
            "contracts_limit_fp": format_count(limit),
            "exchange_index": shard,
            "subaccount": self._rest.subaccount,
        }
        made = await self._answers.write(
            "POST", f"{_PATH}/create", wire.GroupCreated, ask=Ask.PLACE, body=body
        )
        return OrderGroup(
            group_id=made.order_group_id, limit=limit, shard=made.exchange_index or shard
        )

    async def all(self) -> list[OrderGroup]:
        """Return our groups, without their orders."""
        answer = await self._answers.get(_PATH, wire.GroupsAnswer, self._rest.ours())
        return converted(
            lambda row: OrderGroup(
                group_id=row.id,
                limit=_limit(row.contracts_limit_fp),
                shard=row.exchange_index or 0,
            ),
            answer.order_groups,
        )

    async def get(self, group_id: str) -> OrderGroup:
        """Return one group with the ids of its resting orders."""
        answer = await self._answers.get(_one(group_id), wire.GroupAnswer, self._rest.ours())
        return converted(
            lambda body: OrderGroup(
                group_id=group_id,
                limit=_limit(body.contracts_limit_fp),
                shard=body.exchange_index or 0,
                orders=tuple(body.orders or ()),
            ),
            [answer],
        )[0]

    async def set_limit(self, group: OrderGroup, limit: Count) -> None:
        """Change the limit, which may trigger the group at once."""
        body = {"contracts_limit_fp": format_count(limit)}
        await self._change("PUT", f"{_one(group.group_id)}/limit", group, body)

    async def reset(self, group: OrderGroup) -> None:
        """Forget what filled, and take orders again."""
        await self._change("PUT", f"{_one(group.group_id)}/reset", group, {})

    async def trigger(self, group: OrderGroup) -> None:
        """Cancel its orders and take no more until a reset."""
        await self._change("PUT", f"{_one(group.group_id)}/trigger", group, {})

    async def delete(self, group: OrderGroup) -> None:
        """Cancel its orders and end it."""
        await self._change("DELETE", _one(group.group_id), group, None)

    async def _change(self, method: str, path: str, group: OrderGroup, body: object) -> None:
        params = self._rest.ours(exchange_index=group.shard)
        await self._answers.write(
            method, path, wire.Nothing, ask=Ask.CANCEL, params=params, body=body
        )


def _one(group_id: str) -> str:
    return f"{_PATH}/{quote(group_id, safe='')}"


def _limit(text: str | None) -> Count | None:
    return parse_count(text) if text else None
