"""What a binary's price implies about the quantity underneath it.

Sources: the digital call ``p = N(d2)`` of Black and Scholes, inverted in closed form; the
Gaussian (Bachelier) digital for quantities such as temperatures.  A price may imply two
volatilities or none, and then says so.
"""

from __future__ import annotations

from math import log, sqrt
from statistics import NormalDist

_NORMAL = NormalDist()


def digital_price(
    spot: float, strike: float, volatility: float, years: float, *, rate: float = 0.0
) -> float:
    """Return the chance that a lognormal quantity ends above ``strike``: ``N(d2)``.

    ``volatility`` is per square root of a year.  Raises ``ValueError`` unless all but
    ``rate`` are positive.
    """
    if not min(spot, strike, volatility, years) > 0.0:
        raise ValueError("spot, strike, volatility and time must be positive")
    spread = volatility * sqrt(years)
    return _NORMAL.cdf((log(spot / strike) + rate * years) / spread - spread / 2.0)


def digital_vega(
    spot: float, strike: float, volatility: float, years: float, *, rate: float = 0.0
) -> float:
    """Return the change of ``digital_price`` per unit of volatility."""
    if not min(spot, strike, volatility, years) > 0.0:
        raise ValueError("spot, strike, volatility and time must be positive")
    spread = volatility * sqrt(years)
    moneyness = log(spot / strike) + rate * years
    density = _NORMAL.pdf(moneyness / spread - spread / 2.0)
    return -density * (moneyness / spread**2 + 0.5) * sqrt(years)


def implied_volatilities(
    price: float, spot: float, strike: float, years: float, *, rate: float = 0.0
) -> tuple[float, ...]:
    """Return every volatility at which the digital is worth ``price``, the smallest first.

    Above the spot there are two below ``highest_digital_price`` and none beyond; the small
    one is the one to use.  Below the spot there is one.  Empty when there is none, also
    for a price of 0 or 1.  Raises ``ValueError`` unless spot, strike and time are positive.
    """
    if not min(spot, strike, years) > 0.0:
        raise ValueError("spot, strike and time must be positive")
    if not 0.0 < price < 1.0:
        return ()
    d2 = _NORMAL.inv_cdf(price)
    moneyness = log(spot / strike) + rate * years
    square = d2 * d2 + 2.0 * moneyness
    if square < 0.0:
        return ()
    roots = {-d2 - sqrt(square), -d2 + sqrt(square)}
    return tuple(sorted(root / sqrt(years) for root in roots if root > 0.0))


def highest_digital_price(
    spot: float, strike: float, *, rate: float = 0.0, years: float = 1.0
) -> float:
    """Return the highest price that any volatility gives, 1 at or below the spot.

    ``N(-sqrt(2 |m|))`` for a strike above the spot, ``m`` being the log of their ratio.
    """
    if not min(spot, strike) > 0.0:
        raise ValueError("spot and strike must be positive")
    moneyness = log(spot / strike) + rate * years
    return 1.0 if moneyness > 0.0 else _NORMAL.cdf(-sqrt(-2.0 * moneyness))


def gaussian_implied_sd(price: float, forecast: float, strike: float) -> float | None:
    """Return the standard deviation of a Gaussian quantity that exceeds ``strike`` so often.

    ``(forecast - strike) / N^-1(price)`` in the unit of the quantity; None where no
    deviation gives the price (the forecast on the other side of the strike, or 50 cents).
    """
    if not 0.0 < price < 1.0 or price == 0.5:
        return None
    sd = (forecast - strike) / _NORMAL.inv_cdf(price)
    return sd if sd > 0.0 else None
