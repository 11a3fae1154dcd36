"""Builds what faces draw of the account's P&L: the portfolio as a whole and its parts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

from kalshi_desk.core.types import NO_MONEY, MarketStatus, Money
from kalshi_desk.desk.automation_frames import EquityPoint, PnlRow, PortfolioView
from kalshi_desk.desk.frames import Row
from kalshi_desk.engine.bookkeeper import day_start_ns, exchange_day
from kalshi_desk.engine.state import CoreState
from kalshi_desk.portfolio.attribution import MarketParts
from kalshi_desk.portfolio.folio import daily_sharpe
from kalshi_desk.portfolio.parts import Part, shared
from kalshi_desk.portfolio.positions import Position

AVERAGING = "pooled cost"
FRESH_NS = 500_000_000
_AVERAGING_TITLE = "The account's pooled cost against each one's own; nets to nothing"
_UNNAMED = "unknown"
_ROLES = {False: "maker", True: "taker"}
_KNOWN = frozenset({MarketStatus.DETERMINED, MarketStatus.FINALIZED})
_AWAITED = frozenset({MarketStatus.DISPUTED, MarketStatus.AMENDED, *_KNOWN})


def exit_value(state: CoreState, held: Position) -> Money | None:
    """Return what a holding would bring now: by its book after fees, or by its known payout.

    None when neither can be told.
    """
    found = state.exit_of(held)
    if found is not None:
        return found.net
    live = state.markets.get(held.ticker)
    if live is None or live.market.status not in _KNOWN or live.market.settlement_value is None:
        return None
    return held.payout(live.market.settlement_value)


@dataclass(slots=True)
class _Line:
    """A row under way; ``unrealized`` is None once some exit has no price."""

    title: str
    part: Part
    unrealized: Money | None = NO_MONEY

    def carry(self, value: Money | None) -> None:
        if value is None or self.unrealized is None:
            self.unrealized = None
        else:
            self.unrealized = Money(self.unrealized + value)


Lines = dict[tuple[str, str], _Line]


def lately(
    state: CoreState, topic: str, build: Callable[[CoreState], dict[str, Row]]
) -> dict[str, Row]:
    """Return what was built a moment ago, unless something was booked since.

    Faces pull eight times a second; what quotes change here need not be that new.
    """
    folio = state.folio
    made_of = (folio.parts.version, folio.base, folio.flows, state.ledger.cash)
    known = folio.shown.get(topic)
    if known is not None and known[0] == made_of and 0 <= state.now_ns - known[1] < FRESH_NS:
        return cast("dict[str, Row]", known[2])
    rows = build(state)
    folio.shown[topic] = made_of, state.now_ns, rows
    return rows


def pnl_rows(state: CoreState, rest: str) -> dict[str, Row]:
    """Return the P&L of every part, by ``scope:name``; the rows of a scope sum to the account."""
    return lately(state, "pnl", _pnl_rows)


def strategy_pnl(state: CoreState, name: str) -> PnlRow | None:
    """Return the P&L of one origin of orders, None while it has not traded."""
    found = pnl_rows(state, "").get(f"strategy:{name}")
    return found if isinstance(found, PnlRow) else None


def _pnl_rows(state: CoreState) -> dict[str, Row]:
    book = state.folio.parts
    lines: Lines = {}
    events, categories = _names(state)
    for name, part in book.grouped("event", list(events.values())).items():
        lines["event", name] = _Line(_event_title(state, name), part)
    for name, part in book.grouped("category", list(categories.values())).items():
        lines["category", name] = _Line(name, part)
    for name, part in book.by_owner().items():
        lines["strategy", name] = _Line(name, part)
    for is_taker, part in book.by_role().items():
        lines["role", _ROLES[is_taker]] = _Line(_ROLES[is_taker], part)
    for held in state.positions.held():
        parts, value = book.by_ticker[held.ticker], exit_value(state, held)
        gain = None if value is None else Money(value - held.cost)
        lines["event", events[held.ticker]].carry(gain)
        lines["category", categories[held.ticker]].carry(gain)
        _carry_owners(lines, parts, value)
        _carry_roles(lines, parts, gain)
    moved = book.averaging()
    if moved:
        line = lines["strategy", AVERAGING] = _Line(_AVERAGING_TITLE, Part(gross=moved))
        line.carry(Money(-moved))
    return {
        f"{scope}:{name}": _row(state, scope, name, line)
        for (scope, name), line in lines.items()
        if line.part.trades or line.part.gross or line.unrealized != 0
    }


def _names(state: CoreState) -> tuple[dict[str, str], dict[str, str]]:
    """Return event and category of every market ever traded, as far as they are known."""
    events: dict[str, str] = {}
    categories: dict[str, str] = {}
    for ticker in state.folio.parts.by_ticker:
        live = state.markets.get(ticker)
        event = "" if live is None else live.market.event_ticker
        known = state.markets.events.get(event)
        category = "" if live is None else live.market.category
        events[ticker] = event or ticker
        categories[ticker] = category or (known.category if known is not None else "") or _UNNAMED
    return events, categories


def _event_title(state: CoreState, name: str) -> str:
    known, live = state.markets.events.get(name), state.markets.get(name)
    if known is not None:
        return known.title
    return name if live is None else live.market.title


def _carry_owners(lines: Lines, parts: MarketParts, value: Money | None) -> None:
    values = {} if value is None else parts.values(value)
    for name in parts.queue:
        gain = None if value is None else Money(values[name] - parts.owners[name].cost)
        lines["strategy", name].carry(gain)


def _carry_roles(lines: Lines, parts: MarketParts, gain: Money | None) -> None:
    counts = [int(parts.roles[is_taker].count) for is_taker in _ROLES]
    split = shared(gain or 0, counts)
    for name, count, share in zip(_ROLES.values(), counts, split, strict=True):
        if count:
            lines["role", name].carry(None if gain is None else Money(share))


def _row(state: CoreState, scope: str, name: str, line: _Line) -> PnlRow:
    part = line.part
    net = None
    if line.unrealized is not None:
        net = Money(part.gross - part.fees + line.unrealized)
    return PnlRow(
        scope=scope,
        name=name,
        title=line.title,
        trades=part.trades,
        contracts=part.contracts,
        gross=part.gross,
        fees=part.fees,
        predicted_fees=part.direct if state.is_direct else part.non_direct,
        unrealized=line.unrealized,
        net=net,
        unpredicted_fees=part.unpredicted,
    )


def drawdown_now(state: CoreState, equity: Money | None = None) -> float | None:
    """Return how far equity stands below its highest, money from outside left out.

    None while equity is not known.
    """
    equity = state.equity() if equity is None else equity
    if equity is None or state.folio.base is None:
        return None
    return state.folio.track.after(state.now_ns, equity, state.folio.flows).drawdown


def record_bound(state: CoreState, strategy: str) -> float | None:
    """Return the lower 90 per cent bound of a strategy's mean net P&L, in micro-dollars.

    Of its last 100 round trips, by event clusters; None while two events are not over.
    """

    def event_of(ticker: str) -> str:
        live = state.markets.get(ticker)
        return ticker if live is None else live.market.event_ticker or ticker

    return state.folio.record_bound(strategy, event_of)


def portfolio_rows(state: CoreState, rest: str) -> dict[str, Row]:
    """Return the account as a whole under the empty key."""
    return lately(state, "portfolio", lambda now: {"": portfolio_view(now)})


def portfolio_view(state: CoreState) -> PortfolioView:
    """Build the bridge from gross to net, the record of round trips and the equity curve."""
    folio, track = state.folio, state.folio.track
    charged = Part()
    for part in folio.parts.by_role().values():
        charged.add(part)
    held = state.positions.held()
    exits = [exit_value(state, position) for position in held]
    # A position that has an exit is carried at it in equity.
    carried = [
        state.value_of(position) if value is None else value
        for position, value in zip(held, exits, strict=True)
    ]
    cash = state.ledger.cash
    equity = None if cash is None else Money(cash + sum(carried))
    unrealized = None
    if None not in exits:
        unrealized = Money(sum(carried) - sum(position.cost for position in held))
    gross, fees = state.positions.realized(), state.positions.fees()
    trips = folio.trips()
    days, ratio = daily_sharpe(track, exchange_day(state.now_ns).toordinal())
    below = drawdown_now(state, equity)
    return PortfolioView(
        equity=equity,
        cash=cash,
        realized_gross=gross,
        fees=fees,
        predicted_fees=charged.direct if state.is_direct else charged.non_direct,
        realized_net=Money(gross - fees),
        unrealized=unrealized,
        settled=trips.count,
        wins=trips.wins,
        win_rate=trips.rate,
        break_even_win_rate=trips.break_even,
        average_win=trips.average_win,
        average_loss=trips.average_loss,
        best=trips.best,
        worst=trips.worst,
        days=days,
        daily_sharpe=ratio,
        max_drawdown=None if track.last is None else max(track.max_drawdown, below or 0.0),
        drawdown_now=below,
        stages=_stages(state, held, carried),
        equity_curve=tuple(
            EquityPoint(sample.at_ns, sample.equity, sample.drawdown) for sample in track.curve()
        ),
        unpredicted_fees=charged.unpredicted,
        start=folio.base,
        outside=folio.flows,
    )


def _stages(
    state: CoreState, held: list[Position], carried: list[Money]
) -> dict[str, tuple[int, Money]]:
    """Return how many positions stand at each stage of settlement, and their money.

    What is held counts at what it is carried at in equity, what was paid at its payout.
    """
    counts = dict.fromkeys(("open", "closed", "determined", "paid", "paid_today"), (0, NO_MONEY))

    def count(stage: str, money: Money) -> None:
        number, total = counts[stage]
        counts[stage] = number + 1, Money(total + money)

    for position, value in zip(held, carried, strict=True):
        count(_stage(state, position.ticker), value)
    today_ns = day_start_ns(state.now_ns)
    for parts in state.folio.parts.by_ticker.values():
        if parts.paid_ns:
            count("paid", parts.paid)
            if parts.paid_ns >= today_ns:
                count("paid_today", parts.paid)
    return counts


def _stage(state: CoreState, ticker: str) -> str:
    live = state.markets.get(ticker)
    if live is None:
        return "open"
    market = live.market
    if market.status in _AWAITED:
        return "determined"
    is_past = 0 < market.close_ns <= state.now_ns
    return "closed" if is_past or market.status is MarketStatus.CLOSED else "open"
