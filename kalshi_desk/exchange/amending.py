"""Changes of resting orders as their owners ask for them: amend and decrease."""

from __future__ import annotations

from kalshi_desk.exchange.commands import AmendOrder, DecreaseOrder
from kalshi_desk.exchange.matching import MatchingEngine, Outcome
from kalshi_desk.exchange.records import Order
from kalshi_desk.exchange.refusals import not_found, refused


def decrease(engine: MatchingEngine, command: DecreaseOrder, ts_ns: int) -> Order:
    """Reduce an order by or to a count; raises the 404 for one that does not rest."""
    order = engine.open_orders[command.owner].get(command.number)
    if order is None:
        raise not_found()
    if command.reduce_to is not None:
        target = command.reduce_to
    else:
        target = order.remaining - (command.reduce_by or 0)
    return engine.decrease(command.owner, command.number, max(target, 0), ts_ns)


def amend(engine: MatchingEngine, command: AmendOrder, ts_ns: int) -> Outcome:
    """Restate an order; raises ``Refusal`` where the restated facts do not fit it."""
    order = engine.open_orders[command.owner].get(command.number)
    if order is None:
        raise not_found()
    if command.ticker != order.ticker:
        raise refused(400, "order_ticker_mismatch")
    if command.is_bid != order.is_bid:
        raise refused(400, "order_side_mismatch")
    if command.client_id is not None and command.client_id != order.client_id:
        raise refused(400, "order_id_and_client_order_id_mismatch")
    accounts = engine.ledger.accounts
    taken = accounts[accounts[command.owner].primary].client_ids
    if command.new_client_id and command.new_client_id in taken:
        raise refused(409, "order_already_exists")
    outcome = engine.amend(
        command.owner,
        command.number,
        price=command.price,
        total=command.total,
        expires_ns=command.expires_ns,
        now_ns=ts_ns,
    )
    if command.new_client_id:
        order.client_id = command.new_client_id
        taken[command.new_client_id] = order.number
    return outcome
