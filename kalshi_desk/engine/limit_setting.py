"""Carries out the command that sets a limit: checked against its range, in force at once, kept."""

from __future__ import annotations

from typing import Any, get_args, get_type_hints

import msgspec

from kalshi_desk.core.reasons import ReasonCode
from kalshi_desk.desk.automation import SetLimit
from kalshi_desk.desk.commands import Outcomes
from kalshi_desk.desk.frames import EventKind, Level
from kalshi_desk.engine.commanding import Commanding
from kalshi_desk.engine.effects import SaveSetting
from kalshi_desk.engine.limit_rows import TITLES, setting_value
from kalshi_desk.engine.outbox import Outbox
from kalshi_desk.engine.state import CoreSettings, CoreState
from kalshi_desk.risk.limits import Limits
from kalshi_desk.store.risk_settings import RiskSettings

_SECTION = "risk."


class LimitSetting:
    """Sets limits while the engine runs."""

    def __init__(self, state: CoreState, outbox: Outbox, commanding: Commanding) -> None:
        self._state = state
        self._outbox = outbox
        self._commanding = commanding
        commanding.others[SetLimit] = self.set

    def set(self, command_id: str, command: SetLimit) -> None:
        """Set one limit, or refuse it with what is allowed."""
        name = command.name.strip().removeprefix(_SECTION)
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
        put_limit(self._state.settings, name, value)
        self._outbox.do(SaveSetting(_SECTION + name, value))
        text = f"{TITLES[name]}: {before:g} becomes {value:g} (risk.{name})."
        self._outbox.say(
            self._state.now_ns, EventKind.RISK, Level.INFO, "A limit was changed", text
        )
        self._commanding.answer(command_id, Outcomes.DONE, text)


def read_limit(name: str, text: str) -> int | float:
    """Return the value that a person typed; raises ``ValueError`` with the allowed range."""
    kind, meta = get_args(get_type_hints(RiskSettings, include_extras=True)[name])
    word = "a whole number" if kind is int else "a number"
    allowed = f"{name} can't be {text!r}; allowed is {word} from {meta.ge:g} to {meta.le:g}."
    body = text.strip().removesuffix("%").removeprefix("$").replace(",", "").replace("_", "")
    try:
        value: int | float = kind(body)
        msgspec.convert({name: value}, RiskSettings)
    except (ValueError, msgspec.ValidationError) as error:
        raise ValueError(allowed) from error
    return value


def limits_of(settings: RiskSettings) -> Limits:
    """Return the limits that the settings name."""
    names = [field.name for field in msgspec.structs.fields(Limits)]
    return Limits(**{name: getattr(settings, name) for name in names})


def put_limit(settings: CoreSettings, name: str, value: int | float) -> None:
    """Put one limit in force."""
    one: dict[str, Any] = {name: value}
    if name == "collar_cents":
        settings.collar = RiskSettings(**one).collar
    elif name == "max_order_contracts":
        settings.max_order = RiskSettings(**one).max_order
    else:
        settings.limits = msgspec.structs.replace(settings.limits, **one)
