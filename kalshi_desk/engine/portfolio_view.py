"""Builds what faces draw of the account as a whole: the bridge, the record, the stages."""

from __future__ import annotations

from kalshi_desk.core.types import NO_MONEY, MarketStatus, Money
from kalshi_desk.desk.automation_frames import EquityPoint, PortfolioView
from kalshi_desk.desk.frames import Row
from kalshi_desk.engine.bookkeeper import day_start_ns, exchange_day
from kalshi_desk.engine.pnl_view import KNOWN_PAYOUT, exit_value, lately
from kalshi_desk.engine.state import CoreState
from kalshi_desk.portfolio.folio import daily_sharpe
from kalshi_desk.portfolio.parts import Part
from kalshi_desk.portfolio.positions import Position

_AWAITED = frozenset({MarketStatus.DISPUTED, MarketStatus.AMENDED, *KNOWN_PAYOUT})


def drawdown_now(state: CoreState, equity: Money | None = None) -> float | None:
    """Return how far equity stands below its highest, money from outside left out.

    None while equity is not known.
    """
    equity = state.equity() if equity is None else equity
    if equity is None or state.folio.base is None:
        return None
    return state.folio.track.after(state.now_ns, equity, state.folio.flows).drawdown


def total_return(state: CoreState, equity: Money | None) -> float | None:
    """Return the time-weighted growth of equity since its first sample, as a share.

    None before there is a sample, and while equity is not known.
    """
    folio = state.folio
    if equity is None or folio.base is None or folio.track.last is None:
        return None
    return folio.track.after(state.now_ns, equity, folio.flows).growth - 1.0


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
    return lately(state, "portfolio", lambda seen: {"": portfolio_view(seen)})


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
        average_trade=trips.average,
        total_return=total_return(state, equity),
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
