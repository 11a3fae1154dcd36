"""Opens the strategy worker of a running engine and keeps its recording told."""

from __future__ import annotations

from pathlib import Path

from kalshi_desk.core.events import CoreEvent
from kalshi_desk.core.ports import Clock
from kalshi_desk.core.strategy import Observation
from kalshi_desk.engine.effects import AskStrategy
from kalshi_desk.engine.inputs import StrategyDecided
from kalshi_desk.engine.shell import EngineShell
from kalshi_desk.engine.strategy_link import DEADLINE_S, StrategyLink


def open_strategies(
    shell: EngineShell, folder: Path, clock: Clock, *, deadline_s: float = DEADLINE_S
) -> StrategyLink:
    """Return the link to the worker; looks and answers go into the shell's recording."""
    state = shell.core.state
    asked: dict[str, AskStrategy] = {}

    def on_look(now_ns: int, look: AskStrategy) -> None:
        asked[look.strategy] = look
        if shell.recorder is not None:
            shell.recorder.mark_cycle(now_ns, [look.strategy])

    def take(event: CoreEvent) -> None:
        if isinstance(event, StrategyDecided) and shell.recorder is not None:
            look = asked.get(event.strategy)
            values = None if look is None else look.values
            shell.recorder.mark_decision(event.looked_ns, event.strategy, event.decision, values)
        shell.take(event)

    def observations(strategy: str) -> dict[str, tuple[Observation, ...]]:
        cells = state.observations.get(strategy, {})
        return {cell: tuple(found) for cell, found in cells.items()}

    return StrategyLink(
        folder,
        clock,
        state.markets,
        take,
        observations=observations,
        on_look=on_look,
        deadline_s=deadline_s,
    )
