"""The sentences of the arbitrage strategy: what was seen, what is needed, what it would buy."""

from __future__ import annotations

from collections.abc import Sequence

from kalshi_desk.core.strategy import RelationGroup, Why
from kalshi_desk.core.types import MONEY_SCALE, PRICE_SCALE, Outcome
from kalshi_desk.quant.baskets import BasketOrder, PricedBasket
from kalshi_desk.quant.candidates import Assessment, Verdict
from kalshi_desk.quant.edge_screen import Nested, Pairs, Screened, Sums
from kalshi_desk.strategies.arbitrage_space import Known

_TEXTS: dict[Verdict, tuple[str, str]] = {
    Verdict.UNSYNCHRONISED: ("The books were not seen at one time.", "ms"),
    Verdict.STALE: ("A book is too old.", "ms"),
    Verdict.NO_ASKS: ("Nobody offers anything.", "offers"),
    Verdict.NO_PRE_FEE_EDGE: ("No basket pays more than it costs, even before fees.", "$"),
    Verdict.DEPTH_BELOW_MINIMUM: ("Too few contracts are offered.", "contracts"),
    Verdict.DEPTH_UNKNOWN: ("The prices were recorded without sizes.", "contracts"),
    Verdict.FEE_UNVERIFIED: ("The fee of a market is not known, so no profit is certain.", ""),
    Verdict.FEES_EXCEED_EDGE: ("Fees eat the edge: seen before them, needed to pay them.", "$"),
    Verdict.EDGE_EXHAUSTED: ("After fees the edge is left for too few contracts.", "contracts"),
    Verdict.EDGE_BELOW_MINIMUM: ("The certain profit is too small for the trouble.", "$"),
    Verdict.UNSOLVED: ("The solver found no answer.", ""),
}


def dollars(amount: float) -> str:
    """Return an amount in dollars as people read it, with cents and no more."""
    sign = "-" if round(amount, 2) < 0 else ""
    return f"{sign}${abs(amount):,.2f}"


def _number(value: float, unit: str) -> str:
    if unit == "$":
        return dollars(value)
    if value == 1:
        unit = unit.removesuffix("s") if unit != "ms" else unit
    return f"{value:,.2f}".rstrip("0").rstrip(".") + f" {unit}"


def verdict(group: RelationGroup, found: Assessment) -> Why:
    """Say what a test found, with its numbers in its own unit."""
    text, unit = _TEXTS[found.verdict]
    if found.verdict is Verdict.NO_PRE_FEE_EDGE and group.can_void:
        text = (
            "The rules let the exchange settle at the last price, and there no basket pays"
            " more than it costs."
        )
    seen = needed = ""
    if unit:
        seen, needed = _number(found.seen, unit), _number(found.needed, unit)
    if found.verdict in {Verdict.NO_PRE_FEE_EDGE, Verdict.FEES_EXCEED_EDGE}:
        needed = f"more than {needed}"
    elif found.verdict in {Verdict.UNSYNCHRONISED, Verdict.STALE}:
        needed = f"at most {needed}"
    elif unit:
        needed = f"at least {needed}"
    return _why(group, found.verdict, text, seen, needed)


def no_edge(group: RelationGroup, known: Known, seen: Screened) -> Why:
    """Say what best prices lack, in the numbers of the screen that excluded it."""
    code = Verdict.NO_PRE_FEE_EDGE
    text = "At best prices no basket pays more than it costs, even before fees."
    if seen.gap is None:
        return _why(group, code, text, dollars(0.0), f"more than {dollars(0.0)}")
    gap = f"{seen.gap / PRICE_SCALE * 100:+.2f}".rstrip("0").rstrip(".") + "c"
    match known.screen:
        case Sums(is_exhaustive=True):
            text = "Neither all YES nor all NO cost less than they pay, before fees."
        case Sums():
            text = "All NO together cost no less than they pay, before fees."
        case Pairs() | Nested():
            first, second = (known.names[column] for column in seen.markets)
            text = (
                f"The bid of {first} is not above the offer of {second}, before fees."
                if first != second
                else f"No two prices contradict each other; nearest is {first}."
            )
    return _why(group, code, text, gap, "more than 0c")


def too_few(group: RelationGroup, code: Verdict, count: int, what: str) -> Why:
    """Say that a basket needs two markets."""
    number = {0: "None", 1: "Only one"}.get(count, str(count))
    text = f"{number} of its markets {what}; a basket needs two."
    return _why(group, code, text, str(count), "at least 2")


def unknown(group: RelationGroup, code: Verdict, text: str) -> Why:
    """Say why the relations are of no use."""
    return _why(group, code, text)


def settles_apart(group: RelationGroup, hours: float, most: float) -> Why:
    """Say that the markets end at different times."""
    text = "Its markets settle too far apart in time."
    return _why(group, Verdict.SETTLES_APART, text, f"{hours:,.0f} h", f"at most {most:g} h")


def too_many_legs(group: RelationGroup, count: int, most: int) -> Why:
    """Say that the basket has more orders than may be sent."""
    text = "The basket has too many legs to fill them all."
    return _why(group, Verdict.TOO_MANY_LEGS, text, f"{count} legs", f"at most {most} legs")


def below_hurdle(group: RelationGroup, yearly: float, hurdle: float, days: float) -> Why:
    """Say that the money would be locked for too little."""
    text = f"The money would be locked for {days:,.0f} days and earn too little."
    return _why(
        group,
        Verdict.RETURN_BELOW_HURDLE,
        text,
        f"{yearly:.1%} a year",
        f"at least {hurdle:.1%} a year",
    )


def too_young(group: RelationGroup, priced: PricedBasket, lasted: int, needed: int) -> Why:
    """Say that only time is missing: the engine counts from the first such reason."""
    text = f"{dollars(priced.worst / MONEY_SCALE)} would be certain; the edge must last first."
    code = Verdict.DURATION_BELOW_MINIMUM
    return _why(group, code, text, f"{lasted:,} ms", f"at least {needed:,} ms")


def basket(orders: Sequence[BasketOrder], priced: PricedBasket) -> str:
    """Say what is bought, what it costs and what is certain."""
    yes = sum(order.outcome is Outcome.YES for order in orders)
    parts = [
        f"{side} of {count} market{'' if count == 1 else 's'}"
        for side, count in (("YES", yes), ("NO", len(orders) - yes))
        if count
    ]
    cost, worst, fees = (v / MONEY_SCALE for v in (priced.cash, priced.worst, priced.fees))
    return (
        f"Buy {' and '.join(parts)} for {dollars(cost)}: pays at least {dollars(cost + worst)}"
        f" whatever happens, so {dollars(worst)} is certain after {dollars(fees)} of fees."
    )


def _why(group: RelationGroup, code: Verdict, text: str, seen: str = "", needed: str = "") -> Why:
    return Why(candidate=group.name, code=code.value, text=text, seen=seen, needed=needed)
