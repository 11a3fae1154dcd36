"""Scaled-integer value types and the exchange's vocabulary; the one module the exchange shares.

Money never touches a float.  Three integers, chosen so that their products are exact:

* ``Price``  in 1/10,000 dollar (0.47 dollars is ``4700``),
* ``Count``  in 1/100 contract (10 contracts are ``1000``),
* ``Money``  in micro-dollars, so that ``price * count`` *is* money.
"""

from __future__ import annotations

from enum import StrEnum
from typing import NewType

Price = NewType("Price", int)
Count = NewType("Count", int)
Money = NewType("Money", int)

PRICE_SCALE = 10_000
COUNT_SCALE = 100
MONEY_SCALE = 1_000_000
PRICE_DECIMALS = 4
COUNT_DECIMALS = 2
MONEY_DECIMALS = 6

PRICE_ONE = Price(PRICE_SCALE)
CENT = Price(PRICE_SCALE // 100)
CENT_MONEY = Money(10_000)
NO_MONEY = Money(0)
MAX_ORDER_COUNT = Count(1_000_000_000 * COUNT_SCALE)
"""More than any order can mean: beyond it, a slip of the hand, and sums that fit no wire."""
NO_COUNT = Count(0)


class Outcome(StrEnum):
    """Which contract of a market: the one paid when the event happens, or the other."""

    YES = "yes"
    NO = "no"


class Action(StrEnum):
    """What a person asks for; with an outcome and a price it maps to one book side."""

    BUY = "buy"
    SELL = "sell"


class BookSide(StrEnum):
    """A side of the single YES book: ``bid`` buys YES, ``ask`` sells YES (buys NO)."""

    BID = "bid"
    ASK = "ask"

    @property
    def sign(self) -> int:
        """+1 for a bid, which adds to a signed YES position, and -1 for an ask."""
        return 1 if self is BookSide.BID else -1

    @property
    def opposite(self) -> BookSide:
        """Return the side this one trades against."""
        return BookSide.ASK if self is BookSide.BID else BookSide.BID


class TimeInForce(StrEnum):
    """How long an order may rest, in the exchange's words."""

    GTC = "good_till_canceled"
    IOC = "immediate_or_cancel"
    FOK = "fill_or_kill"


class SelfTrade(StrEnum):
    """What happens when an order meets one of the same account."""

    TAKER_AT_CROSS = "taker_at_cross"
    MAKER = "maker"


class MarketStatus(StrEnum):
    """Life-cycle states as the exchange names them; an unknown word is kept apart."""

    INITIALIZED = "initialized"
    ACTIVE = "active"
    INACTIVE = "inactive"
    CLOSED = "closed"
    DETERMINED = "determined"
    DISPUTED = "disputed"
    AMENDED = "amended"
    FINALIZED = "finalized"
    UNKNOWN = "unknown"


def _parse(text: str, decimals: int, what: str) -> int:
    """Read a plain decimal string exactly; refuse exponents, blanks and lost digits."""
    body = text.strip()
    negative = body.startswith("-")
    digits = body[1:] if body[:1] in {"-", "+"} else body
    whole, dot, fraction = digits.partition(".")
    if not (whole or fraction) or (dot and not fraction and not whole):
        raise ValueError(f"{what} is not a number: {text!r}")
    if not (whole + fraction).isascii() or not (whole + fraction).isdigit():
        raise ValueError(f"{what} is not a number: {text!r}")
    kept, lost = fraction[:decimals], fraction[decimals:]
    if lost.strip("0"):
        raise ValueError(f"{what} has more than {decimals} decimals: {text!r}")
    value = int((whole or "0") + kept.ljust(decimals, "0"))
    return -value if negative else value


def _format(value: int, decimals: int) -> str:
    sign = "-" if value < 0 else ""
    digits = str(abs(value)).rjust(decimals + 1, "0")
    return f"{sign}{digits[:-decimals]}.{digits[-decimals:]}"


def parse_price(text: str) -> Price:
    """Return the price in 1/10,000 dollar for a dollar string such as ``"0.4700"``.

    Raises ``ValueError`` for anything but a decimal number of at most four decimals.
    """
    return Price(_parse(text, PRICE_DECIMALS, "price"))


def parse_count(text: str) -> Count:
    """Return the count in 1/100 contract for a contract string such as ``"10.00"``.

    Raises ``ValueError`` for anything but a decimal number of at most two decimals.
    """
    return Count(_parse(text, COUNT_DECIMALS, "count"))


def parse_money(text: str) -> Money:
    """Return micro-dollars for a dollar string such as ``"98.018600"``.

    Raises ``ValueError`` for anything but a decimal number of at most six decimals.
    """
    return Money(_parse(text, MONEY_DECIMALS, "money"))


def format_price(price: Price) -> str:
    """Return the wire form in dollars, four decimals: ``4700`` becomes ``"0.4700"``."""
    return _format(price, PRICE_DECIMALS)


def format_count(count: Count) -> str:
    """Return the wire form in contracts, two decimals: ``1000`` becomes ``"10.00"``."""
    return _format(count, COUNT_DECIMALS)


def format_money(money: Money) -> str:
    """Return the wire form in dollars, six decimals: ``17500`` becomes ``"0.017500"``."""
    return _format(money, MONEY_DECIMALS)


def complement(price: Price) -> Price:
    """Return the price of the other outcome: YES at p is NO at one dollar minus p."""
    return Price(PRICE_ONE - price)


def notional(price: Price, count: Count) -> Money:
    """Return price times count in micro-dollars, exactly."""
    return Money(price * count)
