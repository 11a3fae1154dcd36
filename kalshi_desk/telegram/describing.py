"""What a command would do, in words, before a person confirms it."""

from __future__ import annotations

from kalshi_desk.core.types import PRICE_ONE, Action
from kalshi_desk.desk.automation import (
    DropStop,
    PreviewStop,
    SetAuto,
    SetLimit,
    SetMode,
    SetParameter,
    SetStop,
    StopPreview,
)
from kalshi_desk.desk.automation_frames import LimitRow
from kalshi_desk.desk.commands import (
    CancelAll,
    CancelOrder,
    Command,
    Flatten,
    Panic,
    PlaceOrder,
    Preview,
    PreviewOrder,
    QueryFailed,
    Resume,
)
from kalshi_desk.desk.frames import MarketRow, OrderRow, PositionRow
from kalshi_desk.telegram import numbers as n
from kalshi_desk.telegram.markup import Html, code, escape, lines
from kalshi_desk.telegram.reach import Reach
from kalshi_desk.telegram.views import order_words
from kalshi_desk.telegram.words import Words

_TITLE = 120


class Described(tuple[Html, bool]):
    """A command in words, and whether the desk would take it now."""

    __slots__ = ()

    @property
    def text(self) -> Html:
        """The words."""
        return self[0]

    @property
    def is_possible(self) -> bool:
        """Whether nothing speaks against it now."""
        return self[1]


async def describe(reach: Reach, words: Words, command: Command, typed: str = "") -> Described:
    """Return what a command would do; ``typed`` stands for those without words of their own."""
    match command:
        case PlaceOrder():
            return await _order(reach, words, command)
        case CancelOrder():
            return await _cancel(reach, words, command)
        case Flatten():
            return await _flatten(reach, words, command)
        case CancelAll():
            name = "ask.cancel_market" if command.ticker else "ask.cancel_all"
            return _yes(words(name, ticker=code(command.ticker or "")))
        case Panic():
            return _yes(words("ask.panic"))
        case Resume():
            now = await reach.now()
            return _yes(words("ask.resume", why=words.engine(now.risk_reason) or n.NONE))
        case SetAuto():
            return _yes(words("ask.auto_on" if command.on else "ask.auto_off"))
        case SetMode():
            mode = words.plain(f"mode.{command.mode.value}")
            return _yes(words("ask.mode", name=command.strategy, mode=mode))
        case SetParameter():
            return _yes(
                words(
                    "ask.parameter", name=command.strategy, what=command.name, value=command.value
                )
            )
        case SetLimit():
            return await _limit(reach, words, command)
        case SetStop():
            return await _stop(reach, words, command)
        case DropStop():
            return _yes(words("ask.unprotect", name=code(command.stop_id)))
        case _:
            return _yes(words("ask.typed", typed=code(typed or type(command).__name__)))


def _yes(text: Html) -> Described:
    return Described((text, True))


async def _order(reach: Reach, words: Words, command: PlaceOrder) -> Described:
    """Describe an order with its costs, its ends and what would refuse it."""
    reply = await reach.ask(
        PreviewOrder(
            ticker=command.ticker,
            action=command.action,
            outcome=command.outcome,
            size=n.typed_count(command.count),
            price=command.price,
            time_in_force=command.time_in_force,
            post_only=command.post_only,
        )
    )
    market = await reach.market(command.ticker)
    head = lines(
        words(
            "ask.order",
            action=words.plain(f"word.{command.action.value}"),
            count=n.count(command.count),
            side=command.outcome.value.upper(),
            ticker=code(command.ticker),
            price=n.cents(command.price),
        ),
        escape(f"{market.title} · {market.subtitle}".strip(" ·"), _TITLE) if market else "",
        words(f"ask.{command.time_in_force.value}")
        if command.time_in_force.value != "good_till_canceled"
        else "",
        words("ask.post_only") if command.post_only else "",
    )
    if not isinstance(reply, Preview):
        return Described((lines(head, _reasons(words, reply)), False))
    refusals = [words("ask.refused", why=words.engine(why.text)) for why in reply.refusals]
    return Described((lines(head, _costs(words, command, reply), *refusals), not refusals))


def _costs(words: Words, command: PlaceOrder, preview: Preview) -> Html:
    return lines(
        words(
            "preview.now",
            count=n.count(preview.fills_now),
            price=n.cents(preview.average_now),
            rests=n.count(preview.rests),
        ),
        words("preview.fees", now=n.money(preview.fee_now), worst=n.money(preview.fee_worst)),
        words("preview.ends", loss=n.money(preview.max_loss), win=n.money(preview.max_win)),
        words("preview.even", even=n.percent(preview.break_even)),
        words(
            "preview.after",
            position=_held(words, preview.position_after),
            worst=n.signed(preview.worst_after),
            event=n.signed(preview.event_worst_after),
        ),
        words("preview.cash", cash=n.money(preview.cash)),
        *(words("preview.note", text=words.engine(note)) for note in preview.notes),
    )


def _held(words: Words, position: int) -> str:
    if not position:
        return words.plain("word.nothing")
    return f"{n.count(abs(position))} {n.side_of(position)}"


def _reasons(words: Words, reply: object) -> Html:
    if not isinstance(reply, QueryFailed):
        return words("ask.no_preview")
    return lines(*(words("ask.refused", why=words.engine(why.text)) for why in reply.reasons))


async def _cancel(reach: Reach, words: Words, command: CancelOrder) -> Described:
    rows = (await reach.rows("orders", OrderRow)).values()
    for row in rows:
        if command.order in (row.order_id, row.client_order_id):
            words_of = order_words(words, row)
            return _yes(words("ask.cancel", order=words_of, ticker=code(row.ticker)))
    return Described((words("ask.no_order", order=code(command.order)), False))


async def _flatten(reach: Reach, words: Words, command: Flatten) -> Described:
    held = (await reach.rows("positions", PositionRow)).values()
    chosen = [r for r in held if r.position and command.ticker in (None, r.ticker)]
    if not chosen:
        return Described((words("ask.nothing_held", ticker=code(command.ticker or "*")), False))
    rows = [
        words(
            "ask.flatten_row",
            ticker=code(row.ticker),
            position=_held(words, row.position),
            price=n.cents(row.net_price),
            pnl=n.signed(row.unrealized_pnl),
        )
        for row in chosen[:20]
    ]
    more = words("list.more") if len(chosen) > len(rows) else ""
    return _yes(lines(words("ask.flatten", count=len(chosen)), *rows, more))


async def _limit(reach: Reach, words: Words, command: SetLimit) -> Described:
    name = command.name.removeprefix("risk.")
    row = (await reach.rows("limits", LimitRow)).get(name)
    if row is None:
        return Described((words("ask.no_limit", name=code(command.name)), False))
    return _yes(
        words("ask.limit", title=row.title, name=code(name), before=row.value, after=command.value)
    )


async def _stop(reach: Reach, words: Words, command: SetStop) -> Described:
    reply = await reach.ask(
        PreviewStop(ticker=command.ticker, kind=command.kind, amount=command.amount)
    )
    if not isinstance(reply, StopPreview):
        return Described((_reasons(words, reply), False))
    text = words(
        "ask.stop",
        kind=words.plain(f"stop.{command.kind.value}"),
        ticker=code(command.ticker),
        count=n.count(reply.count),
        level=n.cents(reply.level),
        worst=n.signed(reply.worst_exit),
        text=reply.text,
    )
    return _yes(text)


def quotes(row: MarketRow, side_yes: bool) -> tuple[int | None, int | None]:
    """Return what one could sell an outcome for now, and buy it for."""
    if side_yes:
        return row.yes_bid, row.yes_ask
    bid = None if row.yes_ask is None else PRICE_ONE - row.yes_ask
    ask = None if row.yes_bid is None else PRICE_ONE - row.yes_bid
    return bid, ask


def verb_of(command: Command) -> str:
    """Return the name of the button that confirms a command."""
    if isinstance(command, PlaceOrder):
        return "confirm.buy" if command.action is Action.BUY else "confirm.sell"
    if isinstance(command, Panic):
        return "confirm.panic"
    return "confirm.yes"
