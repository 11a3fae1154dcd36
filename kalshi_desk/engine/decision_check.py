"""What a strategy answered, made safe for the desk: numbers in range, text on one line.

A user's strategy may answer anything.  What could break the core, or what no exchange would
take, is refused as a whole and the strategy is switched off with the words of the error.
"""

from __future__ import annotations

from collections.abc import Iterable
from math import isfinite

import msgspec

from kalshi_desk.core.strategy import (
    Decision,
    Ending,
    PairMeasured,
    Parameter,
    Signal,
    SignalLeg,
    Why,
)
from kalshi_desk.core.text import clean
from kalshi_desk.core.types import PRICE_ONE
from kalshi_desk.engine.strategy_messages import StrategyInfo

MOST_SIGNALS = 1_000
MOST_REASONS = 20_000
MOST_PAIRS = 1_000
MOST_LEGS = 100
MOST_STATES = 10_000
MOST_COUNT = 10**12
"""Ten thousand million contracts, in hundredths."""
MOST_ERROR = 1e6
MOST_MONEY = 10**16
MOST_TTL_S = 400 * 86_400
LATEST_NS = 10_000_000_000 * 1_000_000_000
NAME_SIGNS = 200
TEXT_SIGNS = 1_000


def checked(decision: Decision) -> Decision:
    """Return an answer with clean text; raises ``ValueError`` for one that can't be used."""
    if len(decision.signals) > MOST_SIGNALS:
        raise ValueError(
            f"it named {len(decision.signals)} signals in one look; {MOST_SIGNALS} are allowed"
        )
    if len(decision.reasons) > MOST_REASONS:
        raise ValueError(
            f"it gave {len(decision.reasons)} reasons in one look; {MOST_REASONS} are allowed"
        )
    return Decision(
        signals=tuple(_signal(signal) for signal in decision.signals),
        reasons=_whys(decision.reasons),
        scanned=decision.scanned,
        endings=_endings(decision.endings),
        pairs=_pairs(decision.pairs),
    )


def cleaned_info(info: StrategyInfo) -> StrategyInfo:
    """Return what a strategy declares with text that may be shown."""
    return msgspec.structs.replace(
        info,
        name=one_line(info.name, NAME_SIGNS),
        title=one_line(info.title, NAME_SIGNS),
        help=one_line(info.help),
        fault=one_line(info.fault),
        parameters=tuple(_parameter(parameter) for parameter in info.parameters),
    )


def one_line(text: str, limit: int = TEXT_SIGNS) -> str:
    """Return text that can't steer a terminal; most is returned as it is, at no cost."""
    if text.isascii() and text.isprintable() and len(text) <= limit:
        return text
    return clean(text, limit)


def _parameter(parameter: Parameter) -> Parameter:
    return msgspec.structs.replace(
        parameter, help=one_line(parameter.help), unit=one_line(parameter.unit, NAME_SIGNS)
    )


def _signal(signal: Signal) -> Signal:
    name = one_line(signal.candidate, NAME_SIGNS)
    try:
        _check(signal)
    except ValueError as error:
        raise ValueError(f"its signal for {name or 'nothing'} {error}") from None
    return msgspec.structs.replace(
        signal,
        candidate=name,
        text=one_line(signal.text),
        cell=one_line(signal.cell, NAME_SIGNS),
        unproven=_whys(signal.unproven),
    )


def _check(signal: Signal) -> None:
    if not signal.candidate:
        raise ValueError("names no candidate")
    if not 0 < len(signal.legs) <= MOST_LEGS:
        raise ValueError(f"has {len(signal.legs)} legs; 1 to {MOST_LEGS} are allowed")
    for leg in signal.legs:
        _check_leg(leg)
    if signal.is_basket and len({leg.ticker for leg in signal.legs}) < len(signal.legs):
        raise ValueError("has two legs in one market")
    if signal.probability is not None:
        _within("probability", signal.probability, 0.0, 1.0)
        _within("probability_sd", signal.probability_sd, 0.0, MOST_ERROR)
    if signal.kelly_share is not None:
        _within("kelly_share", signal.kelly_share, 0.0, 1.0)
    _within("ttl_s", signal.ttl_s, 0, MOST_TTL_S)
    _within("holds_until_ns", signal.holds_until_ns, 0, LATEST_NS)
    if signal.guaranteed is not None:
        _within("guaranteed", signal.guaranteed, -MOST_MONEY, MOST_MONEY)
    _within("least_profit", signal.least_profit, 0, MOST_MONEY)
    _within("least_count", signal.least_count, 0, MOST_COUNT)
    _check_pays(signal)


def _check_leg(leg: SignalLeg) -> None:
    if not _is_ticker(leg.ticker):
        raise ValueError("has a leg without a market")
    if not 0 < leg.price < PRICE_ONE:
        raise ValueError(f"has the price {leg.price}; 1 to {PRICE_ONE - 1} are prices")
    _within("count", leg.count, 0, MOST_COUNT)


def _check_pays(signal: Signal) -> None:
    """What legs pay has one row a leg, each with one value a state."""
    rows = signal.pays
    if not rows:
        return
    widths = {len(row) for row in rows}
    if len(rows) != len(signal.legs) or len(widths) != 1 or not 0 < max(widths) <= MOST_STATES:
        raise ValueError("says what it pays in another shape than its legs and states")
    if any(not 0 <= value <= PRICE_ONE for row in rows for value in row):
        raise ValueError(f"pays less than 0 or more than {PRICE_ONE} somewhere")


def _within(name: str, value: float, low: float, high: float) -> None:
    if not isfinite(value) or not low <= value <= high:
        raise ValueError(f"has {name} {value}; {low:g} to {high:g} is allowed")


def _endings(endings: tuple[Ending, ...]) -> tuple[Ending, ...]:
    if len(endings) > MOST_SIGNALS:
        raise ValueError(
            f"it gave up {len(endings)} outcomes in one look; {MOST_SIGNALS} are allowed"
        )
    for ending in endings:
        if not _is_ticker(ending.ticker):
            raise ValueError("gives up an outcome of no market")
    return tuple(msgspec.structs.replace(ending, text=one_line(ending.text)) for ending in endings)


def _pairs(pairs: tuple[PairMeasured, ...]) -> tuple[PairMeasured, ...]:
    if len(pairs) > MOST_PAIRS:
        raise ValueError(f"it measured {len(pairs)} pairs in one look; {MOST_PAIRS} are allowed")
    for pair in pairs:
        numbers = (pair.beta, pair.p_value, pair.half_life_h or 0.0, pair.z or 0.0)
        is_named = _is_ticker(pair.first) and _is_ticker(pair.second)
        if not is_named or not all(map(isfinite, numbers)):
            raise ValueError("measured a pair without two markets or with no numbers")
    return tuple(msgspec.structs.replace(pair, why_not=one_line(pair.why_not)) for pair in pairs)


def _is_ticker(ticker: str) -> bool:
    return bool(ticker) and len(ticker) <= NAME_SIGNS and ticker.isprintable()


def _whys(reasons: Iterable[Why]) -> tuple[Why, ...]:
    return tuple(why if _is_plain(why) else _cleaned(why) for why in reasons)


def _is_plain(why: Why) -> bool:
    """Whether a reason needs no cleaning, at once for all its words: there may be thousands."""
    words = f"{why.candidate}{why.code}{why.text}{why.seen}{why.needed}"
    return len(words) <= NAME_SIGNS and words.isascii() and words.isprintable()


def _cleaned(why: Why) -> Why:
    return Why(
        candidate=one_line(why.candidate, NAME_SIGNS),
        code=one_line(why.code, NAME_SIGNS),
        text=one_line(why.text),
        seen=one_line(why.seen, NAME_SIGNS),
        needed=one_line(why.needed, NAME_SIGNS),
    )
