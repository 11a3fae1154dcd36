"""``kalshi-desk`` without a command: the engine in the background, the screen at once."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from kalshi_desk.cli import outcome
from kalshi_desk.cli.keeper import EngineKeeper, start_engine
from kalshi_desk.cli.link import EngineLink
from kalshi_desk.cli.processes import prepare, prepare_to_look
from kalshi_desk.core.errors import Retry, Stop
from kalshi_desk.store.paths import Home
from kalshi_desk.store.presence import EnginePhase, EngineRecord, engine_phase, find_engine

if TYPE_CHECKING:
    from kalshi_desk.store.settings import Settings
    from kalshi_desk.tui.settings import TuiSettings


def open_desk(home: Home, venue: str | None = None, *, restarts: bool = True) -> int:
    """Start an engine unless one runs, show the screen, and do what its end asks for.

    ``restarts`` says whether a killed engine is started again while the screen is open.

    Raises ``Stop`` when an engine runs on another venue than the one asked for.
    """
    need_terminal()
    is_absent = engine_phase(home) is EnginePhase.ABSENT
    loaded = prepare(home) if is_absent else prepare_to_look(home)
    if is_absent:
        chosen = venue or loaded.settings.venue
        keeper = EngineKeeper(home, start_engine(home, chosen), chosen, restarts=restarts)
    else:
        running = _check_running(home, venue)
        chosen = running.venue if running is not None else loaded.settings.venue
        keeper = EngineKeeper(home, None, chosen, restarts=restarts)
    for warning in loaded.warnings:
        print(f"kalshi-desk: {warning}", file=sys.stderr)
    link = partial(EngineLink, home, None, keeper=keeper)
    code = show(home, link, loaded.settings, keeper.ask)
    _say_what_goes_on(home)
    return code


def _check_running(home: Home, venue: str | None) -> EngineRecord | None:
    running = find_engine(home)
    if venue and running is not None and running.venue != venue:
        raise Stop(
            f"The engine of this home runs on {running.venue}, not on {venue}.",
            code="other_venue",
            money="Nothing was started and no order was sent.",
            todo="End it with kalshi-desk stop first, or use another --home.",
        )
    return running


def show(
    home: Home,
    link: Callable[[], EngineLink],
    settings: Settings,
    start: Callable[[], None] | None = None,
) -> int:
    """Run the screen on the engine of this home and carry out the choice it ends with.

    ``start`` is what a person's key for starting an engine does.
    """
    from kalshi_desk.tui.main import run

    choice = run(link, tui_settings(settings), start)
    orders = choice.leave_orders if choice is not None else None
    if orders is None:
        return outcome.DONE
    from kalshi_desk.cli.calls import print_answer, stop_engine
    from kalshi_desk.cli.printing import Form

    try:
        return print_answer(stop_engine(home, orders), Form.TABLE)
    except Retry as error:
        if error.code == "no_engine":
            return outcome.DONE
        raise


def _say_what_goes_on(home: Home) -> None:
    """Tell who detached that an engine is left behind, and how it is reached and ended."""
    running = find_engine(home)
    if running is None:
        return
    # A terminal that is gone takes no words, and nobody waits for them.
    with contextlib.suppress(OSError):
        print(
            f"Detached: the engine goes on, on {running.venue}. "
            "kalshi-desk shows it again, kalshi-desk stop ends it.",
            flush=True,
        )


def tui_settings(settings: Settings) -> TuiSettings:
    """Return what the screen wants to know of the settings."""
    import os

    from kalshi_desk.tui.settings import DESK_THEME, TuiSettings

    chosen = settings.tui
    remote = bool(os.environ.get("SSH_CONNECTION"))
    rate = chosen.ssh_rate_hz if remote else chosen.rate_hz
    return TuiSettings(
        rate_hz=float(rate),
        keymap=chosen.keymap,
        presets=chosen.presets,
        theme=chosen.theme or DESK_THEME,
        bell=settings.alerts.bell,
        alert_toast=settings.alerts.toast,
    )


def need_terminal() -> None:
    """Raise ``Stop`` when there is no terminal to draw on."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise Stop(
            "The desk needs a terminal and this is none.",
            code="no_terminal",
            money="Nothing was started.",
            todo="Run it in a terminal, or start kalshi-desk engine and use the other commands.",
        )
