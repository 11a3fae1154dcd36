"""What Prometheus reads: the state of the engine at this moment, and of this process."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4

from kalshi_desk import __version__
from kalshi_desk.api.answers import Seen, statistic
from kalshi_desk.api.offers import Offer
from kalshi_desk.core.events import LinkState
from kalshi_desk.core.types import MONEY_SCALE, Money
from kalshi_desk.desk.automation_frames import LimitUnit
from kalshi_desk.desk.frames import RiskState

CONTENT_TYPE = CONTENT_TYPE_PLAIN_0_0_4
_P = "kalshi_desk_"
_THOUSAND = 1_000
_SECOND_NS = 1_000_000_000
_SHARE = 10_000
_UNIT_SCALE = {LimitUnit.MONEY: MONEY_SCALE, LimitUnit.SHARE: _SHARE}


class Metrics:
    """Counts calls of this API and shows everything as text."""

    def __init__(self) -> None:
        self._calls: Counter[tuple[str, str, int]] = Counter()
        self.sockets = 0
        self.dropped = 0
        self.strangers = 0

    def called(self, offer: Offer, status: int) -> None:
        """Count a call."""
        self._calls[offer.method, offer.path, status] += 1

    def show(self, seen: Seen | None) -> bytes:
        """Return all metrics; without an engine those that need one are left out."""
        registry = CollectorRegistry()
        registry.register(_Shown([*self._own(seen is not None), *_of_engine(seen)]))
        return bytes(generate_latest(registry))

    def _own(self, has_engine: bool) -> Iterator[Metric]:
        yield _gauge("engine_up", "Whether the engine answers", float(has_engine))
        version = GaugeMetricFamily(f"{_P}build_info", "Version", labels=["version"])
        version.add_metric([__version__], 1)
        yield version
        labels = ["method", "path", "status"]
        calls = CounterMetricFamily(f"{_P}api_calls", "Calls of the API", labels=labels)
        for (method, path, status), count in sorted(self._calls.items()):
            calls.add_metric([method, path, str(status)], count)
        yield calls
        yield _gauge("api_sockets", "Subscribers of the WebSocket", self.sockets)
        yield _counter("api_dropped_sockets", "Subscribers dropped as too slow", self.dropped)
        yield _counter("api_strangers", "Calls refused as foreign or unknown", self.strangers)


class _Shown:
    """A collector of what was made already."""

    def __init__(self, metrics: list[Metric]) -> None:
        self._metrics = metrics

    def collect(self) -> list[Metric]:
        return self._metrics


def _of_engine(seen: Seen | None) -> Iterator[Metric]:
    if seen is None:
        return
    view, account = seen.status, seen.portfolio
    yield from _money(seen)
    yield _gauge("connected", "Connected to the exchange", view.link is LinkState.LIVE)
    venue = GaugeMetricFamily(f"{_P}venue", "Where orders go", labels=["venue"])
    venue.add_metric([view.venue], 1)
    yield venue
    risk = GaugeMetricFamily(f"{_P}risk_state", "1 for the present state", labels=["state"])
    for state in RiskState:
        risk.add_metric([state.value.lower()], float(state is view.risk))
    yield risk
    yield _gauge("auto_on", "Whether AUTO is on", view.auto_on)
    yield _gauge("strategies_running", "Strategies that may send", view.auto_running)
    held = sum(1 for row in seen.positions if row.position)
    yield _gauge("positions", "Markets held", held)
    yield _gauge("open_orders", "Open orders", view.open_orders)
    yield _gauge("unresolved_orders", "Orders whose outcome is unknown", view.unresolved)
    trades = sum(row.trades for row in seen.pnl if row.scope == "role")
    yield _counter("trades", "Executions since the journal began", trades)
    if account is not None:
        yield _counter("round_trips", "Round trips that are over", account.settled)
    if view.data_age_ms is not None:
        age = view.data_age_ms / _THOUSAND
        yield _gauge("data_age_seconds", "Age of the newest market data", age)
    if view.write_tokens is not None:
        yield _gauge("write_tokens", "Writes left at the exchange", view.write_tokens)
    yield from _health(seen)
    yield from _guests(seen)
    yield from _limits(seen)


def _money(seen: Seen) -> Iterator[Metric]:
    """Yield what is known of the money; what is not known is absent, not 0."""
    view, account = seen.status, seen.portfolio
    known: list[tuple[str, str, Money | None]] = [
        ("equity_dollars", "Cash and what all positions would bring", view.equity),
        ("cash_dollars", "Cash", view.cash),
        ("buying_power_dollars", "Cash less what open orders may cost", view.buying_power),
        ("day_pnl_dollars", "Change of equity today", view.day_pnl),
        ("worst_case_dollars", "Worst change at settlement", view.worst_case),
    ]
    if account is not None:
        known += [
            ("realized_pnl_dollars", "Realised, net of fees", account.realized_net),
            ("unrealized_pnl_dollars", "Of open positions, after fees", account.unrealized),
            ("fees_dollars", "Fees since the journal began", account.fees),
        ]
    for name, text, money in known:
        if money is not None:
            yield _gauge(name, text, money / MONEY_SCALE)
    drawdown = None if account is None else statistic(account.drawdown_now)
    if drawdown is not None:
        yield _gauge("drawdown_ratio", "How far below the highest", drawdown)


def _health(seen: Seen) -> Iterator[Metric]:
    health = seen.health
    if health is None:
        return
    started = health.started_ns / _SECOND_NS
    yield _gauge("engine_start_time_seconds", "When the engine started", started)
    yield _counter("reconnects", "Times the exchange was reached again", health.reconnects)
    text = "Orders that the gate did not let pass, by reason"
    refusals = CounterMetricFamily(f"{_P}gate_refusals", text, labels=["code"])
    for code, count in sorted(health.refusals.items()):
        refusals.add_metric([code], count)
    yield refusals
    if health.loop_lag_ms is not None and health.worst_loop_lag_ms is not None:
        now, worst = health.loop_lag_ms / _THOUSAND, health.worst_loop_lag_ms / _THOUSAND
        yield _gauge("loop_lag_seconds", "How late the engine's loop came back", now)
        yield _gauge("loop_lag_worst_seconds", "The same, at worst in a minute", worst)


def _guests(seen: Seen) -> Iterator[Metric]:
    runs = GaugeMetricFamily(f"{_P}guest_up", "Whether a guest runs", labels=["guest"])
    starts = CounterMetricFamily(f"{_P}guest_restarts", "Times started again", labels=["guest"])
    for guest in seen.guests:
        runs.add_metric([guest.name], float(guest.state == "running"))
        starts.add_metric([guest.name], guest.restarts)
    yield runs
    yield starts


def _limits(seen: Seen) -> Iterator[Metric]:
    """Yield each limit in dollars, shares, seconds or counts, as its unit says."""
    labels = ["limit", "unit"]
    used = GaugeMetricFamily(f"{_P}limit_used", "How much of a limit is used", labels=labels)
    allowed = GaugeMetricFamily(f"{_P}limit_allowed", "What a limit allows", labels=labels)
    for name, row in seen.limits.items():
        scale = _UNIT_SCALE.get(row.unit, 1)
        unit = "dollars" if row.unit is LimitUnit.MONEY else row.unit.value
        allowed.add_metric([name, unit], row.allowed / scale)
        if row.used is not None:
            used.add_metric([name, unit], row.used / scale)
    yield used
    yield allowed


def _gauge(name: str, text: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"{_P}{name}", text, value=float(value))


def _counter(name: str, text: str, value: float) -> CounterMetricFamily:
    return CounterMetricFamily(f"{_P}{name}", text, value=float(value))
