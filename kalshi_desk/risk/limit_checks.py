"""The checks of the limits: each names what the order would lead to and what is allowed.

An order that makes a worst loss no worse passes its limit even when the limit is exceeded
already: a hedge must not be refused for the risk that it takes away.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kalshi_desk.core.fees import worst_order_fee
from kalshi_desk.core.reasons import Reason, ReasonCode
from kalshi_desk.core.types import NO_MONEY, PRICE_ONE, BookSide, Money
from kalshi_desk.risk.exposure import Resting
from kalshi_desk.risk.limits import After, Limits, is_machine, part_of
from kalshi_desk.risk.words import dollars

if TYPE_CHECKING:
    from collections.abc import Callable

    from kalshi_desk.core.records import OrderIntent
    from kalshi_desk.risk.gate import GateView

_SECOND_NS = 1_000_000_000
_MINUTE_NS = 60 * _SECOND_NS
_SAME = 1e-9


def check_worst_losses(intent: OrderIntent, view: GateView) -> tuple[Reason, ...]:
    """Refuse what would let a market, event, category, day or everything lose too much."""
    risk, limits = view.risk, view.risk.limits
    opens = view.opens(intent)
    if not opens or risk.wealth is None or view.market is None or not _has_price(intent):
        return ()
    after = risk.after(_as_resting(intent, view))
    found = [
        _over(
            after.market,
            risk.wealth,
            limits.position_percent,
            ReasonCode.POSITION_LIMIT,
            f"the position in {intent.ticker}",
            "position_percent",
        ),
        _over(
            after.event,
            risk.wealth,
            limits.event_percent,
            ReasonCode.EVENT_LIMIT,
            f"the event {view.market.event_ticker or intent.ticker}",
            "event_percent",
        ),
        _over(
            after.theme,
            risk.wealth,
            limits.theme_percent,
            ReasonCode.THEME_LIMIT,
            f"the theme {risk.theme or intent.ticker}",
            "theme_percent",
        ),
        _over(
            after.category,
            risk.wealth,
            limits.category_percent,
            ReasonCode.CATEGORY_LIMIT,
            f"the category {risk.category or '(none)'}",
            "category_percent",
        ),
        _over(
            after.day,
            risk.wealth,
            limits.settlement_day_percent,
            ReasonCode.DAY_LIMIT,
            f"what settles on {risk.day or 'an unknown day'}",
            "settlement_day_percent",
        ),
        _over(
            after.total,
            risk.wealth,
            limits.total_percent,
            ReasonCode.TOTAL_LIMIT,
            "everything together",
            "total_percent",
        ),
        _over_shortfall(after, risk.wealth, limits),
    ]
    if is_machine(intent.origin):
        found += _machine_losses(intent, view, after, risk.wealth)
    return tuple(reason for reason in found if reason is not None)


def _machine_losses(
    intent: OrderIntent, view: GateView, after: After, wealth: Money
) -> list[Reason | None]:
    limits = view.risk.limits
    cost = _cost(intent, view)
    found = [
        _over(
            after.market,
            wealth,
            limits.market_percent,
            ReasonCode.MARKET_LIMIT,
            f"the market {intent.ticker} for a strategy",
            "market_percent",
        )
    ]
    allowed = part_of(wealth, limits.order_percent)
    if cost > allowed:
        found.append(
            Reason(
                ReasonCode.ORDER_NOTIONAL,
                f"The order costs {dollars(cost)}; one order of a strategy may cost "
                f"{dollars(allowed)} ({limits.order_percent:g}% of W; risk.order_percent).",
                dollars(cost),
                dollars(allowed),
            )
        )
    return found


def check_open_positions(intent: OrderIntent, view: GateView) -> Reason | None:
    """Refuse another market when so many are held or about to be."""
    risk = view.risk
    if risk.is_open or not view.opens(intent):
        return None
    count = risk.open_elsewhere + 1
    if count <= risk.limits.open_positions:
        return None
    return Reason(
        ReasonCode.OPEN_POSITIONS,
        f"This would be open position {count}, counting orders that would open one; "
        f"{risk.limits.open_positions} are allowed (risk.open_positions).",
        str(count),
        str(risk.limits.open_positions),
    )


def check_resting(intent: OrderIntent, view: GateView) -> Reason | None:
    """Refuse new exposure when so many orders are open."""
    risk = view.risk
    if risk.resting < risk.limits.resting_orders or not view.opens(intent):
        return None
    return Reason(
        ReasonCode.RESTING_ORDERS,
        f"{risk.resting} orders are open; {risk.limits.resting_orders} are allowed "
        "(risk.resting_orders).",
        str(risk.resting),
        str(risk.limits.resting_orders),
    )


def check_daily_loss(intent: OrderIntent, view: GateView) -> Reason | None:
    """Refuse new exposure when the day has lost too much."""
    risk = view.risk
    level = min(risk.halt_day_loss, risk.reduce_day_loss)
    if risk.day_loss is None or risk.day_loss < level or not view.opens(intent):
        return None
    return Reason(
        ReasonCode.DAILY_LOSS,
        f"The day has lost {risk.day_loss:.2f}% of W; from {level:.2f}% on only orders that "
        "reduce a position pass (risk.daily_loss_percent, risk.daily_loss_reducing_percent).",
        f"{risk.day_loss:.2f}%",
        f"{level:.2f}%",
    )


def check_drawdown(intent: OrderIntent, view: GateView) -> Reason | None:
    """Refuse new exposure when equity has fallen too far from its highest."""
    risk = view.risk
    if risk.drawdown is None or risk.drawdown < risk.halt_drawdown or not view.opens(intent):
        return None
    return Reason(
        ReasonCode.DRAWDOWN,
        f"Equity is {risk.drawdown:.2f}% below its highest; from {risk.halt_drawdown:.2f}% on "
        "only orders that reduce a position pass (risk.drawdown_percent).",
        f"{risk.drawdown:.2f}%",
        f"{risk.halt_drawdown:.2f}%",
    )


def check_correlation(intent: OrderIntent, view: GateView) -> Reason | None:
    """Refuse a machine's new position that moves with the risk held.

    Other markets of the same event don't count: what they may lose together is enumerated.
    """
    rho = view.risk.average_correlation
    if rho is None or view.risk.is_open or not _adds_by_machine(intent, view):
        return None
    if rho <= view.risk.limits.correlation:
        return _check_correlated_theme(intent, view, rho)
    return Reason(
        ReasonCode.CORRELATION,
        f"The average correlation with the risk held is {rho:.2f}; a new position of a strategy "
        f"may have {view.risk.limits.correlation:.2f} (risk.correlation).",
        f"{rho:.2f}",
        f"{view.risk.limits.correlation:.2f}",
    )


def _check_correlated_theme(intent: OrderIntent, view: GateView, rho: float) -> Reason | None:
    """Refuse to let a theme grow large while it moves with the risk held."""
    risk, limits = view.risk, view.risk.limits
    if rho <= limits.theme_correlation + _SAME or risk.wealth is None or not _has_price(intent):
        return None
    loses = risk.after(_as_resting(intent, view)).theme[1]
    allowed = part_of(risk.wealth, limits.correlated_theme_percent)
    if loses <= allowed:
        return None
    return Reason(
        ReasonCode.CORRELATION,
        f"The average correlation with the risk held is {rho:.2f}; above "
        f"{limits.theme_correlation:.2f} (risk.theme_correlation) the theme {risk.theme} may lose "
        f"{dollars(allowed)} (risk.correlated_theme_percent), with this order {dollars(loses)}.",
        f"{rho:.2f}, {dollars(loses)}",
        f"{limits.theme_correlation:.2f}, {dollars(allowed)}",
    )


def check_rate(intent: OrderIntent, view: GateView) -> Reason | None:
    """Refuse a machine's new exposure when many order messages were sent in a minute."""
    risk = view.risk
    if risk.messages < risk.limits.orders_per_minute or not _adds_by_machine(intent, view):
        return None
    return Reason(
        ReasonCode.ORDER_RATE,
        f"{risk.messages} order messages were sent in the last minute; strategies may open new "
        f"exposure below {risk.limits.orders_per_minute} (risk.orders_per_minute).",
        str(risk.messages),
        str(risk.limits.orders_per_minute),
    )


def check_near_close(intent: OrderIntent, view: GateView) -> Reason | None:
    """Refuse a machine's entry shortly before the market closes."""
    if view.market is None or not view.market.close_ns or not _adds_by_machine(intent, view):
        return None
    left_ns = view.market.close_ns - view.now_ns
    if left_ns >= view.risk.limits.near_close_minutes * _MINUTE_NS:
        return None
    return Reason(
        ReasonCode.NEAR_CLOSE,
        f"The market closes in {max(0, left_ns) // _SECOND_NS} s; strategies enter no later than "
        f"{view.risk.limits.near_close_minutes} min before (risk.near_close_minutes).",
        f"{max(0, left_ns) // _SECOND_NS} s",
        f"{view.risk.limits.near_close_minutes * 60} s",
    )


def check_stale(intent: OrderIntent, view: GateView) -> Reason | None:
    """Refuse a machine's new exposure on a book that is not current."""
    risk = view.risk
    if not _adds_by_machine(intent, view):
        return None
    if risk.book_why:
        return Reason(
            ReasonCode.STALE_BOOK, f"The book is not current: {risk.book_why}.", risk.book_why
        )
    if risk.data_age_ns is None or risk.data_age_ns <= risk.limits.stale_book_seconds * _SECOND_NS:
        return None
    age = f"{risk.data_age_ns / _SECOND_NS:.1f} s"
    return Reason(
        ReasonCode.STALE_BOOK,
        f"Market data is {age} old; strategies trade on no more than "
        f"{risk.limits.stale_book_seconds} s (risk.stale_book_seconds).",
        age,
        f"{risk.limits.stale_book_seconds} s",
    )


def check_agreement(intent: OrderIntent, view: GateView) -> Reason | None:
    """Refuse a machine's new exposure while the books and the exchange's do not agree."""
    if not view.risk.differs or not _adds_by_machine(intent, view):
        return None
    return Reason(
        ReasonCode.RECONCILING,
        f"The account is being read again: {view.risk.differs}. Strategies wait for it.",
        view.risk.differs,
    )


def _over_shortfall(after: After, wealth: Money, limits: Limits) -> Reason | None:
    """Return the first of the two that is exceeded: the second would only say it again."""
    bound = "on average (as last computed, with the worst of what came since)"
    found = _over(
        after.shortfall,
        wealth,
        limits.shortfall_percent,
        ReasonCode.SHORTFALL_LIMIT,
        f"the worst 5% of outcomes {bound}",
        "shortfall_percent",
    )
    return found or _over(
        after.stress_shortfall,
        wealth,
        limits.stress_shortfall_percent,
        ReasonCode.SHORTFALL_LIMIT,
        f"the worst 5% of outcomes, if all events moved together, {bound}",
        "stress_shortfall_percent",
    )


def _over(
    pair: tuple[Money, Money],
    wealth: Money,
    percent: float,
    code: ReasonCode,
    what: str,
    setting: str,
) -> Reason | None:
    before, after = pair
    allowed = part_of(wealth, percent)
    if after <= allowed or after <= before:
        return None
    return Reason(
        code,
        f"With this order {what} could lose {dollars(after)}; {dollars(allowed)} are allowed "
        f"({percent:g}% of W {dollars(wealth)}; risk.{setting}).",
        dollars(after),
        dollars(allowed),
    )


def _adds_by_machine(intent: OrderIntent, view: GateView) -> bool:
    return is_machine(intent.origin) and view.opens(intent) > 0


def _has_price(intent: OrderIntent) -> bool:
    return 0 < intent.price < PRICE_ONE


def _as_resting(intent: OrderIntent, view: GateView) -> Resting:
    """Return what the order may add: only what it opens, at its limit, with its worst fee."""
    opens = view.opens(intent)
    return Resting(intent.ticker, "", False, intent.side, intent.price, opens, _fee(intent, view))


def _cost(intent: OrderIntent, view: GateView) -> Money:
    unit = intent.price if intent.side is BookSide.BID else PRICE_ONE - intent.price
    return Money(unit * view.opens(intent) + _fee(intent, view))


def _fee(intent: OrderIntent, view: GateView) -> Money:
    market = view.market
    if market is None or not market.fee.is_known:
        return NO_MONEY
    return worst_order_fee(
        market.fee, intent.price, view.opens(intent), is_taker=True, now_ns=view.now_ns
    )


LIMIT_CHECKS: tuple[Callable[[OrderIntent, GateView], Reason | None], ...] = (
    check_daily_loss,
    check_drawdown,
    check_agreement,
    check_stale,
    check_near_close,
    check_rate,
    check_resting,
    check_open_positions,
    check_correlation,
)
