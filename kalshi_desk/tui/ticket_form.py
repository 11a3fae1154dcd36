"""The ticket as a state machine: what is typed, what was asked, what is armed, what was sent.

It knows no prices beyond those typed and decides nothing about an order: the engine's
preview does.  Time comes in as seconds, so that tests can hold it still.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from kalshi_desk.core.reasons import Reason
from kalshi_desk.core.types import (
    MAX_ORDER_COUNT,
    PRICE_ONE,
    Action,
    Count,
    Outcome,
    Price,
    TimeInForce,
    parse_count,
)
from kalshi_desk.desk.commands import PlaceOrder, Preview, PreviewOrder, QueryFailed, Reply
from kalshi_desk.tui import format as f

ARM_GUARD_S = 0.150
MAX_TYPED = 12


class Field(StrEnum):
    """The two things to type."""

    PRICE = "price"
    SIZE = "size"


class Stage(StrEnum):
    """How near the order is to being sent."""

    IDLE = "idle"
    EDIT = "edit"
    ARMED = "armed"
    SENDING = "sending"


class Kind(StrEnum):
    """How long the order may live, in words."""

    GTC = "rests (GTC)"
    IOC = "now or never"
    FOK = "all or nothing"
    POST_ONLY = "post-only"


_TIME_IN_FORCE = {
    Kind.GTC: TimeInForce.GTC,
    Kind.IOC: TimeInForce.IOC,
    Kind.FOK: TimeInForce.FOK,
    Kind.POST_ONLY: TimeInForce.GTC,
}
_ALLOWED = {Field.PRICE: set("0123456789."), Field.SIZE: set("0123456789.$%")}


def parse_cents(text: str) -> Price | None:
    """Return the price for cents such as ``45.5``; None when it is not one below a dollar."""
    try:
        price = int(parse_count(text))
    except ValueError:
        return None
    return Price(price) if 0 < price < PRICE_ONE else None


@dataclass(slots=True)
class TicketForm:
    """What stands on the ticket; ``fresh`` means that typing replaces the field."""

    ticker: str = ""
    action: Action = Action.BUY
    outcome: Outcome = Outcome.YES
    price_text: str = ""
    size_text: str = ""
    field: Field = Field.SIZE
    fresh: bool = True
    kind: Kind = Kind.GTC
    stage: Stage = Stage.IDLE
    preview: Preview | None = None
    reasons: tuple[Reason, ...] = ()
    note: str = ""
    answered: PreviewOrder | None = None
    armed: PlaceOrder | None = None
    armed_s: float = 0.0
    wants_arm: bool = False

    def open(
        self, ticker: str, action: Action, outcome: Outcome, price: Price | None, size: str
    ) -> None:
        """Start a new order."""
        self.ticker, self.action, self.outcome = ticker, action, outcome
        self.price_text = f.cents(price, sign=False) if price is not None else ""
        self.size_text = size
        self.kind = Kind.GTC
        self.field = Field.SIZE if price is not None else Field.PRICE
        self.stage, self.fresh = Stage.EDIT, True
        self._forget()
        self.preview = None

    def close(self) -> None:
        """Put the ticket away."""
        self.stage = Stage.IDLE
        self._forget()
        self.preview = None

    def _forget(self) -> None:
        self.reasons, self.note = (), ""
        self.answered, self.armed, self.wants_arm = None, None, False

    @property
    def price(self) -> Price | None:
        """The price typed, of the outcome traded."""
        return parse_cents(self.price_text)

    @property
    def is_open(self) -> bool:
        """Whether an order is being made."""
        return self.stage is not Stage.IDLE

    @property
    def what(self) -> str:
        """What is done: ``BUY YES``."""
        return f"{self.action.value.upper()} {self.outcome.value.upper()}"

    # --- typing ------------------------------------------------------------------------

    def edited(self) -> None:
        """Step back to editing after any change."""
        if self.stage is Stage.ARMED:
            self.stage = Stage.EDIT
        self.armed, self.wants_arm, self.note = None, False, ""

    def accepts(self, char: str) -> bool:
        """Return whether a character may be typed into the field now."""
        if self.stage is not Stage.EDIT:
            return False
        if char == "k":
            return self.field is Field.SIZE and (self.fresh or not self.size_text)
        return char in _ALLOWED[self.field]

    def type(self, char: str) -> None:
        """Add a character to the field."""
        text = "" if self.fresh else self._text
        self.fresh = False
        if len(text) < MAX_TYPED:
            self._text = text + char
        self.edited()

    def erase(self) -> None:
        """Remove the last character; all of a field that was not touched yet."""
        self._text = "" if self.fresh else self._text[:-1]
        self.fresh = False
        self.edited()

    @property
    def _text(self) -> str:
        return self.price_text if self.field is Field.PRICE else self.size_text

    @_text.setter
    def _text(self, text: str) -> None:
        if self.field is Field.PRICE:
            self.price_text = text
        else:
            self.size_text = text

    def next_field(self) -> None:
        """Go to the other field."""
        self.field = Field.SIZE if self.field is Field.PRICE else Field.PRICE
        self.fresh = True

    def set_price(self, price: Price) -> None:
        """Take a price from the book."""
        self.price_text = f.cents(price, sign=False)
        self.fresh = True
        self.edited()

    def step_size(self, steps: int) -> None:
        """Change a size in contracts by a step that fits it: 1, 10, 100 and so on."""
        try:
            size = int(parse_count(self.size_text or "0"))
        except ValueError:
            return
        one = 100
        step = one
        reference = size if steps > 0 else size - 1
        while reference >= step * 10:
            step *= 10
        size = min(max(size + steps * step, one), MAX_ORDER_COUNT)
        self.size_text = f.count(Count(size)).replace(",", "")
        self.fresh = True
        self.edited()

    def next_kind(self) -> None:
        """Change how long the order may live."""
        kinds = list(Kind)
        self.kind = kinds[(kinds.index(self.kind) + 1) % len(kinds)]
        self.edited()

    def take_kind(self, time_in_force: TimeInForce, *, post_only: bool) -> None:
        """Take how long the order may live from a typed command."""
        if post_only:
            self.kind = Kind.POST_ONLY
        elif time_in_force is TimeInForce.GTC:
            self.kind = Kind.GTC
        else:
            self.kind = Kind.FOK if time_in_force is TimeInForce.FOK else Kind.IOC

    def turn(self) -> None:
        """Trade the other outcome at the same odds: buying YES at p becomes buying NO at 1-p."""
        self.outcome = Outcome.NO if self.outcome is Outcome.YES else Outcome.YES
        price = self.price
        if price is not None:
            self.price_text = f.cents(f.other(price), sign=False)
        self.edited()

    # --- asking and arming -------------------------------------------------------------

    def question(self) -> PreviewOrder | None:
        """Return what to ask the engine; None while price or size is missing."""
        price = self.price
        if not self.is_open or price is None or not self.size_text:
            return None
        return PreviewOrder(
            ticker=self.ticker,
            action=self.action,
            outcome=self.outcome,
            size=self.size_text,
            price=price,
            time_in_force=_TIME_IN_FORCE[self.kind],
            post_only=self.kind is Kind.POST_ONLY,
        )

    def take_reply(self, asked: PreviewOrder, reply: Reply, now_s: float) -> None:
        """Take the engine's word on a question; arm when that was waited for."""
        if not self.is_open or asked != self.question():
            return
        self.answered = asked
        if isinstance(reply, Preview):
            self.preview, self.reasons = reply, reply.refusals
        elif isinstance(reply, QueryFailed):
            self.preview, self.reasons = None, reply.reasons
        if self.reasons and self.stage is Stage.ARMED:
            self.stage, self.armed = Stage.EDIT, None
        if self.wants_arm:
            self.enter(now_s)

    @property
    def is_current(self) -> bool:
        """Whether the preview shown answers what is typed now."""
        return self.answered is not None and self.answered == self.question()

    def enter(self, now_s: float) -> PlaceOrder | None:
        """Arm on the first Enter; return the order to send on the second one."""
        if self.stage is Stage.ARMED:
            if self.is_guarded(now_s):
                return None
            self.stage = Stage.SENDING
            return self.armed
        if self.stage is not Stage.EDIT:
            return None
        question = self.question()
        self.wants_arm = False
        if question is None:
            self.note = (
                "Type a price between 0 and 100 cents."
                if self.price is None
                else ("Type a size: 10, 0.5, $200, 5% or k62.")
            )
        elif not self.is_current:
            self.wants_arm = True
        elif self.preview is not None and not self.reasons and self.preview.count > 0:
            self._arm(question, self.preview.count, now_s)
        return None

    def _arm(self, question: PreviewOrder, count: Count, now_s: float) -> None:
        self.armed = PlaceOrder(
            ticker=question.ticker,
            action=question.action,
            outcome=question.outcome,
            count=count,
            price=question.price,
            time_in_force=question.time_in_force,
            post_only=question.post_only,
        )
        self.armed_s, self.stage, self.note = now_s, Stage.ARMED, ""

    def is_guarded(self, now_s: float) -> bool:
        """Whether an armed ticket still ignores keys, so that a held key cannot trade."""
        return self.stage is Stage.ARMED and now_s - self.armed_s < ARM_GUARD_S

    def escape(self) -> None:
        """Step back: from armed to editing, from editing to nothing."""
        if self.stage is Stage.ARMED:
            self.stage, self.armed = Stage.EDIT, None
        elif self.stage is Stage.EDIT:
            self.close()

    def refused(self, reasons: tuple[Reason, ...], text: str) -> None:
        """Go back to editing with the engine's reasons."""
        self.stage, self.armed = Stage.EDIT, None
        self.reasons, self.note = reasons, "" if reasons else text

    @property
    def armed_text(self) -> str:
        """Exactly what a second Enter sends: ``BUY 400 YES at 48¢``."""
        order = self.armed
        if order is None:
            return ""
        return (
            f"{order.action.value.upper()} {f.count(order.count)} "
            f"{order.outcome.value.upper()} at {f.cents(order.price)}"
        )
