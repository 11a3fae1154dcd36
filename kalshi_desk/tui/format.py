"""Numbers and times as a trader reads them: cents, signed dollars, contracts, time left."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from kalshi_desk.core.types import CENT, COUNT_SCALE, PRICE_ONE, Money, Outcome, Price

MINUS = "−"
UP = "▲"
DOWN = "▼"
NONE = "—"
SECOND_NS = 1_000_000_000
_MICRO_PER_CENT = 10_000
_THOUSAND = 1_000
_FAR_DAYS = 60


def has_sub_cents(price: int | None) -> bool:
    """Return whether a price or a step cannot be said in whole cents."""
    return price is not None and price % CENT != 0


def decimals_of(step: int) -> int:
    """Return how many decimals of a cent a grid of this step needs: 0, 1 or 2."""
    if step % 100 == 0:
        return 0
    return 1 if step % 10 == 0 else 2


def cents(price: int | None, decimals: int = 0, *, sign: bool = True) -> str:
    """Return a price of 1/10,000 dollar in cents; more decimals when it has them."""
    if price is None:
        return NONE
    places = max(decimals, decimals_of(price))
    whole, rest = divmod(abs(price), 100)
    text = f"{whole}.{rest:02d}"[: len(str(whole)) + 1 + places] if places else str(whole)
    return f"{MINUS if price < 0 else ''}{text}{'¢' if sign else ''}"


def average(price: int | None) -> str:
    """Return a price that is an average or net of fees: always to a tenth of a cent."""
    if price is None:
        return NONE
    tenths = (abs(price) + 5) // 10
    return f"{MINUS if price < 0 else ''}{tenths // 10}.{tenths % 10}¢"


def other(price: Price) -> Price:
    """Return the price of the other outcome."""
    return Price(PRICE_ONE - price)


def _dollars(micro: int, *, always_cents: bool) -> str:
    in_cents = (abs(micro) + _MICRO_PER_CENT // 2) // _MICRO_PER_CENT
    whole, rest = divmod(in_cents, 100)
    return f"{whole:,}.{rest:02d}" if always_cents or rest else f"{whole:,}"


def money(value: Money | int | None, *, short: bool = False) -> str:
    """Return dollars to the cent, ``−$1.13``; ``short`` drops the cents from $1,000 on."""
    if value is None:
        return NONE
    minus = MINUS if value <= -_MICRO_PER_CENT // 2 else ""
    if short and abs(value) >= _THOUSAND * 1_000_000:
        return f"{minus}${(abs(value) + 500_000) // 1_000_000:,}"
    return f"{minus}${_dollars(value, always_cents=True)}"


def signed_money(value: Money | int | None) -> str:
    """Return dollars with their sign, ``+$4.56``; nothing is plain ``$0.00``."""
    if value is None:
        return NONE
    text = money(value)
    return text if text.startswith(MINUS) or text == "$0.00" else f"+{text}"


def arrow(value: int | None) -> str:
    """Return ▲ for more, ▼ for less and a blank for the same or unknown."""
    if not value:
        return " "
    return UP if value > 0 else DOWN


def direction(value: int | None) -> str:
    """Return the role of the colour of a change."""
    if not value:
        return "flat"
    return "up" if value > 0 else "down"


def pnl(value: Money | int | None) -> str:
    """Return a profit or loss with arrow and sign, ``▲ +$34.20``; nothing has no arrow."""
    text = signed_money(value)
    if text[0] == MINUS:
        return f"{DOWN} {text}"
    return f"{UP} {text}" if text[0] == "+" else text


def change(value: int | None, decimals: int = 0) -> str:
    """Return a change of price in cents with arrow and sign, ``▲+1.2``."""
    if value is None:
        return NONE
    if value == 0:
        return "0"
    size = cents(abs(value), decimals, sign=False)
    return f"{UP}+{size}" if value > 0 else f"{DOWN}{MINUS}{size}"


def count(value: int, *, plus: bool = False) -> str:
    """Return contracts, ``1,204`` or ``0.50``; ``plus`` shows the sign of a gain too."""
    whole, rest = divmod(abs(value), COUNT_SCALE)
    text = f"{whole:,}.{rest:02d}" if rest else f"{whole:,}"
    if value < 0:
        return MINUS + text
    return f"+{text}" if plus and value else text


def whole_count(value: int) -> str:
    """Return contracts without their fraction, for sums where it says nothing."""
    return f"{value // COUNT_SCALE:,}"


def short_count(value: int, width: int = 5) -> str:
    """Return contracts within ``width`` cells, rounded down to thousands or millions."""
    text = count(value)
    if len(text) <= width:
        return text
    whole = abs(value) // COUNT_SCALE
    sign = MINUS if value < 0 else ""
    for scale, unit in ((1, ""), (_THOUSAND, "k"), (1_000_000, "M"), (1_000_000_000, "B")):
        amount, rest = divmod(whole, scale)
        one = f"{sign}{amount}.{rest * 10 // scale}{unit}" if unit else f"{sign}{amount}"
        if unit and amount < 10 and len(one) <= width:
            return one
        plain = f"{sign}{amount:,}{unit}"
        if len(plain) <= width:
            return plain
    return "#" * width


def size(value: int, width: int = 8) -> str:
    """Return a resting size: whole contracts from ten on, where a fraction says nothing."""
    return short_count(
        value // COUNT_SCALE * COUNT_SCALE if value >= 10 * COUNT_SCALE else value, width
    )


def position(value: int) -> str:
    """Return a signed position as what is held: ``120 YES`` or ``30 NO``."""
    if not value:
        return "none"
    return f"{count(abs(value))} {side_word(value)}"


def side_word(value: int) -> str:
    """Return YES for a positive position, NO for a negative one."""
    return Outcome.YES.value.upper() if value > 0 else Outcome.NO.value.upper()


def percent(probability: Price | None) -> str:
    """Return a probability of 1/10,000 in per cent, ``49.4%``."""
    return NONE if probability is None else f"{probability / 100:.1f}%"


def span(seconds: float) -> str:
    """Return a length of time in its two largest units: ``3d 2h``, ``4m 10s``, ``35s``."""
    left = max(int(seconds), 0)
    days, left = divmod(left, 86_400)
    hours, left = divmod(left, 3_600)
    minutes, left = divmod(left, 60)
    if days:
        return f"{days}d {hours}h" if days < 10 and hours else f"{days}d"
    if hours:
        return f"{hours}h {minutes}m"
    return f"{minutes}m {left:02d}s" if minutes else f"{left}s"


@lru_cache(maxsize=512)
def _date(at_s: int, this_year: int) -> str:
    when = datetime.fromtimestamp(at_s, tz=UTC)
    return f"{when:%b} {when.day}" if when.year == this_year else f"{when:%b %Y}"


def until(at_ns: int, now_ns: int) -> str:
    """Return how long until a moment when it is near, its date when it is far."""
    if not at_ns:
        return NONE
    seconds = (at_ns - now_ns) // SECOND_NS
    if seconds <= 0:
        return "now" if seconds > -5 else "past"
    if seconds > _FAR_DAYS * 86_400:
        return _date(at_ns // SECOND_NS, datetime.fromtimestamp(now_ns / SECOND_NS, tz=UTC).year)
    return span(seconds)


def age(milliseconds: int) -> str:
    """Return a delay: ``40ms``, ``2.4s``, ``3m 05s``."""
    if milliseconds < 1_000:
        return f"{milliseconds}ms"
    return f"{milliseconds / 1_000:.1f}s" if milliseconds < 60_000 else span(milliseconds / 1_000)


@lru_cache(maxsize=1)
def _eastern() -> ZoneInfo | None:
    try:
        return ZoneInfo("America/New_York")
    except ZoneInfoNotFoundError:
        return None


def zone_name() -> str:
    """Return the name of the zone that times of day are shown in."""
    return "ET" if _eastern() else "UTC"


def clock(at_ns: int, *, zone: str = "ET", seconds: bool = True) -> str:
    """Return the time of day in the exchange's zone (or UTC) with the zone's name.

    A machine without a time-zone database gets UTC, and the name says so.
    """
    eastern = _eastern() if zone == "ET" else None
    when = datetime.fromtimestamp(at_ns // SECOND_NS, tz=eastern or UTC)
    name = "ET" if eastern else "UTC"
    return f"{when:%H:%M:%S} {name}" if seconds else f"{when:%H:%M} {name}"
