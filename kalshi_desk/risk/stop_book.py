"""All stops of a desk by id and market, and the markets that rest after an exit."""

from __future__ import annotations

from collections.abc import Iterable

from kalshi_desk.core.stops import StopKind, StopRecord
from kalshi_desk.risk.stops import StopMachine, StopRules

COOLING_NS = 3_600_000_000_000
"""How long strategies stay out of a market after a stop has let go there."""
SHOWN_NS = 86_400_000_000_000
_LEAST_SIGNS = 3


class StopBook:
    """Finds stops; ``by_ticker`` holds only those that still protect."""

    def __init__(self, rules: StopRules) -> None:
        self.rules = rules
        self.by_id: dict[str, StopMachine] = {}
        self.by_ticker: dict[str, list[StopMachine]] = {}
        self._cooling_ns: dict[str, int] = {}

    def set_rules(self, rules: StopRules) -> None:
        """Let other rules hold, for the stops that protect already too."""
        self.rules = rules
        for machine in self.by_id.values():
            machine.rules = rules

    def add(self, record: StopRecord) -> StopMachine:
        """Take a stop that was set or that the journal remembers."""
        machine = StopMachine(record, self.rules)
        self.by_id[record.stop_id] = machine
        if record.state.is_live:
            self.by_ticker.setdefault(record.ticker, []).append(machine)
        self.note(machine)
        return machine

    def note(self, machine: StopMachine) -> None:
        """Take in a change of a stop: it may be over, or its market rests now."""
        record = machine.record
        if record.state.is_firing or record.filled:
            self.cool(record.ticker, record.updated_ns)
        if not record.state.is_live and machine in self.by_ticker.get(record.ticker, ()):
            self.by_ticker[record.ticker].remove(machine)
            if not self.by_ticker[record.ticker]:
                del self.by_ticker[record.ticker]

    def cool(self, ticker: str, now_ns: int) -> None:
        """Keep strategies out of a market for an hour: somebody has just left it."""
        until_ns = now_ns + COOLING_NS
        self._cooling_ns[ticker] = max(until_ns, self._cooling_ns.get(ticker, until_ns))

    def live(self) -> Iterable[StopMachine]:
        """Return every stop that still protects; safe while some of them end."""
        return [machine for machines in self.by_ticker.values() for machine in machines]

    def shown(self, now_ns: int) -> list[StopRecord]:
        """Return what a person wants to see: all that protect, and the last day's others."""
        records = [machine.record for machine in self.by_id.values()]
        return [r for r in records if r.state.is_live or now_ns - r.updated_ns < SHOWN_NS]

    def of_kind(self, ticker: str, kind: StopKind) -> StopMachine | None:
        """Return the stop of one kind that protects a market."""
        found = (m for m in self.by_ticker.get(ticker, ()) if m.record.kind is kind)
        return next(found, None)

    def find(self, name: str) -> StopMachine | None:
        """Return a stop by its id, or by an unambiguous beginning of at least three signs."""
        known = self.by_id.get(name)
        if known is not None or len(name) < _LEAST_SIGNS:
            return known
        found = [m for m in self.live() if m.record.stop_id.startswith(name)]
        return found[0] if len(found) == 1 else None

    def cooling(self, ticker: str, now_ns: int) -> int:
        """Return until when strategies must not enter a market, 0 when they may.

        A stop that has let go there, or a person who flattened it, keeps them out for an hour,
        in nanoseconds since the epoch.
        """
        until_ns = self._cooling_ns.get(ticker, 0)
        return until_ns if now_ns < until_ns else 0
