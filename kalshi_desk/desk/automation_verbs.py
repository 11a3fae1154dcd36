"""How people type commands about the machine; the words of ``verbs`` for it.

::

    auto on|off
    strategy NAME off|shadow|paper|trade
    strategy NAME set PARAMETER VALUE
    implies TICKER TICKER [never]
"""

from __future__ import annotations

from kalshi_desk.core.errors import Refuse
from kalshi_desk.core.strategy import Mode
from kalshi_desk.desk.automation import SetAuto, SetImplication, SetMode, SetParameter

USAGE = {
    "auto": "auto on|off",
    "strategy": "strategy NAME off|shadow|paper|trade, or strategy NAME set PARAMETER VALUE",
    "implies": "implies TICKER TICKER [never]",
}
_MODES = tuple(mode.value for mode in Mode)
_NEVER = "never"


def parse_auto(words: list[str]) -> SetAuto:
    """Return the command of ``auto on|off``; raises ``Refuse``."""
    if len(words) != 1 or words[0].lower() not in {"on", "off"}:
        raise _misuse("auto")
    return SetAuto(on=words[0].lower() == "on")


def parse_strategy(words: list[str]) -> SetMode | SetParameter:
    """Return the command of ``strategy NAME …``; raises ``Refuse``."""
    match words:
        case [name, mode] if mode.lower() in _MODES:
            return SetMode(strategy=name.lower(), mode=Mode(mode.lower()))
        case [name, verb, parameter, value] if verb.lower() == "set":
            return SetParameter(strategy=name.lower(), name=parameter.lower(), value=value)
        case _:
            raise _misuse("strategy")


def parse_implies(words: list[str]) -> SetImplication:
    """Return the command of ``implies CAUSE EFFECT [never]``; raises ``Refuse``."""
    match words:
        case [cause, effect]:
            return SetImplication(cause=cause.upper(), effect=effect.upper())
        case [cause, effect, word] if word.lower() == _NEVER:
            return SetImplication(cause=cause.upper(), effect=effect.upper(), holds=False)
        case _:
            raise _misuse("implies")


def _misuse(verb: str) -> Refuse:
    return Refuse(f"That is not how to use {verb}.", code="usage", todo=f"Usage: {USAGE[verb]}")
