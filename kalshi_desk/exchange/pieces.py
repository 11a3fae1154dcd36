"""A large state in pieces that each take only milliseconds to encode and to write."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec

from kalshi_desk.exchange.records import Market, Order, Position
from kalshi_desk.exchange.venue_state import VenueState

_MARKETS, _ORDERS, _POSITIONS = 20, 1_000, 500


class MarketsPiece(msgspec.Struct, tag="markets"):
    """Some of the markets."""

    markets: list[Market]


class RestingPiece(msgspec.Struct, tag="resting"):
    """Some of the resting orders."""

    orders: list[Order]


class HoldingsPiece(msgspec.Struct, tag="holdings"):
    """Some of the positions of one account."""

    owner: int
    positions: list[Position]


Piece = MarketsPiece | RestingPiece | HoldingsPiece


def split(state: VenueState) -> tuple[VenueState, Iterator[Piece]]:
    """Return a state without what it has much of, and that in pieces, in order.

    The records are the living ones: nothing may change before the last piece is encoded.
    """
    accounts = [msgspec.structs.replace(account, positions={}) for account in state.accounts]
    head = msgspec.structs.replace(state, accounts=accounts, markets={}, resting=[])
    return head, _pieces(state)


def join(head: VenueState, pieces: Iterable[Piece]) -> VenueState:
    """Return the state that was split; a head that was never split is whole already."""
    for piece in pieces:
        match piece:
            case MarketsPiece():
                head.markets.update((market.ticker, market) for market in piece.markets)
            case RestingPiece():
                head.resting.extend(piece.orders)
            case HoldingsPiece():
                held = head.accounts[piece.owner].positions
                held.update((position.ticker, position) for position in piece.positions)
    return head


def _pieces(state: VenueState) -> Iterator[Piece]:
    markets = list(state.markets.values())
    for start in range(0, len(markets), _MARKETS):
        yield MarketsPiece(markets[start : start + _MARKETS])
    for start in range(0, len(state.resting), _ORDERS):
        yield RestingPiece(state.resting[start : start + _ORDERS])
    for account in state.accounts:
        positions = list(account.positions.values())
        for start in range(0, len(positions), _POSITIONS):
            yield HoldingsPiece(account.number, positions[start : start + _POSITIONS])
