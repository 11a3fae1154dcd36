"""The ticket pane: two fields beside the live book, and what the order would do."""

from __future__ import annotations

import textwrap
from collections.abc import Callable

from textual import events
from textual.message import Message
from textual.strip import Strip

from kalshi_desk.core.types import Outcome
from kalshi_desk.desk.commands import Preview
from kalshi_desk.desk.frames import BookView, MarketRow
from kalshi_desk.tui import format as f
from kalshi_desk.tui.ink import Cell
from kalshi_desk.tui.lines import Lines
from kalshi_desk.tui.ticket_form import Field, Kind, Stage, TicketForm

_LABEL, _WIDE = 13, 34
TextLine = tuple[Cell, Cell]


class Ticket(Lines):
    """Draws the form and turns typing into changes of it."""

    class Changed(Message):
        """Something was typed: the preview must be asked again."""

    def __init__(self, clock_s: Callable[[], float]) -> None:
        super().__init__("ticket")
        self.form = TicketForm()
        self.market: MarketRow | None = None
        self.book: BookView | None = None
        self.is_live = False
        self._clock_s = clock_s

    def show(self, market: MarketRow | None, book: BookView | None) -> None:
        """Take the newest row and ladder of the selected market."""
        if (market, book) != (self.market, self.book):
            self.market, self.book = market, book
            if not self.form.is_open:
                self.refresh()

    # --- keys --------------------------------------------------------------------------

    def takes(self, event: events.Key) -> bool:
        """Type into the field; an armed ticket swallows everything for a moment."""
        form = self.form
        if form.is_guarded(self._clock_s()) and event.key != "escape":
            return True
        char = event.character or ""
        if char and form.accepts(char):
            form.type(char)
        elif event.key == "backspace" and form.stage is Stage.EDIT:
            form.erase()
        elif event.key in ("up", "down", "tab", "shift+tab") and form.stage is Stage.EDIT:
            form.next_field()
        else:
            return False
        self.changed()
        return True

    def changed(self) -> None:
        """Redraw and say that the preview is old."""
        self.refresh()
        self.post_message(self.Changed())

    def on_click(self, event: events.Click) -> None:
        """Choose the field under the mouse."""
        if self.form.stage is Stage.EDIT and event.y in (3, 4):
            self.form.field = Field.PRICE if event.y == 3 else Field.SIZE
            self.form.fresh = True
            self.refresh()

    # --- drawing -----------------------------------------------------------------------

    def line(self, y: int) -> Strip:
        """Draw the title, a line of the form, or the strip at the bottom."""
        if y == 0:
            return self.head("Ticket")
        if not self.form.is_open:
            return self._idle(y)
        strip = self._strip_lines()
        at = y - (self.size.height - len(strip))
        if at >= 0:
            text, bold = strip[at]
            armed = "armed-live" if self.is_live else "armed"
            is_armed = self.form.stage in (Stage.ARMED, Stage.SENDING)
            line = self.new_line(armed if is_armed else "field").put(" ")
            return line.put(text, "pill-ink" if is_armed else "ink", bold=bold).strip()
        return self._form_line(y)

    def _form_line(self, y: int) -> Strip:
        form = self.form
        if y == 1:
            ink = "up" if form.outcome is Outcome.YES else "down"
            line = self.new_line().put(" ").put(form.what, ink, bold=True)
            return line.end(Cell("REAL MONEY " if self.is_live else "", "risk", True)).strip()
        if y == 2:
            name = (self.market.subtitle or self.market.title) if self.market else form.ticker
            return self.new_line().put(" ").put(name, "muted").strip()
        if y in (3, 4):
            return self._field(Field.PRICE if y == 3 else Field.SIZE)
        if y == 5:
            return self._pair((Cell("type", "muted"), Cell(form.kind.value, "ink")))
        rows = self._details()
        index = y - 6 if self.size.height < 22 else y - 7
        if 0 <= index < len(rows):
            return self._pair(rows[index])
        return self.new_line().strip()

    def _field(self, field: Field) -> Strip:
        form = self.form
        is_here = form.field is field and form.stage is Stage.EDIT
        text = form.price_text if field is Field.PRICE else form.size_text
        line = self.new_line()
        line.put("▸" if is_here else " ", "you", bold=True).put(field.value, "ink", bold=is_here)
        line.to(_LABEL)
        ground = "field" if is_here else ""
        replaced = is_here and form.fresh and bool(text)
        line.put(text, "ink", bold=True, ground="cursor" if replaced else ground, line=replaced)
        if is_here:
            line.put("▏", "you", ground=ground)
        if field is Field.PRICE and text:
            line.put("¢", "muted", ground=ground)
        elif form.preview is not None and not text.replace(".", "").isdigit():
            line.put(f" = {f.count(form.preview.count)}", "muted")
        return line.strip()

    def _pair(self, pair: TextLine) -> Strip:
        label, value = pair
        line = self.new_line().put(" ").put(label.text, label.ink).to(_LABEL)
        return line.put(value.text, value.ink, bold=value.bold).strip()

    def _details(self) -> list[TextLine]:
        form = self.form
        rows: list[TextLine] = []
        if form.preview is not None:
            rows = _preview_lines(
                form.preview, is_old=not form.is_current, is_wide=self.size.width >= _WIDE
            )
            if form.preview.notes and not form.reasons:
                notes = self._wrapped(" ".join(form.preview.notes), "muted")
                rows += [(Cell(""), Cell("")), *notes]
        refusals = [
            line for reason in form.reasons for line in self._wrapped(f"✗ {reason.text}", "risk")
        ]
        if form.note:
            refusals += self._wrapped(form.note, "caution")
        return refusals + ([(Cell(""), Cell(""))] if refusals and rows else []) + rows

    def _wrapped(self, text: str, ink: str) -> list[TextLine]:
        lines = textwrap.wrap(text, max(self.size.width - 2, 8))
        return [(Cell(line, ink), Cell("")) for line in lines]

    def _strip_lines(self) -> list[tuple[str, bool]]:
        form = self.form
        width = max(self.size.width - 2, 8)
        if form.stage in (Stage.ARMED, Stage.SENDING):
            text = form.armed_text if not self.is_live else f"REAL MONEY: {form.armed_text}"
            kind = "" if form.kind is Kind.GTC else f"({form.kind.value})"
            lines = [(part, True) for part in textwrap.wrap(f"{text} {kind}".strip(), width)]
            ending = "Enter sends · Esc back" if form.stage is Stage.ARMED else "sending…"
            return [*lines, (ending, False)]
        if form.reasons:
            return [("refused · Esc closes", False)]
        if form.wants_arm or (form.question() is not None and not form.is_current):
            return [("asking the engine…", False)]
        return [("Enter arms · Esc closes", False)]

    def _idle(self, y: int) -> Strip:
        line = self.new_line()
        market = self.market
        if market is None:
            return line.put("  Select a market first." if y == 2 else "", "muted").strip()
        if y == 2:
            return line.put(" ").put(market.subtitle or market.title, bold=True).strip()
        keys = _idle_keys(market)
        if 4 <= y < 4 + len(keys):
            key, what, value = keys[y - 4]
            line.put(" ").put(key, "you", bold=True).put(f" {what}").to(_LABEL)
            return line.put(value.text, value.ink, bold=True).strip()
        facts = _idle_facts(market, self.book)
        at = y - 5 - len(keys)
        if 0 <= at < len(facts):
            return self._pair(facts[at])
        notes = ("Enter arms the ticket,", "a second Enter sends.")
        at -= len(facts) + 1
        return line.put(f" {notes[at]}" if 0 <= at < len(notes) else "", "faint").strip()


def _idle_keys(market: MarketRow) -> list[tuple[str, str, Cell]]:
    bid, ask = market.yes_bid, market.yes_ask
    no = f.other(bid) if bid is not None else None
    held = f.position(market.position) if market.position else "nothing held"
    return [
        ("b", "buy YES", Cell(f"at {f.cents(ask)}" if ask is not None else "no offer", "up")),
        ("n", "buy NO", Cell(f"at {f.cents(no)}" if no is not None else "no bid", "down")),
        ("s", "sell", Cell(held, "you" if market.position else "faint")),
    ]


def _idle_facts(market: MarketRow, book: BookView | None) -> list[TextLine]:
    bid, ask = market.yes_bid, market.yes_ask
    spread = f.cents(ask - bid) if bid is not None and ask is not None else f.NONE
    facts = [
        ("spread", Cell(spread)),
        ("last", Cell(f.cents(market.last_price))),
        ("change", Cell(f.change(market.change), f.direction(market.change))),
        ("volume", Cell(f.whole_count(market.volume))),
    ]
    if book is not None:
        facts += [
            ("price step", Cell(f.cents(book.step))),
            ("fees", Cell(book.fee_text.replace("taker and maker fee", "taker, maker") or f.NONE)),
            ("shard", Cell(str(book.shard))),
        ]
    return [(Cell(label, "muted"), value) for label, value in facts]


def _preview_lines(preview: Preview, *, is_old: bool, is_wide: bool) -> list[TextLine]:
    ink = "muted" if is_old else "ink"

    def row(label: str, value: str, role: str = "") -> TextLine:
        return Cell(label, "muted"), Cell(value, role or ink)

    def pair(first: str, label: str, second: str, value: str, word: str) -> list[TextLine]:
        if is_wide:
            return [row(first, f"{label} · {word} {value}")]
        return [row(first, label), row(second, value)]

    now = (
        f"{f.count(preview.fills_now)} at {f.average(preview.average_now)}"
        if preview.fills_now
        else "nothing"
    )
    fee, worst = f.money(preview.fee_now), f.money(preview.fee_worst)
    rows = [
        row("fills now", now),
        row("rests", f.count(preview.rests) if preview.rests else "nothing"),
        *pair("fee now", fee, "worst fee", worst, "worst"),
        row("max loss", f.money(abs(preview.max_loss)), "" if is_old else "down"),
        row("max win", f.money(preview.max_win), "" if is_old else "up"),
        row("break-even", f.percent(preview.break_even)),
        row("then hold", f.position(preview.position_after)),
    ]
    here, event = f.signed_money(preview.worst_after), f.signed_money(preview.event_worst_after)
    rows += (
        [row("worst here", here)]
        if here == event
        else pair("worst here", here, "worst event", event, "event")
    )
    return rows + pair("cash", f.money(preview.cash), "shard", str(preview.shard), "shard")
