"""A measured past of stories for tests: effects and prices as the desk journals them."""

from __future__ import annotations

import numpy as np

from kalshi_desk.core.news import Tier
from kalshi_desk.core.strategy import Observation
from kalshi_desk.quant.logit import logit, sigmoid
from kalshi_desk.strategies.news_proof import NEWS, Horizon, news_cell, price_cell

MINUTE_NS = 60_000_000_000


def past(
    kappa: float,
    *,
    events: int = 60,
    each: int = 8,
    seed: int = 1,
    category: str = "Politics",
    tier: Tier = Tier.PRESS,
    horizon: Horizon = Horizon.MINUTES_30,
    noise: float = 0.25,
) -> list[Observation]:
    """Return what so many stories did to prices, oldest first: ``kappa`` a unit of score."""
    random = np.random.default_rng(seed)
    cell = news_cell(category, tier, horizon)
    found = []
    for number in range(events * each):
        event = f"OLD-{number // each}"
        score = float(random.uniform(-1.0, 1.0))
        move = kappa * score + float(random.normal(0.0, noise))
        before = float(random.uniform(0.2, 0.8))
        later = float(sigmoid(logit(before) + move))
        shared = {
            "strategy": NEWS,
            "event_ticker": event,
            "at_ns": (number + 1) * 60 * MINUTE_NS,
            "source": f"s{number} {event}-A",
        }
        found.append(Observation(cell=cell, value=move, score=score, **shared))  # type: ignore[arg-type]
        found.append(
            Observation(cell=price_cell(cell), value=later, score=before, **shared)  # type: ignore[arg-type]
        )
    return found


def cells(observations: list[Observation]) -> dict[str, tuple[Observation, ...]]:
    """Return observations by their cells."""
    found: dict[str, tuple[Observation, ...]] = {}
    for one in observations:
        found[one.cell] = (*found.get(one.cell, ()), one)
    return found
