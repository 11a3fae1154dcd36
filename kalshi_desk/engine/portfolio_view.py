"""Builds what faces draw of the account's P&L: the portfolio as a whole and its parts."""

from __future__ import annotations

from dataclasses import dataclass, field

from kalshi_desk.core.types import NO_MONEY, MarketStatus, Money
from kalshi_desk.desk.automation_frames import EquityPoint, PnlRow, PortfolioView
from kalshi_desk.desk.frames import Row
from kalshi_desk.engine.bookkeeper import day_start_ns, exchange_day
from kalshi_desk.engine.state import CoreState
from kalshi_desk.portfolio.attribution import MarketParts, part_of
from kalshi_desk.portfolio.folio import daily_sharpe
from kalshi_desk.portfolio.parts import Part, shared
from kalshi_desk.portfolio.positions import Position

AVERAGING = "averaging"
_AVERAGING_TITLE = "Pooled cost against each one's own; nets to nothing"
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

    title: str = ""
    part: Part = field(default_factory=Part)
    unrealized: Money | None = NO_MONEY

    def carry(self, value: Money | None) -> None:
        if value is None or self.unrealized is None:
            self.unrealized = None
        else:
            self.unrealized = Money(self.unrealized + value)


def pnl_rows(state: CoreState, rest: str) -> dict[str, Row]:
    """Return the P&L of every part, by ``scope:name``; the rows of a scope sum to the account."""
    lines: dict[tuple[str, str], _Line] = {}
    for ticker, parts in state.folio.parts.by_ticker.items():
        value = exit_value(state, parts.whole) if parts.whole.count else NO_MONEY
        _add_market(state, lines, ticker, parts, value)
        _add_owners(lines, parts, value)
        _add_roles(lines, parts, value)
    _add_averaging(state, lines)
    return {
        f"{scope}:{name}": _row(state, scope, name, line) for (scope, name), line in lines.items()
    }


def _add_market(
    state: CoreState,
    lines: dict[tuple[str, str], _Line],
    ticker: str,
    parts: MarketParts,
    value: Money | None,
) -> None:
    live = state.markets.get(ticker)
    event = live.market.event_ticker if live is not None else ""
    category = live.market.category if live is not None else ""
    known = state.markets.events.get(event)
    if known is not None:
        category = category or known.category
    title = known.title if known is not None else live.market.title if live is not None else ""
    part = part_of(parts)
    gain = None if value is None else Money(value - parts.whole.cost)
    for key, words in (
        (("event", event or ticker), title),
        (("category", category or _UNNAMED), category or "Category not known"),
    ):
        line = lines.setdefault(key, _Line(words))
        line.part.add(part)
        line.carry(gain)


def _add_owners(
    lines: dict[tuple[str, str], _Line], parts: MarketParts, value: Money | None
) -> None:
    values = {} if value is None else parts.values(value)
    for name, owner in parts.owners.items():
        if not (owner.part.trades or owner.part.gross or owner.count):
            continue
        line = lines.setdefault(("strategy", name), _Line(name))
        line.part.add(owner.part)
        if owner.count:
            line.carry(None if value is None else Money(values[name] - owner.cost))


def _add_roles(
    lines: dict[tuple[str, str], _Line], parts: MarketParts, value: Money | None
) -> None:
    roles = [(parts.roles[is_taker], _ROLES[is_taker]) for is_taker in (False, True)]
    counts = [int(role.count) for role, _ in roles]
    gains: list[Money | None] = [NO_MONEY, NO_MONEY]
    if any(counts):
        gain = None if value is None else value - parts.whole.cost
        split = [0, 0] if gain is None else shared(gain, counts)
        gains = [
            (None if gain is None else Money(share)) if count else NO_MONEY
            for share, count in zip(split, counts, strict=True)
        ]
    for (role, name), gain in zip(roles, gains, strict=True):
        if role.part.trades or role.part.gross:
            line = lines.setdefault(("role", name), _Line(name))
            line.part.add(role.part)
            line.carry(gain)


def _add_averaging(state: CoreState, lines: dict[tuple[str, str], _Line]) -> None:
    moved = state.folio.parts.averaging()
    if moved:
        line = lines["strategy", AVERAGING] = _Line(_AVERAGING_TITLE)
        line.part.earn(moved)
        line.carry(Money(-moved))


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


def unrealized(state: CoreState) -> Money | None:
    """Return what closing everything now would add to realised P&L, None without all exits."""
    total = 0
    for held in state.positions.held():
        value = exit_value(state, held)
        if value is None:
            return None
        total += value - held.cost
    return Money(total)


def drawdown_now(state: CoreState) -> float | None:
    """Return how far equity stands below its highest, money from outside left out."""
    equity = state.equity()
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
    return {"": portfolio_view(state)}


def portfolio_view(state: CoreState) -> PortfolioView:
    """Build the bridge from gross to net, the record of round trips and the equity curve."""
    folio, track = state.folio, state.folio.track
    charged = Part()
    for part in folio.parts.by_role().values():
        charged.add(part)
    gross, fees = state.positions.realized(), state.positions.fees()
    trips = folio.trips()
    days, ratio = daily_sharpe(track, exchange_day(state.now_ns).toordinal())
    below = drawdown_now(state)
    return PortfolioView(
        equity=state.equity(),
        cash=state.ledger.cash,
        realized_gross=gross,
        fees=fees,
        predicted_fees=charged.direct if state.is_direct else charged.non_direct,
        realized_net=Money(gross - fees),
        unrealized=unrealized(state),
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
        stages=stages(state),
        equity_curve=tuple(
            EquityPoint(sample.at_ns, sample.equity, sample.drawdown) for sample in track.curve()
        ),
        unpredicted_fees=charged.unpredicted,
        start=folio.base,
        outside=folio.flows,
    )


def stages(state: CoreState) -> dict[str, tuple[int, Money]]:
    """Return how many positions stand at each stage of settlement, and their money.

    What is held counts at what it is carried at in equity, what was paid at its payout.
    """
    counts = dict.fromkeys(("open", "closed", "determined", "paid", "paid_today"), (0, NO_MONEY))

    def count(stage: str, money: Money) -> None:
        number, total = counts[stage]
        counts[stage] = number + 1, Money(total + money)

    for held in state.positions.held():
        count(_stage(state, held.ticker), state.value_of(held))
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
