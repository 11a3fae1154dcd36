"""What maker strategies ask of a market before anything else, and how they name it."""

from __future__ import annotations

from kalshi_desk.core.records import Market
from kalshi_desk.core.strategy import MarketSnapshot, MarketView, Why
from kalshi_desk.core.types import CENT, MarketStatus, Price
from kalshi_desk.quant.costs import fee_rate, rule_at

HOUR_NS = 3_600_000_000_000
MINUTE_NS = 60_000_000_000


def category_of(view: MarketView, market: Market) -> str:
    """Return the category of a market or of its event, empty when neither says one."""
    if market.category:
        return market.category
    event = view.events.get(market.event_ticker)
    return event.category if event is not None else ""


def hours_left(market: Market, at_ns: int) -> float | None:
    """Return the hours from a time to a market's deadline, None when none was announced."""
    deadline_ns = market.deadline_ns
    return (deadline_ns - at_ns) / HOUR_NS if deadline_ns > 0 else None


def maker_rate(market: Market, now_ns: int) -> float:
    """Return the rate of the maker's fee; raises ``KeyError`` where the formula is unknown."""
    return fee_rate(rule_at(market.fee, now_ns), is_taker=False)


def cannot_quote(snapshot: MarketSnapshot, now_ns: int, quote_minutes: float) -> Why | None:
    """Return why no order could rest in a market's book, None when one could."""
    market = snapshot.market
    if market.status is not MarketStatus.ACTIVE:
        text = "The market does not trade."
        return why(market, "not_active", text, market.status.value, "active")
    if not market.fee.is_known:
        text = "Its fee has no published formula."
        return why(market, "no_fee_rule", text, market.fee.fee_type, "a known type")
    if not snapshot.is_fresh:
        return why(market, "stale_book", "Its book can't be trusted.", "stale", "fresh")
    age = (now_ns - snapshot.updated_ns) / MINUTE_NS
    if age > quote_minutes:
        text = "Its quotes are old."
        return why(market, "old_quote", text, f"{age:.0f} min", f"at most {quote_minutes:g} min")
    bid, ask = snapshot.bid, snapshot.ask
    if bid is None or ask is None:
        side = "asks" if bid is None else "bids"
        seen = "empty" if bid is None and ask is None else f"only {side}"
        return why(market, "one_sided", "Its book has one side or none.", seen, "both sides")
    if ask <= bid:
        return why(market, "crossed", "Its book is crossed.", f"{cents(bid)}/{cents(ask)}", "open")
    return None


def why(market: Market, code: str, text: str, seen: str = "", needed: str = "") -> Why:
    """Return a reason about one market."""
    return Why(candidate=market.ticker, code=code, text=text, seen=seen, needed=needed)


def cents(price: Price | int) -> str:
    """Return a price in cents, as reasons show it."""
    return f"{price / CENT:g}c"
