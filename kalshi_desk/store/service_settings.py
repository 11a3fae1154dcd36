"""The settings of what serves beside trading: news, Telegram, the API, alerts and the log."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

Role = Literal["view", "trade"]
Loudness = Literal["on", "silent", "off"]


class OwnFeed(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A feed of the user's own."""

    url: Annotated[str, Meta(min_length=8, max_length=2_000)]
    title: Annotated[str, Meta(max_length=100)] = ""
    kind: Literal["rss", "json"] = "rss"
    tier: Literal["official", "press", "social"] = "press"


class NewsSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """News."""

    enabled: Annotated[bool, Meta(description="Read feeds of news.")] = True
    interval_s: Annotated[
        int, Meta(ge=5, le=86_400, description="Seconds between two looks at a feed, at least.")
    ] = 60
    public_in_practice: Annotated[
        bool, Meta(description="Read public feeds in practice too, beside the exchange's own.")
    ] = False
    switched: Annotated[
        dict[str, bool], Meta(description="Feeds switched on or off: [news.switched] NAME = false.")
    ] = {}
    own: Annotated[
        dict[str, OwnFeed],
        Meta(
            description='Feeds of your own: [news.own.NAME] url = "https://…", kind, tier, title.'
        ),
    ] = {}


class TelegramSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The Telegram bridge; its token is a secret and stands elsewhere."""

    enabled: Annotated[bool, Meta(description="Run the bridge beside the engine.")] = False
    users: Annotated[
        dict[str, Role],
        Meta(
            description='Who may ask: [telegram.users] "USER ID" = "view" or "trade".',
            extra={"key": r"[0-9]{1,20}", "key_is": "the number of a Telegram user"},
        ),
    ] = {}
    chats: Annotated[
        dict[str, Role],
        Meta(
            description='Chats told of events: [telegram.chats] "CHAT ID" = "view" or "trade".',
            extra={"key": r"-?[0-9]{1,20}", "key_is": "the number of a Telegram chat"},
        ),
    ] = {}
    notify: Annotated[
        dict[str, Loudness],
        Meta(
            description='How loud: [telegram.notify] trades = "on", "silent" or "off".',
            extra={
                "key": "trades|orders|rejections|stops|risk_approached|risk_breached|performance|"
                "opportunities|alerts|news|strategies|system",
                "key_is": "a kind of notification, such as trades, stops or risk_breached",
            },
        ),
    ] = {}
    frequency: Annotated[
        Literal["now", "minute", "hour"],
        Meta(description="Send at once, or gathered each minute or hour; dangers always at once."),
    ] = "now"
    style: Annotated[Literal["full", "compact"], Meta(description="Length of messages.")] = "full"
    language: Annotated[Literal["en", "de"], Meta(description="Language of the bridge.")] = "en"
    confirm_s: Annotated[
        int, Meta(ge=5, le=600, description="Seconds in which a confirmation may be pressed.")
    ] = 60
    server: Annotated[
        str,
        Meta(
            max_length=200,
            description="The Bot API's address.",
            extra={"by_hand": "the bot's token is sent there"},
        ),
    ] = "https://api.telegram.org"


class ApiSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The local API."""

    enabled: Annotated[
        bool, Meta(description="Serve REST and WebSocket on loopback beside the engine.")
    ] = True
    port: Annotated[
        int, Meta(ge=0, le=65_535, description="Its port, or the next free one; 0: any.")
    ] = 3_001


class AlertSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Alerts."""

    bell: Annotated[bool, Meta(description="Ring the terminal's bell.")] = True
    toast: Annotated[bool, Meta(description="Show a note on the screen.")] = True
    rules: Annotated[
        dict[str, str], Meta(description='Rules: [alerts.rules] NAME = "TICKER > 60".')
    ] = {}


class LogSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The log."""

    level: Annotated[
        Literal["debug", "info", "warning", "error"], Meta(description="The least level kept.")
    ] = "info"
    file_mb: Annotated[int, Meta(ge=1, le=1_000, description="Size of one file, MB.")] = 5
    files: Annotated[int, Meta(ge=1, le=100, description="Older files kept.")] = 5
