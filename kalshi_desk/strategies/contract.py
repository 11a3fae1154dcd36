"""What a strategy is: a name, declared parameters, and one pure decision."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import ClassVar

from kalshi_desk.core.strategy import Decision, MarketView, Mode, Parameter, ParameterValue


class Strategy(ABC):
    """One strategy in one file.

    ``decide`` must depend on the view and the parameters alone: no clock, no disk, no
    memory of earlier calls that would change an answer.  It has a second; a strategy that
    takes longer or raises is switched off.
    """

    name: ClassVar[str]
    """One lower-case word; settings, commands and the journal know the strategy by it."""
    title: ClassVar[str]
    help: ClassVar[str]
    parameters: ClassVar[tuple[Parameter, ...]] = ()
    default_mode: ClassVar[Mode] = Mode.SHADOW
    follows_books: ClassVar[bool] = False
    """Whether a change of a book asks for a look at once, besides the regular interval."""

    def __init__(self, values: Mapping[str, ParameterValue] | None = None) -> None:
        given = dict(values or {})
        self.values: dict[str, ParameterValue] = {
            parameter.name: given.get(parameter.name, parameter.default)
            for parameter in self.parameters
        }

    def number(self, name: str) -> float:
        """Return a parameter as a number."""
        return float(self.values[name])

    def whole(self, name: str) -> int:
        """Return a parameter as a whole number."""
        return int(self.values[name])

    def prepare(self) -> None:  # noqa: B027 - most need nothing
        """Load what the first look needs, such as a heavy library.

        Called once where looks are taken, before a deadline counts; never by the engine.
        """

    @abstractmethod
    def decide(self, view: MarketView) -> Decision:
        """Return what to do about every candidate that the view shows."""

    def proof(self, view: MarketView) -> str:
        """Say in a sentence how far the measured record is from proving the strategy."""
        return ""
