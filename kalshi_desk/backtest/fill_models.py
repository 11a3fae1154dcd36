"""The named fill models: how much of a shrinking level's cancels stood ahead of our order."""

from __future__ import annotations

from fractions import Fraction

from kalshi_desk.core.errors import Refuse
from kalshi_desk.execution.paper import FRONT, PROBABLE, RISK_AVERSE

DEFAULT_FILL_MODEL = "queue-averse"
FILL_MODELS: dict[str, Fraction] = {
    "queue-averse": RISK_AVERSE,
    "queue-probable": PROBABLE,
    "queue-front": FRONT,
}
MEANINGS = {
    "queue-averse": "every cancel at our price stood behind us",
    "queue-probable": "half of the cancels at our price stood ahead of us",
    "queue-front": "every cancel at our price stood ahead of us",
}


def cancel_share(name: str) -> Fraction:
    """Return the share of cancels that advance the queue; raises ``Refuse`` for no model."""
    try:
        return FILL_MODELS[name]
    except KeyError:
        raise Refuse(
            f"There is no fill model {name}.",
            code="no_fill_model",
            todo=f"Choose one of {', '.join(FILL_MODELS)}.",
        ) from None
