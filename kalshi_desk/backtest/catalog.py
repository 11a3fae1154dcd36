"""Strategies by the names that a backtest takes."""

from __future__ import annotations

from pathlib import Path

from kalshi_desk.core.errors import Refuse
from kalshi_desk.engine.strategy_book import StrategyBook
from kalshi_desk.store.paths import Home
from kalshi_desk.strategies.contract import Strategy
from kalshi_desk.strategies.registry import ALIASES, BUILT_IN, load


class _OwnBook(StrategyBook):
    """The user's strategies alone; those of the desk are loaded one by one."""

    def __init__(self, folder: Path) -> None:
        self.classes = {}
        self.faults = {}
        if folder.is_dir():
            for path in sorted(folder.glob("*.py")):
                if not path.name.startswith(("_", "test_")):
                    self._load_file(path)


def strategy_class(strategy: str | type[Strategy], home: Home) -> type[Strategy]:
    """Return a strategy's class: built in, from the home's folder, or the class given.

    Raises ``Refuse`` for a name that is none, naming those that are.
    """
    if not isinstance(strategy, str):
        return strategy
    if strategy in BUILT_IN or strategy in ALIASES:
        return load(strategy)
    own = _OwnBook(home.strategies)
    if strategy in own.classes:
        return own.classes[strategy]
    if f"{strategy}.py" in own.faults:
        raise Refuse(own.faults[f"{strategy}.py"], code="bad_strategy")
    known = ", ".join([*BUILT_IN, *own.classes])
    raise Refuse(
        f"There is no strategy {strategy}.", code="no_strategy", todo=f"Choose one of {known}."
    )
