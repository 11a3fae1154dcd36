"""A larger exchange: the same kinds of events for more places, prices, countries and games."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import chain, islice, zip_longest
from random import Random
from typing import Any

from kalshi_desk.exchange.catalog import TEMPLATES
from kalshi_desk.exchange.catalog_names import CITIES, COINS, COUNTRIES, STATES, STOCKS, TEAMS
from kalshi_desk.exchange.catalog_terms import DRIVERS, DriverTerms, Template

_BASE = {template.series: template for template in TEMPLATES}
_Group = list[Template]


def templates_for(markets: int) -> tuple[Template, ...]:
    """Return what lists at least so many markets at once, the usual templates first.

    The same number always gives the same templates, and a larger one the same and more.
    Raises ``ValueError`` for more markets than there are words for.
    """
    found = list(TEMPLATES)
    count = sum(template.size for template in found)
    more = _all()
    while count < markets:
        template = next(more, None)
        if template is None:
            raise ValueError(f"at most {count} markets can be listed")
        found.append(template)
        count += template.size
    return tuple(found)


def terms_for(templates: tuple[Template, ...]) -> dict[str, DriverTerms]:
    """Return the hidden values behind templates, the usual ones first."""
    return DRIVERS | {item.driver: item.terms for item in templates if item.terms is not None}


def _all() -> Iterator[Template]:
    """Alternate between the kinds, so that an exchange of any size has some of each."""
    kinds: list[Iterator[_Group]] = [_weather(), _coins(), _stocks(), _countries(), _states()]
    games = _games()
    rows = zip_longest(*kinds, fillvalue=[])
    mixed = chain.from_iterable(chain(*row, *islice(games, 3)) for row in rows)
    return chain(mixed, chain.from_iterable(games))


# Closing times are spread over minutes, so that not a thousand books end and open in one step.


def _weather() -> Iterator[_Group]:
    for place, (code, name) in enumerate(CITIES):
        rng = Random(f"weather {code}")
        close = (23, place % 60)
        high, low = f"temp-{code}", f"low-{code}"
        start = rng.uniform(38.0, 84.0)
        yield [
            _warmth(f"KXHIGH{code}", "high", name, high, start, close),
            _warmth(f"KXLOWT{code}", "low", name, low, start - rng.uniform(9.0, 19.0), close),
            replace(
                _BASE["KXRAINNYC"],
                series=f"KXRAIN{code}",
                title=f"Rain in {name}",
                question=f"Will it rain in {name} on {{day}}?",
                rules=f"If more than 0 inches of rain are recorded in {name} on {{day}}, then the"
                " market resolves to Yes.",
                driver=f"rain-{code}",
                close_et=close,
                terms=replace(DRIVERS["rain"], start=(rng.uniform(-1.6, 1.0),)),
            ),
        ]


def _warmth(
    series: str, end: str, name: str, driver: str, start: float, close: tuple[int, int]
) -> Template:
    longer = {"high": "Highest", "low": "Lowest"}[end]
    return replace(
        _BASE["KXHIGHNY"],
        series=series,
        title=f"{longer} temperature in {name}",
        question=f"Will the {end} temp in {name} be {{label}} on {{day}}?",
        rules=f"If the {longer.lower()} temperature recorded in {name} on {{day}} is {{label}},"
        " then the market resolves to Yes.",
        driver=driver,
        close_et=close,
        terms=replace(DRIVERS["temp-chi"], start=(start,)),
        activity=1.0,
    )


def _coins() -> Iterator[_Group]:
    for place, (code, name, price) in enumerate(COINS):
        driver = f"coin-{code}"
        terms = DriverTerms(start=(price,), wander=price * 1.1e-4)
        decimals = 2 if price >= 1 else 5
        by_time = f"the price of {name} at {{time}} on {{day}} is"
        yield [
            replace(
                _BASE["KXBTC15M"],
                series=f"KX{code}15M",
                title=f"{code} 15 minutes",
                question=f"{code} price up in next 15 mins?",
                rules=f"If {by_time} at least {{strike}}, then the market resolves to Yes.",
                driver=driver,
                terms=terms,
                tags=(code,),
                decimals=decimals,
                activity=5.0,
            ),
            replace(
                _BASE["KXBTCD"],
                series=f"KX{code}D",
                title=f"{name} price above",
                question=f"{name} price at {{time}} on {{day}}?",
                rules=f"If {by_time} above {{strike}}, then the market resolves to Yes.",
                driver=driver,
                terms=terms,
                tags=(code,),
                close_et=(17, place * 2),
                count=12,
                step=_round_step(price * 0.01),
                decimals=decimals,
            ),
        ]


def _stocks() -> Iterator[_Group]:
    for place, (code, name, price) in enumerate(STOCKS):
        yield [
            replace(
                _BASE["KXINXU"],
                series=f"KX{code}U",
                title=f"{name} above",
                question=f"Will {name} close above {{strike}} on {{day}}?",
                rules=f"If {name} closes above {{strike}} on {{day}}, then the market resolves"
                " to Yes.",
                driver=f"stock-{code}",
                terms=DriverTerms(start=(price,), wander=price * 3.6e-5),
                close_et=(16, place),
                count=10,
                step=_round_step(price * 0.004),
                decimals=2 if price >= 5 else 3,
                sigma=price * 0.008,
                sigma_floor=price * 1.5e-4,
                tags=(name,),
                activity=1.0,
            )
        ]


def _countries() -> Iterator[_Group]:
    kinds = (("KXCPIYOY", "cpi", 0.6), ("KXGDP", "gdp", 0.8), ("KXFED", "rate", 0.9))
    for code, name in COUNTRIES:
        rng = Random(f"economy {code}")
        group = []
        for base, driver, spread in kinds:
            terms = DRIVERS[driver]
            template = _BASE[base]
            title = {"KXFED": "Policy rate"}.get(base, template.title)
            group.append(
                replace(
                    template,
                    series=f"KX{code}{driver.upper()}",
                    title=f"{title} ({name})",
                    question=f"{title} of {name} above {{strike}}?",
                    rules=f"If the figure for {name} ({title}) published before {{day}} is above"
                    " {strike}, then the market resolves to Yes.",
                    driver=f"{driver}-{code}",
                    terms=replace(terms, start=(terms.start[0] + rng.gauss(0.0, spread),)),
                    source=("Practice statistics", "https://example.com"),
                )
            )
        yield group


def _states() -> Iterator[_Group]:
    for code, name in STATES:
        rng = Random(f"vote {code}")
        yield [
            replace(
                _BASE["KXHOUSEVOTE"],
                series=f"KX{office.upper()}{code}",
                title=f"{office} race in {name}",
                question=f"Will the incumbent party win the {office} race in {name}?",
                rules=f"If the incumbent party wins the {office} race in {name} held before"
                " {day}, then the market resolves to Yes.",
                driver=f"{office.lower()}-{code}",
                terms=replace(DRIVERS["house"], start=(rng.gauss(0.0, 1.2),)),
                outcomes=(("", "Incumbent party"),),
                days=340,
                tags=("Elections",),
            )
            for office in ("Senate", "Governor")
        ]


def _games() -> Iterator[_Group]:
    """Every pairing of the teams, once at either's home, a round a day."""
    count = len(TEAMS)
    for day in range(1, 2 * count - 1):
        ring = [0, *((day + place) % (count - 1) + 1 for place in range(count - 1))]
        for place in range(count // 2):
            one, other = TEAMS[ring[place]], TEAMS[ring[-1 - place]]
            close = (19 + place % 5, (place * 13 + day) % 60)
            yield _game(day, close, *((one, other) if day < count else (other, one)))


def _game(day: int, close: tuple[int, int], away: tuple[str, str], home: tuple[str, str]) -> _Group:
    both, suffix = f"{away[1]} at {home[1]}", away[0] + home[0]
    rng = Random(f"game {suffix}")
    common: dict[str, Any] = {
        "days": day,
        "close_et": close,
        "extra": {"suffix": suffix},
        "activity": 1.5,
        "variant": suffix,
    }
    winner = replace(
        _BASE["KXNBAGAME"],
        question=f"{both} Winner?",
        rules=f"If {{label}} wins the {both} professional basketball game scheduled for {{day}},"
        " then the market resolves to Yes.",
        outcomes=(away, home),
        driver=f"nba-{suffix}",
        terms=replace(DRIVERS["nba"], start=(rng.gauss(0.0, 0.6), 0.0)),
        **common,
    )
    total = replace(
        _BASE["KXNBATOTAL"],
        question=f"{both}: Total Points?",
        rules=f"If the teams of {both} collectively score more than {{strike}} points in the"
        " game scheduled for {day}, then the market resolves to Yes.",
        driver=f"total-{suffix}",
        terms=replace(DRIVERS["total"], start=(rng.gauss(224.0, 7.0),)),
        **common,
    )
    return [winner, total]


def _round_step(rough: float) -> float:
    """Return the nearest step of 1, 2 or 5 times a power of ten."""
    power = 10.0 ** (len(str(int(rough))) - 1)
    while power > rough:
        power /= 10
    return min((1, 2, 5, 10), key=lambda times: abs(times * power - rough)) * power
