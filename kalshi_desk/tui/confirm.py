"""The words of the confirmations: what will happen, order by order and position by position."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from kalshi_desk.desk.frames import OrderRow, PositionRow
from kalshi_desk.tui import format as f
from kalshi_desk.tui.board import Board
from kalshi_desk.tui.dialogs import listed

NameOf = Callable[[str, str], str]
_OPEN = frozenset({"intent", "resting", "unresolved", "canceling"})


def is_open(row: OrderRow) -> bool:
    """Return whether an order may still trade."""
    return row.state in _OPEN


def order_text(row: OrderRow, name_of: NameOf) -> str:
    """Return an order in words: ``BUY 90 YES at 48¢  Above 4.00%``."""
    return (
        f"{row.action.value.upper()} {f.count(row.remaining)} {row.outcome.value.upper()} "
        f"at {f.cents(row.price)}  {name_of(row.ticker, row.title)}"
    )


def position_text(row: PositionRow, name_of: NameOf) -> str:
    """Return a position in words with what it would bring now."""
    if row.market_price is None:
        way_out = "the book cannot take it all"
    else:
        way_out = f"out now {f.average(row.market_price)}, {f.signed_money(row.unrealized_pnl)}"
    return f"{f.position(row.position)} ({way_out})  {name_of(row.ticker, row.title)}"


def cancel_all_facts(orders: Sequence[OrderRow], name_of: NameOf) -> list[str]:
    """Return what cancelling these orders means."""
    return [
        "These orders are taken back; positions are kept.",
        *listed([order_text(row, name_of) for row in orders]),
    ]


def flatten_facts(
    positions: Sequence[PositionRow], orders: Sequence[OrderRow], name_of: NameOf
) -> list[str]:
    """Return what flattening means."""
    facts = ["Sold at once, at what the book pays:"]
    facts += listed([position_text(row, name_of) for row in positions])
    if orders:
        facts += ["", "Cancelled first:", *listed([order_text(row, name_of) for row in orders])]
    return facts


def panic_facts(orders: Sequence[OrderRow], auto_running: int, name_of: NameOf) -> list[str]:
    """Return what panic means."""
    facts = ["Automatic trading stops and the desk is HALTED until you press R."]
    if auto_running:
        facts.append(f"Strategies stopped: {auto_running}.")
    facts.append("Positions are kept.")
    if not orders:
        return [*facts, "", "No order is open on this screen; the exchange is asked all the same."]
    return [
        *facts,
        "",
        f"Cancelled ({len(orders)}):",
        *listed([order_text(row, name_of) for row in orders]),
    ]


def resume_facts(reason: str) -> list[str]:
    """Return what resuming means."""
    facts = ["The desk takes orders again."]
    return [*facts, f"It held orders back because: {reason}"] if reason else facts


def leaving_facts(board: Board, *, is_connected: bool) -> list[str]:
    """Return what is open while one leaves, and whether the machine would trade on."""
    orders = [row for row in board.orders.values() if is_open(row)]
    positions = [row for row in board.positions.values() if row.position]
    facts = _open_list(positions, orders, board.name_of)
    if not is_connected:
        return ["The engine is not reachable; what was open then:", *facts]
    if board.status is not None and board.status.auto_running:
        names = f"strategies in mode trade: {board.status.auto_running}"
        return [f"AUTO is on ({names}) and stays on when you detach.", "", *facts]
    return facts


def _open_list(
    positions: Sequence[PositionRow], orders: Sequence[OrderRow], name_of: NameOf
) -> list[str]:
    if not positions and not orders:
        return ["No open orders, no positions."]
    facts = []
    if orders:
        facts += [
            f"Open orders ({len(orders)}):",
            *listed([order_text(row, name_of) for row in orders]),
        ]
    if positions:
        facts += [
            f"Positions ({len(positions)}):",
            *listed([position_text(row, name_of) for row in positions]),
        ]
    return facts
