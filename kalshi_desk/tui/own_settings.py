"""Takes up at once what was set about the screen itself."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from kalshi_desk.desk.commands import Command
from kalshi_desk.desk.service import SetSetting
from kalshi_desk.tui.settings import LOCAL_HZ, SSH_HZ
from kalshi_desk.tui.themes import DEFAULT_THEME, THEME_NAMES

if TYPE_CHECKING:
    from kalshi_desk.tui.app import DeskApp


def take_up(app: DeskApp, command: Command) -> None:
    """Wear the theme and keep the rate that the engine has just accepted."""
    if not isinstance(command, SetSetting):
        return
    name, value = command.name.strip().lower(), command.value.strip()
    is_remote = bool(os.environ.get("SSH_CONNECTION"))
    if name == "tui.theme":
        wanted = value or DEFAULT_THEME
        if wanted in app.available_themes:
            app.theme = wanted
        else:
            known = f"{wanted}; there are {', '.join(THEME_NAMES)}."
            app.say("Unknown theme", known, severity="warning")
    elif name == ("tui.ssh_rate_hz" if is_remote else "tui.rate_hz"):
        try:
            app.set_rate(float(value or (SSH_HZ if is_remote else LOCAL_HZ)))
        except ValueError:
            # As the engine reads it: it keeps what it understood, this screen what it had.
            return
