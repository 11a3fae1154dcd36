"""Order groups: a breaker on how many contracts a set of orders may fill within 15 seconds."""

from __future__ import annotations

from collections.abc import Callable

from kalshi_desk.exchange.admission import Floor
from kalshi_desk.exchange.commands import ChangeGroup
from kalshi_desk.exchange.notices import GroupChanged, Notice
from kalshi_desk.exchange.records import Order, OrderGroup
from kalshi_desk.exchange.refusals import Refusal, refused

WINDOW_NS = 15_000_000_000
"""Fills of a group's members add up over this rolling time."""
LEAST_LIMIT, MOST_LIMIT = 100, 100_000_000
"""The smallest and the largest limit, in 1/100 contract."""

Remove = Callable[[Order, str, int], int]


class Groups:
    """Every order group; a group that triggers cancels its members and takes no more."""

    def __init__(self, floor: Floor, notices: Callable[[], list[Notice]], remove: Remove) -> None:
        self._floor = floor
        self._notices = notices
        self._remove = remove

    def change(self, command: ChangeGroup, now_ns: int) -> OrderGroup:
        """Do what a command asks of a group; raises ``Refusal``."""
        owner, number = command.owner, command.number
        match command.action:
            case "create":
                return self.create(owner, command.limit, command.shard, now_ns)
            case "reset":
                return self.reset(owner, number, now_ns)
            case "trigger":
                return self.trigger(owner, number, now_ns)
            case "limit":
                return self.set_limit(owner, number, command.limit, now_ns)
            case _:
                return self.delete(owner, number, now_ns)

    def create(self, owner: int, limit: int, shard: int, now_ns: int) -> OrderGroup:
        """Open a group on one shard; raises ``Refusal`` for a limit out of range."""
        _check_limit(limit)
        floor = self._floor
        number = floor.next_group
        floor.next_group += 1
        group = floor.groups[number] = OrderGroup(
            number=number, owner=owner, shard=shard, limit=limit
        )
        self._tell(group, "created", now_ns)
        return group

    def reset(self, owner: int, number: int, now_ns: int) -> OrderGroup:
        """Forget the fills counted so far and take orders again."""
        group = self._find(owner, number)
        group.is_triggered = False
        group.recent.clear()
        self._tell(group, "reset", now_ns)
        return group

    def trigger(self, owner: int, number: int, now_ns: int) -> OrderGroup:
        """Cancel the members and take no more orders until a reset."""
        group = self._find(owner, number)
        self._trigger(group, now_ns)
        return group

    def set_limit(self, owner: int, number: int, limit: int, now_ns: int) -> OrderGroup:
        """Change the limit, which may trigger the group at once."""
        _check_limit(limit)
        group = self._find(owner, number)
        group.limit = limit
        self._tell(group, "limit_updated", now_ns)
        self._check(group, now_ns)
        return group

    def delete(self, owner: int, number: int, now_ns: int) -> OrderGroup:
        """Cancel the members and forget the group."""
        group = self._find(owner, number)
        self._cancel_members(group, now_ns)
        del self._floor.groups[number]
        self._tell(group, "deleted", now_ns)
        return group

    def members(self, group: OrderGroup) -> list[Order]:
        """Return the resting orders of a group."""
        mine = self._floor.open_orders[group.owner].values()
        return [order for order in mine if order.group == group.number]

    def note_fill(self, order: Order, count: int, now_ns: int) -> bool:
        """Count a member's fill; return whether that triggered its group."""
        group = self._floor.groups.get(order.group)
        if group is None or group.is_triggered:
            return False
        group.recent.append([now_ns, count])
        return self._check(group, now_ns)

    def _check(self, group: OrderGroup, now_ns: int) -> bool:
        group.recent = [item for item in group.recent if item[0] > now_ns - WINDOW_NS]
        if group.is_triggered or sum(count for _, count in group.recent) <= group.limit:
            return False
        self._trigger(group, now_ns)
        return True

    def _trigger(self, group: OrderGroup, now_ns: int) -> None:
        group.is_triggered = True
        self._cancel_members(group, now_ns)
        self._tell(group, "triggered", now_ns)

    def _cancel_members(self, group: OrderGroup, now_ns: int) -> None:
        for order in self.members(group):
            self._remove(order, "", now_ns)

    def _find(self, owner: int, number: int) -> OrderGroup:
        group = self._floor.groups.get(number)
        if group is None or group.owner != owner:
            raise group_not_found()
        return group

    def _tell(self, group: OrderGroup, kind: str, now_ns: int) -> None:
        limit = group.limit if kind in {"created", "limit_updated"} else None
        self._notices().append(GroupChanged(group.owner, group.number, kind, limit, now_ns))


def group_not_found() -> Refusal:
    """Return the answer for a group that is unknown, deleted or somebody else's."""
    return refused(404, "order_group_not_found")


def _check_limit(limit: int) -> None:
    if not LEAST_LIMIT <= limit <= MOST_LIMIT:
        raise refused(
            400, "invalid_parameters", details="contracts_limit must be between 1 and 1000000"
        )
