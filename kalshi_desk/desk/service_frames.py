"""What faces draw about the desk itself and about news.

Topics: ``alerts`` (by alert id), ``guests`` (by name), ``health`` (one value), ``news`` (by
item id, the newest few hundred), ``feeds`` (by name), ``reader`` (one value), ``correlations``
and ``pairs`` (both by ``TICKER TICKER``).
"""

from __future__ import annotations

import msgspec

from kalshi_desk.core.news import FeedReport, Polarity, ReaderReport, Tier
from kalshi_desk.core.types import Price


class AlertRow(msgspec.Struct, frozen=True, kw_only=True, array_like=True, tag=True):
    """One alert rule: ``state`` is armed, raised (until it falls back) or can't be read.

    ``source`` is ``settings`` for a rule of the file at the start, ``desk`` for a later one.
    """

    alert_id: str
    rule: str
    kind: str
    ticker: str
    state: str
    seen: str
    raised_ns: int
    times: int
    source: str
    problem: str = ""


class GuestRow(msgspec.Struct, frozen=True, kw_only=True, array_like=True, tag=True):
    """A guest process of the engine (``api``, ``telegram``): off, starting, running or failing."""

    name: str
    state: str
    text: str
    pid: int
    restarts: int
    since_ns: int


class HealthRow(msgspec.Struct, frozen=True, kw_only=True, array_like=True, tag=True):
    """How the engine itself does: ``refusals`` by reason code, all counted since its start.

    ``loop_lag_ms`` is how late its loop came back just now, ``worst_loop_lag_ms`` at worst in
    the last minute; None before they were measured.
    """

    started_ns: int
    refusals: dict[str, int]
    reconnects: int
    loop_lag_ms: float | None
    worst_loop_lag_ms: float | None


class MatchView(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """One market of a news item, and what it did since; prices in 1/10,000 dollar of YES."""

    ticker: str
    title: str
    relevance: float
    polarity: Polarity
    is_ambiguous: bool
    why: str
    pre_price: Price | None
    now_price: Price | None
    posterior: float | None
    by_person: bool


class NewsRow(msgspec.Struct, frozen=True, kw_only=True, array_like=True, tag=True):
    """One item of news as the screen shows it."""

    item_id: str
    feed: str
    tier: Tier
    title: str
    summary: str
    link: str
    published_ns: int
    first_seen_ns: int
    cluster: str
    copy: int
    sentiment: float
    confidence: float
    scored_by: str
    label: int | None
    matches: tuple[MatchView, ...]


class FeedRow(msgspec.Struct, frozen=True, kw_only=True, array_like=True, tag=True):
    """One feed and its health."""

    report: FeedReport


class ReaderRow(msgspec.Struct, frozen=True, kw_only=True, array_like=True, tag=True):
    """The process that reads all feeds, and the model that it scores with."""

    report: ReaderReport


class CorrelationRow(msgspec.Struct, frozen=True, kw_only=True, array_like=True, tag=True):
    """Correlation of hourly logit changes of two markets.

    ``estimate`` is raw, ``shrunk`` half way to the prior; ``low`` and ``high`` are the 95 %
    interval of the raw one by Fisher's z; ``is_found`` after Benjamini-Hochberg at 10 %.
    """

    first: str
    second: str
    hours: int
    estimate: float
    shrunk: float
    low: float
    high: float
    p_value: float
    is_found: bool


class PairRow(msgspec.Struct, frozen=True, kw_only=True, array_like=True, tag=True):
    """One pair of the cointegration screen; ``half_life_h`` in hours, ``z`` of the spread now."""

    first: str
    second: str
    hours: int
    beta: float
    p_value: float
    is_found: bool
    half_life_h: float | None
    z: float | None
    why_not: str


ServiceRow = (
    AlertRow | GuestRow | HealthRow | NewsRow | FeedRow | ReaderRow | CorrelationRow | PairRow
)
