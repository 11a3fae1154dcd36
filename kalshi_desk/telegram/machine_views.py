"""Pages about the machine: strategies and their reasons, limits, alerts, news, settings, help."""

from __future__ import annotations

from kalshi_desk.desk.automation_frames import LimitRow, StrategyRow, WhyRow
from kalshi_desk.desk.service import AskSettings, SettingRow, SettingsPage
from kalshi_desk.desk.service_frames import AlertRow, NewsRow
from kalshi_desk.desk.verbs import USAGE
from kalshi_desk.telegram import numbers as n
from kalshi_desk.telegram.markup import Html, code, escape, fit, lines, link
from kalshi_desk.telegram.page import Button, Page, in_rows
from kalshi_desk.telegram.settings import LANGUAGES, Category
from kalshi_desk.telegram.views import (
    Look,
    View,
    balance,
    footer,
    listing,
    orders,
    performance,
    positions,
    status,
    venue_line,
)

LOOKING = ("status", "balance", "positions", "orders", "performance", "strategies", "why")
LOOKING_TOO = ("risk", "alerts", "news", "settings", "help")
ACTING = ("start_trading", "stop_trading", "buy", "sell", "cancel", "flatten", "panic")
_TITLE, _WHY = 120, 160


async def strategies(look: Look) -> Page:
    """Strategies with their modes and results."""
    words = look.words
    found = sorted(
        (await look.reach.rows("strategies", StrategyRow)).values(), key=lambda row: row.name
    )
    rows = [
        lines(
            words(
                "strategies.row",
                name=row.name,
                mode=words.plain(f"mode.{row.mode.value}"),
                signals=row.signals,
                trades=row.trades,
                pnl=n.signed(row.pnl),
            ),
            words("strategies.fault", fault=row.fault) if row.fault else "",
            words("strategies.proof", proof=row.proof)
            if row.proof and look.settings.style == "full"
            else "",
        )
        for row in found
    ]
    page = listing(look, "strategies", words("strategies.title"), rows, "list.none")
    asks = [Button(f"? {row.name}", f"v:why:0:{row.name}") for row in found]
    fitting = [button for button in asks if button.is_sendable]
    return Page(page.text, (*in_rows(fitting), *page.rows))


async def why(look: Look) -> Page:
    """The reasons why a strategy leaves candidates alone."""
    words, name = look.words, look.rest
    if not name:
        page = await strategies(look)
        return Page(lines(words("why.which"), page.text), page.rows)
    found = sorted(
        (await look.reach.rows(f"why:{name}", WhyRow)).values(),
        key=lambda row: (-row.at_ns, row.candidate),
    )
    rows = [
        words(
            "why.row",
            candidate=code(row.candidate),
            text=escape(row.text, _WHY),
            seen=row.seen or n.NONE,
            needed=row.needed or n.NONE,
            times=row.times,
        )
        for row in found
    ]
    return listing(look, "why", words("why.title", name=name), rows, "list.none")


async def risk(look: Look) -> Page:
    """Every limit of the gate: what is used and what is allowed."""
    words = look.words
    found = (await look.reach.rows("limits", LimitRow)).values()
    rows = [
        words(
            "risk.breached" if row.is_breached else "risk.row",
            title=row.title,
            used=n.in_unit(row.used, row.unit),
            allowed=n.in_unit(row.allowed, row.unit),
            name=code(row.name),
            value=row.value,
        )
        for row in found
    ]
    page = listing(look, "risk", words("risk.title"), rows, "list.none")
    return Page(lines(page.text, words("risk.how")), page.rows)


async def alerts(look: Look) -> Page:
    """Alert rules and whether they are raised."""
    words = look.words
    found = (await look.reach.rows("alerts", AlertRow)).values()
    rows = [
        words(
            "alerts.row",
            rule=row.rule,
            state=row.problem or row.state,
            seen=row.seen or n.NONE,
            name=code(row.alert_id),
        )
        for row in sorted(found, key=lambda row: row.alert_id)
    ]
    return listing(look, "alerts", words("alerts.title"), rows, "list.none")


async def news(look: Look) -> Page:
    """The newest items of news and the markets they are about."""
    words = look.words
    found = sorted(
        (await look.reach.rows("news", NewsRow)).values(),
        key=lambda row: (-row.first_seen_ns, row.item_id),
    )
    rows = [
        lines(
            words(
                "news.row",
                title=link(row.link, row.title[:_TITLE]),
                feed=row.feed,
                at=n.clock(row.first_seen_ns),
                score=f"{row.sentiment:+.2f}".replace("-", n.MINUS),
                sure=n.share(row.confidence),
            ),
            *(words("news.match", ticker=code(m.ticker), title=m.title) for m in row.matches[:2]),
        )
        for row in found
    ]
    return listing(look, "news", words("news.title"), rows, "list.none")


async def settings(look: Look) -> Page:
    """What the bridge is set to, with buttons to change it; every setting of the desk below."""
    words, mine = look.words, look.settings
    rows: list[Html] = [
        words("settings.title"),
        venue_line(words, look.reach.venue) if look.reach.venue else words("engine.gone_short"),
        words(
            "settings.bridge",
            language=mine.language,
            style=mine.style,
            frequency=mine.frequency,
            confirm=mine.confirm_s,
        ),
    ]
    others = await _desk_settings(look)
    buttons = [
        Button(words.plain("settings.notify"), "s:notify"),
        Button(words.plain("settings.frequency"), "s:frequency"),
        Button(words.plain("settings.style"), "s:style"),
        Button(words.plain("settings.language"), "s:language"),
        Button(words.plain("settings.limits"), "v:risk:0"),
    ]
    text = fit([*rows, *others, words("settings.how")], words("list.more"))
    return Page(text, (*in_rows(buttons), *footer(look, "settings")))


async def _desk_settings(look: Look) -> list[Html]:
    if not look.reach.venue:
        return []
    page = await look.reach.ask(AskSettings())
    if not isinstance(page, SettingsPage):
        return []
    hidden = ("telegram.", "tui.keymap", "news.own", "alerts.rules")
    shown = [r for r in page.rows if not r.name.startswith(hidden) and not r.is_secret]
    return [_setting(look, row) for row in shown if row.value != row.default]


def _setting(look: Look, row: SettingRow) -> Html:
    return look.words("settings.row", name=code(row.name), value=row.value, source=row.source)


def choices_of(look: Look, name: str) -> Page:
    """Return the page that changes one thing about the bridge."""
    words, mine = look.words, look.settings
    if name == "notify":
        buttons = [
            Button(
                f"{words.plain(f'loud.{mine.loudness(kind)}')} "
                f"{words.plain(f'category.{kind.value}')}",
                f"s:notify:{kind.value}",
            )
            for kind in Category
        ]
        rows = in_rows(buttons)
    else:
        options = {
            "language": LANGUAGES,
            "style": ("full", "compact"),
            "frequency": ("now", "minute", "hour"),
        }[name]
        now = getattr(mine, name)
        rows = in_rows(
            Button(
                f"{'● ' if option == now else ''}{words.plain(f'option.{option}')}",
                f"s:{name}:{option}",
            )
            for option in options
        )
    back = (Button(words.plain("button.back"), "v:settings:0"),)
    return Page(words(f"settings.ask_{name}"), (*rows, back))


async def help_page(look: Look) -> Page:
    """Every command, and what a person must know before using it."""
    words = look.words
    names = (*LOOKING, *LOOKING_TOO, *ACTING)
    commands = [
        words("help.row", name=Html(f"/{name}"), text=words(f"command.{name}")) for name in names
    ]
    typed = [code(f"/{USAGE[name]}") for name in USAGE if name not in ACTING]
    return Page(
        fit(
            [words("help.title"), *commands, words("help.typed"), *typed, words("help.safety")],
            words("list.more"),
        ),
        footer(look, "help"),
    )


VIEWS: dict[str, View] = {
    "status": status,
    "balance": balance,
    "positions": positions,
    "orders": orders,
    "performance": performance,
    "strategies": strategies,
    "why": why,
    "risk": risk,
    "alerts": alerts,
    "news": news,
    "settings": settings,
    "help": help_page,
}
"""Every page that a command or a button opens."""
