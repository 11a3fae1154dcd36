"""Events that only the engine knows: commands of people, translated for the core."""

from __future__ import annotations

from kalshi_desk.core.events import CoreEvent
from kalshi_desk.desk.commands import Command
from kalshi_desk.desk.frames import ReplayView


class CommandReceived(CoreEvent, frozen=True):
    """A face asks for something under an id that it will not use again."""

    command_id: str
    command: Command


class ReplayMoved(CoreEvent, frozen=True):
    """Where the recording stands."""

    view: ReplayView
