"""What the administrator can do to markets: results, disputes, closing times, grids and fees."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from kalshi_desk.exchange import grids
from kalshi_desk.exchange.calendar import SECOND_NS
from kalshi_desk.exchange.commands import (
    AmendResult,
    ChangeFees,
    DisputeMarket,
    MoveClose,
    ResolveMarket,
    SetGrid,
    SetMarketActive,
    TellStory,
    WaiveFees,
)
from kalshi_desk.exchange.host import Host
from kalshi_desk.exchange.news_beats import BEATS

_FEE_TYPES = {
    "",
    "quadratic",
    "quadratic_with_maker_fees",
    "quadratic_with_combo_maker_fees",
}
MOST_SIZES = 10
Fields = dict[str, Any]


def _result(fields: Fields) -> tuple[str, int]:
    """Return a result and, for a scalar one, what a YES contract is worth."""
    result, value = fields["result"], int(fields.get("value", 0))
    if result not in {"yes", "no", "scalar"}:
        raise ValueError("result must be yes, no or scalar")
    if not 0 <= value <= 10_000:
        raise ValueError("value must be between 0 and 10000")
    return result, value


def _resolve(host: Host, fields: Fields) -> None:
    result, value = _result(fields)
    host.execute(ResolveMarket(ticker=_ticker(fields), result=result, value=value))


def _amend_result(host: Host, fields: Fields) -> None:
    result, value = _result(fields)
    host.execute(AmendResult(ticker=_ticker(fields), result=result, value=value))


def _dispute(host: Host, fields: Fields) -> None:
    host.execute(DisputeMarket(ticker=_ticker(fields)))


def _market(host: Host, fields: Fields) -> None:
    """Deactivate or reactivate one market."""
    host.execute(SetMarketActive(ticker=_ticker(fields), active=bool(fields["active"])))


def _close(host: Host, fields: Fields) -> None:
    host.execute(MoveClose(ticker=_ticker(fields), close_ns=_later(host, fields["in_s"])))


def _grid(host: Host, fields: Fields) -> None:
    structure = str(fields["structure"])
    if structure not in grids.STRUCTURES:
        raise ValueError(f"structure must be one of {sorted(grids.STRUCTURES)}")
    host.execute(SetGrid(ticker=_ticker(fields), structure=structure))


def _waive(host: Host, fields: Fields) -> None:
    host.execute(WaiveFees(ticker=_ticker(fields), until_ns=_later(host, fields["for_s"])))


def _fees(host: Host, fields: Fields) -> None:
    kind, multiplier = str(fields.get("fee_type") or ""), fields.get("fee_multiplier")
    if kind not in _FEE_TYPES:
        raise ValueError(f"fee_type must be one of {sorted(_FEE_TYPES)}")
    host.execute(
        ChangeFees(
            series_ticker=str(fields["series_ticker"]),
            event_ticker=str(fields.get("event_ticker", "")),
            fee_type=kind,
            fee_multiplier=None if multiplier is None else float(multiplier),
            at_ns=_later(host, fields.get("in_s", 0)),
        )
    )


def _news(host: Host, fields: Fields) -> None:
    driver, sizes = str(fields["driver"]), float(fields.get("sizes", 2.0))
    # Before it is recorded: what can't be done must not stand in the way of every later start.
    known = sorted(host.venue.drivers.keys() & BEATS.keys())
    if driver not in known:
        raise ValueError(f"driver must be one of {known}")
    if not abs(sizes) <= MOST_SIZES:
        raise ValueError(f"sizes must be between -{MOST_SIZES} and {MOST_SIZES}")
    host.execute(TellStory(driver=driver, sizes=sizes))


def _ticker(fields: Fields) -> str:
    return str(fields["ticker"])


def _later(host: Host, seconds: Any) -> int:
    """Return the time some seconds from now."""
    return host.clock.now_ns() + int(float(seconds) * SECOND_NS)


WORKS: dict[str, Callable[[Host, Fields], None]] = {
    "resolve": _resolve,
    "amend_result": _amend_result,
    "dispute": _dispute,
    "market": _market,
    "close": _close,
    "grid": _grid,
    "waive": _waive,
    "fees": _fees,
    "news": _news,
}
"""Name of the operation to what it does."""
