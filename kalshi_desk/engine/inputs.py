"""Events that only the engine knows: commands of people, translated for the core."""

from __future__ import annotations

from kalshi_desk.core.events import CoreEvent
from kalshi_desk.core.strategy import Decision
from kalshi_desk.desk.commands import Command
from kalshi_desk.desk.frames import ReplayView
from kalshi_desk.engine.strategy_messages import StrategyInfo


class CommandReceived(CoreEvent, frozen=True):
    """A face asks for something under an id that it will not use again."""

    command_id: str
    command: Command


class ReplayMoved(CoreEvent, frozen=True):
    """Where the recording stands."""

    view: ReplayView


class StrategiesDeclared(CoreEvent, frozen=True):
    """The strategies that can be run, as they declare themselves."""

    strategies: tuple[StrategyInfo, ...]


class StrategyDecided(CoreEvent, frozen=True, kw_only=True):
    """What a strategy answered to a look at ``looked_ns``; ``proof`` is in words."""

    strategy: str
    cycle: int
    looked_ns: int
    took_ns: int
    decision: Decision
    proof: str = ""


class StrategyFailed(CoreEvent, frozen=True, kw_only=True):
    """A strategy raised, or took longer than it may: then its look is unanswered."""

    strategy: str
    cycle: int
    why: str
    is_unanswered: bool = False
