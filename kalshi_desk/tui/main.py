"""Starts the screen and returns what the person wants to become of the engine."""

from __future__ import annotations

from collections.abc import Callable

from kalshi_desk.tui.app import DeskApp
from kalshi_desk.tui.link import LinkFactory
from kalshi_desk.tui.settings import ExitChoice, TuiSettings


def run(
    link_factory: LinkFactory,
    settings: TuiSettings,
    start_engine: Callable[[], None] | None = None,
) -> ExitChoice:
    """Run the screen until it is left; leaving without an answer is ``DETACH``.

    ``start_engine`` has an engine started where there is none, for a person who asks for it.

    Raises what ended the screen when it was not left, once the terminal is restored.
    """
    app = DeskApp(link_factory, settings=settings, start_engine=start_engine)
    choice = app.run()
    if app.fault is not None:
        raise app.fault
    return choice or ExitChoice.DETACH
