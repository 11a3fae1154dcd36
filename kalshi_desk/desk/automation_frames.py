"""What faces draw about the machine: strategies, limits, exposure, stops, P&L, backtests.

Topics: ``strategies`` (by name), ``why:NAME`` (by candidate), ``limits`` (by name),
``exposure`` (by ``scope:name``), ``stops`` (by stop id), ``portfolio`` (one value),
``pnl`` (by ``scope:name``) and ``lab`` (by run id).
"""

from __future__ import annotations

from enum import StrEnum

import msgspec

from kalshi_desk.core.strategy import Mode, Parameter, ParameterValue
from kalshi_desk.core.types import NO_MONEY, Count, Money, Price
from kalshi_desk.desk.automation import StopKind


class StrategyRow(msgspec.Struct, frozen=True, kw_only=True, array_like=True, tag=True):
    """One strategy: its mode, its parameters, what it saw last and what it earned.

    ``fault`` says why the desk switched it off; ``running`` that it may send now, being in
    mode trade while AUTO is on.  Money is net of fees, since its journal began; that of
    shadow and paper stands apart from real P&L.
    """

    name: str
    title: str
    help: str
    mode: Mode
    running: bool
    fault: str
    parameters: tuple[Parameter, ...]
    values: dict[str, ParameterValue]
    looked_ns: int
    took_ms: float
    scanned: int
    signals: int
    signal_texts: tuple[str, ...]
    cycles: int
    open_orders: int
    baskets: int
    trades: int
    pnl: Money | None
    paper_trades: int
    paper_pnl: Money | None
    proof: str


class WhyRow(msgspec.Struct, frozen=True, kw_only=True, array_like=True, tag=True):
    """Why a strategy, or the desk for it, left a candidate alone; ``times`` since its start."""

    candidate: str
    title: str
    code: str
    text: str
    seen: str
    needed: str
    times: int
    at_ns: int


class LimitUnit(StrEnum):
    """What the numbers of a limit mean."""

    MONEY = "money"
    COUNT = "count"
    SHARE = "share"
    SECONDS = "seconds"


class LimitRow(msgspec.Struct, frozen=True, kw_only=True, array_like=True, tag=True):
    """One limit as a gauge: used and allowed in the unit, and the setting behind it.

    Money in micro-dollars, shares in 1/10,000.  ``used`` is None while it can't be known.
    """

    name: str
    title: str
    unit: LimitUnit
    used: int | None
    allowed: int
    setting: str
    help: str
    is_breached: bool
    value: str = ""
    """What the setting is now, as a person types it."""
    range: str = ""
    """What the setting may be, in words."""


class ExposureRow(msgspec.Struct, frozen=True, kw_only=True, array_like=True, tag=True):
    """The worst that settlement can do to an event, theme, category, day or strategy."""

    scope: str
    name: str
    title: str
    worst: Money
    value: Money
    allowed: Money | None
    positions: int


class StopRow(msgspec.Struct, frozen=True, kw_only=True, array_like=True, tag=True):
    """One stop and where its state machine stands.

    Prices are of the held side; ``level`` is None for a time stop, ``until_ns`` 0 for the
    others.  ``expected_cost`` is per contract, ``worst_exit`` what all would bring now.
    """

    stop_id: str
    ticker: str
    title: str
    kind: StopKind
    state: str
    amount: str
    count: Count
    filled: Count
    level: Price | None
    now_price: Price | None
    until_ns: int
    expected_cost: Money | None
    worst_exit: Money | None
    text: str
    updated_ns: int


class PnlRow(msgspec.Struct, frozen=True, kw_only=True, array_like=True, tag=True):
    """P&L of one part of the account: gross, fees and net, since the journal began.

    Scopes are ``strategy`` (the origin of orders), ``event``, ``category`` and ``role``
    (``maker``, ``taker``); the rows of each sum to the account.  ``trades`` counts
    executions.  Among strategies ``pooled cost`` holds what the account's average cost over
    several origins moves between realised and unrealised.  ``unrealized`` is at
    executable prices after fees, None when some exit has no price.  ``predicted_fees`` are
    to be held against ``fees`` less ``unpredicted_fees``: what was charged where the rule
    of the time is not known.
    """

    scope: str
    name: str
    title: str
    trades: int
    contracts: Count
    gross: Money
    fees: Money
    predicted_fees: Money
    unrealized: Money | None
    net: Money | None
    unpredicted_fees: Money = NO_MONEY


class EquityPoint(msgspec.Struct, frozen=True, array_like=True):
    """Equity at one moment.

    ``drawdown`` is the share below the highest so far, money from outside left out.
    """

    at_ns: int
    equity: Money
    drawdown: float = 0.0


class PortfolioView(msgspec.Struct, frozen=True, kw_only=True, array_like=True, tag=True):
    """The whole account: the bridge from gross to net, and how it got here.

    ``stages`` counts positions and their money by stage of settlement (open, closed,
    determined, paid, and of those paid_today).  Ratios are None until there is enough to
    compute them; ``settled`` counts round trips that ended, by trading or by settlement.
    With an exit for all that is held, ``equity - start - outside = realized_gross - fees +
    unrealized`` to the micro-dollar: ``start`` is the cash before the first known fill.
    """

    equity: Money | None
    cash: Money | None
    realized_gross: Money
    fees: Money
    predicted_fees: Money
    realized_net: Money
    unrealized: Money | None
    settled: int
    wins: int
    win_rate: float | None
    break_even_win_rate: float | None
    average_win: Money | None
    average_loss: Money | None
    best: Money | None
    worst: Money | None
    days: int
    daily_sharpe: float | None
    max_drawdown: float | None
    drawdown_now: float | None
    stages: dict[str, tuple[int, Money]]
    equity_curve: tuple[EquityPoint, ...]
    unpredicted_fees: Money = NO_MONEY
    start: Money | None = None
    outside: Money = NO_MONEY
    average_trade: Money | None = None
    """Net result of a round trip on average."""
    total_return: float | None = None
    """Growth since the journal began as a share, money from outside left out."""


class LabRow(msgspec.Struct, frozen=True, kw_only=True, array_like=True, tag=True):
    """One backtest: what was asked, how far it is, and its report when it is done.

    ``report`` is the same JSON object that the shell prints; ``problem`` why it failed.
    """

    run_id: str
    strategy: str
    recording: str
    state: str
    progress: float
    started_ns: int
    seconds_left: float | None
    asked: dict[str, str]
    problem: str
    report: str


AutomationRow = (
    StrategyRow | WhyRow | LimitRow | ExposureRow | StopRow | PnlRow | PortfolioView | LabRow
)
