"""Carries out the command that sets several things at once: all of them, or none."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from kalshi_desk.core.reasons import Reason, ReasonCode
from kalshi_desk.desk.automation import SetLimit, SetParameter
from kalshi_desk.desk.commands import Answer, Outcomes
from kalshi_desk.desk.service import Change, SetSeveral
from kalshi_desk.engine.commanding import Commanding
from kalshi_desk.engine.effects import Effect, GiveAnswer
from kalshi_desk.engine.limit_rows import TITLES
from kalshi_desk.engine.limit_values import read_limit
from kalshi_desk.engine.outbox import Outbox
from kalshi_desk.engine.state import CoreState

MOST_CHANGES = 50
_SECTION = "risk."
Check = Callable[[Any], object]


class Several:
    """Checks every change first, then hands each to whoever carries it out alone.

    ``checks`` raise ``ValueError`` with the allowed range, by the type of the change.  What
    has no check goes first and may be there only once: when it is refused, nothing has
    changed yet.
    """

    def __init__(self, state: CoreState, outbox: Outbox, commanding: Commanding) -> None:
        self._state = state
        self._outbox = outbox
        self._commanding = commanding
        self.checks: dict[type[object], Check] = {
            SetLimit: self._check_limit,
            SetParameter: self._check_parameter,
        }
        commanding.others[SetSeveral] = self.set

    def set(self, command_id: str, command: SetSeveral) -> None:
        """Set everything, or refuse with all that is wrong."""
        problems = self._problems(command.changes)
        if problems:
            text = " ".join((*problems, "Nothing was changed."))
            self._commanding.refuse(command_id, ReasonCode.BAD_COMMAND, text)
            return
        ordered = sorted(command.changes, key=lambda change: type(change) in self.checks)
        said: list[str] = []
        for number, change in enumerate(ordered):
            answer = self._carry_out(f"{command_id}/{number}", change)
            if answer.outcome is not Outcomes.DONE:
                self._stopped(command_id, answer, said)
                return
            said.append(answer.text)
        self._commanding.answer(command_id, Outcomes.DONE, " ".join(said) or "Nothing to change.")

    def _problems(self, changes: tuple[Change, ...]) -> list[str]:
        if len(changes) > MOST_CHANGES:
            return [f"More than {MOST_CHANGES} changes at once."]
        problems = []
        unchecked = [change for change in changes if type(change) not in self.checks]
        if len(unchecked) > 1:
            problems.append("Settings that are no limit and no parameter are set one at a time.")
        for change in changes:
            check = self.checks.get(type(change))
            try:
                if check is not None:
                    check(change)
            except ValueError as error:
                problems.append(str(error))
        return problems

    def _carry_out(self, name: str, change: Change) -> Answer:
        """Let one change be made, and keep its own answer from going out."""
        handler = self._commanding.others.get(type(change))
        if handler is None:
            text = "This engine can't do that."
            reasons = (Reason(ReasonCode.BAD_COMMAND, text),)
            return Answer(command_id=name, outcome=Outcomes.REFUSED, text=text, reasons=reasons)
        mark = len(self._outbox.effects)
        handler(name, change)
        kept: list[Effect] = []
        answer: Answer | None = None
        for effect in self._outbox.effects[mark:]:
            if isinstance(effect, GiveAnswer) and effect.answer.command_id == name:
                answer = effect.answer
            else:
                kept.append(effect)
        self._outbox.effects[mark:] = kept
        assert answer is not None, "whoever sets something answers at once"
        return answer

    def _stopped(self, command_id: str, answer: Answer, said: list[str]) -> None:
        """Say what was refused, and what of it had been set before, should there be any."""
        why = " ".join(reason.text for reason in answer.reasons) or answer.text
        done = f" Set before: {' '.join(said)}" if said else " Nothing was changed."
        text = why if why.endswith(done) else why + done
        self._commanding.refuse(command_id, ReasonCode.BAD_COMMAND, text)

    def _check_limit(self, change: SetLimit) -> None:
        name = change.name.strip().removeprefix(_SECTION)
        if name not in TITLES:
            raise ValueError(f"There is no limit {change.name}.")
        read_limit(name, change.value)

    def _check_parameter(self, change: SetParameter) -> None:
        strategy = self._state.strategies.get(change.strategy)
        if strategy is None:
            raise ValueError(f"There is no strategy {change.strategy}.")
        for parameter in strategy.info.parameters:
            if parameter.name == change.name:
                parameter.parse(change.value)
                return
        raise ValueError(f"{change.strategy} has no parameter {change.name}.")
