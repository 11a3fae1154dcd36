"""Turns a series template and a moment into the event and markets that are open then."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import blake2b
from math import sqrt

from kalshi_desk.exchange import calendar
from kalshi_desk.exchange.calendar import SECOND_NS
from kalshi_desk.exchange.catalog_terms import Template
from kalshi_desk.exchange.records import Driver, Event, Market, Series
from kalshi_desk.exchange.shards import shard_of

_DAY_NS = 86_400 * SECOND_NS
_FRIDAY = 4


@dataclass(frozen=True, slots=True)
class _Leg:
    """One market of an event before it has a ticker."""

    code: str
    label: str
    strike_type: str = ""
    floor: float | None = None
    cap: float | None = None
    low: float | None = None
    high: float | None = None


def stable_uuid(*parts: object) -> str:
    """Return the same UUID-shaped id for the same parts, in every run."""
    text = blake2b("/".join(map(str, parts)).encode(), digest_size=16).hexdigest()
    return f"{text[:8]}-{text[8:12]}-4{text[13:16]}-a{text[17:20]}-{text[20:]}"


def series_record(template: Template, *, sharded: bool = True) -> Series:
    """Return the series that a template describes, on its shard where there are several."""
    return Series(
        ticker=template.series,
        title=template.title,
        category=template.category,
        frequency=template.frequency,
        fee_type=template.fee_type,
        fee_multiplier=float(template.fee_multiplier),
        tags=list(template.tags),
        source_name=template.source[0],
        source_url=template.source[1],
        shard=shard_of(template.series, template.category) if sharded else 0,
    )


def list_event(template: Template, driver: Driver, now_ns: int) -> tuple[Event, list[Market]]:
    """Return the occurrence of a series that is open at ``now_ns``, with its markets."""
    open_ns, close_ns = _times(template, now_ns)
    ticker = f"{template.series}-{_code(template, close_ns)}{template.extra.get('suffix', '')}"
    legs = _legs(template, driver, close_ns)
    words = _words(template, close_ns)
    total_s = max((close_ns - open_ns) / SECOND_NS, 1.0)
    sigma = template.sigma
    if template.shape == "updown" or sigma < 0:
        sigma = driver.wander * sqrt(total_s)
    event = Event(
        ticker=ticker,
        series_ticker=template.series,
        title=template.title,
        sub_title=words["day"],
        mutually_exclusive=template.shape in {"brackets", "range", "choice"},
        collateral_return="MECNET" if template.shape in {"brackets", "range", "choice"} else "",
        category=template.category,
        markets=[],
        driver=driver.name,
        model={"choice": "choice", "single": "single"}.get(template.shape, "level"),
        sigma=sigma,
        sigma_floor=min(template.sigma_floor, sigma / 30) if sigma else template.sigma_floor,
        listed_ns=open_ns,
        strike_ns=close_ns,
        updated_ns=now_ns,
        listing=template.key,
    )
    markets = [
        _market(template, event, leg, index, words, now_ns) for index, leg in enumerate(legs)
    ]
    event.markets = [market.ticker for market in markets]
    return event, markets


def _times(template: Template, now_ns: int) -> tuple[int, int]:
    if template.calendar == "window":
        length = template.every_s * SECOND_NS
        opened = now_ns // length * length
        return opened, opened + length
    hour, minute = template.close_et
    if template.calendar == "daily":
        close_ns = calendar.next_eastern(now_ns + 10 * 3_600 * SECOND_NS, hour, minute)
        while template.is_weekdays_only and calendar.eastern_of(close_ns).weekday() > _FRIDAY:
            close_ns = calendar.next_eastern(close_ns, hour, minute)
        return min(close_ns - 2 * _DAY_NS, now_ns), close_ns
    close_ns = calendar.next_eastern(now_ns, hour, minute, template.days)
    lead = max(template.days, 3) * _DAY_NS
    return now_ns - now_ns % SECOND_NS - lead, close_ns


def _code(template: Template, close_ns: int) -> str:
    match template.code:
        case "clock":
            return calendar.day_code(close_ns) + calendar.clock_code(close_ns)
        case "hour":
            return calendar.day_code(close_ns) + calendar.clock_code(close_ns)[:2]
        case "month":
            return calendar.month_code(close_ns)
        case "year":
            return calendar.month_code(close_ns)[:2]
        case _:
            return calendar.day_code(close_ns)


def _words(template: Template, close_ns: int) -> dict[str, str]:
    return {"day": calendar.day_text(close_ns), "time": calendar.time_text(close_ns)}


def _number(template: Template, value: float) -> str:
    return f"{template.prefix}{value:,.{template.decimals}f}{template.unit}"


def _legs(template: Template, driver: Driver, close_ns: int) -> list[_Leg]:
    value = driver.values[0]
    match template.shape:
        case "updown":
            strike = round(value, template.decimals)
            minute = calendar.clock_code(close_ns)[2:]
            label = f"Target price: {_number(template, strike)}"
            return [_Leg(minute, label, "greater_or_equal", floor=strike, low=strike)]
        case "ladder":
            return _ladder(template, value)
        case "brackets":
            return _brackets(template, value)
        case "range":
            return _ranges(template, value)
        case _:
            return [_Leg(code, label, "custom") for code, label in template.outcomes]


def _ladder(template: Template, value: float) -> list[_Leg]:
    middle = round(value / template.step)
    first = middle - template.count // 2
    shift = 0.5 if template.unit == " points" else 0.0
    legs = []
    for rung in range(first, first + template.count):
        strike = round(rung * template.step + shift, 4)
        exact = strike - 0.01 if template.prefix == "$" and template.step >= 1 else strike
        code = f"T{exact:.{max(template.decimals, 0)}f}"
        label = f"Above {_number(template, strike)}"
        legs.append(_Leg(code, label, "greater", floor=round(exact, 4), low=strike))
    return legs


def _brackets(template: Template, value: float) -> list[_Leg]:
    """Degrees in pairs, with an open end below and above; every outcome is covered once."""
    width = int(template.step)
    start = int(value) - width * 2
    last = start + width * (template.count - 2)
    unit = template.unit
    legs = [_Leg(f"T{start}", f"{start - 1}{unit} or below", "less", cap=start, high=start - 0.5)]
    for low in range(start, last, width):
        high = low + width - 1
        legs.append(
            _Leg(
                f"B{(low + high) / 2:g}",
                f"{low}{unit} to {high}{unit}",
                "between",
                floor=low,
                cap=high,
                low=low - 0.5,
                high=high + 0.5,
            )
        )
    legs.append(
        _Leg(f"T{last - 1}", f"{last}{unit} or above", "greater", floor=last - 1, low=last - 0.5)
    )
    return legs


def _ranges(template: Template, value: float) -> list[_Leg]:
    width = template.step
    inner = template.count - 2
    start = (round(value / width) - inner // 2) * width
    end = start + inner * width
    below, above = _number(template, start), _number(template, end)
    legs = [_Leg(f"T{start - 0.01:.2f}", f"Below {below}", "less", cap=start, high=start)]
    for step in range(inner):
        low = start + step * width
        label = f"{_number(template, low)} to {_number(template, low + width)}"
        legs.append(
            _Leg(
                f"B{low + width / 2:.0f}",
                label,
                "between",
                floor=low,
                cap=round(low + width - 0.01, 2),
                low=low,
                high=low + width,
            )
        )
    # Strictly above the last cent of the range below it, as the real exchange says it.
    last = round(end - 0.01, 2)
    legs.append(_Leg(f"T{last:.2f}", f"{above} or above", "greater", floor=last, low=end))
    return legs


def _market(
    template: Template, event: Event, leg: _Leg, index: int, words: dict[str, str], now_ns: int
) -> Market:
    strike = _number(template, leg.low) if leg.low is not None else leg.label
    filled = {**words, "label": leg.label, "strike": strike}
    ticker = f"{event.ticker}-{leg.code}" if leg.code else event.ticker
    settled = event.strike_ns + (template.determine_after_s + template.settle_after_s) * SECOND_NS
    return Market(
        ticker=ticker,
        market_id=stable_uuid("market", ticker),
        event_ticker=event.ticker,
        series_ticker=template.series,
        title=template.question.format(**filled),
        yes_sub_title=leg.label,
        no_sub_title=leg.label,
        rules_primary=template.rules.format(**filled),
        structure=template.structure,
        created_ns=min(event.listed_ns, now_ns) - 3_600 * SECOND_NS,
        open_ns=event.listed_ns,
        close_ns=event.strike_ns,
        expected_ns=settled,
        latest_ns=event.strike_ns + 7 * _DAY_NS,
        settle_after_s=template.settle_after_s,
        determine_after_s=template.determine_after_s,
        index=index,
        strike_type=leg.strike_type,
        floor_strike=_float(leg.floor),
        cap_strike=_float(leg.cap),
        low=_float(leg.low),
        high=_float(leg.high),
        updated_ns=now_ns,
        activity=template.activity,
    )


def _float(value: float | None) -> float | None:
    """Return the value as a float, so that a state read back is the state written."""
    return None if value is None else float(value)
