"""Reads what a person typed about a stop, refuses nonsense, and says what it would cost."""

from __future__ import annotations

from decimal import Decimal
from typing import NamedTuple

import msgspec

from kalshi_desk.core.errors import Refuse
from kalshi_desk.core.reasons import ReasonCode
from kalshi_desk.core.stops import StopKind, StopRecord
from kalshi_desk.core.types import (
    CENT,
    COUNT_SCALE,
    PRICE_ONE,
    BookSide,
    Count,
    Money,
    Price,
    parse_count,
)
from kalshi_desk.desk.automation import StopPreview
from kalshi_desk.engine.state import CoreState
from kalshi_desk.engine.stop_view import held_quote
from kalshi_desk.market.live import LiveMarket
from kalshi_desk.portfolio.positions import Position
from kalshi_desk.quant.costs import fee_rate
from kalshi_desk.quant.stops import fixed_stop, trailing_survival, volatility_distance
from kalshi_desk.risk.gate import cents, contracts
from kalshi_desk.risk.stops import StopRules

HOUR_NS = 3_600_000_000_000
LONGEST_NS = 366 * 24 * HOUR_NS
_UNITS = {
    StopKind.FIXED: "Type per cent of the entry (20%) or cents (5c).",
    StopKind.TRAILING: "Type per cent of the entry (20%) or cents (5c).",
    StopKind.TIME: "Type hours (4h) or minutes (30m).",
    StopKind.VOLATILITY: "Type standard deviations (2sd).",
}


class StopCosts(NamedTuple):
    """What a stop costs on a fair price, None where no formula applies (``quant.stops``)."""

    chance: float | None = None
    expected: Money | None = None
    winners_stopped: float | None = None


def plan_stop(state: CoreState, ticker: str, kind: StopKind, amount: str) -> StopRecord:
    """Return the stop that a person asks for, without an id; raises ``Refuse`` with what fits."""
    live = state.markets.get(ticker)
    if live is None:
        raise _refuse(ReasonCode.UNKNOWN_MARKET, f"There is no market {ticker}.")
    position = state.positions.get(ticker)
    entry = position.average_price
    if entry is None or state.effective_position(ticker) * position.count <= 0:
        raise _refuse(
            ReasonCode.NOTHING_TO_CLOSE,
            f"There is no position in {ticker} to protect.",
            "'kalshi-desk positions' lists what is held.",
        )
    rules = state.stops.rules
    words = amount.strip().lower() or _default(kind, rules)
    blank = StopRecord(
        stop_id="",
        ticker=ticker,
        kind=kind,
        side=position.side,
        count=Count(abs(position.count)),
        entry=entry,
        amount=words,
        created_ns=state.now_ns,
        updated_ns=state.now_ns,
    )
    if kind is StopKind.TIME:
        return _timed(state, live, blank)
    return _priced(state, live, blank)


def automatic_stop(state: CoreState, position: Position) -> StopRecord | None:
    """Return the fixed stop that a strategy's new position gets, None when none fits.

    Where the spread alone is wider than the allowed loss, the stop lies a step of the grid
    below the bid: at once it must not fire.
    """
    entry, live = position.average_price, state.markets.get(position.ticker)
    if entry is None or live is None:
        return None
    percent = round(state.stops.rules.fixed_percent, 2)
    level = Price(entry - int(entry * percent // 100))
    bid, _ = held_quote(state, position.ticker, position.side)
    if bid is not None:
        level = Price(min(level, bid - live.market.grid.finest))
    if level <= 0:
        return None
    return StopRecord(
        stop_id="",
        ticker=position.ticker,
        kind=StopKind.FIXED,
        side=position.side,
        count=Count(abs(position.count)),
        entry=entry,
        amount=f"{percent:g}%",
        level=level,
        distance=Price(entry - level),
        is_automatic=True,
        created_ns=state.now_ns,
        updated_ns=state.now_ns,
    )


def preview_stop(state: CoreState, ticker: str, kind: StopKind, amount: str) -> StopPreview:
    """Return what a stop would do and cost; raises ``Refuse`` as setting it would."""
    record = plan_stop(state, ticker, kind, amount)
    costs = stop_costs(state, record)
    found = state.exit_of(state.positions.get(ticker))
    return StopPreview(
        ticker=ticker,
        kind=kind,
        count=record.count,
        level=record.level,
        chance=costs.chance,
        expected_cost=costs.expected,
        winners_stopped=costs.winners_stopped,
        worst_exit=None if found is None else found.net,
        text=" ".join(filter(None, (describe(record), cost_text(costs)))),
    )


def describe(record: StopRecord) -> str:
    """Say in a sentence what a stop does."""
    side = "YES" if record.side is BookSide.BID else "NO"
    held = f"{contracts(record.count)} {side}"
    if record.level is None:
        return f"Sells all {held} {record.amount} after it was set, whatever the price."
    trails = ", following the best price up" if record.kind is StopKind.TRAILING else ""
    return (
        f"Sells all {held} once the best bid for {side} stands at {cents(record.level)} or less"
        f"{trails}; bought at {cents(record.entry)}."
    )


def cost_text(costs: StopCosts) -> str:
    """Say what the formulas say, empty when they say nothing."""
    if costs.chance is None:
        return ""
    text = f"If the price is fair it triggers in {costs.chance:.1%} of cases"
    if costs.expected is not None:
        text += f", costs {costs.expected / (CENT * COUNT_SCALE):.2f}¢ a contract on average"
    if costs.winners_stopped is not None:
        text += f" and sells {costs.winners_stopped:.1%} of what would have won"
    return f"{text}."


def stop_costs(state: CoreState, record: StopRecord) -> StopCosts:
    """Return what a stop costs from the present middle price on (quant.md 7.5, ``o06``)."""
    live = state.markets.get(record.ticker)
    bid, ask = held_quote(state, record.ticker, record.side)
    if live is None or record.level is None or bid is None or ask is None:
        return StopCosts()
    fair, stop = (bid + ask) / (2 * PRICE_ONE), record.level / PRICE_ONE
    if not 0.0 < stop < fair < 1.0 or not live.market.fee.is_known:
        return StopCosts()
    if record.kind is StopKind.TRAILING:
        tick = live.market.grid.finest / PRICE_ONE
        survives = trailing_survival(fair, record.distance / PRICE_ONE, tick=tick)
        # It wins with the chance of the price; of that, what survives was not stopped.
        return StopCosts(1.0 - survives, None, max(0.0, 1.0 - survives / fair))
    half_spread = (ask - bid) / (2 * PRICE_ONE)
    rate = fee_rate(live.market.fee, is_taker=True)
    cost = fixed_stop(fair, stop, half_spread=half_spread, rate=rate)
    expected = Money(round(cost.expected_cost * PRICE_ONE * COUNT_SCALE))
    return StopCosts(cost.hit, expected, cost.winners_stopped)


def _timed(state: CoreState, live: LiveMarket, record: StopRecord) -> StopRecord:
    number, unit = _number(record, "h", "m")
    span_ns = int(number * (HOUR_NS if unit == "h" else HOUR_NS // 60))
    if not 0 < span_ns <= LONGEST_NS:
        raise _unfit(record, "A time stop needs a time of up to a year.")
    until_ns = state.now_ns + span_ns
    close_ns = live.market.close_ns
    if 0 < close_ns <= until_ns:
        minutes = (close_ns - state.now_ns) // (HOUR_NS // 60)
        raise _unfit(record, f"The market closes before that, in {minutes} minutes.")
    return _with(record, until_ns=until_ns)


def _priced(state: CoreState, live: LiveMarket, record: StopRecord) -> StopRecord:
    bid, _ = held_quote(state, record.ticker, record.side)
    if bid is None:
        why = live.stale_reason or "nobody bids for it"
        raise _refuse(
            ReasonCode.NO_EXIT,
            f"What {record.ticker} could be sold for is not known now ({why}).",
            "Ask again when it is quoted, or set a time stop.",
        )
    anchor = bid if record.kind is not StopKind.FIXED else record.entry
    if record.kind is StopKind.VOLATILITY:
        distance = _deviations(state, live, record, bid)
    else:
        distance = _distance(record)
    level = Price(anchor - distance)
    if level <= 0:
        raise _unfit(
            record,
            f"That is {cents(distance)} below {cents(anchor)}, where no price is: such a stop "
            f"protects nothing. It must be less than {cents(anchor)}.",
        )
    if level >= bid:
        raise _unfit(
            record,
            f"The stop at {cents(level)} would sell at once: {cents(bid)} is bid now. To sell "
            f"now use flatten; a stop must be more than {cents(Price(anchor - bid))} away.",
        )
    return _with(record, level=level, distance=distance, best=bid)


def _distance(record: StopRecord) -> Price:
    number, unit = _number(record, "%", "c", "¢")
    exact = number * record.entry / 100 if unit == "%" else number * CENT
    distance = Price(int(exact))
    if distance <= 0:
        raise _unfit(record, "The distance must be more than nothing.")
    return distance


def _deviations(state: CoreState, live: LiveMarket, record: StopRecord, bid: Price) -> Price:
    """Return so many deviations of the move expected over the horizon (quant.md 7.5)."""
    number, _ = _number(record, "sd")
    ends_ns = live.market.expiration_ns or live.market.close_ns
    hours_left = (ends_ns - state.now_ns) / HOUR_NS
    if number <= 0:
        raise _unfit(record, "The number of deviations must be more than 0.")
    if not ends_ns or hours_left <= 0:
        raise _unfit(record, "When the market ends is not known, so no move can be expected.")
    horizon = min(float(state.stops.rules.horizon_hours), hours_left)
    distance = volatility_distance(bid / PRICE_ONE, hours_left, horizon, float(number))
    if distance * PRICE_ONE >= bid:
        least = bid / (distance * PRICE_ONE) * float(number)
        raise _unfit(
            record,
            f"{number} deviations of the move expected over {horizon:.3g} hours are "
            f"{100 * distance:.1f}¢, more than the price of {cents(bid)}: a stop inside the noise "
            f"is a fee. It fits below {least:.2g}sd.",
        )
    return Price(int(distance * PRICE_ONE))


def _number(record: StopRecord, *units: str) -> tuple[Decimal, str]:
    for unit in units:
        if record.amount.endswith(unit):
            try:
                hundredths = parse_count(record.amount.removesuffix(unit))
            except ValueError:
                break
            return Decimal(hundredths) / COUNT_SCALE, unit
    raise _unfit(record, f'"{record.amount}" is no amount of a {record.kind.value} stop.')


def _default(kind: StopKind, rules: StopRules) -> str:
    return {
        StopKind.FIXED: f"{round(rules.fixed_percent, 2):g}%",
        StopKind.TRAILING: f"{rules.trailing / CENT:g}c",
        StopKind.TIME: f"{rules.time_ns / HOUR_NS:g}h",
        StopKind.VOLATILITY: f"{round(rules.deviations, 2):g}sd",
    }[kind]


def _with(record: StopRecord, **fields: object) -> StopRecord:
    return msgspec.structs.replace(record, **fields)


def _unfit(record: StopRecord, text: str) -> Refuse:
    return _refuse(ReasonCode.BAD_COMMAND, text, _UNITS[record.kind])


def _refuse(code: ReasonCode, text: str, todo: str = "") -> Refuse:
    return Refuse(text, code=code.value, todo=todo)
