"""From what a backtest kept to its report: figures, their bridge, and how far to believe them."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from math import sqrt
from typing import Any

import msgspec

from kalshi_desk.backtest.ledger import DAY_NS, FilledTrade, Ledger
from kalshi_desk.backtest.report_extras import extras
from kalshi_desk.backtest.result import BacktestResult
from kalshi_desk.core.types import MONEY_SCALE, Count, Money, Price, format_count, format_money
from kalshi_desk.engine.state import CoreState
from kalshi_desk.quant.performance import drawdown, moments, probabilistic_sharpe, sharpe, win_rate
from kalshi_desk.quant.resampling import event_bootstrap

DAYS_A_YEAR = 365
SHOWN_POINTS = 500
_LEAST_FOR_MOMENTS = 4
_SECOND_NS = 1_000_000_000


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """What one fill contributed: at its book's middle, at its price, and its fee.

    Each is measured against what a YES contract of its market finally was: the payout, or
    the middle of the last book.  Where a position was closed the sum is exact whatever
    that value.
    """

    trade: FilledTrade
    at_middle: int
    gross: int

    @property
    def spread(self) -> int:
        """What crossing, or earning, the spread changed."""
        return self.gross - self.at_middle

    @property
    def net(self) -> int:
        """The contribution after the fee."""
        return self.gross - self.trade.fill.fee


def make_result(
    state: CoreState, ledger: Ledger, assumptions: dict[str, Any], *, fault: str = ""
) -> BacktestResult:
    """Return the result of a run whose last event was taken; nothing in it is random."""
    values = {trade.fill.ticker: final_value(state, ledger, trade) for trade in ledger.trades}
    lines = [line_of(trade, values[trade.fill.ticker]) for trade in ledger.trades]
    end = ledger.equity[-1][1] if ledger.equity else ledger.capital
    closing = sum(
        state.value_of(held) - held.payout(values[held.ticker])
        for held in state.positions.held()
        if held.ticker in values
    )
    days = daily_equity(ledger)
    ratio = daily_sharpe(ledger.capital, days)
    nets = _nets(state, lines)
    fall = drawdown([ledger.capital, *(money for _, money in ledger.equity)])
    report: dict[str, Any] = {
        **assumptions,
        "fault": fault,
        "initial_capital": dollars(ledger.capital),
        "final_equity": dollars(end),
        "total_return": (end - ledger.capital) / ledger.capital,
        "days": len(days),
        "sharpe_daily": ratio,
        "sharpe_annual": None if ratio is None else ratio * sqrt(DAYS_A_YEAR),
        "sharpe_trials": 1,
        "probability_sharpe_above_0": _believed(ledger.capital, days),
        "max_drawdown": fall.share,
        "max_drawdown_dollars": dollars(round(fall.depth)),
        "looks": len(ledger.decisions),
        "signals": sum(len(facts["signals"]) for _, facts in ledger.decisions),
        "orders": ledger.intents,
        "fills": len(lines),
        "contracts": format_count(Count(sum(line.trade.fill.count for line in lines))),
        "bridge": _bridge(lines, closing, end - ledger.capital),
        "bets": _bets(nets, lines),
        "by_strategy": _grouped(lines, lambda line: line.trade.strategy),
        "by_category": _grouped(lines, lambda line: line.trade.category or "-"),
        "by_role": _grouped(lines, lambda line: line.trade.role),
        **extras(ledger, days, nets, end - ledger.capital),
        "events": len({line.trade.event_ticker for line in lines}),
        "open_positions": len(state.positions.held()),
        "settled": len(ledger.payouts),
        "reasons": _reasons(state),
        "equity": _thinned(ledger.equity),
    }
    return BacktestResult(
        report=report,
        fills=tuple(ledger.trades),
        curve=tuple(ledger.equity),
        decisions=tuple(ledger.decisions),
        total_return=report["total_return"],
        sharpe_ratio=ratio,
        max_drawdown=fall.share,
        fault=fault,
    )


def final_value(state: CoreState, ledger: Ledger, trade: FilledTrade) -> Price:
    """Return what a YES contract was finally worth: paid, at the last middle, or last traded."""
    ticker = trade.fill.ticker
    payout = ledger.payouts.get(ticker)
    if payout is not None:
        return payout.value
    live = state.markets.get(ticker)
    middle = None if live is None else live.middle()
    return trade.fill.price if middle is None else middle


def line_of(trade: FilledTrade, value: Price) -> Line:
    """Return what a fill contributed when a YES contract was finally worth ``value``."""
    fill = trade.fill
    signed = fill.side.sign * fill.count
    middle = fill.price if trade.middle is None else trade.middle
    return Line(
        trade=trade,
        at_middle=signed * (value - middle),
        gross=signed * (value - fill.price),
    )


def daily_equity(ledger: Ledger) -> list[Money]:
    """Return the equity at the end of each UTC day of the run, idle days included."""
    if not ledger.equity:
        return []
    last: dict[int, Money] = {at_ns // DAY_NS: money for at_ns, money in ledger.equity}
    first = ledger.equity[0][0] // DAY_NS
    found: list[Money] = []
    for day in range(first, max(last) + 1):
        found.append(last.get(day, found[-1] if found else ledger.capital))
    return found


def daily_sharpe(capital: Money, days: list[Money]) -> float | None:
    """Return the Sharpe ratio of daily returns, not annualised; None for fewer than two days."""
    returns = _returns(capital, days)
    return sharpe(returns) if len(returns) > 1 else None


def _returns(capital: Money, days: list[Money]) -> list[float]:
    before = [capital, *days][: len(days)]
    return [after / was - 1.0 if was > 0 else 0.0 for was, after in zip(before, days, strict=True)]


def _believed(capital: Money, days: list[Money]) -> float | None:
    """Return the chance that the true daily Sharpe ratio is above 0, None for too few days."""
    returns = _returns(capital, days)
    if len(returns) < _LEAST_FOR_MOMENTS or len(set(returns)) == 1:
        return None
    skew, kurtosis = moments(returns)
    return probabilistic_sharpe(sharpe(returns), len(returns), skew=skew, kurtosis=kurtosis)


def _bridge(lines: list[Line], closing: int, net: int) -> dict[str, str]:
    """Return the way from trades at the middle to the change of equity; it adds up exactly."""
    return {
        "at_middle": dollars(sum(line.at_middle for line in lines)),
        "spread": dollars(sum(line.spread for line in lines)),
        "gross": dollars(sum(line.gross for line in lines)),
        "fees": dollars(-sum(line.trade.fill.fee for line in lines)),
        "closing": dollars(closing),
        "net": dollars(net),
    }


def _nets(state: CoreState, lines: list[Line]) -> dict[str, int]:
    """Return what each market that is over earned after fees."""
    still = {held.ticker for held in state.positions.held()}
    nets: dict[str, int] = defaultdict(int)
    for line in lines:
        if line.trade.fill.ticker not in still:
            nets[line.trade.fill.ticker] += line.net
    return nets


def _bets(nets: dict[str, int], lines: list[Line]) -> dict[str, Any]:
    """Return what markets that are over earned: one bet a market, events as the sample."""
    events = {
        line.trade.fill.ticker: line.trade.event_ticker
        for line in lines
        if line.trade.fill.ticker in nets
    }
    found: dict[str, Any] = {
        "count": len(nets),
        "events": len(set(events.values())),
        "win_rate": None,
        "break_even_win_rate": None,
        "average_win": None,
        "average_loss": None,
        "mean_interval_90": None,
    }
    if any(nets.values()):
        rate = win_rate([net / MONEY_SCALE for net in nets.values()])
        found["win_rate"] = rate.rate
        found["break_even_win_rate"] = rate.break_even
        found["average_win"], found["average_loss"] = rate.average_win, rate.average_loss
    if found["events"] > 1:
        low, high = event_bootstrap(
            [net / MONEY_SCALE for net in nets.values()], [events[ticker] for ticker in nets]
        )
        found["mean_interval_90"] = [low, high]
    by_event: dict[str, int] = defaultdict(int)
    for ticker, net in nets.items():
        by_event[events[ticker]] += net
    ranked = sorted(by_event.values())
    found["net"] = dollars(sum(ranked))
    found["net_without_worst_3_events"] = dollars(sum(ranked[3:]))
    found["net_without_best_3_events"] = dollars(sum(ranked[:-3]))
    return found


def _grouped(lines: Iterable[Line], name: Callable[[Line], str]) -> dict[str, dict[str, Any]]:
    groups: dict[str, list[Line]] = defaultdict(list)
    for line in lines:
        groups[name(line)].append(line)
    return {
        key: {
            "fills": len(members),
            "spread": dollars(sum(line.spread for line in members)),
            "gross": dollars(sum(line.gross for line in members)),
            "fees": dollars(-sum(line.trade.fill.fee for line in members)),
            "net": dollars(sum(line.net for line in members)),
        }
        for key, members in sorted(groups.items())
    }


def _reasons(state: CoreState) -> dict[str, int]:
    """Return how often each reason was given, by the strategy and by the desk for it."""
    counts: Counter[str] = Counter()
    for strategy in state.strategies.values():
        for (_, code), tally in strategy.reasons.items():
            counts[code] += tally.times
    return dict(sorted(counts.items()))


def _thinned(curve: list[tuple[int, Money]]) -> list[tuple[int, str]]:
    """Return at most so many points of the curve as a plot can show, the last always."""
    step = max(1, -(-len(curve) // SHOWN_POINTS))
    picked = curve[::step]
    if curve and picked[-1] != curve[-1]:
        picked.append(curve[-1])
    return [(at_ns, dollars(money)) for at_ns, money in picked]


def dollars(money: int) -> str:
    """Return micro-dollars as an exact decimal string."""
    return format_money(Money(money))


def moment(at_ns: int) -> str | None:
    """Return a time as RFC 3339 in UTC, None for none."""
    if not at_ns:
        return None
    return f"{datetime.fromtimestamp(at_ns // _SECOND_NS, UTC):%Y-%m-%dT%H:%M:%SZ}"
