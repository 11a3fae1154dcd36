"""Guided orders: market, side, size, price, each by a tap or a typed word, with Cancel always.

What is being picked is kept in mind only: after a restart its buttons answer that they are
expired, and nothing was sent.
"""

from __future__ import annotations

import secrets
from collections import OrderedDict
from dataclasses import dataclass, field
from enum import StrEnum

from kalshi_desk.core.errors import Refuse
from kalshi_desk.core.types import CENT, PRICE_ONE, Action, Outcome, Price
from kalshi_desk.desk.commands import (
    CancelAll,
    CancelOrder,
    Command,
    Flatten,
    PlaceOrder,
    Preview,
    PreviewOrder,
    QueryFailed,
)
from kalshi_desk.desk.frames import MarketRow
from kalshi_desk.desk.service import AskMarkets, MarketFilter, MarketSort, MarketsPage
from kalshi_desk.desk.verbs import parse_cents
from kalshi_desk.telegram import numbers as n
from kalshi_desk.telegram.describing import quotes
from kalshi_desk.telegram.markup import Html, code, escape, lines
from kalshi_desk.telegram.page import ROWS, Button, Page, in_rows
from kalshi_desk.telegram.reach import Reach
from kalshi_desk.telegram.views import held_positions, open_orders, order_words, venue_line
from kalshi_desk.telegram.words import Words

MOST_SESSIONS = 100
MOST_MARKETS = 48
SIZES = ("1", "5", "10", "25", "100", "$20")
_TITLE = 100


class Step(StrEnum):
    """What is asked next."""

    MARKET = "market"
    SIDE = "side"
    SIZE = "size"
    PRICE = "price"
    DONE = "done"


@dataclass(slots=True)
class Session:
    """One order being picked by one person in one chat."""

    session_id: str
    kind: str
    asker: int
    chat: int
    message: int = 0
    step: Step = Step.MARKET
    number: int = 0
    text: str = ""
    choices: list[str] = field(default_factory=list)
    ticker: str = ""
    outcome: Outcome | None = None
    size: str = ""
    price: Price | None = None

    @property
    def action(self) -> Action:
        """Whether it buys or sells."""
        return Action.SELL if self.kind == "sell" else Action.BUY


class Sessions:
    """The sessions in progress, the newest hundred."""

    def __init__(self) -> None:
        self._found: OrderedDict[str, Session] = OrderedDict()

    def begin(self, kind: str, asker: int, chat: int) -> Session:
        """Begin to pick; what the same person was picking in that chat is over."""
        typing = self.typing(asker, chat)
        if typing is not None:
            self.end(typing)
        session = Session(secrets.token_urlsafe(6), kind, asker, chat)
        self._found[session.session_id] = session
        while len(self._found) > MOST_SESSIONS:
            self._found.popitem(last=False)
        return session

    def find(self, name: str) -> Session | None:
        """Return a session by its id."""
        return self._found.get(name)

    def typing(self, asker: int, chat: int) -> Session | None:
        """Return the session that what a person types belongs to."""
        mine = (s for s in self._found.values() if (s.asker, s.chat) == (asker, chat))
        return next(mine, None)

    def end(self, session: Session) -> None:
        """Forget a session."""
        self._found.pop(session.session_id, None)


class Picker:
    """Shows the steps of a session and takes what is chosen."""

    def __init__(self, reach: Reach) -> None:
        self._reach = reach

    async def page(self, session: Session, words: Words, problem: str = "") -> Page:
        """Return the page of the step that a session is at."""
        if session.kind in ("cancel", "flatten"):
            return await self._what_to_close(session, words)
        make = {
            Step.MARKET: self._markets,
            Step.SIDE: self._side,
            Step.SIZE: self._size,
            Step.PRICE: self._price,
        }[session.step]
        page = await make(session, words)
        head = lines(
            words(f"pick.{session.kind}"),
            venue_line(words, self._reach.venue),
            escape(problem) if problem else "",
        )
        return Page(lines(head, page.text), page.rows)

    def choose(self, session: Session, what: str, value: str) -> Command | None:
        """Take a tap; returns the command where the choice is one. Raises ``Refuse``."""
        match what:
            case "page":
                session.number = int(value) if value.isdigit() else 0
            case "back":
                self._back(session)
            case "one":
                return self._one(session, value)
            case "all" if session.kind == "cancel":
                return CancelAll()
            case "all" if session.kind == "flatten":
                return Flatten()
            case "side" if value in ("yes", "no"):
                session.outcome, session.step = Outcome(value), Step.SIZE
            case "size":
                session.size, session.step = value[:20], Step.PRICE
            case "price":
                session.price, session.step = parse_cents(value), Step.DONE
            case _:
                raise Refuse("That button is not known.", code="usage")
        return None

    def type(self, session: Session, text: str) -> None:
        """Take a typed word for what is asked now; raises ``Refuse`` when it doesn't fit."""
        match session.step:
            case Step.MARKET:
                session.text, session.number = text[:60], 0
            case Step.SIDE:
                word = {"y": "yes", "n": "no"}.get(text.lower(), text.lower())
                if word not in ("yes", "no"):
                    raise Refuse(f'"{text[:40]}" must be yes or no.', code="usage")
                self.choose(session, "side", word)
            case Step.SIZE:
                self.choose(session, "size", text)
            case _:
                self.choose(session, "price", text)

    async def order(self, session: Session) -> PlaceOrder:
        """Return the order that was picked; raises ``Refuse`` when its size means nothing."""
        assert session.outcome is not None
        assert session.price is not None
        reply = await self._reach.ask(
            PreviewOrder(
                ticker=session.ticker,
                action=session.action,
                outcome=session.outcome,
                size=session.size,
                price=session.price,
            )
        )
        if isinstance(reply, QueryFailed):
            session.step = Step.SIZE
            raise Refuse(" ".join(why.text for why in reply.reasons), code="bad_size")
        assert isinstance(reply, Preview)
        return PlaceOrder(
            ticker=session.ticker,
            action=session.action,
            outcome=session.outcome,
            count=reply.count,
            price=session.price,
        )

    def _one(self, session: Session, value: str) -> Command | None:
        place = int(value) if value.isdigit() else -1
        if not 0 <= place < len(session.choices):
            raise Refuse("That list has changed.", code="usage")
        chosen = session.choices[place]
        if session.kind == "cancel":
            return CancelOrder(order=chosen)
        if session.kind == "flatten":
            return Flatten(ticker=chosen)
        ticker, _, side = chosen.partition(" ")
        session.ticker, session.step = ticker, Step.SIDE
        if side:
            session.outcome, session.step = Outcome(side), Step.SIZE
        return None

    def _back(self, session: Session) -> None:
        first = session.kind == "sell"
        session.step = {
            Step.SIDE: Step.MARKET,
            Step.SIZE: Step.MARKET if first else Step.SIDE,
            Step.PRICE: Step.SIZE,
            Step.DONE: Step.PRICE,
        }.get(session.step, Step.MARKET)

    async def _markets(self, session: Session, words: Words) -> Page:
        if session.kind == "sell":
            held = {row.ticker: row for row in await held_positions(self._reach)}
            names = [f"{t} {n.side_of(row.position).lower()}" for t, row in held.items()]
            labels = [
                f"{n.count(abs(row.position))} {n.side_of(row.position)} {row.title or ticker}"
                for ticker, row in held.items()
            ]
        else:
            found = await find_markets(self._reach, session.text)
            names = [row.ticker for row in found]
            labels = [
                f"{'★ ' if row.is_starred else ''}{n.cents(row.yes_ask)} {row.subtitle} {row.title}"
                for row in found
            ]
        session.choices = names
        text = words("pick.search", text=session.text) if session.text else words("pick.market")
        return Page(
            lines(text, "" if names else words("pick.none")),
            (*self._list(session, words, labels), self._foot(session, words, can_go_back=False)),
        )

    def _list(
        self, session: Session, words: Words, labels: list[str]
    ) -> tuple[tuple[Button, ...], ...]:
        last = max(0, (len(labels) - 1) // ROWS)
        session.number = min(session.number, last)
        first = session.number * ROWS
        name = session.session_id
        shown = [
            (Button(label, f"p:{name}:one:{first + place}"),)
            for place, label in enumerate(labels[first : first + ROWS])
        ]
        leafing = []
        if session.number:
            leafing.append(Button("◀", f"p:{name}:page:{session.number - 1}"))
        if session.number < last:
            leafing.append(Button("▶", f"p:{name}:page:{session.number + 1}"))
        return tuple(row for row in (*shown, tuple(leafing)) if row)

    def _foot(
        self, session: Session, words: Words, *, can_go_back: bool = True
    ) -> tuple[Button, ...]:
        name = session.session_id
        back = (Button(words.plain("button.back"), f"p:{name}:back:"),) if can_go_back else ()
        return (*back, Button(words.plain("button.cancel"), f"p:{name}:x:"))

    async def _market(self, session: Session) -> MarketRow:
        row = await self._reach.market(session.ticker)
        if row is None:
            raise Refuse(f"There is no market {session.ticker}.", code="unknown_market")
        return row

    async def _side(self, session: Session, words: Words) -> Page:
        row = await self._market(session)
        name = session.session_id
        sides = []
        for outcome in Outcome:
            bid, ask = quotes(row, outcome is Outcome.YES)
            label = f"{outcome.value.upper()} {n.cents(ask)} ({n.cents(bid)})"
            sides.append(Button(label, f"p:{name}:side:{outcome.value}"))
        text = lines(_named(row), words("pick.side"))
        return Page(text, (tuple(sides), self._foot(session, words)))

    async def _size(self, session: Session, words: Words) -> Page:
        row = await self._market(session)
        sizes = list(SIZES)
        if session.kind == "sell" and row.position:
            half = abs(row.position) // 200 * 100
            sizes = [n.typed_count(abs(row.position)), *([n.typed_count(half)] if half else [])]
        name = session.session_id
        buttons = [Button(size, f"p:{name}:size:{size}") for size in sizes]
        side = session.outcome.value.upper() if session.outcome else ""
        text = lines(_named(row), words("pick.size", side=side))
        return Page(text, (*in_rows(buttons, 3), self._foot(session, words)))

    async def _price(self, session: Session, words: Words) -> Page:
        row = await self._market(session)
        assert session.outcome is not None
        bid, ask = quotes(row, session.outcome is Outcome.YES)
        name = session.session_id
        takes, joins = (ask, bid) if session.action is Action.BUY else (bid, ask)
        offers = [("pick.take", takes), ("pick.join", joins)]
        if bid is not None and ask is not None and ask - bid > 2 * CENT:
            offers.insert(1, ("pick.middle", (bid + ask) // 2 // CENT * CENT))
        buttons = [
            Button(
                f"{words.plain(label)} {n.cents(price)}",
                f"p:{name}:price:{n.typed_cents(price)}",
            )
            for label, price in offers
            if price is not None and 0 < price < PRICE_ONE
        ]
        text = lines(
            _named(row),
            words(
                "pick.price",
                size=session.size,
                side=session.outcome.value.upper(),
                bid=n.cents(bid),
                ask=n.cents(ask),
            ),
        )
        return Page(text, (*in_rows(buttons, 1), self._foot(session, words)))

    async def _what_to_close(self, session: Session, words: Words) -> Page:
        name = session.session_id
        if session.kind == "cancel":
            rows = await open_orders(self._reach)
            session.choices = [row.order_id or row.client_order_id for row in rows]
            labels = [f"✖ {order_words(words, row)} {row.ticker}" for row in rows]
        else:
            held = await held_positions(self._reach)
            session.choices = [row.ticker for row in held]
            labels = [
                f"{n.count(abs(r.position))} {n.side_of(r.position)} {r.ticker}" for r in held
            ]
        text = words(f"pick.{session.kind}" if labels else f"pick.no_{session.kind}")
        everything = (Button(words.plain(f"pick.{session.kind}_all"), f"p:{name}:all:"),)
        foot = self._foot(session, words, can_go_back=False)
        return Page(
            lines(text, venue_line(words, self._reach.venue)),
            (*self._list(session, words, labels), *((everything,) if labels else ()), foot),
        )


async def find_markets(reach: Reach, text: str) -> list[MarketRow]:
    """Return the markets one can trade in that fit the words, mine and starred ones first."""
    if text:
        wanted = [MarketFilter(text=text)]
    else:
        wanted = [MarketFilter(only_mine=True), MarketFilter(only_starred=True), MarketFilter()]
    found: dict[str, MarketRow] = {}
    for one in wanted:
        page = await reach.ask(
            AskMarkets(
                wanted=one,
                sort=MarketSort.RELEVANCE if text else MarketSort.VOLUME,
                descending=True,
                limit=MOST_MARKETS,
            )
        )
        if isinstance(page, MarketsPage):
            found.update({row.ticker: row for row in page.rows if row.ticker not in found})
    return list(found.values())


def _named(row: MarketRow) -> Html:
    return lines(escape(f"{row.title} · {row.subtitle}".strip(" ·"), _TITLE), code(row.ticker))
