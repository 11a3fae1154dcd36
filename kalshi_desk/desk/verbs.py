"""One grammar for commands typed by people: shell, the screen's command line, messengers.

::

    buy TICKER yes|no COUNT @ CENTS [--ioc|--fok] [--post-only]
    sell TICKER yes|no COUNT @ CENTS [--ioc|--fok] [--post-only]
    cancel ORDER            cancel all [TICKER]
    flatten TICKER|all      panic       resume
    auto on|off             strategy NAME off|shadow|paper|trade
    protect TICKER fixed|trailing|time|volatility [AMOUNT]      unprotect STOP
    limit NAME VALUE        set a limit of the gate, as the Risk screen names it
    alert RULE|drop ALERT   be told when something happens
    set NAME VALUE          set a setting by its dotted name; the word default for its default

COUNT is in contracts to 0.01; CENTS is the price of the outcome named, to 0.01 cent.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from kalshi_desk.core.errors import Refuse
from kalshi_desk.core.nearest import did_you_mean
from kalshi_desk.core.stops import StopKind
from kalshi_desk.core.types import (
    COUNT_SCALE,
    MAX_ORDER_COUNT,
    PRICE_ONE,
    Action,
    Count,
    Outcome,
    Price,
    TimeInForce,
    parse_count,
)
from kalshi_desk.desk import automation_verbs as machine
from kalshi_desk.desk import service_verbs as service
from kalshi_desk.desk.automation import DropStop, SetLimit, SetStop
from kalshi_desk.desk.commands import (
    CancelAll,
    CancelOrder,
    Command,
    Flatten,
    Panic,
    PlaceOrder,
    Resume,
)
from kalshi_desk.desk.service import SetSetting

_TICKER = re.compile(r"[A-Z0-9][A-Z0-9._\-]{0,99}")
_CENTS_DECIMALS = 2
_FLAGS = ("--ioc", "--fok", "--post-only")
_ORDER_WORDS = 3
DEFAULT_WORD = "default"


def parse(text: str, origin: str = "manual") -> Command:
    """Return the command that a line of text means; raises ``Refuse`` with the usage."""
    return parse_words(text.split(), origin)


def parse_words(words: Sequence[str], origin: str = "manual") -> Command:
    """Return the command that words mean; raises ``Refuse`` with the usage."""
    if not words:
        raise Refuse("There is no command.", code="usage", todo=f"Try: {', '.join(USAGE)}.")
    verb, rest = words[0].lower(), list(words[1:])
    if verb not in _PARSERS:
        raise Refuse(
            f'There is no command "{words[0]}".{did_you_mean(verb, USAGE)}',
            code="usage",
            todo=f"Try: {', '.join(USAGE)}.",
        )
    return _PARSERS[verb](verb, rest, origin)


def parse_cents(text: str) -> Price:
    """Return the price for cents such as ``47`` or ``45.5``, to 0.01 cent.

    Raises ``Refuse`` for anything that is no price between 0 and 100 cents.
    """
    try:
        hundredths = parse_count(text.removesuffix("c").removesuffix("¢"))
    except ValueError as error:
        if "decimals" in str(error):
            raise Refuse(
                f"The price {text} has more than two decimals of a cent.", code="off_grid"
            ) from error
        raise Refuse(
            f'The price "{text}" must be a number of cents, like 47 or 45.5.', code="usage"
        ) from error
    if not 0 < hundredths < PRICE_ONE:
        raise Refuse(
            f"The price {text} must be more than 0 and less than 100 cents.", code="off_grid"
        )
    return Price(hundredths)


def parse_contracts(text: str) -> Count:
    """Return the count for contracts such as ``10`` or ``0.25``; raises ``Refuse``."""
    try:
        count = parse_count(text)
    except ValueError as error:
        if "decimals" in str(error):
            raise Refuse(
                f"The count {text} has more than two decimals; 0.01 contracts are the least.",
                code="bad_size",
            ) from error
        raise Refuse(
            f'The count "{text}" must be a number, like 10 or 0.25.', code="usage"
        ) from error
    if count <= 0:
        raise Refuse(f"The count {text} must be more than 0.", code="bad_size")
    if count > MAX_ORDER_COUNT:
        most = MAX_ORDER_COUNT // COUNT_SCALE
        raise Refuse(f"The count {text} is more than {most:,} contracts.", code="bad_size")
    return count


def _order(verb: str, words: list[str], origin: str) -> Command:
    flags = _flags(verb, words)
    plain = [part for word in words if word not in _FLAGS for part in _around_at(word)]
    if "@" not in plain or len(plain) != _ORDER_WORDS + 2 or plain[_ORDER_WORDS] != "@":
        raise _misuse(verb)
    time_in_force = (
        TimeInForce.IOC
        if "--ioc" in flags
        else TimeInForce.FOK
        if "--fok" in flags
        else TimeInForce.GTC
    )
    return PlaceOrder(
        ticker=_ticker(plain[0]),
        action=Action(verb),
        outcome=_outcome(plain[1], verb),
        count=parse_contracts(plain[2]),
        price=parse_cents(plain[4]),
        time_in_force=time_in_force,
        post_only="--post-only" in flags,
        origin=origin,
    )


def _cancel(verb: str, words: list[str], _origin: str) -> Command:
    if not words:
        raise _misuse(verb)
    if words[0].lower() == "all":
        if len(words) == 1:
            return CancelAll()
        if len(words) == len(("all", "TICKER")):
            return CancelAll(ticker=_ticker(words[1]))
    elif len(words) == 1:
        return CancelOrder(order=words[0])
    raise _misuse(verb)


def _flatten(verb: str, words: list[str], _origin: str) -> Command:
    if len(words) != 1:
        raise _misuse(verb)
    return Flatten(ticker=None if words[0].lower() == "all" else _ticker(words[0]))


def _protect(verb: str, words: list[str], _origin: str) -> Command:
    if len(words) not in (len(("TICKER", "KIND")), len(("TICKER", "KIND", "AMOUNT"))):
        raise _misuse(verb)
    try:
        kind = StopKind(words[1].lower())
    except ValueError:
        raise Refuse(
            f'"{words[1]}" is no kind of stop.{did_you_mean(words[1].lower(), list(StopKind))}',
            code="usage",
            todo=f"Usage: {USAGE[verb]}",
        ) from None
    return SetStop(ticker=_ticker(words[0]), kind=kind, amount="".join(words[2:]))


def _unprotect(verb: str, words: list[str], _origin: str) -> Command:
    if len(words) != 1:
        raise _misuse(verb)
    return DropStop(stop_id=words[0].lower())


def _alone(verb: str, words: list[str], _origin: str) -> Command:
    if words:
        raise _misuse(verb)
    return Panic() if verb == "panic" else Resume()


def _limit(verb: str, words: list[str], _origin: str) -> Command:
    if len(words) != len(("NAME", "VALUE")):
        raise _misuse(verb)
    return SetLimit(name=words[0].lower(), value=words[1])


def _set(verb: str, words: list[str], _origin: str) -> Command:
    if len(words) < len(("NAME", "VALUE")):
        raise _misuse(verb)
    name, *rest = words
    value = " ".join(rest)
    return SetSetting(name=name, value="" if value.lower() == DEFAULT_WORD else value)


def _flags(verb: str, words: list[str]) -> set[str]:
    flags = {word for word in words if word.startswith("--")}
    for flag in flags.difference(_FLAGS):
        raise Refuse(
            f'There is no option "{flag}".{did_you_mean(flag, _FLAGS)}',
            code="usage",
            todo=f"Usage: {USAGE[verb]}",
        )
    if {"--ioc", "--fok"} <= flags or ("--post-only" in flags and len(flags) > 1):
        raise Refuse(
            f"{' and '.join(sorted(flags))} exclude each other.",
            code="usage",
            todo=f"Usage: {USAGE[verb]}",
        )
    return flags


def _around_at(word: str) -> list[str]:
    """Split ``10@47`` as if it had blanks."""
    return [part for part in re.split(r"(@)", word) if part]


def _ticker(word: str) -> str:
    ticker = word.upper()
    if not _TICKER.fullmatch(ticker):
        raise Refuse(f'"{word}" is no ticker.', code="unknown_market")
    return ticker


def _outcome(word: str, verb: str) -> Outcome:
    try:
        return Outcome({"y": "yes", "n": "no"}.get(word.lower(), word.lower()))
    except ValueError:
        raise Refuse(
            f'"{word}" must be yes or no.', code="usage", todo=f"Usage: {USAGE[verb]}"
        ) from None


def _misuse(verb: str) -> Refuse:
    return Refuse(f"That is not how to {verb}.", code="usage", todo=f"Usage: {USAGE[verb]}")


_ORDER_USAGE = "TICKER yes|no COUNT @ CENTS [--ioc|--fok|--post-only]"
USAGE = {
    "buy": f"buy {_ORDER_USAGE}",
    "sell": f"sell {_ORDER_USAGE}",
    "cancel": "cancel ORDER, or cancel all [TICKER]",
    "flatten": "flatten TICKER|all",
    "protect": "protect TICKER fixed|trailing|time|volatility [20%|5c|4h|30m|2sd]",
    "unprotect": "unprotect STOP",
    "panic": "panic",
    "resume": "resume",
    **machine.USAGE,
    "limit": "limit NAME VALUE",
    **service.USAGE,
    "set": "set NAME VALUE|default",
}
"""How each command is written, for help screens and refusals."""

_PARSERS: dict[str, Callable[[str, list[str], str], Command]] = {
    "buy": _order,
    "sell": _order,
    "cancel": _cancel,
    "flatten": _flatten,
    "protect": _protect,
    "unprotect": _unprotect,
    "panic": _alone,
    "resume": _alone,
    "auto": lambda _verb, words, _origin: machine.parse_auto(words),
    "strategy": lambda _verb, words, _origin: machine.parse_strategy(words),
    "implies": lambda _verb, words, _origin: machine.parse_implies(words),
    "limit": _limit,
    "alert": lambda _verb, words, _origin: service.parse_alert(words),
    "set": _set,
}
