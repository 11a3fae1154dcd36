"""The gate: an ordered list of small checks that every order passes before it is sent.

Each check names what it saw and what it needed; all that fail are reported.  Orders
that only reduce a position pass the checks that guard new exposure.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from kalshi_desk.core.book import OrderBook
from kalshi_desk.core.fees import worst_order_fee
from kalshi_desk.core.reasons import Reason, ReasonCode
from kalshi_desk.core.records import Market, OrderIntent
from kalshi_desk.core.types import (
    NO_MONEY,
    PRICE_ONE,
    BookSide,
    Count,
    MarketStatus,
    Money,
    Price,
    format_price,
)
from kalshi_desk.risk.limit_checks import LIMIT_CHECKS, check_worst_losses
from kalshi_desk.risk.limits import RiskView
from kalshi_desk.risk.words import cents, contracts, dollars

__all__ = [
    "CHECKS",
    "GateView",
    "cents",
    "contracts",
    "dollars",
    "examine",
    "order_cost",
]

DUPLICATE_WINDOW_NS = 500_000_000
MIN_COUNT = Count(1)


@dataclass(slots=True)
class GateView:
    """What the gate may look at; ``committed`` is what resting orders may still take.

    ``cash`` and ``committed`` are those of the market's exchange shard, ``cash_everywhere``
    is on all shards.  ``cash`` is None while the account is unknown; ``recent`` holds the
    newest intents.  ``risk`` is what the limits are measured on.
    """

    now_ns: int
    cannot_send: Reason | None
    halted_why: str
    market: Market | None
    book: OrderBook | None
    position: Count
    resting_reducing: Count
    cash: Money | None
    committed: Money
    is_unresolved: bool
    recent: list[OrderIntent]
    collar: Price
    max_count: Count
    risk: RiskView
    last_price: Price | None = None
    cash_everywhere: Money = NO_MONEY
    reducing_why: str = ""

    def opens(self, intent: OrderIntent) -> Count:
        """Return how many contracts of the order would add exposure rather than close some."""
        if self.position * intent.side.sign >= 0:
            return intent.count
        closable = max(0, abs(self.position) - self.resting_reducing)
        return Count(max(0, intent.count - closable))


Check = Callable[[OrderIntent, GateView], Reason | None]


def check_connection(intent: OrderIntent, view: GateView) -> Reason | None:
    """Refuse when there is no venue that would take the order."""
    return view.cannot_send


def check_halted(intent: OrderIntent, view: GateView) -> Reason | None:
    """Refuse new exposure while the desk is halted."""
    if not view.halted_why or not view.opens(intent):
        return None
    return Reason(
        ReasonCode.HALTED,
        f"The desk is HALTED ({view.halted_why}); only orders that reduce a position pass. "
        "Use 'resume' once you have looked.",
        "HALTED",
        "ACTIVE",
    )


def check_reducing(intent: OrderIntent, view: GateView) -> Reason | None:
    """Refuse new exposure while the exchange answers otherwise than the desk understands."""
    if not view.reducing_why or not view.opens(intent):
        return None
    return Reason(
        ReasonCode.REDUCING,
        f"The exchange does not answer as expected: {view.reducing_why}. Only orders that "
        "reduce a position pass, and cancels. Look for a newer kalshi-desk; once you have looked, "
        "'kalshi-desk resume' lets new orders pass again.",
        "REDUCING",
        "ACTIVE",
    )


def check_market(intent: OrderIntent, view: GateView) -> Reason | None:
    """Refuse a market that the exchange never listed."""
    if view.market is not None:
        return None
    return Reason(
        ReasonCode.UNKNOWN_MARKET,
        f"There is no market {intent.ticker}; search with / or 'kalshi-desk markets'.",
        intent.ticker,
    )


def check_status(intent: OrderIntent, view: GateView) -> Reason | None:
    """Refuse a market that does not trade."""
    market = view.market
    if market is None:
        return None
    is_past = 0 < market.close_ns <= view.now_ns
    if market.status is MarketStatus.ACTIVE and not is_past:
        return None
    word = "closed" if is_past and market.status is MarketStatus.ACTIVE else market.status.value
    return Reason(
        ReasonCode.MARKET_NOT_ACTIVE, f"The market is {word} and takes no orders.", word, "active"
    )


def check_grid(intent: OrderIntent, view: GateView) -> Reason | None:
    """Refuse a price that is not on the market's grid."""
    if view.market is None or view.market.grid.is_valid(intent.price):
        return None
    grid = view.market.grid
    below, above = grid.floor(intent.price), grid.ceil(intent.price)
    near = " or ".join(dict.fromkeys((cents(below), cents(above))))
    hint = f"YES {near}" if intent.side is BookSide.ASK else near
    return Reason(
        ReasonCode.OFF_GRID,
        f"The YES price {cents(intent.price)} is not on this market's grid; nearest: {hint}.",
        format_price(intent.price),
        f"{format_price(below)} or {format_price(above)}",
    )


def check_size(intent: OrderIntent, view: GateView) -> Reason | None:
    """Refuse an empty order, and one above the house limit."""
    if intent.count < MIN_COUNT:
        return Reason(
            ReasonCode.BAD_SIZE,
            "The size must be at least 0.01 contracts.",
            contracts(intent.count),
            "0.01",
        )
    if view.opens(intent) > view.max_count:
        return Reason(
            ReasonCode.BAD_SIZE,
            f"{contracts(intent.count)} contracts are more than one order may have "
            f"({contracts(view.max_count)}; setting risk.max_order_contracts).",
            contracts(intent.count),
            contracts(view.max_count),
        )
    return None


def check_balance(intent: OrderIntent, view: GateView) -> Reason | None:
    """Refuse what cash does not cover, after fees and resting orders."""
    opens = view.opens(intent)
    if view.market is None or not opens or not 0 < intent.price < PRICE_ONE:
        return None
    if view.cash is None:
        return Reason(
            ReasonCode.RECONCILING,
            "The account has not been read yet; wait a moment and ask again.",
        )
    needed = order_cost(intent.side, intent.price, opens, view.market, view.now_ns)
    if needed is None:
        return None
    free = Money(view.cash - view.committed)
    if needed <= free:
        return None
    return Reason(
        ReasonCode.BALANCE,
        f"This needs {dollars(needed)} with its fee; {dollars(max(free, NO_MONEY))} is free "
        f"({dollars(view.cash)} cash less {dollars(view.committed)} for resting orders)."
        f"{_elsewhere(view)}",
        dollars(free),
        dollars(needed),
    )


def _elsewhere(view: GateView) -> str:
    """Say where the rest of the cash lies: an order cannot use that of other shards."""
    there = view.cash_everywhere - (view.cash or 0)
    if view.market is None or there <= 0:
        return ""
    return (
        f" {dollars(Money(there))} more lie on other parts of the exchange than shard "
        f"{view.market.shard}, where this market trades; move some there in your Kalshi account."
    )


def order_cost(
    side: BookSide, price: Price, count: Count, market: Market, now_ns: int
) -> Money | None:
    """Return what opening ``count`` takes with the worst fee; None without a fee formula."""
    if not market.fee.is_known:
        return None
    per_contract = price if side is BookSide.BID else PRICE_ONE - price
    fee = worst_order_fee(market.fee, price, count, is_taker=True, now_ns=now_ns)
    return Money(per_contract * count + fee)


def check_fee_rule(intent: OrderIntent, view: GateView) -> Reason | None:
    """Refuse new exposure where the fee can't be stated."""
    if view.market is None or view.market.fee.is_known or not view.opens(intent):
        return None
    return Reason(
        ReasonCode.NO_FEE_RULE,
        f"The fee type {view.market.fee.fee_type!r} has no published formula, "
        "so the cost of this order can't be known.",
        view.market.fee.fee_type,
        "quadratic",
    )


def check_collar(intent: OrderIntent, view: GateView) -> Reason | None:
    """Refuse a price too far through the market: a slip of the finger, not a wish."""
    book = view.book
    if book is None:
        return None
    touch = book.ask if intent.side is BookSide.BID else book.bid
    if touch is None:
        touch = view.last_price
    if touch is None:
        return None
    through = (intent.price - touch) * intent.side.sign
    if through <= view.collar:
        return None
    limit = Price(touch + view.collar * intent.side.sign)
    return Reason(
        ReasonCode.COLLAR,
        f"The YES price {cents(intent.price)} is {cents(Price(through))} through the market "
        f"at {cents(touch)}; the collar allows {cents(view.collar)} (up to {cents(limit)}).",
        format_price(intent.price),
        format_price(limit),
    )


def check_duplicate(intent: OrderIntent, view: GateView) -> Reason | None:
    """Refuse the same order twice within a moment: a held key, a doubled click."""
    for earlier in view.recent:
        if (
            abs(view.now_ns - earlier.created_ns) < DUPLICATE_WINDOW_NS
            and earlier.ticker == intent.ticker
            and earlier.side is intent.side
            and earlier.price == intent.price
            and earlier.count == intent.count
        ):
            age_ms = (view.now_ns - earlier.created_ns) // 1_000_000
            return Reason(
                ReasonCode.DUPLICATE,
                f"The same order was sent {age_ms} ms ago; wait half a second to send it again.",
                f"{age_ms} ms",
                "500 ms",
            )
    return None


def check_unresolved(intent: OrderIntent, view: GateView) -> Reason | None:
    """Refuse new exposure in a market where an order's fate is unknown."""
    if not view.is_unresolved or not view.opens(intent):
        return None
    return Reason(
        ReasonCode.UNRESOLVED,
        "An earlier order in this market has an unknown outcome and is being looked up; "
        "new exposure waits for it.",
    )


CHECKS: tuple[Check, ...] = (
    check_connection,
    check_market,
    check_status,
    check_halted,
    check_reducing,
    check_size,
    check_grid,
    check_fee_rule,
    check_balance,
    check_collar,
    check_duplicate,
    check_unresolved,
    *LIMIT_CHECKS,
)


def examine(intent: OrderIntent, view: GateView) -> tuple[Reason, ...]:
    """Return every reason against an order; an empty tuple lets it pass."""
    found = [reason for check in CHECKS if (reason := check(intent, view)) is not None]
    return (*found, *check_worst_losses(intent, view))
