"""What a stop costs on a binary, before anybody switches one on.

A fair price is a martingale that ends at 0 or 1, so optional stopping gives every answer in
closed form.  Prices and distances are in dollars per contract; costs too.  For a NO position
use the prices of NO.
"""

from __future__ import annotations

from math import exp, log

import msgspec

from kalshi_desk.quant.costs import TAKER_RATE, unit_fee

HALF_SPREAD = 0.01
TIME_STOP_HALF_LIVES = 4.0


class StopCost(msgspec.Struct, frozen=True):
    """A fixed stop on a fair price.

    ``hit``: chance that it triggers.  ``expected_cost``: dollars per contract lost to half
    the spread and the exit fee.  ``stake_share``: the same as a share of the entry price.
    ``winners_stopped``: chance that it triggered, given that the contract would have won.
    """

    hit: float
    expected_cost: float
    stake_share: float
    winners_stopped: float


def fixed_stop(
    entry: float, stop: float, *, half_spread: float = HALF_SPREAD, rate: float = TAKER_RATE
) -> StopCost:
    """Return what a stop at a fixed price costs; raises ``ValueError`` unless 0 < stop < entry."""
    _check(entry, stop)
    hit = (1.0 - entry) / (1.0 - stop)
    cost = hit * (half_spread + unit_fee(stop, rate))
    return StopCost(
        hit=hit,
        expected_cost=cost,
        stake_share=cost / entry,
        winners_stopped=stop * hit / entry,
    )


def trailing_survival(entry: float, distance: float, *, tick: float = 0.0) -> float:
    """Return the chance that a trailing stop never triggers before the contract wins.

    ``exp(-(1 - p) / d)`` in the limit of small ticks; on a grid of ``tick`` the price must
    gain a tick before it loses the distance each time, ``(d / (d + tick)) ** ((1 - p) / tick)``.
    """
    if not (0.0 < entry < 1.0 and distance > 0.0 and tick >= 0.0):
        raise ValueError("an entry between 0 and 1 and a positive distance are needed")
    if tick == 0.0:
        return exp(-(1.0 - entry) / distance)
    return exp((1.0 - entry) / tick * log(distance / (distance + tick)))


def executed_before_jump(entry: float, stop: float, jump_share: float) -> float:
    """Return the chance that a stop gets to execute when some trades resolve by one jump.

    ``jump_share`` is the share of trades that resolve by a single jump to 0 or 1.
    """
    _check_share(jump_share)
    return (1.0 - jump_share) * fixed_stop(entry, stop).hit


def losing_trade(
    entry: float,
    stop: float,
    jump_share: float,
    *,
    half_spread: float = HALF_SPREAD,
    rate: float = TAKER_RATE,
) -> float:
    """Return the average loss per contract of a losing trade that had a stop.

    ``jump_share`` of the losing trades jump past it and lose the whole entry.
    """
    _check(entry, stop)
    _check_share(jump_share)
    stopped = entry - stop + half_spread + unit_fee(stop, rate)
    return jump_share * entry + (1.0 - jump_share) * stopped


def volatility_distance(
    price: float, hours_left: float, horizon_hours: float, deviations: float = 2.0
) -> float:
    """Return a stop distance of so many deviations of the move expected over the horizon.

    Often wider than the price itself, which then is the answer: a stop inside the noise is
    a fee.
    """
    # Here alone, so that who only wants the cost of a stop does not wait for numpy.
    from kalshi_desk.quant.volatility import release_sd

    return deviations * release_sd(price, hours_left, horizon_hours)


def model_exit(probability: float, bid: float, rate: float = TAKER_RATE) -> bool:
    """Return whether selling at the bid is worth more than holding: ``p < bid - fee``."""
    return probability < bid - unit_fee(bid, rate)


def time_stop_hours(half_life_hours: float, half_lives: float = TIME_STOP_HALF_LIVES) -> float:
    """Return after how many hours a thesis that halves so fast is over."""
    if not (half_life_hours > 0.0 and half_lives > 0.0):
        raise ValueError("half-lives must be positive")
    return half_life_hours * half_lives


def _check(entry: float, stop: float) -> None:
    if not 0.0 < stop < entry < 1.0:
        raise ValueError(f"a stop lies between 0 and the entry: {stop} and {entry} don't fit")


def _check_share(jump_share: float) -> None:
    if not 0.0 <= jump_share <= 1.0:
        raise ValueError("a share of jumps must lie between 0 and 1")
