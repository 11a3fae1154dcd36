"""The language of news: an item as it arrived, the markets it touches, and where it came from."""

from __future__ import annotations

from enum import IntEnum, StrEnum

import msgspec

from kalshi_desk.core.types import Price

MIN_RELEVANCE = 0.80
"""From here on an item counts as being about a market: as much as an entity that matches."""
LARGEST_LAG_NS = 300_000_000_000
"""A story seen so long after its publication may be in the price already."""
LARGEST_SKEW_NS = 1_000_000_000
"""A story published so far in the future comes from a clock that is wrong."""


class Tier(StrEnum):
    """How much a source is a source: who makes the number, who reports it, who talks about it."""

    OFFICIAL = "official"
    PRESS = "press"
    SOCIAL = "social"


class Polarity(IntEnum):
    """What good news of an item's kind means for YES of a market; 0 refuses to say."""

    AGAINST = -1
    UNKNOWN = 0
    FOR = 1


class NewsMatch(msgspec.Struct, frozen=True, kw_only=True):
    """One market that an item is about.

    ``relevance`` runs from 0 to 1; ``is_ambiguous`` says that other events are as plausible.
    ``pre_price`` is the market's middle as the desk knew it a minute before the story was
    first seen, in 1/10,000 dollar of YES: the desk fills it in, a matcher leaves None.
    ``first_score`` is the desk's, too: the signed strength of its first reading of the story
    for this market, 0 for one that is not to be learned from, None on later copies and on what
    a person matched.  It never changes, whatever people or a better model say afterwards.
    ``by_person`` marks a match that a person made or confirmed; with ``relevance`` 0 a person
    said that the item is not about this market.
    """

    ticker: str
    relevance: float
    polarity: Polarity = Polarity.UNKNOWN
    is_ambiguous: bool = False
    why: str = ""
    pre_price: Price | None = None
    by_person: bool = False
    first_score: float | None = None

    @property
    def speaks(self) -> bool:
        """Whether it says which way: it names one event, and good for whom."""
        return self.polarity is not Polarity.UNKNOWN and not self.is_ambiguous

    @property
    def is_relevant(self) -> bool:
        """Whether the item is surely about this market, and which way."""
        return self.speaks and self.relevance >= MIN_RELEVANCE


class NewsItem(msgspec.Struct, frozen=True, kw_only=True):
    """One item of news, cleaned of everything that could steer a terminal.

    ``first_seen_ns`` is the desk's own clock, ``published_ns`` what the source claims (0 for
    nothing).  ``cluster`` is the ``item_id`` of the first copy of the story and ``copy`` says
    the how-manieth this is, 1 for the first.  ``sentiment`` runs from -1 to +1 and
    ``confidence`` from 0 to 1, calibrated where a trained model has earned it; ``scored_by``
    names what scored it.  ``is_retraction`` marks an item that takes back its cluster's story.
    An item that comes again under its ``item_id`` replaces the earlier one.
    """

    item_id: str
    feed: str
    tier: Tier
    title: str
    summary: str = ""
    link: str = ""
    published_ns: int = 0
    first_seen_ns: int
    cluster: str
    copy: int = 1
    sentiment: float = 0.0
    confidence: float = 0.0
    scored_by: str = ""
    is_retraction: bool = False
    label: int | None = None
    """What a person says it is: -1, 0 or +1; None while nobody did."""
    matches: tuple[NewsMatch, ...] = ()

    @property
    def lag_ns(self) -> int | None:
        """How long after its claimed publication it was first seen; None where none is claimed."""
        return self.first_seen_ns - self.published_ns if self.published_ns > 0 else None

    @property
    def is_timely(self) -> bool:
        """Whether it was seen so soon that prices may not have it, by a clock that agrees."""
        lag_ns = self.lag_ns
        return lag_ns is not None and -LARGEST_SKEW_NS <= lag_ns <= LARGEST_LAG_NS


class FeedState(StrEnum):
    """How a feed is."""

    OFF = "off"
    WAITING = "waiting"
    OK = "ok"
    FAILING = "failing"


class FeedReport(msgspec.Struct, frozen=True, kw_only=True):
    """One feed and its health; times in nanoseconds, 0 for never.

    ``latency_ms`` is how long the last answer took, ``lag_s`` how long after its claimed
    publication the newest item was first seen, None while unknown.
    """

    name: str
    title: str
    url: str
    kind: str
    tier: Tier
    state: FeedState
    asked_ns: int = 0
    ok_ns: int = 0
    latency_ms: int = 0
    lag_s: int | None = None
    items: int = 0
    failures: int = 0
    text: str = ""


class ReaderState(StrEnum):
    """What the process that reads news does; ``DOWN`` has ended or hangs."""

    OFF = "off"
    STARTING = "starting"
    READING = "reading"
    DOWN = "down"


class ReaderReport(msgspec.Struct, frozen=True, kw_only=True):
    """The process that reads all feeds.

    ``since_ns`` is since when news is read, or is not; ``ends`` how often in a row it has
    ended soon, and ``text`` why nothing is read.  ``model`` names what scores what it reads,
    and ``model_fault`` says why the file of a trained classifier is not used.
    """

    state: ReaderState
    since_ns: int
    ends: int = 0
    text: str = ""
    model: str = ""
    model_fault: str = ""

    @property
    def is_reading(self) -> bool:
        """Whether news is read now."""
        return self.state is ReaderState.READING
