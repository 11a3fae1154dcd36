"""``Backtester``: a strategy over recordings or simulated events, with its assumptions told."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

import msgspec

from kalshi_desk import __version__
from kalshi_desk.backtest.catalog import strategy_class
from kalshi_desk.backtest.fill_models import DEFAULT_FILL_MODEL, MEANINGS, cancel_share
from kalshi_desk.backtest.ledger import Ledger
from kalshi_desk.backtest.period import When, choose, end_of, start_of
from kalshi_desk.backtest.pilot import StrategyPilot
from kalshi_desk.backtest.report import make_result, moment
from kalshi_desk.backtest.result import BacktestResult
from kalshi_desk.backtest.shell import DEFAULT_LATENCY_NS, MS_NS, VirtualShell
from kalshi_desk.backtest.source import RecordingSource, Timed, linked, within
from kalshi_desk.core.errors import Refuse
from kalshi_desk.core.strategy import ParameterValue
from kalshi_desk.core.types import MONEY_SCALE, Money
from kalshi_desk.engine.book_broker import PaperAccount
from kalshi_desk.engine.core import TradingCore
from kalshi_desk.engine.core_settings import core_settings
from kalshi_desk.engine.recordings import survey
from kalshi_desk.engine.state import CoreSettings
from kalshi_desk.execution.paper import PaperBroker
from kalshi_desk.store.paths import Home, open_home
from kalshi_desk.store.setting_env import load_all
from kalshi_desk.strategies.contract import Strategy

VENUE = "paper"
"""Orders of a backtest rest in no book but the broker's, as on the paper venue."""
FEE_REGIME = "the exchange's schedule of 2026-07-07 with each market's own fee as listed then"
EVERY_BEAT_NS = 1
"""The interval where recorded looks are followed: the core always waits for the next one."""
_HASH_BLOCK = 1 << 20
_MOST_CAPITAL = 1_000_000_000
Progress = Callable[[float, int], None]
"""Takes the fraction done, from 0 to 1, and the events so far."""


class Backtester:
    """Runs strategies over the past with the core, gate, sizing and fees of the desk.

    ``start_date`` and ``end_date`` are days in UTC, both included, or moments; they select
    from the home's recordings, or cut the ``recording`` that is named.  ``initial_capital``
    is in dollars.  ``events`` takes simulated ``(at_ns, event)`` pairs instead, in order.
    ``parameters`` are values of the strategy's declared parameters by name.  Signals whose
    cell is not proven are only counted unless ``trade_unproven``.  What is wrong in here is
    refused with ``Refuse`` when it is used.
    """

    def __init__(
        self,
        *,
        start_date: When = None,
        end_date: When = None,
        initial_capital: Decimal | int | float | str = 10_000,
        recording: Path | str | None = None,
        events: Iterable[Timed] | None = None,
        fill_model: str = DEFAULT_FILL_MODEL,
        home: Home | Path | str | None = None,
        parameters: Mapping[str, ParameterValue] | None = None,
        latency_ms: int = DEFAULT_LATENCY_NS // MS_NS,
        trade_unproven: bool = False,
        on_progress: Progress | None = None,
    ) -> None:
        self._start_ns, self._end_ns = start_of(start_date), end_of(end_date)
        if self._end_ns and self._end_ns < self._start_ns:
            raise Refuse("The period ends before it starts.", code="usage")
        self._capital = _capital(initial_capital)
        self._share = cancel_share(fill_model)
        self._fill_model = fill_model
        self._home = home if isinstance(home, Home) else open_home(str(home) if home else None)
        self._recording = None if recording is None else Path(recording).expanduser()
        self._events = events
        self._parameters = dict(parameters or {})
        if latency_ms < DEFAULT_LATENCY_NS // MS_NS:
            raise Refuse("A backtest assumes a latency of at least 150 ms.", code="usage")
        self._latency_ns = latency_ms * MS_NS
        self._trade_unproven = trade_unproven
        self._on_progress = on_progress

    def run_strategy(self, strategy: str | type[Strategy]) -> BacktestResult:
        """Run one strategy, by its name or its class, and return what came of it.

        Raises ``Refuse`` for an unknown strategy, a parameter out of its range, a period
        without recordings, or recordings in which nothing can be read.
        """
        loaded = load_all(self._home).settings
        kind = strategy_class(strategy, self._home)
        values = _values(kind, loaded.strategies.parameters.get(kind.name, {}), self._parameters)
        paths = self._paths()
        facts = [survey(path) for path in paths]
        follows = any(kind.name in fact.first_cycles for fact in facts)
        settings = core_settings(loaded, VENUE)
        settings.strategy_values = {kind.name: values}
        if follows:
            settings.strategy_interval_ns = EVERY_BEAT_NS
        start_ns = max(self._start_ns, facts[0].start_ns if facts else 0)
        end_ns = facts[-1].end_ns if facts else 0
        end_ns = min(end_ns, self._end_ns or end_ns)
        source = RecordingSource(paths)
        given = source if self._events is None else linked(self._events)
        core = TradingCore(settings)
        ledger = Ledger(core.state, self._capital)
        pilot = StrategyPilot(
            kind,
            ledger.on_decision,
            follows_looks=follows,
            trades_unproven=self._trade_unproven,
            unanswered=frozenset().union(*(fact.unanswered for fact in facts)),
            sees_recorded=lambda: source.has_observations,
        )
        broker = PaperBroker(cancel_share=self._share)
        shell = VirtualShell(
            core,
            PaperAccount(self._capital),
            broker,
            pilot,
            ledger,
            latency_ns=self._latency_ns,
        )
        shell.run(
            within(given, self._end_ns),
            begin_ns=start_ns,
            has_beats=lambda: source.has_beats,
            on_progress=lambda now_ns: self._tell(now_ns, start_ns, end_ns, shell.events),
        )
        if not shell.events:
            raise Refuse("Nothing was recorded in that time.", code="no_recording")
        ledger.sample(shell.now_ns)
        assumptions = {
            "strategy": kind.name,
            "parameters": values,
            "fill_model": self._fill_model,
            "fill_model_meaning": MEANINGS[self._fill_model],
            "latency_ms": self._latency_ns // MS_NS,
            "fee_regime": FEE_REGIME,
            "looks_at": "the recorded moments" if follows else "its interval",
            "interval_s": loaded.strategies.interval_s,
            "trades_unproven": self._trade_unproven,
            "unproven_signals_held_back": pilot.held_back,
            "period": [moment(shell.began_ns), moment(shell.now_ns)],
            "data_source": [path.name for path in paths] or ["simulated events"],
            "market_events": shell.events,
            "lines_unreadable": source.problems,
        }
        assumptions["config_hash"] = self._hash(assumptions, settings, paths)
        return make_result(core.state, ledger, assumptions, fault=pilot.fault)

    def _paths(self) -> list[Path]:
        if self._recording is not None:
            return [self._recording]
        if self._events is not None:
            return []
        if not self._start_ns and not self._end_ns:
            raise Refuse(
                "A backtest needs a recording, or dates that select from the home's.",
                code="usage",
                todo="See: kalshi-desk recordings list",
            )
        return choose(self._home.recordings, self._start_ns, self._end_ns)

    def _tell(self, now_ns: int, start_ns: int, end_ns: int, events: int) -> None:
        if self._on_progress is not None:
            span = max(1, end_ns - start_ns)
            self._on_progress(min(1.0, max(0.0, (now_ns - start_ns) / span)), events)

    def _hash(
        self, assumptions: Mapping[str, Any], settings: CoreSettings, paths: list[Path]
    ) -> str:
        """Return a name for this exact set-up: version, settings, inputs and their content."""
        body = {
            "version": __version__,
            "capital": self._capital,
            "period": [self._start_ns, self._end_ns],
            "collar": settings.collar,
            "max_order": settings.max_order,
            "limits": settings.limits,
            "recordings": [_digest(path) for path in paths],
            **{
                name: assumptions[name]
                for name in ("strategy", "parameters", "fill_model", "latency_ms", "interval_s")
            },
        }
        return hashlib.sha256(msgspec.json.encode(body, order="sorted")).hexdigest()[:16]


def _digest(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(_HASH_BLOCK):
            digest.update(block)
    return digest.hexdigest()


def _capital(amount: Decimal | int | float | str) -> Money:
    try:
        exact = Decimal(str(amount)) * MONEY_SCALE
    except InvalidOperation:
        exact = Decimal(0)
    if not (exact.is_finite() and 0 < exact <= _MOST_CAPITAL * MONEY_SCALE):
        raise Refuse(
            f"{amount!r} is no capital to start with.",
            code="usage",
            todo=f"Give dollars, up to {_MOST_CAPITAL:,}.",
        )
    return Money(int(exact))


def _values(
    kind: type[Strategy],
    of_settings: Mapping[str, ParameterValue],
    given: Mapping[str, ParameterValue],
) -> dict[str, ParameterValue]:
    """Return the value of every declared parameter; raises ``Refuse`` for a wrong one."""
    declared = {parameter.name: parameter for parameter in kind.parameters}
    for name in given:
        if name not in declared:
            raise Refuse(
                f"{kind.name} has no parameter {name}.",
                code="no_parameter",
                todo=f"It has: {', '.join(declared) or 'none'}.",
            )
    values: dict[str, ParameterValue] = {}
    for name, parameter in declared.items():
        wanted = given.get(name, of_settings.get(name, parameter.default))
        try:
            values[name] = parameter.parse(str(wanted))
        except ValueError as error:
            raise Refuse(str(error), code="bad_parameter") from None
    return values
