"""Carries out the command that sets a setting, whoever asks: checked, in force, kept."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from kalshi_desk.core.errors import Refuse
from kalshi_desk.core.reasons import ReasonCode
from kalshi_desk.desk.automation import SetLimit, SetParameter
from kalshi_desk.desk.commands import Outcomes
from kalshi_desk.desk.frames import EventKind, Level
from kalshi_desk.desk.service import SetSetting
from kalshi_desk.engine.commanding import Commanding
from kalshi_desk.engine.effects import ApplySettings, SaveSetting
from kalshi_desk.engine.limit_values import read_limit
from kalshi_desk.engine.outbox import Outbox
from kalshi_desk.engine.setting_live import IN_CORE, next_start, put_setting
from kalshi_desk.engine.state import CoreState
from kalshi_desk.store.setting_edit import value_at, with_value
from kalshi_desk.store.setting_request import Request, read_request, shown, what_is_wrong
from kalshi_desk.store.setting_schema import PARAMETERS, Place
from kalshi_desk.store.setting_values import value_text
from kalshi_desk.store.settings import Settings

RESTART = " It holds from the engine's next start."
ON_SCREEN = ("tui.",)
"""What screens take up themselves, and :func:`put_setting` besides."""


class SettingDesk:
    """Sets settings while the engine runs.

    ``listeners`` are parts of the core that take changed settings up at once, ``outside``
    what the shell takes up (see :class:`ApplySettings`), both by the beginning of dotted
    names; ``checks`` say in words what is wrong with settings beyond their ranges.
    """

    def __init__(self, state: CoreState, outbox: Outbox, commanding: Commanding) -> None:
        self._state = state
        self._outbox = outbox
        self._commanding = commanding
        self.listeners: dict[str, Callable[[Settings], None]] = {}
        self.checks: dict[str, Callable[[Settings], str]] = {}
        self.outside: set[str] = set()
        commanding.others[SetSetting] = self.set

    def set(self, command_id: str, command: SetSetting) -> None:
        """Set one setting, or refuse it with what is allowed; empty takes the default."""
        try:
            request = read_request(command.name, command.value)
            place = request.place
            if place.path[0] == "risk":
                self._limit(command_id, place, command.value)
            elif place.name.startswith(f"{PARAMETERS}."):
                self._parameter(command_id, place, command.value)
            else:
                self._set(command_id, request)
        except Refuse as error:
            text = f"{error.what} Nothing was changed."
            self._commanding.refuse(command_id, ReasonCode.BAD_COMMAND, text)

    def check(self, command: SetSetting) -> None:
        """Raise ``ValueError`` with what is allowed when a setting can't be set so."""
        try:
            request = read_request(command.name, command.value)
            place, text = request.place, command.value
            if place.path[0] == "risk" and text.strip():
                read_limit(place.path[-1], text)
            elif place.name.startswith(f"{PARAMETERS}."):
                self._check_parameter(place, text)
            else:
                self._whole_with(request)
        except Refuse as error:
            raise ValueError(error.what) from error

    def _check_parameter(self, place: Place, text: str) -> None:
        _, _, strategy, name = place.path
        known = self._state.strategies.get(strategy)
        declared = {} if known is None else {one.name: one for one in known.info.parameters}
        if name not in declared:
            raise ValueError(f"There is no strategy {strategy} with a parameter {name}.")
        if text.strip():
            declared[name].parse(text)

    def needs_restart(self, place: Place) -> bool:
        """Return whether a change waits for the engine's next start."""
        if place.setting.needs_restart:
            return True
        at_once = (*IN_CORE, *ON_SCREEN, *self.listeners, *self.outside)
        return not place.name.startswith(at_once)

    def _limit(self, command_id: str, place: Place, text: str) -> None:
        default = place.setting.default
        if not text.strip() and default is not None:
            text = value_text(default)
        limit = SetLimit(name=place.name, value=text)
        self._commanding.others[SetLimit](command_id, limit)

    def _parameter(self, command_id: str, place: Place, text: str) -> None:
        _, _, strategy, name = place.path
        known = self._state.strategies.get(strategy)
        if known is not None and not text.strip():
            declared = (p for p in known.info.parameters if p.name == name)
            text = next((value_text(p.default) for p in declared), "")
        command = SetParameter(strategy=strategy, name=name, value=text)
        self._commanding.others[SetParameter](command_id, command)

    def _set(self, command_id: str, request: Request) -> None:
        state, place, value = self._state, request.place, request.value
        path = request.path
        before = value_at(state.settings.whole, path)
        if value is None and before is None:
            raise Refuse(f"There is no {place.name}.")
        whole = self._whole_with(request)
        put_setting(state, path, value)
        for prefix, listener in self.listeners.items():
            if place.name.startswith(prefix):
                listener(whole)
        name = ".".join(path)
        self._outbox.do(SaveSetting(name, value))
        self._outbox.do(ApplySettings(name, whole))
        after = value_at(whole, path)
        text = f"{name}: {shown(before)} becomes {shown(after)}."
        self._outbox.say(state.now_ns, EventKind.SYSTEM, Level.INFO, "A setting was changed", text)
        if before != after and self.needs_restart(place):
            text += RESTART
        text += next_start(state, name)
        self._commanding.answer(command_id, Outcomes.DONE, text)

    def _whole_with(self, request: Request) -> Settings:
        """Return all settings with this one; raises ``Refuse`` where they don't fit together."""
        name = request.place.name
        try:
            whole = with_value(self._state.settings.whole, request.path, request.value)
        except msgspec.ValidationError as error:
            raise Refuse(f"{name} can't be set: {what_is_wrong(error)}.") from error
        for prefix, check in self.checks.items():
            problem = check(whole) if name.startswith(prefix) else ""
            if problem:
                raise Refuse(problem)
        return whole
