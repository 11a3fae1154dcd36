"""How people type commands about the desk itself; the words of ``verbs`` for it.

::

    alert RULE              alert drop ALERT
"""

from __future__ import annotations

from kalshi_desk.core.errors import Refuse
from kalshi_desk.desk.service import DropAlert, SetAlert

USAGE = {
    "alert": "alert TICKER above 60, alert drop ALERT; 'alerts' says what else one can be told of",
}
_DROP = "drop"


def parse_alert(words: list[str]) -> SetAlert | DropAlert:
    """Return the command of ``alert …``; raises ``Refuse``."""
    match words:
        case [verb, alert_id] if verb.lower() == _DROP:
            return DropAlert(alert_id=alert_id)
        case [verb, *_] if verb.lower() == _DROP:
            raise _misuse("alert")
        case [_, *_]:
            return SetAlert(rule=" ".join(words))
        case _:
            raise _misuse("alert")


def _misuse(verb: str) -> Refuse:
    return Refuse(f"That is not how to use {verb}.", code="usage", todo=f"Usage: {USAGE[verb]}")
