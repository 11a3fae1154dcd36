"""Carries out the command that sets a limit: checked against its range, in force at once, kept."""

from __future__ import annotations

from kalshi_desk.core.reasons import ReasonCode
from kalshi_desk.desk.automation import SetLimit
from kalshi_desk.desk.commands import Outcomes
from kalshi_desk.desk.frames import EventKind, Level
from kalshi_desk.engine.commanding import Commanding
from kalshi_desk.engine.effects import SaveSetting
from kalshi_desk.engine.limit_rows import TITLES, setting_value
from kalshi_desk.engine.limit_values import SECTION, read_limit
from kalshi_desk.engine.limit_values import limits_of as limits_of
from kalshi_desk.engine.outbox import Outbox
from kalshi_desk.engine.setting_live import next_start, put_setting
from kalshi_desk.engine.state import CoreState
from kalshi_desk.store.setting_values import number_text


class LimitSetting:
    """Sets limits while the engine runs."""

    def __init__(self, state: CoreState, outbox: Outbox, commanding: Commanding) -> None:
        self._state = state
        self._outbox = outbox
        self._commanding = commanding
        commanding.others[SetLimit] = self.set

    def set(self, command_id: str, command: SetLimit) -> None:
        """Set one limit, or refuse it with what is allowed."""
        name = command.name.strip().removeprefix(SECTION)
        if name not in TITLES:
            known = ", ".join(sorted(TITLES))
            text = f"There is no limit {command.name}; there are {known}."
            self._commanding.refuse(command_id, ReasonCode.BAD_COMMAND, text)
            return
        try:
            value = read_limit(name, command.value)
        except ValueError as error:
            self._commanding.refuse(command_id, ReasonCode.BAD_COMMAND, str(error))
            return
        before = setting_value(self._state.settings, name)
        put_setting(self._state, ("risk", name), value)
        self._outbox.do(SaveSetting(SECTION + name, value))
        text = f"{TITLES[name]}: {number_text(before)} becomes {number_text(value)} (risk.{name})."
        self._outbox.say(
            self._state.now_ns, EventKind.RISK, Level.INFO, "A limit was changed", text
        )
        text += next_start(self._state, SECTION + name)
        self._commanding.answer(command_id, Outcomes.DONE, text)
