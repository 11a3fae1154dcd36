"""A stop being made, as a state machine: its kind, its amount, what it would cost, armed or not."""

from __future__ import annotations

from dataclasses import dataclass, field

from kalshi_desk.desk.automation import PreviewStop, SetStop, StopKind, StopPreview
from kalshi_desk.desk.commands import QueryFailed, Reply
from kalshi_desk.tui.field_edit import FieldEdit
from kalshi_desk.tui.ticket_form import ARM_GUARD_S, Stage

KINDS = tuple(StopKind)
AMOUNT_HINT = {
    StopKind.FIXED: "20% of the entry, or 5c; empty takes the setting",
    StopKind.TRAILING: "20% or 5c below the best since; empty takes the setting",
    StopKind.TIME: "4h or 30m from now; empty takes the setting",
    StopKind.VOLATILITY: "2sd of the usual moves; empty takes the setting",
}


@dataclass(slots=True)
class StopForm:
    """What is typed and what the engine said about it; only an answered question is armed."""

    ticker: str
    kind: StopKind = StopKind.FIXED
    amount: FieldEdit = field(default_factory=lambda: FieldEdit("amount", ""))
    stage: Stage = Stage.EDIT
    preview: StopPreview | None = None
    problem: str = ""
    answered: PreviewStop | None = None
    armed: SetStop | None = None
    armed_s: float = 0.0
    wants_arm: bool = False

    def question(self) -> PreviewStop:
        """Return what to ask the engine."""
        return PreviewStop(ticker=self.ticker, kind=self.kind, amount=self.amount.text.strip())

    @property
    def is_current(self) -> bool:
        """Whether what is shown answers what is typed."""
        return self.answered == self.question()

    def edited(self) -> None:
        """Step back to editing after any change."""
        if self.stage is Stage.ARMED:
            self.stage = Stage.EDIT
        self.armed, self.wants_arm = None, False

    def turn_kind(self, step: int) -> None:
        """Go to the next kind; an amount of another kind means nothing."""
        self.kind = KINDS[(KINDS.index(self.kind) + step) % len(KINDS)]
        self.amount = FieldEdit("amount", "")
        self.edited()

    def take_reply(self, asked: PreviewStop, reply: Reply | None, now_s: float) -> None:
        """Take the engine's word on a question; arm when that was waited for."""
        if asked != self.question():
            return
        self.preview, self.problem = None, ""
        if isinstance(reply, StopPreview):
            self.answered, self.preview = asked, reply
        elif isinstance(reply, QueryFailed):
            self.answered = asked
            self.problem = " ".join(reason.text for reason in reply.reasons)
        else:
            self.problem = "The engine does not answer; nothing was set."
        if self.wants_arm:
            self.enter(now_s)

    def enter(self, now_s: float) -> SetStop | None:
        """Arm on the first Enter; return what to send on the second one."""
        if self.stage is Stage.ARMED:
            if now_s - self.armed_s < ARM_GUARD_S:
                return None
            self.stage = Stage.SENDING
            return self.armed
        if self.stage is not Stage.EDIT:
            return None
        self.wants_arm = not self.is_current
        if self.is_current and self.preview is not None:
            question = self.question()
            self.armed = SetStop(ticker=question.ticker, kind=question.kind, amount=question.amount)
            self.armed_s, self.stage = now_s, Stage.ARMED
        return None

    def refused(self, text: str) -> None:
        """Go back to editing with the engine's reasons."""
        self.stage, self.armed, self.problem = Stage.EDIT, None, text
