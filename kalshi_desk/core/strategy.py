"""The contract between strategies and the desk: what a strategy declares, sees and answers.

A strategy looks at a :class:`MarketView` as of one moment and answers a :class:`Decision`:
signals, and for every candidate it leaves alone one reason with the number seen and needed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

import msgspec

from kalshi_desk.core.news import FeedReport, NewsItem, ReaderReport
from kalshi_desk.core.records import Event, Market
from kalshi_desk.core.relations import Relation
from kalshi_desk.core.types import (
    NO_COUNT,
    NO_MONEY,
    BookSide,
    Count,
    Money,
    Outcome,
    Price,
    TimeInForce,
)

Levels = tuple[tuple[Price, Count], ...]
"""Levels of one side of a YES book, best first."""


class Mode(StrEnum):
    """What becomes of a strategy's signals.

    ``shadow`` decides and is scored, ``paper`` trades on a paper account beside this
    venue's book, ``trade`` sends to the venue while AUTO is on.
    """

    OFF = "off"
    SHADOW = "shadow"
    PAPER = "paper"
    TRADE = "trade"


ParameterValue = bool | int | float | str
LARGEST = 2**53
"""The most that a number without bounds may be set to, so that every file can hold it."""
LONGEST = 200


class Parameter(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that a person may set about a strategy; the default fixes its type.

    ``low`` and ``high`` are inclusive bounds of a number, in ``unit``; ``choices`` are all
    the words that a text may be.
    """

    name: str
    default: ParameterValue
    help: str
    low: float | None = None
    high: float | None = None
    unit: str = ""
    choices: tuple[str, ...] = ()

    @property
    def allowed(self) -> str:
        """Say what may be set, as a person reads it."""
        if isinstance(self.default, bool):
            return "on or off"
        if self.choices:
            return "one of " + ", ".join(self.choices)
        unit = f" {self.unit}" if self.unit else ""
        kind = "a whole number" if isinstance(self.default, int) else "a number"
        if isinstance(self.default, str):
            return "text"
        if self.low is None or self.high is None:
            return kind + unit
        return f"{kind} from {self.low:g} to {self.high:g}{unit}"

    def parse(self, text: str) -> ParameterValue:
        """Return the value that a person typed; raises ``ValueError`` with what is allowed."""
        word = text.strip()
        if isinstance(self.default, bool):
            return self._truth(word)
        if isinstance(self.default, str):
            if (self.choices and word not in self.choices) or len(word) > LONGEST:
                raise self._refusal(text)
            return word
        try:
            value = int(word) if isinstance(self.default, int) else float(word)
        except (ValueError, OverflowError):
            raise self._refusal(text) from None
        low = self.low if self.low is not None else -LARGEST
        high = self.high if self.high is not None else LARGEST
        if not low <= value <= high:
            raise self._refusal(text)
        return value

    def _truth(self, word: str) -> bool:
        if word.lower() in {"on", "true", "yes", "1"}:
            return True
        if word.lower() in {"off", "false", "no", "0"}:
            return False
        raise self._refusal(word)

    def _refusal(self, text: str) -> ValueError:
        shown = text if len(text) <= LONGEST else f"{text[:LONGEST]}…"
        return ValueError(f"{self.name} can't be {shown!r}; allowed is {self.allowed}.")


class Bar(msgspec.Struct, frozen=True, gc=False):
    """One span of a market's middle price, in 1/10,000 dollar of YES; known at its end.

    ``start_ns`` is when it began, ``volume`` what traded in it, ``trades`` how often.
    """

    start_ns: int
    open: Price
    high: Price
    low: Price
    close: Price
    volume: Count = NO_COUNT
    trades: int = 0


class MarketSnapshot(msgspec.Struct, frozen=True, kw_only=True):
    """One market as of the view's moment; ``is_fresh`` says that its book may be traded on.

    ``bars`` are complete hours, oldest first; ``updated_ns`` is the book's last change, and
    ``known_ns`` until when the book is known to be the exchange's: 0 says until the view's
    moment, as for a stream without gaps, however long nothing changed.
    """

    market: Market
    bids: Levels = ()
    asks: Levels = ()
    updated_ns: int = 0
    known_ns: int = 0
    is_fresh: bool = False
    last_price: Price | None = None
    volume: Count = NO_COUNT
    bars: tuple[Bar, ...] = ()

    @property
    def bid(self) -> Price | None:
        """The best bid in YES, None when there is none."""
        return self.bids[0][0] if self.bids else None

    @property
    def ask(self) -> Price | None:
        """The best offer in YES, None when there is none."""
        return self.asks[0][0] if self.asks else None


class RelationGroup(msgspec.Struct, frozen=True, kw_only=True):
    """Markets that settle together in some way, and how that is known.

    ``source`` says in words where each claim comes from; ``can_void`` that the rules let
    the exchange settle otherwise than yes or no, at the last price.
    """

    name: str
    markets: tuple[str, ...]
    relations: tuple[Relation, ...]
    source: str
    can_void: bool = False


class Observation(msgspec.Struct, frozen=True, kw_only=True):
    """One measured number that a cell's proof is made of, journaled when it was known.

    ``cell`` is the strategy's own name for a kind of situation; observations of one event
    are not independent and count as a cluster.  ``source`` names what it was measured on, a
    market or a fill: a cell takes one observation from each.  Where ``value`` answers to
    something, as a move does to news, ``score`` is what it answers to.
    """

    strategy: str
    cell: str
    event_ticker: str
    value: float
    at_ns: int
    source: str = ""
    score: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class MarketView:
    """Everything a strategy may look at, as of ``now_ns``.

    ``observations`` are those of the strategy asked, by cell; ``since_ns`` tells for a
    candidate since when the strategy has named it without a break: in its signals, or in a
    reason with the code ``duration_below_minimum``, which says that only time is missing.
    ``news`` are the items of the last hours, oldest first; ``feeds`` is how their sources are
    by name, and ``reader`` how the process that reads them is, None where nobody says.
    """

    now_ns: int
    markets: Mapping[str, MarketSnapshot]
    events: Mapping[str, Event] = field(default_factory=dict)
    groups: tuple[RelationGroup, ...] = ()
    observations: Mapping[str, tuple[Observation, ...]] = field(default_factory=dict)
    since_ns: Mapping[str, int] = field(default_factory=dict)
    news: tuple[NewsItem, ...] = ()
    feeds: Mapping[str, FeedReport] = field(default_factory=dict)
    reader: ReaderReport | None = None


class SignalLeg(msgspec.Struct, frozen=True, kw_only=True):
    """One order that a signal wants: a side of the YES book, its limit and the most contracts.

    ``count`` 0 leaves the size to the sizing, which then needs the signal's probability.
    """

    ticker: str
    side: BookSide
    price: Price
    count: Count = NO_COUNT


class Why(msgspec.Struct, frozen=True, kw_only=True):
    """Why nothing is done about a candidate: a code, words, the number seen and needed."""

    candidate: str
    code: str
    text: str
    seen: str = ""
    needed: str = ""


class Signal(msgspec.Struct, frozen=True, kw_only=True):
    """What a strategy would do now about one candidate.

    ``probability`` is that of the outcome bought, with its standard deviation, for one leg;
    ``guaranteed`` is the least profit of a basket after costs in micro-dollars, for several,
    and ``pays`` has for each leg what one contract of it pays in each state, in 1/10,000
    dollar.  ``least_profit`` and ``least_count`` (of each leg) are what a basket that the gate
    makes smaller must still have.
    ``variance_ratio``, ``depth`` and ``hours_left`` feed the size multipliers.  ``unproven``
    holds what its cell still lacks: a signal with any is only shown, whatever the mode.
    ``holds_until_ns`` is when an open order or position of it should end, 0 for settlement.
    ``kelly_share`` is the most of the Kelly stake it may take, None for the desk's setting.
    """

    candidate: str
    legs: tuple[SignalLeg, ...]
    text: str
    cell: str = ""
    probability: float | None = None
    probability_sd: float = 0.0
    guaranteed: Money | None = None
    least_profit: Money = NO_MONEY
    least_count: Count = NO_COUNT
    pays: tuple[tuple[Price, ...], ...] = ()
    time_in_force: TimeInForce = TimeInForce.IOC
    post_only: bool = False
    ttl_s: int = 0
    variance_ratio: float = 1.0
    hours_left: float = 24.0
    holds_until_ns: int = 0
    kelly_share: float | None = None
    unproven: tuple[Why, ...] = ()

    @property
    def is_basket(self) -> bool:
        """Whether its legs only make sense together."""
        return len(self.legs) > 1


class Ending(msgspec.Struct, frozen=True, kw_only=True):
    """An outcome that the strategy means to hold no longer, if it holds any, and why."""

    ticker: str
    outcome: Outcome
    text: str


class PairMeasured(msgspec.Struct, frozen=True, kw_only=True):
    """What the test of a pair of markets said: half-life in hours, ``z`` of the spread now.

    ``is_found`` after the correction for many tests; ``why_not`` is empty for a signal.
    """

    first: str
    second: str
    hours: int
    beta: float
    p_value: float
    is_found: bool
    half_life_h: float | None
    z: float | None
    why_not: str = ""


class Decision(msgspec.Struct, frozen=True, kw_only=True):
    """The answer to one look: signals, and one reason for each candidate left alone.

    ``endings`` sell what the strategy itself bought; where it holds nothing they mean nothing.
    ``pairs`` are the pairs measured, for people to look at; nothing acts on them.
    """

    signals: tuple[Signal, ...] = ()
    reasons: tuple[Why, ...] = ()
    scanned: int = 0
    endings: tuple[Ending, ...] = ()
    pairs: tuple[PairMeasured, ...] = ()
