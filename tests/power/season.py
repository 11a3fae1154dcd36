"""A season: one exchange with its seed, a desk that is run for some hours of each day.

At night the desk is off and the exchange sleeps as it does on a computer that sleeps: values
move and markets end, the crowd does not trade.  Before the desk comes back the crowd has had
a while to find the new values.
"""

from __future__ import annotations

import os
import tempfile
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import msgspec

from kalshi_desk.core.strategy import Observation
from kalshi_desk.core.types import MONEY_SCALE
from kalshi_desk.engine.core_settings import core_settings
from kalshi_desk.engine.state import CoreSettings
from kalshi_desk.exchange.rules import read_rules
from kalshi_desk.exchange.venue import Venue
from kalshi_desk.store.journal import Journal
from kalshi_desk.store.settings import Settings, StrategySettings
from kalshi_desk.strategies.news_proof import nearest, prove
from tests.power.desk import Day
from tests.power.press import make_ignorant
from tests.power.wire import SECOND_NS, Exchange

HOUR_NS, DAY_NS = 3_600 * SECOND_NS, 86_400 * SECOND_NS
START_NS = int(datetime(2026, 11, 2, 15, tzinfo=UTC).timestamp()) * SECOND_NS
WAKING_NS = 600 * SECOND_NS
OPENING_CASH = 10_000


class Season(msgspec.Struct, frozen=True, kw_only=True):
    """What is simulated.  ``rate`` and ``step_ms`` are the exchange's own options.

    ``ignorant`` is the null: stories of which a coin says which way they move values.
    """

    seed: int = 1
    days: int = 24
    hours: float = 2.0
    step_ms: int = 1_000
    rate: float = 10.0
    markets: int = 0
    interval_s: int = 60
    ignorant: bool = False


class CellFound(msgspec.Struct, frozen=True, kw_only=True):
    """One cell at the end: counts, effect, and each test that it fails with what was seen."""

    cell: str
    items: int
    events: int
    kappa: float | None
    t: float
    q: float
    out_of_sample_t: float
    failed: tuple[str, ...]


class SeasonFound(msgspec.Struct, frozen=True, kw_only=True):
    """What came of a season; money in micro-dollars.

    ``stories`` are those that say something about a market, ``opened_day`` the first day (from
    1) on which a look saw a proven cell, 0 for never.  ``cash_gap`` is the exchange's cash less
    the core's, ``kept_gap`` the journal's observations less those in the core.
    """

    season: Season
    items: int
    stories: int
    observations: int
    opened_day: int
    opened_hours: float
    cells: tuple[CellFound, ...]
    nearest: str
    orders: int
    fills: int
    events_traded: int
    fees: int
    net: int
    open_value: int
    cash_gap: Decimal
    kept_gap: int
    halted: str
    faults: tuple[str, ...]

    @property
    def gross(self) -> int:
        """What was won or lost before fees."""
        return self.net + self.fees


def play(season: Season, folder: Path) -> SeasonFound:
    """Live through a season; the journal lies in ``folder``."""
    rules = read_rules([f"step_ms={season.step_ms}"])
    venue = Venue.new(season.seed, START_NS, rules, markets=season.markets, book_rate=season.rate)
    if season.ignorant:
        make_ignorant(venue)
    exchange = Exchange(venue)
    settings = settings_of(season)
    path = folder / "practice.sqlite"
    opened_ns, faults, day = 0, [], None
    for number in range(season.days):
        if number:
            exchange.sleep_until(START_NS + number * DAY_NS - WAKING_NS)
            exchange.run_until(START_NS + number * DAY_NS)
        journal = Journal(path, durable=False)
        day = Day(exchange, journal, settings)
        day.run(exchange.now_ns + int(season.hours * HOUR_NS))
        journal.close()
        opened_ns = opened_ns or day.opened_ns
        faults += day.faults
    assert day is not None
    return _found(season, exchange, day, path, opened_ns, faults)


def play_alone(season: Season) -> SeasonFound:
    """Live through a season in a process of its own, behind everything else on the machine."""
    os.nice(10)
    with tempfile.TemporaryDirectory(prefix="kalshi-desk-power-") as folder:
        return play(season, Path(folder))


def settings_of(season: Season) -> CoreSettings:
    """Return the settings as they come, but for the interval of looks."""
    whole = Settings(strategies=StrategySettings(interval_s=season.interval_s))
    return core_settings(whole, "practice")


def _found(
    season: Season, exchange: Exchange, day: Day, path: Path, opened_ns: int, faults: list[str]
) -> SeasonFound:
    state = day.core.state
    journal = Journal(path, durable=False)
    try:
        kept = journal.observations()
        intents = journal.intents()
        [[items, stories]] = journal.rows("SELECT count(*), count(DISTINCT cluster) FROM news")
        fills = journal.fills()
    finally:
        journal.close()
    known = sum(len(seen) for cell in state.observations.values() for seen in cell.values())
    cells = _cells(state.observations.get("news", {}))
    account = exchange.account
    cash = state.ledger.cash
    equity = state.equity()
    assert equity is not None
    assert cash is not None
    markets = exchange.venue.engine.markets
    opened_day = (opened_ns - START_NS) // DAY_NS + 1 if opened_ns else 0
    return SeasonFound(
        season=season,
        items=int(items),
        stories=int(stories),
        observations=len(kept),
        opened_day=int(opened_day),
        opened_hours=_hours(season, opened_ns),
        cells=cells,
        nearest=day_proof(state.observations.get("news", {})),
        orders=len(intents),
        fills=len(fills),
        events_traded=len({markets[fill.ticker].event_ticker for fill in fills}),
        fees=sum(fill.fee for fill in fills),
        net=equity - OPENING_CASH * MONEY_SCALE,
        open_value=equity - cash,
        cash_gap=account.funds - Decimal(cash) / MONEY_SCALE,
        kept_gap=len(kept) - known,
        halted=state.halted_why,
        faults=tuple(dict.fromkeys(faults)),
    )


def _hours(season: Season, at_ns: int) -> float:
    """Return how many hours the desk had been on by then, 0 for never."""
    if not at_ns:
        return 0.0
    day, within_ns = divmod(at_ns - START_NS, DAY_NS)
    return day * season.hours + within_ns / HOUR_NS


def day_proof(cells: dict[str, list[Observation]]) -> str:
    """Return the name of the cell that is nearest to its proof."""
    return nearest(prove(cells))


def _cells(cells: dict[str, list[Observation]]) -> tuple[CellFound, ...]:
    return tuple(
        CellFound(
            cell=name,
            items=proof.record.items,
            events=proof.record.events,
            kappa=None if proof.kappa is None else proof.kappa.estimate,
            t=proof.record.t,
            q=proof.record.q,
            out_of_sample_t=proof.record.out_of_sample_t,
            failed=tuple(f"{one.test} {one.seen:.2f}" for one in proof.shortfalls),
        )
        for name, proof in sorted(prove(cells).items())
    )
