"""Commands and queries about the desk itself: settings, alerts, news, log, the market list.

Values that a person typed travel as text; the engine reads them by the declaration that
every face shows, and refuses with the allowed range when they are wrong.
"""

from __future__ import annotations

from enum import StrEnum

import msgspec

from kalshi_desk.core.news import Polarity
from kalshi_desk.core.types import Price
from kalshi_desk.desk.automation import SetLimit, SetParameter
from kalshi_desk.desk.frames import Level, MarketRow


class SetSetting(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Set one setting by its dotted name (``risk.position_percent``); empty takes the default.

    Limits and parameters of strategies go the way of ``SetLimit`` and ``SetParameter``.
    """

    name: str
    value: str


class SetAlert(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Be told when something happens: ``rule`` in the words of ``alerts.grammar``.

    ``alert_id`` empty makes a new one; a known id replaces its rule.
    """

    rule: str
    alert_id: str = ""


class DropAlert(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Take one alert rule away, by its id."""

    alert_id: str


class SetFeed(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Switch a feed of news on or off."""

    feed: str
    on: bool


class CorrectMatch(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Say that an item is about a market and which way, or with ``polarity`` None that it isn't."""

    item_id: str
    ticker: str
    polarity: Polarity | None


class LabelNews(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Say what an item is: -1 bad, 0 neither, +1 good news; training learns from it."""

    item_id: str
    label: int


class GuestSays(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """A word of a guest of the desk (the bridge, the API) for every face, such as a stranger."""

    guest: str
    level: Level
    title: str
    text: str = ""


Change = SetSetting | SetLimit | SetParameter


class SetSeveral(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Set several things at once: all of them, or none when one is refused."""

    changes: tuple[Change, ...]


ServiceCommand = (
    SetSetting | SetSeveral | SetAlert | DropAlert | SetFeed | CorrectMatch | LabelNews | GuestSays
)


class MarketSort(StrEnum):
    """How a list of markets is ordered."""

    CLOSE = "close"
    VOLUME = "volume"
    SPREAD = "spread"
    CHANGE = "change"
    TITLE = "title"
    RELEVANCE = "relevance"


class MarketFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which markets of the list are wanted; what is left empty does not matter.

    Prices are of YES in 1/10,000 dollar, ``min_volume`` in 1/100 contract like every count,
    ``closes_within_s`` in seconds from now.  A price is the middle of the touch, else the
    last one.  ``only_active`` leaves out what can't be traded any more, or not yet.
    """

    text: str = ""
    category: str = ""
    series: str = ""
    event: str = ""
    closes_within_s: int | None = None
    min_volume: int | None = None
    max_spread: Price | None = None
    price_low: Price | None = None
    price_high: Price | None = None
    only_mine: bool = False
    only_starred: bool = False
    only_exclusive: bool = False
    only_active: bool = True
    with_combos: bool = False


class AskMarkets(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Ask for one page of the market list, and for what lies below the place named.

    ``around`` names a market: the page that holds it is given, wherever that begins; when it
    is not in the list, the page at ``offset`` is.
    """

    wanted: MarketFilter = MarketFilter()
    sort: MarketSort = MarketSort.CLOSE
    descending: bool = False
    offset: int = 0
    limit: int = 100
    around: str = ""


class AskLog(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Ask for the newest lines of the log with at least this level that hold the text.

    ``before`` is the number of the oldest line already seen, 0 for the newest lines.
    """

    level: str = "info"
    text: str = ""
    before: int = 0
    limit: int = 200


class AskSettings(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Ask for every setting with its value and where that comes from."""


ServiceQuery = AskMarkets | AskLog | AskSettings


class Branch(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """What one can step down into: a category, a series or an event, and how many lie below."""

    kind: str
    name: str
    title: str
    markets: int
    volume: int
    closes_ns: int


class MarketsPage(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """One page of markets; ``total`` counts all that fit, ``branches`` what lies below.

    The first row stands at ``offset``.  Pages with the same ``ordered_ns`` are cut from one
    order and fit together.  The last ``beyond`` of all are open at the exchange, but the desk
    does not follow them: they have no quotes until one of them is starred or opened.
    ``note`` says what the list covers.
    """

    total: int
    rows: tuple[MarketRow, ...]
    branches: tuple[Branch, ...] = ()
    note: str = ""
    offset: int = 0
    ordered_ns: int = 0
    beyond: int = 0


class LogLine(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """One line of the structured log; ``number`` grows with time."""

    number: int
    at_ns: int
    level: str
    source: str
    text: str
    fields: dict[str, str] = {}


class LogPage(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Lines of the log, newest last; ``has_older`` says that more lie before them."""

    lines: tuple[LogLine, ...]
    has_older: bool


class SettingRow(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """One setting as a person sees it: ``source`` is default, file, .env or environment,
    or command line.

    ``needs_restart`` says that a change waits for the engine's next start, ``is_table`` that
    entries are set below the name, ``by_hand`` why only the file can change it.
    """

    name: str
    value: str
    default: str
    allowed: str
    help: str
    source: str
    needs_restart: bool = False
    choices: tuple[str, ...] = ()
    is_secret: bool = False
    is_table: bool = False
    by_hand: str = ""


class SettingsPage(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """All settings in the order of the file, and where the file lies."""

    path: str
    rows: tuple[SettingRow, ...]
    warnings: tuple[str, ...] = ()


ServiceReply = MarketsPage | LogPage | SettingsPage
