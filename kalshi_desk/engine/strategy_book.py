"""The strategies a worker can run: those of the desk and those in the user's folder."""

from __future__ import annotations

import importlib.util
import inspect
import re
from pathlib import Path
from types import ModuleType

import msgspec

from kalshi_desk.engine.strategy_messages import StrategyInfo
from kalshi_desk.strategies.contract import Strategy
from kalshi_desk.strategies.registry import BUILT_IN, load

_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")
_TAKEN = frozenset({"manual", "flatten", "foreign", "stop", "basket", "hold", "unknown"})
"""Names by which the desk knows orders that no strategy sent."""


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
        except (Exception, SystemExit) as error:
            # A user's file may raise anything; it must not stop the others.  It goes by its
            # whole name, which can't be that of a strategy.
            self.faults[path.name] = f"{path.name} can't be used: {_words(error)}"

    def _add(self, kind: type[Strategy]) -> None:
        name = getattr(kind, "name", "")
        if not (isinstance(name, str) and _NAME.fullmatch(name)):
            raise ValueError(f"its name {name!r} is no plain lower-case word")
        if name in self.classes or name in _TAKEN:
            raise ValueError(f"the name {name!r} is taken")
        kind()
        # What the engine could not read would keep it from all strategies.
        declared = msgspec.msgpack.encode(_info(name, kind))
        _check_parameters(msgspec.msgpack.decode(declared, type=StrategyInfo))
        self.classes[name] = kind

    def infos(self) -> tuple[StrategyInfo, ...]:
        """Return what every strategy declares."""
        declared = [_info(name, kind) for name, kind in self.classes.items()]
        broken = [
            StrategyInfo(name=name, title=name, fault=fault) for name, fault in self.faults.items()
        ]
        return (*declared, *broken)


def _info(name: str, kind: type[Strategy]) -> StrategyInfo:
    return StrategyInfo(
        name=name,
        title=kind.title,
        help=kind.help,
        parameters=kind.parameters,
        default_mode=kind.default_mode,
        follows_books=kind.follows_books,
    )


def _check_parameters(info: StrategyInfo) -> None:
    """A default must be a value that a person could set, or settings would not come back."""
    for parameter in info.parameters:
        if not _NAME.fullmatch(parameter.name):
            raise ValueError(f"the parameter {parameter.name!r} is no plain lower-case word")
        parameter.parse(str(parameter.default))


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


def _words(error: BaseException) -> str:
    line = f" (line {error.lineno})" if isinstance(error, SyntaxError) else ""
    return f"{type(error).__name__}: {error}{line}"
