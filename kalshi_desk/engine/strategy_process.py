"""Opens the strategy worker of a running engine and keeps its recording told."""

from __future__ import annotations

from pathlib import Path

from kalshi_desk.core.events import CoreEvent
from kalshi_desk.core.ports import Clock
from kalshi_desk.core.strategy import Observation
from kalshi_desk.engine.effects import AskStrategy
from kalshi_desk.engine.inputs import StrategyDecided, StrategyFailed
from kalshi_desk.engine.shell import EngineShell
from kalshi_desk.engine.strategy_link import StrategyLink
from kalshi_desk.engine.worker_watch import DEADLINE_S


def open_strategies(
    shell: EngineShell, folder: Path, clock: Clock, *, deadline_s: float = DEADLINE_S
) -> StrategyLink:
    """Return the link to the worker; looks and answers go into the shell's recording."""
    state = shell.core.state
    asked: dict[str, tuple[int, AskStrategy]] = {}

    def on_look(now_ns: int, look: AskStrategy) -> None:
        asked[look.strategy] = (now_ns, look)
        if shell.recorder is not None:
            names = [look.strategy]
            shell.recorder.mark_cycle(now_ns, names, look.implications, look.since_ns)

    def take(event: CoreEvent) -> None:
        if shell.recorder is not None and isinstance(event, StrategyDecided | StrategyFailed):
            looked_ns, look = asked[event.strategy]
            if isinstance(event, StrategyDecided):
                decision = event.decision
                shell.recorder.mark_decision(looked_ns, event.strategy, decision, look.values)
            else:
                shell.recorder.mark_failure(
                    looked_ns, event.strategy, event.why, unanswered=event.is_unanswered
                )
        shell.take(event)

    def observations(strategy: str) -> dict[str, list[Observation]]:
        return state.observations.get(strategy, {})

    return StrategyLink(
        folder,
        clock,
        state.markets,
        take,
        observations=observations,
        on_look=on_look,
        deadline_s=deadline_s,
    )
