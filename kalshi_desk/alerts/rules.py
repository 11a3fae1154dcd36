"""What a person may ask to be told of, in words that the file, the shell and the screen share.

::

    TICKER > 60            TICKER < 40.5           the price passes so many cents of YES
    TICKER above 60        TICKER below 40.5       the same, where a shell would eat the sign
    TICKER moves 5 in 10m                          it moves so many cents within a time
    fill [TICKER]                                  an order of mine fills
    pnl > 100              pnl < -50               the day's P&L passes so many dollars
    equity < 9000                                  the equity does
    limit NAME > 80%       limits > 80%            so much of one limit, or of any, is used
    closes TICKER|held|starred in 30m              trading ends within a time
    news TICKER|held|starred                       news is matched to a market
    news about WORDS                               a headline holds all these words
"""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal
from enum import StrEnum

import msgspec

from kalshi_desk.core.errors import Refuse
from kalshi_desk.core.types import CENT, MONEY_SCALE, PRICE_SCALE

USAGE = (
    "TICKER > 60, TICKER moves 5 in 10m, fill [TICKER], pnl < -50, equity < 9000, "
    "limit NAME > 80%, limits > 80%, closes TICKER|held|starred in 30m, "
    "news TICKER|held|starred, news about WORDS"
)
HELD, STARRED = "held", "starred"
_ABOUT = "about"
SHARE_SCALE = 10_000
LONGEST = 200
_SIGNS = {">": ">", "above": ">", "over": ">", "<": "<", "below": "<", "under": "<"}
_TICKER = re.compile(r"[A-Z0-9][A-Z0-9._\-]{0,99}")
_NUMBER = re.compile(r"[+-]?[0-9]{1,12}(\.[0-9]{1,6})?")
_SECONDS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}
_MOST_SECONDS = 30 * 86_400
_MOST_MOVE_SECONDS = 4 * 86_400
"""So far back the desk knows the hours of a market."""
_MOST_DOLLARS = 1_000_000_000
_SECOND_NS = 1_000_000_000


class AlertKind(StrEnum):
    """What is watched; the number of a rule is in the unit named."""

    PRICE = "price"
    """1/10,000 dollar of YES."""
    MOVE = "move"
    """1/10,000 dollar within a time."""
    FILL = "fill"
    PNL = "pnl"
    """Micro-dollars since the day began."""
    EQUITY = "equity"
    """Micro-dollars."""
    LIMIT = "limit"
    """1/10,000 of what is allowed."""
    CLOSE = "close"
    NEWS = "news"


class AlertRule(msgspec.Struct, frozen=True, kw_only=True):
    """One rule.  ``subject`` is a ticker, ``held``, ``starred`` or a limit; empty is any.

    ``is_above`` and ``level`` say what number raises it, ``span_ns`` within what time, and
    ``words`` what a headline must hold.
    """

    kind: AlertKind
    subject: str = ""
    is_above: bool = True
    level: int = 0
    span_ns: int = 0
    words: tuple[str, ...] = ()

    @property
    def ticker(self) -> str:
        """The market it is about, empty when it is about none or several."""
        is_market = self.kind is not AlertKind.LIMIT and self.subject not in (HELD, STARRED)
        return self.subject if is_market else ""

    @property
    def back(self) -> int:
        """How far a number must come back before the rule can be raised again.

        Never further than it can: near an end of the scale half the way to it is enough.
        """
        if self.kind is AlertKind.PRICE:
            room = self.level if self.is_above else PRICE_SCALE - self.level
            return min(CENT, room // 2)
        if self.kind is AlertKind.MOVE:
            return self.level // 2
        if self.kind is AlertKind.LIMIT:
            return min(SHARE_SCALE // 10, self.level // 2)
        return max(MONEY_SCALE, abs(self.level) // 10 if self.kind is AlertKind.PNL else 0)

    def __str__(self) -> str:
        sign = ">" if self.is_above else "<"
        match self.kind:
            case AlertKind.PRICE:
                return f"{self.subject} {sign} {_plain(self.level, CENT)}"
            case AlertKind.MOVE:
                span = span_text(self.span_ns)
                return f"{self.subject} moves {_plain(self.level, CENT)} in {span}"
            case AlertKind.FILL:
                return f"fill {self.subject}".rstrip()
            case AlertKind.PNL | AlertKind.EQUITY:
                return f"{self.kind.value} {sign} {_plain(self.level, MONEY_SCALE)}"
            case AlertKind.LIMIT:
                name = f"limit {self.subject}" if self.subject else "limits"
                return f"{name} > {_plain(self.level, SHARE_SCALE // 100)}%"
            case AlertKind.CLOSE:
                return f"closes {self.subject} in {span_text(self.span_ns)}"
            case AlertKind.NEWS:
                return (
                    f"news about {' '.join(self.words)}" if self.words else f"news {self.subject}"
                )


def parse_rule(text: str) -> AlertRule:
    """Return the rule that words mean; raises ``Refuse`` with the usage."""
    words = text.split()
    if not words or len(text) > LONGEST:
        raise _misuse("An alert needs a rule." if not words else "The rule is too long.")
    first = words[0].lower()
    parser = _PARSERS.get(first)
    return parser(words) if parser else _market_rule(words)


def span_text(span_ns: int) -> str:
    """Return a time as people write it: ``90s``, ``10m``, ``2h``."""
    seconds = span_ns // _SECOND_NS
    for unit in ("d", "h", "m"):
        if seconds and seconds % _SECONDS[unit] == 0:
            return f"{seconds // _SECONDS[unit]}{unit}"
    return f"{seconds}s"


def _market_rule(words: list[str]) -> AlertRule:
    sign = _SIGNS.get(words[1].lower()) if len(words) == 3 else None
    if sign is not None:
        level = _number(words[2].rstrip("c¢"), CENT, "cents")
        if not 0 < level < PRICE_SCALE:
            raise _misuse(f"A price lies between 0 and 100 cents, not at {words[2]}.")
        return AlertRule(
            kind=AlertKind.PRICE, subject=_ticker(words[0]), is_above=sign == ">", level=level
        )
    if len(words) == 5 and words[1].lower() == "moves" and words[3].lower() == "in":
        level = _number(words[2].rstrip("c¢"), CENT, "cents")
        if not 0 < level < PRICE_SCALE:
            raise _misuse(f"A move is between 0 and 100 cents, not {words[2]}.")
        span_ns = _span(words[4])
        if span_ns > _MOST_MOVE_SECONDS * _SECOND_NS:
            raise _misuse("Moves are watched within 4 days at most.")
        return AlertRule(
            kind=AlertKind.MOVE, subject=_ticker(words[0]), level=level, span_ns=span_ns
        )
    raise _misuse(f'"{" ".join(words)}" is no rule.')


def _fill(words: list[str]) -> AlertRule:
    if len(words) > len(("fill", "TICKER")):
        raise _misuse("A rule about fills names one market or none.")
    return AlertRule(kind=AlertKind.FILL, subject=_ticker(words[1]) if words[1:] else "")


def _account(words: list[str]) -> AlertRule:
    sign = _SIGNS.get(words[1].lower()) if len(words) == 3 else None
    if sign is None:
        raise _misuse(f"That is not how to watch {words[0].lower()}.")
    level = _number(words[2].replace("$", ""), MONEY_SCALE, "dollars")
    if abs(level) > _MOST_DOLLARS * MONEY_SCALE:
        raise _misuse(f"{words[2]} dollars are too many.")
    return AlertRule(kind=AlertKind(words[0].lower()), is_above=sign == ">", level=level)


def _limit(words: list[str]) -> AlertRule:
    is_any = words[0].lower() == "limits"
    rest = words[1:] if is_any else words[2:]
    if len(rest) != 2 or _SIGNS.get(rest[0].lower()) != ">":
        raise _misuse("A rule about limits says how many per cent of one are used.")
    level = _number(rest[1].rstrip("%"), SHARE_SCALE // 100, "per cent")
    if not 0 < level <= 2 * SHARE_SCALE:
        raise _misuse(f"Between 0 and 200 per cent of a limit can be used, not {rest[1]}.")
    return AlertRule(kind=AlertKind.LIMIT, subject="" if is_any else words[1].lower(), level=level)


def _closes(words: list[str]) -> AlertRule:
    if len(words) != len(("closes", "TICKER", "in", "30m")) or words[2].lower() != "in":
        raise _misuse("A rule about a close names a market and a time before it.")
    return AlertRule(kind=AlertKind.CLOSE, subject=_scope(words[1]), span_ns=_span(words[3]))


def _news(words: list[str]) -> AlertRule:
    if len(words) > 2 and words[1].lower() == _ABOUT:
        return AlertRule(kind=AlertKind.NEWS, words=tuple(word.casefold() for word in words[2:]))
    if len(words) != len(("news", "TICKER")) or words[1].lower() == _ABOUT:
        raise _misuse("A rule about news names a market, or words.")
    return AlertRule(kind=AlertKind.NEWS, subject=_scope(words[1]))


_PARSERS: dict[str, Callable[[list[str]], AlertRule]] = {
    "fill": _fill,
    "pnl": _account,
    "equity": _account,
    "limit": _limit,
    "limits": _limit,
    "closes": _closes,
    "news": _news,
}


def _scope(word: str) -> str:
    return word.lower() if word.lower() in (HELD, STARRED) else _ticker(word)


def _ticker(word: str) -> str:
    ticker = word.upper()
    if not _TICKER.fullmatch(ticker):
        raise _misuse(f'"{word}" is no ticker.')
    return ticker


def _number(text: str, scale: int, unit: str) -> int:
    """Return a number in parts of its unit; nothing is rounded away unseen."""
    body = text.replace(",", "")
    value = Decimal(body) * scale if _NUMBER.fullmatch(body) else None
    if value is None or value != int(value):
        raise _misuse(f'"{text}" is no number of {unit}.')
    return int(value)


def _span(text: str) -> int:
    unit = _SECONDS.get(text[-1:].lower())
    try:
        seconds = int(text[:-1]) * unit if unit is not None else 0
    except ValueError:
        seconds = 0
    if not 0 < seconds <= _MOST_SECONDS:
        raise _misuse(f'"{text}" is no time; write 90s, 10m, 2h or 1d, 30 days at most.')
    return seconds * _SECOND_NS


def _plain(value: int, scale: int) -> str:
    return f"{Decimal(value) / scale:f}"


def _misuse(what: str) -> Refuse:
    return Refuse(what, code="usage", todo=f"An alert can be: {USAGE}.")
