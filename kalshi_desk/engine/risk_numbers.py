"""The numbers that the limits are measured on, taken from the state for one order."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kalshi_desk.core.types import NO_MONEY, MarketStatus, Money
from kalshi_desk.engine.exposures import NO_CATEGORY, NO_DAY, theme_of
from kalshi_desk.risk.limits import RiskView

if TYPE_CHECKING:
    from kalshi_desk.engine.state import CoreState

MINUTE_NS = 60_000_000_000
MARKS_PATIENCE_NS = 30_000_000_000
MILLISECOND_NS = 1_000_000


def risk_view(state: CoreState, ticker: str) -> RiskView:
    """Return what the limits look at for an order in one market."""
    exposures = state.exposures
    equity = exposures.equity()
    limits = state.settings.limits
    event, excludes = state.group_of(ticker)
    known = exposures.events.get(event)
    line = exposures.lines.get(ticker)
    live = state.markets.get(ticker)
    series, category, day = exposures.kind_of(ticker)
    members = {} if known is None else known.members
    is_open = line is not None and line.is_open
    guards = state.guards
    theme = theme_of(event, series)
    return RiskView(
        limits=limits,
        wealth=limits.wealth(equity) if state.has_account else None,
        members=members,
        excludes=excludes,
        states=exposures.states_of({*members, ticker}),
        theme=theme,
        theme_worst=Money(exposures.by_theme.get(theme, 0)),
        tail=state.tail.view(event),
        category="" if category == NO_CATEGORY else category,
        day="" if day == NO_DAY else day,
        same_day=frozenset(
            {ticker, *(name for name in members if exposures.lines[name].day == day)}
        ),
        category_worst=Money(exposures.by_category.get(category, 0)),
        day_worst=Money(exposures.by_day.get(day, 0)),
        total_worst=Money(exposures.total),
        kin=exposures.kin_of(event, series, category),
        open_elsewhere=open_markets(state) - is_open,
        is_open=is_open,
        resting=state.orders.open_count(),
        messages=messages(state),
        data_age_ns=data_age_ns(state),
        book_why="" if live is None else live.stale_reason,
        day_loss=day_loss(state, equity),
        halt_day_loss=guards.halt.level(limits.daily_loss_percent),
        reduce_day_loss=guards.reduce.level(limits.daily_loss_reducing_percent),
        drawdown=drawdown(state, equity),
        halt_drawdown=guards.drawdown.level(limits.drawdown_percent),
        differs=state.differs,
    )


def has_marks(state: CoreState) -> bool:
    """Whether what is held was once valued at books, or they were waited for long enough.

    Just after a start positions stand at last prices or at cost: an opening equity or a loss
    taken from those would be a wrong one.
    """
    if state.has_marks:
        return True
    if not state.marks_since_ns:
        state.marks_since_ns = state.now_ns
    held = (state.markets.get(position.ticker) for position in state.positions.held())
    waits = any(
        live is not None and not live.has_book and live.market.status is MarketStatus.ACTIVE
        for live in held
    )
    state.has_marks = not waits or state.now_ns - state.marks_since_ns >= MARKS_PATIENCE_NS
    return state.has_marks


def open_markets(state: CoreState) -> int:
    """Return how many markets are held, or have orders that would open a position."""
    return state.exposures.open_count


def messages(state: CoreState) -> int:
    """Return how many order messages were sent in the last minute."""
    sent = state.messages
    while sent and state.now_ns - sent[0] >= MINUTE_NS:
        sent.popleft()
    return len(sent)


def data_age_ns(state: CoreState) -> int | None:
    """Return how old the newest market data is: since when none came, and its age on arrival."""
    if not state.markets.data_ns:
        return None
    late_ns = 0 if state.usage is None else state.usage.message_age_ms * MILLISECOND_NS
    return max(0, state.now_ns - state.markets.data_ns) + late_ns


def day_base(state: CoreState) -> Money | None:
    """Return W as the day began, which the day's loss is a share of."""
    return state.settings.limits.wealth(state.opening_equity)


def day_loss(state: CoreState, equity: Money | None) -> float | None:
    """Return the loss since the day began, in per cent of W then; a gain is negative."""
    base = day_base(state)
    if equity is None or state.opening_equity is None or not base:
        return None
    return 100.0 * (state.opening_equity - equity) / base


def drawdown(state: CoreState, equity: Money | None) -> float | None:
    """Return how far equity is below its highest, in per cent of that."""
    peak = state.peak_equity
    if equity is None or peak is None or peak <= NO_MONEY:
        return None
    return 100.0 * max(0, peak - equity) / peak
