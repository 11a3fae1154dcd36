"""Sets a stop on a position: what it would cost is shown before it can be armed."""

from __future__ import annotations

from textual import events
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.strip import Strip

from kalshi_desk.desk.automation import PreviewStop, StopKind, StopPreview
from kalshi_desk.desk.commands import Answer, Outcomes, Reply
from kalshi_desk.desk.frames import PositionRow
from kalshi_desk.tui import format as f
from kalshi_desk.tui.desk import Desk
from kalshi_desk.tui.dialogs import Modal
from kalshi_desk.tui.facts_pane import GAP, Fact, labelled, sentence
from kalshi_desk.tui.ink import Cell, plain
from kalshi_desk.tui.layout import is_too_small
from kalshi_desk.tui.lines import Lines
from kalshi_desk.tui.stop_form import AMOUNT_HINT, KINDS, StopForm
from kalshi_desk.tui.ticket_form import Stage
from kalshi_desk.tui.words import STOP_WORDS, share

_ROWS = 17


def preview_facts(preview: StopPreview, room: int) -> list[Fact]:
    """Return what a stop would do, in lines; numbers that no formula gives are left out."""
    facts = []
    if preview.level is not None:
        facts.append(labelled("lets go at", f.cents(preview.level), bold=True))
    if preview.chance is not None:
        facts.append(labelled("chance of being hit", share(preview.chance)))
    if preview.winners_stopped is not None:
        facts.append(labelled("of winners stopped out", share(preview.winners_stopped)))
    if preview.expected_cost is not None:
        cost = f.average(round(preview.expected_cost / 100))
        facts.append(labelled("expected cost per contract", cost))
    if preview.worst_exit is not None:
        worst = f.money(preview.worst_exit)
        facts.append(labelled("closing all now would bring", worst))
    return [*facts, *sentence(preview.text, room, "muted")]


class StopSheet(Lines):
    """The lines of the dialog."""

    def __init__(self, dialog: StopDialog) -> None:
        super().__init__("stop-sheet")
        self.dialog = dialog

    def line(self, y: int) -> Strip:
        """Draw one line of the form, of the preview, or of the strip that says what Enter does."""
        room = max(self.size.width - 4, 12)
        facts = self.dialog.facts(room)
        strip = self.dialog.strip_text()
        first = self.size.height - 2
        if y >= first:
            ground = "armed-live" if self.dialog.is_live else "armed"
            is_armed = self.dialog.form.stage is Stage.ARMED
            line = self.new_line(ground if is_armed else "head-focus").put("  ")
            ink = "pill-ink" if is_armed else "ink"
            return line.put(strip[y - first], ink, bold=y == first).strip()
        line = self.new_line("head").put("  ")
        cells = facts[y] if y < len(facts) and y < first else ()
        if GAP in cells:
            gap = cells.index(GAP)
            for cell in cells[:gap]:
                line.put(cell.text, cell.ink, bold=cell.bold)
            return line.end(*cells[gap + 1 :], Cell("  ")).strip()
        for cell in cells:
            line.put(cell.text, cell.ink, bold=cell.bold)
        return line.strip()


class StopDialog(Modal[None]):
    """Kind and amount; Enter arms once the engine has said what it costs, a second one sets it."""

    def __init__(self, row: PositionRow, desk: Desk) -> None:
        super().__init__(classes="dialog")
        self.row = row
        self.desk = desk
        self.form = StopForm(row.ticker)
        self.sheet = StopSheet(self)
        self._asking: PreviewStop | None = None

    @property
    def is_live(self) -> bool:
        """Whether the exit would be one with real money."""
        return self.desk.is_live_venue

    def compose(self) -> ComposeResult:
        """Lay out the sheet."""
        with Vertical(classes="dialog-body -live" if self.is_live else "dialog-body") as body:
            body.border_title = Content("Protect a position")
            yield self.sheet

    def on_mount(self) -> None:
        """Ask at once what the usual stop would cost."""
        self.sheet.styles.height = _ROWS
        self._ask()

    def on_resize(self) -> None:
        """Step back when the terminal gets too small to read what would be set."""
        if is_too_small(self.app.size):
            self.dismiss(None)

    # --- what is shown -----------------------------------------------------------------

    def facts(self, room: int) -> list[Fact]:
        """Return the position, the form and what the engine says."""
        row, form = self.row, self.form
        name = plain(self.desk.board.name_of(row.ticker, row.title))
        kinds: list[Cell] = [Cell("kind    ", "muted")]
        for kind in KINDS:
            is_chosen = kind is form.kind
            text = f"‹{STOP_WORDS[kind]}›" if is_chosen else f" {STOP_WORDS[kind]} "
            kinds.append(Cell(text, "you" if is_chosen else "muted", is_chosen))
        facts: list[Fact] = [
            (Cell(name, "ink", True),),
            (
                Cell(f"{f.position(row.position)}, avg {f.average(row.average_price)}", "ink"),
                Cell(f", out now {f.average(row.market_price)}", "muted"),
            ),
            (),
            tuple(kinds),
            (
                Cell("amount  ", "muted"),
                Cell(form.amount.shown(20), "ink", True),
                Cell("   " + AMOUNT_HINT[form.kind], "faint"),
            ),
            (),
        ]
        if form.problem:
            return [*facts, *sentence(form.problem, room, "risk")]
        if form.preview is None or not form.is_current:
            return [*facts, (Cell("asking what it would cost …", "muted"),)]
        return [*facts, *preview_facts(form.preview, room)]

    def strip_text(self) -> tuple[str, str]:
        """Return what Enter would do now, in two lines."""
        form = self.form
        what = f"{STOP_WORDS[form.kind].upper()} STOP"
        if form.preview is not None and form.preview.level is not None:
            what += f" at {f.cents(form.preview.level)}"
        if form.kind is not StopKind.TIME and form.amount.text.strip():
            what += f" ({form.amount.text.strip()})"
        money = "REAL MONEY: " if self.is_live else ""
        if form.stage is Stage.ARMED:
            return f"{money}SET {what}", "Enter sets it · Esc back"
        if form.stage is Stage.SENDING:
            return f"{money}setting {what} …", ""
        return what, "← → kind · type an amount · Enter arms · Esc leaves"

    # --- keys and answers --------------------------------------------------------------

    def on_key(self, event: events.Key) -> None:
        """Change the form, arm, send, or step back."""
        event.stop()
        form = self.form
        if form.stage is Stage.SENDING:
            return
        if event.key == "escape":
            if form.stage is Stage.ARMED:
                form.edited()
            else:
                self.dismiss(None)
        elif event.key == "enter":
            self._enter()
        elif event.key in ("left", "right", "up", "down", "tab", "shift+tab"):
            form.turn_kind(-1 if event.key in ("left", "up", "shift+tab") else 1)
            self._ask()
        elif form.amount.take(event):
            form.edited()
            self._ask()
        self.sheet.refresh()

    def _enter(self) -> None:
        stop = self.form.enter(self.desk.clock_s())
        if stop is not None:
            self.desk.send(stop, self._answered)
        elif self.form.wants_arm:
            self._ask()

    def _ask(self) -> None:
        if self._asking is None:
            self._asking = self.form.question()
            self.desk.ask_engine(self._asking, self._replied)

    def _replied(self, reply: Reply | None) -> None:
        asked, self._asking = self._asking, None
        if asked is None or not self.is_mounted:
            return
        self.form.take_reply(asked, reply, self.desk.clock_s())
        if asked != self.form.question():
            self._ask()
        self.sheet.refresh()

    def _answered(self, answer: Answer | None) -> None:
        if answer is not None and answer.outcome is Outcomes.REFUSED:
            why = " ".join(reason.text for reason in answer.reasons) or answer.text
            self.form.refused(why or "The engine refused the stop.")
            self.sheet.refresh()
            return
        # An unknown outcome closes it too: the same stop must not be set twice.
        self.dismiss(None)
