"""Starts the screen and returns what the person wants to become of the engine."""

from __future__ import annotations

from kalshi_desk.tui.app import DeskApp
from kalshi_desk.tui.link import LinkFactory
from kalshi_desk.tui.settings import ExitChoice, TuiSettings


def run(link_factory: LinkFactory, settings: TuiSettings) -> ExitChoice:
    """Run the screen until it is left; leaving without an answer is ``DETACH``.

    Raises what ended the screen when it was not left, once the terminal is restored.
    """
    app = DeskApp(link_factory, settings=settings)
    choice = app.run()
    if app.fault is not None:
        raise app.fault
    return choice or ExitChoice.DETACH
