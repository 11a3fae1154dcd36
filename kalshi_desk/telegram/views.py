"""Pages that only look: the account, its orders and what it earned."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from kalshi_desk.core.events import LinkState
from kalshi_desk.desk.automation_frames import PnlRow
from kalshi_desk.desk.frames import OrderRow, PositionRow, RiskState, StatusView
from kalshi_desk.telegram import numbers as n
from kalshi_desk.telegram.markup import Html, code, escape, fit, lines
from kalshi_desk.telegram.page import Button, Page, in_rows, page_of
from kalshi_desk.telegram.reach import Reach
from kalshi_desk.telegram.settings import BridgeSettings
from kalshi_desk.telegram.words import Words

CLOSED = frozenset({"executed", "canceled", "rejected", "denied"})
_TITLE = 80


@dataclass(frozen=True, slots=True)
class Look:
    """What a page is made from: the desk, the words, the settings and what was asked for."""

    reach: Reach
    words: Words
    settings: BridgeSettings
    number: int = 0
    rest: str = ""


View = Callable[[Look], Awaitable[Page]]


def footer(look: Look, name: str, pages: int = 1) -> tuple[tuple[Button, ...], ...]:
    """Return the buttons below a page: leaf through it, refresh it in place, back to the menu.

    What was typed and is too long for a button has none.
    """
    words, rest = look.words, f":{look.rest}" if look.rest else ""
    leafing = []
    if look.number > 0:
        leafing.append(Button("◀", f"v:{name}:{look.number - 1}{rest}"))
    if look.number < pages - 1:
        leafing.append(Button("▶", f"v:{name}:{look.number + 1}{rest}"))
    last = (
        Button(words.plain("button.refresh"), f"v:{name}:{look.number}{rest}"),
        Button(words.plain("button.menu"), "m"),
    )
    rows = ([one for one in row if one.is_sendable] for row in (leafing, last))
    return tuple(tuple(row) for row in rows if row)


def listing(look: Look, name: str, head: str, rows: list[Html], none: str) -> Page:
    """Return one page of a list, with its place among all pages."""
    words = look.words
    if not rows:
        return Page(lines(head, words(none)), footer(look, name))
    shown, number, pages = page_of(rows, look.number)
    place = words("list.page", page=number + 1, pages=pages, total=len(rows)) if pages > 1 else ""
    text = fit([head, *shown, place] if place else [head, *shown], words("list.more"))
    at = Look(look.reach, words, look.settings, number, look.rest)
    return Page(text, footer(at, name, pages))


def venue_line(words: Words, venue: str) -> Html:
    """Return which money this is about: nobody should have to guess."""
    name = venue if words.has(f"venue.{venue}") else "other"
    return words(f"venue.{name}", venue=venue)


async def menu(look: Look) -> Page:
    """The eight buttons."""
    words = look.words
    venue = look.reach.venue
    state = venue_line(words, venue) if venue else words("engine.gone_short")
    names = ("status", "balance", "positions", "performance")
    buttons = [Button(words.plain(f"menu.{name}"), f"v:{name}:0") for name in names]
    buttons += [
        Button(words.plain("menu.start"), "a:start_trading"),
        Button(words.plain("menu.stop"), "a:stop_trading"),
        Button(words.plain("menu.settings"), "v:settings:0"),
        Button(words.plain("menu.help"), "v:help:0"),
    ]
    return Page(lines(words("menu.title"), state), in_rows(buttons))


async def status(look: Look) -> Page:
    """Where one trades, what one owns, what the machine does, what can hurt."""
    words, now = look.words, await look.reach.now()
    auto = "status.auto_on" if now.auto_on else "status.auto_off"
    text = lines(
        words("status.title"),
        venue_line(words, now.venue),
        _link(words, now),
        words("status.equity", equity=n.money(now.equity), day=n.signed(now.day_pnl)),
        words("status.worst", worst=n.signed(now.worst_case)),
        words(auto, running=now.auto_running, total=now.auto_total),
        _risk(words, now),
        words("status.orders", orders=now.open_orders),
        words("status.unresolved", orders=now.unresolved) if now.unresolved else "",
        words("status.drift", count=len(now.drift)) if now.drift else "",
        words("status.notice", text=now.notice) if now.notice else "",
        words("list.asked", at=n.clock(now.now_ns)),
    )
    return Page(text, footer(look, "status"))


def _link(words: Words, now: StatusView) -> Html:
    if now.link is LinkState.LIVE:
        age = n.NONE if now.data_age_ms is None else f"{now.data_age_ms / 1000:.1f}s"
        return words("status.live", age=age)
    return words("status.not_live", state=now.link.value, why=now.waiting_for or now.exchange_text)


def _risk(words: Words, now: StatusView) -> Html:
    name = {
        RiskState.ACTIVE: "status.active",
        RiskState.REDUCING: "status.reducing",
        RiskState.HALTED: "status.halted",
    }[now.risk]
    return words(name, why=words.engine(now.risk_reason))


async def balance(look: Look) -> Page:
    """Cash, buying power and equity."""
    words, now = look.words, await look.reach.now()
    text = lines(
        words("balance.title"),
        venue_line(words, now.venue),
        words("balance.cash", money=n.money(now.cash)),
        words("balance.power", money=n.money(now.buying_power)),
        words("balance.equity", money=n.money(now.equity)),
        words("balance.day", money=n.signed(now.day_pnl)),
        words("balance.worst", money=n.signed(now.worst_case)),
        words("list.asked", at=n.clock(now.now_ns)),
    )
    return Page(text, footer(look, "balance"))


async def positions(look: Look) -> Page:
    """What is held, and what closing it now would bring."""
    words = look.words
    held = await held_positions(look.reach)
    rows = [
        lines(
            words(
                "positions.row",
                ticker=code(row.ticker),
                count=n.count(abs(row.position)),
                side=n.side_of(row.position),
                average=n.cents(row.average_price),
                now=n.cents(row.market_price),
                pnl=n.signed(row.unrealized_pnl),
            ),
            escape(row.title, _TITLE) if look.settings.style == "full" else "",
        )
        for row in held
    ]
    return listing(look, "positions", words("positions.title", count=len(held)), rows, "list.none")


async def held_positions(reach: Reach) -> list[PositionRow]:
    """Return the positions that are not flat, by ticker."""
    found = (await reach.rows("positions", PositionRow)).values()
    return sorted((row for row in found if row.position), key=lambda row: row.ticker)


async def orders(look: Look) -> Page:
    """Open orders."""
    words = look.words
    found = await open_orders(look.reach)
    rows = [
        lines(
            words("orders.row", ticker=code(row.ticker), order=order_words(words, row)),
            words("orders.id", order=code(row.order_id or row.client_order_id), origin=row.origin)
            if look.settings.style == "full"
            else "",
        )
        for row in found
    ]
    return listing(look, "orders", words("orders.title", count=len(found)), rows, "list.none")


async def open_orders(reach: Reach) -> list[OrderRow]:
    """Return the orders that are not over, oldest first."""
    found = (await reach.rows("orders", OrderRow)).values()
    return sorted(
        (row for row in found if row.state not in CLOSED),
        key=lambda row: (row.created_ns, row.client_order_id),
    )


def order_words(words: Words, row: OrderRow) -> str:
    """Return an order in a few plain words."""
    return words.plain(
        "orders.words",
        action=words.plain(f"word.{row.action.value}"),
        count=n.count(row.count),
        side=row.outcome.value.upper(),
        price=n.cents(row.price),
        filled=n.count(row.filled),
    )


async def performance(look: Look) -> Page:
    """What the account earned since its journal began."""
    words, view = look.words, await look.reach.portfolio()
    if view is None:
        return Page(
            lines(words("performance.title"), words("list.none")), footer(look, "performance")
        )
    base = None if view.start is None else view.start + view.outside
    earned = None if view.equity is None or base is None else view.equity - base
    whole = None if earned is None or not base or base < 0 else earned / base
    parts = (await look.reach.rows("pnl", PnlRow)).values()
    strategies = sorted((row for row in parts if row.scope == "strategy"), key=lambda r: r.name)
    text = fit(
        [
            words("performance.title"),
            words("performance.equity", equity=n.money(view.equity), total=n.signed(earned)),
            words("performance.return", share=n.share(whole)),
            words(
                "performance.bridge",
                gross=n.signed(view.realized_gross),
                fees=n.money(view.fees),
                net=n.signed(view.realized_net),
                open=n.signed(view.unrealized),
            ),
            words(
                "performance.trades",
                trades=view.settled,
                wins=n.share(view.win_rate),
                needed=n.share(view.break_even_win_rate),
            ),
            words(
                "performance.average",
                win=n.signed(view.average_win),
                loss=n.signed(view.average_loss),
            ),
            words("performance.ends", best=n.signed(view.best), worst=n.signed(view.worst)),
            words("performance.sharpe", sharpe=n.ratio(view.daily_sharpe), days=view.days),
            words(
                "performance.drawdown",
                most=n.share(view.max_drawdown),
                now=n.share(view.drawdown_now),
            ),
            *(
                words("performance.part", name=row.title or row.name, net=n.signed(row.net))
                for row in strategies
            ),
        ],
        words("list.more"),
    )
    return Page(text, footer(look, "performance"))
