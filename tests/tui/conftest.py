"""Makes the screen the same everywhere: no colours from outside, no blinking, fixed time."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from textual.widgets import Input

from kalshi_desk.tui.app import DeskApp
from kalshi_desk.tui.settings import TuiSettings
from tests.tui.scripted import HELD, NOW_NS, Engine, ScriptedLink

MakeApp = Callable[..., DeskApp]


@pytest.fixture(autouse=True)
def _plain_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setattr(Input, "_toggle_cursor", lambda self: None)


@pytest.fixture
def engine() -> Engine:
    """An engine with one position, one resting order and one fill."""
    return Engine()


class Seconds:
    """A clock that tests turn by hand."""

    def __init__(self) -> None:
        self.value = 100.0

    def __call__(self) -> float:
        return self.value


@pytest.fixture
def seconds() -> Seconds:
    """The clock of the arm guard and of the pump."""
    return Seconds()


@pytest.fixture
def make_app(engine: Engine, seconds: Seconds) -> MakeApp:
    """Return a maker of apps on the scripted engine."""

    def make(**settings: object) -> DeskApp:
        chosen = {"rate_hz": 0.0, "start_ticker": HELD, **settings}
        app = DeskApp(
            lambda: ScriptedLink(engine),
            settings=TuiSettings(**chosen),  # type: ignore[arg-type]
            now=lambda: NOW_NS,
            clock_s=seconds,
        )
        app.animation_level = "none"
        return app

    return make
