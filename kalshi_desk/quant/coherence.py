"""Whether quotes of related markets can all be fair at once, and what they leave open.

Quotes are coherent when some distribution over the admissible states prices each market
between ``bid - fee`` and ``ask + fee``; exactly then no taker has an arbitrage at the
quotes, whatever the size.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec
import numpy as np

from kalshi_desk.core.fees import FeeRule
from kalshi_desk.core.types import PRICE_SCALE, Price
from kalshi_desk.quant.arrays import FloatArray
from kalshi_desk.quant.costs import fee_rate, no_trade_band
from kalshi_desk.quant.states import StateSpace

_TIGHT = 1e5


class Quote(msgspec.Struct, frozen=True):
    """The best YES prices of a market; None where a side is empty."""

    market: str
    bid: Price | None
    ask: Price | None
    rule: FeeRule = FeeRule()

    def band(self) -> tuple[float, float]:
        """Return the fair values in dollars at which a taker does nothing here."""
        rate = fee_rate(self.rule, is_taker=True)
        low, high = no_trade_band(
            (self.bid or 0) / PRICE_SCALE,
            (PRICE_SCALE if self.ask is None else self.ask) / PRICE_SCALE,
            rate,
        )
        return low, high


def coherent_prices(space: StateSpace, quotes: Sequence[Quote]) -> FloatArray | None:
    """Return a distribution over the states inside all quotes, or None when there is none.

    Of all such distributions it keeps the largest distance to the quotes, so that it is a
    reading of the prices and not a corner.  Raises ``KeyError`` without a published fee.
    """
    rows, low, high = _rows(space, quotes)
    states = len(space.states)
    # One more variable: the slack that every quote keeps, to be made as large as it can.
    slack = np.ones((len(rows), 1))
    found = _linprog(
        np.append(np.zeros(states), -1.0),
        np.vstack([np.hstack([rows, slack]), np.hstack([-rows, slack])]),
        np.concatenate([high, -low]),
        np.append(np.ones(states), 0.0),
    )
    return None if found is None else np.asarray(found[:states], dtype=np.float64)


def coherent_intervals(
    space: StateSpace, quotes: Sequence[Quote], *, without_own: bool = False
) -> dict[str, tuple[float, float]] | None:
    """Return the fair values of each market, in dollars, that all quotes together allow.

    ``without_own`` leaves out the quotes of the market itself: what the others say of it,
    the bound for quoting it.  None when the quotes (of the others) are incoherent.
    """
    table = space.table()
    intervals = {}
    for market, row in zip(space.markets, table, strict=True):
        used = [quote for quote in quotes if not (without_own and quote.market == market)]
        rows, low, high = _rows(space, used)
        limits, bounds = np.vstack([rows, -rows]), np.concatenate([high, -low])
        ends = [_linprog(sign * row, limits, bounds, np.ones(len(row))) for sign in (1.0, -1.0)]
        if ends[0] is None or ends[1] is None:
            return None
        intervals[market] = (float(row @ ends[0]), float(row @ ends[1]))
    return intervals


def coherent_projection(
    space: StateSpace, mids: Mapping[str, float], spreads: Mapping[str, float]
) -> dict[str, float]:
    """Return the coherent fair values nearest to the mids, in dollars.

    Least squares weighted by one over the squared spread, over all distributions on the
    states.  Markets without a mid get the value the others imply.  Raises ``ValueError``
    for a spread that is not positive or when there is no mid at all.
    """
    from scipy.optimize import nnls

    known = [market for market in space.markets if market in mids]
    if not known or any(not spreads[market] > 0.0 for market in known):
        raise ValueError("at least one mid, each with a positive spread, is needed")
    table = space.table()
    weight = np.array([1.0 / spreads[market] for market in known])
    weight /= weight.max()
    rows = table[[space.markets.index(market) for market in known]] * weight[:, None]
    target = np.array([mids[market] for market in known]) * weight
    # The sum of 1 enters as one more equation that outweighs all others.
    found, _ = nnls(np.vstack([rows, np.full(rows.shape[1], _TIGHT)]), np.append(target, _TIGHT))
    fair = table @ (found / found.sum())
    return {market: float(value) for market, value in zip(space.markets, fair, strict=True)}


def _rows(space: StateSpace, quotes: Sequence[Quote]) -> tuple[FloatArray, FloatArray, FloatArray]:
    table = space.table()
    rows = table[[space.markets.index(quote.market) for quote in quotes]]
    bands = np.array([quote.band() for quote in quotes], dtype=np.float64).reshape(-1, 2)
    return rows, bands[:, 0], bands[:, 1]


def _linprog(
    objective: FloatArray, rows: FloatArray, limits: FloatArray, summed: FloatArray
) -> FloatArray | None:
    """Minimise over variables of at least 0 whose ``summed`` ones sum to 1; None if none fit."""
    from scipy.optimize import linprog

    found = linprog(
        objective, A_ub=rows, b_ub=limits, A_eq=summed[None, :], b_eq=[1.0], method="highs"
    )
    if found.status == 2:
        return None
    if found.status != 0:
        raise ArithmeticError(f"the linear programme has no solution: {found.message}")
    return np.asarray(found.x, dtype=np.float64)
