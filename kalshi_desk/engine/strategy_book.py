"""The strategies a worker can run: those of the desk and those in the user's folder."""

from __future__ import annotations

import importlib.util
import inspect
from pathlib import Path
from types import ModuleType

from kalshi_desk.engine.strategy_messages import StrategyInfo
from kalshi_desk.strategies.contract import Strategy
from kalshi_desk.strategies.registry import BUILT_IN, load

_NAME_CHARACTERS = 40


class StrategyBook:
    """Strategy classes by name, and what is wrong with files that hold none."""

    def __init__(self, folder: Path | None) -> None:
        self.classes: dict[str, type[Strategy]] = {}
        self.faults: dict[str, str] = {}
        for name in BUILT_IN:
            self.classes[name] = load(name)
        if folder is not None and folder.is_dir():
            for path in sorted(folder.glob("*.py")):
                if not path.name.startswith(("_", "test_")):
                    self._load_file(path)

    def _load_file(self, path: Path) -> None:
        try:
            found = _strategies_in(_run_file(path))
            if not found:
                raise ValueError("it holds no subclass of Strategy")
            for kind in found:
                self._add(kind)
        except Exception as error:  # a user's file may raise anything; it must not stop the others
            self.faults[path.stem] = f"{path.name} can't be used: {_words(error)}"

    def _add(self, kind: type[Strategy]) -> None:
        name = getattr(kind, "name", "")
        if not (isinstance(name, str) and name.isidentifier() and len(name) <= _NAME_CHARACTERS):
            raise ValueError(f"its name {name!r} is no plain word")
        if name in self.classes:
            raise ValueError(f"the name {name!r} is taken")
        kind()
        self.classes[name] = kind

    def infos(self) -> tuple[StrategyInfo, ...]:
        """Return what every strategy declares."""
        declared = [
            StrategyInfo(
                name=name,
                title=kind.title,
                help=kind.help,
                parameters=kind.parameters,
                default_mode=kind.default_mode,
                follows_books=kind.follows_books,
            )
            for name, kind in self.classes.items()
        ]
        broken = [
            StrategyInfo(name=name, title=name, fault=fault) for name, fault in self.faults.items()
        ]
        return (*declared, *broken)


def _run_file(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"kalshi_desk_user_{path.stem}", path)
    if spec is None or spec.loader is None:
        raise ValueError("it is no Python file")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _strategies_in(module: ModuleType) -> list[type[Strategy]]:
    return [
        kind
        for _, kind in inspect.getmembers(module, inspect.isclass)
        if issubclass(kind, Strategy)
        and not inspect.isabstract(kind)
        and kind.__module__ == module.__name__
    ]


def _words(error: Exception) -> str:
    line = f" (line {error.lineno})" if isinstance(error, SyntaxError) else ""
    return f"{type(error).__name__}: {error}{line}"
