"""Which feeds are read: the public ones, the user's own, and in practice the exchange's.

The table holds addresses that their publishers offer to feed readers; pages are never
scraped.  ``every_s`` is the pause between two looks that politeness asks for.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Literal
from urllib.parse import urlsplit, urlunsplit

import msgspec

from kalshi_desk.core.news import Tier

Kind = Literal["rss", "json"]
PRACTICE_FEED = "practice"
PRACTICE_EVERY_S = 5
"""Own machine, and its stories move markets within seconds: no setting slows this one."""
MOST_OWN = 50
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")


class Source(msgspec.Struct, frozen=True, kw_only=True):
    """One feed to read; ``may_be_private`` lets it lie on this machine or network.

    ``fault`` says why it can't be read at all, empty when it can.
    """

    name: str
    title: str
    url: str
    kind: Kind = "rss"
    tier: Tier = Tier.PRESS
    every_s: int = 300
    may_be_private: bool = False
    is_on: bool = True
    fault: str = ""

    @property
    def shown_url(self) -> str:
        """The address without what may be a secret: user, password and query of one's own."""
        try:
            parts = urlsplit(self.url)
        except ValueError:
            return ""
        host = parts.netloc.rpartition("@")[2]
        query = "" if self.may_be_private else parts.query
        return urlunsplit((parts.scheme, host, parts.path, query, ""))


class OwnSource(msgspec.Struct, frozen=True, kw_only=True):
    """A feed as a person wrote it into the settings."""

    url: str
    title: str = ""
    kind: Kind = "rss"
    tier: Tier = Tier.PRESS


def _table(tier: Tier, *rows: tuple[str, str, int, str]) -> tuple[Source, ...]:
    return tuple(
        Source(name=name, title=title, url=url, tier=tier, every_s=every_s)
        for name, title, every_s, url in rows
    )


PUBLIC: tuple[Source, ...] = (
    # Who makes the number: central banks, statistics offices, weather and other services.
    *_table(
        Tier.OFFICIAL,
        ("fed", "Federal Reserve", 60, "https://www.federalreserve.gov/feeds/press_all.xml"),
        ("ecb", "European Central Bank", 120, "https://www.ecb.europa.eu/rss/press.html"),
        ("boe", "Bank of England", 120, "https://www.bankofengland.co.uk/rss/news"),
        ("bls", "Bureau of Labor Statistics", 300, "https://www.bls.gov/feed/bls_latest.rss"),
        ("bea", "Bureau of Economic Analysis", 300, "https://apps.bea.gov/rss/rss.xml"),
        (
            "census",
            "Census Bureau indicators",
            300,
            "https://www.census.gov/economic-indicators/indicator.xml",
        ),
        ("eia", "Energy Information Adm.", 600, "https://www.eia.gov/rss/todayinenergy.xml"),
        ("sec", "SEC press releases", 600, "https://www.sec.gov/news/pressreleases.rss"),
        ("nhc", "Hurricane Center, Atlantic", 600, "https://www.nhc.noaa.gov/index-at.xml"),
        (
            "usgs",
            "USGS earthquakes",
            300,
            "https://earthquake.usgs.gov/earthquakes/feed/v1.0/summary/significant_day.atom",
        ),
    ),
    Source(
        name="nws",
        title="NWS severe alerts",
        url="https://api.weather.gov/alerts/active?status=actual&severity=Extreme,Severe",
        kind="json",
        tier=Tier.OFFICIAL,
        every_s=120,
    ),
    # Who reports it: general and financial press.
    *_table(
        Tier.PRESS,
        ("bbc", "BBC World", 120, "https://feeds.bbci.co.uk/news/world/rss.xml"),
        ("guardian", "The Guardian World", 120, "https://www.theguardian.com/world/rss"),
        ("npr", "NPR News", 180, "https://feeds.npr.org/1001/rss.xml"),
        ("aljazeera", "Al Jazeera", 180, "https://www.aljazeera.com/xml/rss/all.xml"),
        ("politico", "Politico", 180, "https://rss.politico.com/politics-news.xml"),
        ("cnbc", "CNBC", 120, "https://www.cnbc.com/id/100003114/device/rss/rss.html"),
        (
            "marketwatch",
            "MarketWatch",
            180,
            "https://feeds.content.dowjones.io/public/rss/mw_topstories",
        ),
        ("coindesk", "CoinDesk", 180, "https://www.coindesk.com/arc/outboundfeeds/rss/"),
        ("espn", "ESPN", 300, "https://www.espn.com/espn/rss/news"),
    ),
    # Who talks about it: Mastodon's public timeline of a hashtag, an answer in JSON.
    Source(
        name="mastodon",
        title="Mastodon #economy",
        url="https://mastodon.social/api/v1/timelines/tag/economy?limit=40",
        kind="json",
        tier=Tier.SOCIAL,
        every_s=180,
    ),
)


def practice_source(url: str) -> Source:
    """Return the practice exchange's own feed; without an address it waits for one."""
    return Source(
        name=PRACTICE_FEED,
        title="Practice exchange news",
        url=url,
        tier=Tier.PRESS,
        every_s=PRACTICE_EVERY_S,
        may_be_private=True,
        fault="" if url else "the practice exchange has not said where its news are",
    )


def sources_for(
    venue: str,
    *,
    practice_url: str = "",
    public_in_practice: bool = False,
    own: Mapping[str, OwnSource] | None = None,
    switched: Mapping[str, bool] | None = None,
    interval_s: int = 60,
) -> tuple[Source, ...]:
    """Return the feeds that a desk on this venue reads, those switched off included.

    A feed of one's own with the name of a public one takes its place; a replay has none.
    ``interval_s`` is the least pause that the user wants.
    """
    if venue == "replay":
        return ()
    found: dict[str, Source] = {}
    is_practice = venue == "practice"
    if not is_practice or public_in_practice:
        for source in PUBLIC:
            found[source.name] = _paced(source, interval_s)
    for source in _own_sources(own or {}):
        found[source.name] = _paced(source, interval_s)
    if is_practice:
        found[PRACTICE_FEED] = practice_source(practice_url)
    states = switched or {}
    return tuple(
        source if states.get(name, True) else msgspec.structs.replace(source, is_on=False)
        for name, source in found.items()
    )


def is_feed_name(name: str) -> bool:
    """Whether a name can stand in the settings as ``news.switched.NAME``."""
    return _NAME.fullmatch(name) is not None


def _paced(source: Source, interval_s: int) -> Source:
    return msgspec.structs.replace(source, every_s=max(source.every_s, interval_s))


def _own_sources(own: Mapping[str, OwnSource]) -> Iterable[Source]:
    for number, (name, wanted) in enumerate(own.items()):
        fault = _fault_of(name, wanted.url)
        if number >= MOST_OWN:
            fault = f"at most {MOST_OWN} feeds of your own are read"
        yield Source(
            name=name,
            title=wanted.title or name,
            url=wanted.url,
            kind=wanted.kind,
            tier=wanted.tier,
            every_s=0,
            may_be_private=True,
            fault=fault,
        )


def _fault_of(name: str, url: str) -> str:
    if not is_feed_name(name):
        return "its name may hold only a to z, 0 to 9, - and _, at most 40"
    if name == PRACTICE_FEED:
        return f"the name {PRACTICE_FEED} belongs to the practice exchange"
    try:
        parts = urlsplit(url)
        host = parts.hostname
        # Reading the port checks it.
        _ = parts.port
    except ValueError:
        return "its address can't be read"
    if parts.scheme not in ("http", "https") or not host:
        return "its address must begin with http:// or https:// and name a host"
    return ""
