"""Commands about the machine: AUTO, strategies, limits, stops, relations and backtests.

Values that a person typed travel as text; the engine reads them by the same declaration
that every face shows, and refuses with the allowed range when they are wrong.
"""

from __future__ import annotations

import msgspec

from kalshi_desk.core.stops import StopKind as StopKind
from kalshi_desk.core.strategy import Mode
from kalshi_desk.core.types import Count, Money, Price


class SetAuto(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Turn the master switch: on lets strategies in mode trade send, off cancels their orders."""

    on: bool


class SetMode(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Set what becomes of one strategy's signals on this venue."""

    strategy: str
    mode: Mode


class SetParameter(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Set one declared parameter of a strategy; kept in the settings file."""

    strategy: str
    name: str
    value: str


class SetLimit(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Set one limit of the gate, by the name that the Risk screen shows; kept in the settings."""

    name: str
    value: str


class SetStop(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Protect the position in a market.

    ``amount`` is what the person typed: per cent of the entry (``20%``) or cents (``5c``)
    for fixed and trailing, hours or minutes (``4h``, ``30m``) for time, standard deviations
    (``2sd``) for volatility; empty takes the setting.
    """

    ticker: str
    kind: StopKind
    amount: str = ""


class DropStop(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Take one stop away, by its id."""

    stop_id: str


class SetImplication(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Confirm, or take back, that YES of one market settles another YES too."""

    cause: str
    effect: str
    holds: bool = True


class RunBacktest(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Start a backtest in a process of its own; dates and capital as a person typed them."""

    strategy: str
    recording: str = ""
    start: str = ""
    end: str = ""
    capital: str = ""
    fill_model: str = ""
    parameters: dict[str, str] = {}


class CancelBacktest(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """End a running backtest."""

    run_id: str


AutomationCommand = (
    SetAuto
    | SetMode
    | SetParameter
    | SetLimit
    | SetStop
    | DropStop
    | SetImplication
    | RunBacktest
    | CancelBacktest
)


class PreviewStop(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Ask what a stop would cost, before it is set."""

    ticker: str
    kind: StopKind
    amount: str = ""


class StopPreview(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """What a stop would do: its level, what it costs a fair price, and the exit now.

    ``level`` is the executable price of the held side at which it would trigger, None for a
    time stop; ``expected_cost`` per contract in micro-dollars, ``chance`` of being hit and
    ``winners_stopped`` from 0 to 1 (``quant.stops``), None where no formula applies;
    ``worst_exit`` what closing all at the present depth would bring, after fees.
    """

    ticker: str
    kind: StopKind
    count: Count
    level: Price | None
    chance: float | None
    expected_cost: Money | None
    winners_stopped: float | None
    worst_exit: Money | None
    text: str
