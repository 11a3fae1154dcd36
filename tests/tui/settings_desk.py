"""A scripted engine that has settings: what it shows, and how it answers changes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import msgspec

from kalshi_desk.core.reasons import Reason, ReasonCode
from kalshi_desk.desk.commands import Answer, Command, Outcomes, Query, Reply
from kalshi_desk.desk.service import AskSettings, SetSetting, SettingRow, SettingsPage
from kalshi_desk.engine.setting_rows import setting_rows
from kalshi_desk.store.settings import LoadedSettings, Settings
from kalshi_desk.strategies.registry import load
from kalshi_desk.tui.app import DeskApp
from kalshi_desk.tui.settings import TuiSettings
from tests.tui.scripted import HELD, NOW_NS, Engine, ScriptedLink

HOSTILE = "[red]boom[/red] \x1b[31m\x07 {x} \u202eevil"
PATH = "/home/ann/.config/kalshi-desk/settings.toml"


def rows() -> dict[str, SettingRow]:
    """Return all settings, some of them set in several places."""
    settings = msgspec.convert(
        {
            "risk": {"position_percent": 5.0, "daily_loss_percent": 1.5},
            "tui": {"theme": "desk-light"},
            "telegram": {"users": {"4711": "trade"}, "chats": {"-100200300": "view"}},
            "news": {"own": {"mine": {"url": "https://example.org/a/rather/long/path/feed.xml"}}},
            "strategies": {"parameters": {"volatility": {"min_move": 0.2}}},
        },
        Settings,
    )
    sources = {
        "risk.position_percent": "file",
        "risk.daily_loss_percent": "environment",
        "tui.theme": "file",
        "telegram.users.4711": "file",
        "telegram.chats.-100200300": ".env",
        "strategies.parameters.volatility.min_move": "file",
    }
    found = setting_rows(
        LoadedSettings(settings=settings, sources=sources),
        {name: load(name).parameters[:4] for name in ("arbitrage", "volatility")},
        {},
        lambda place: place.setting.needs_restart,
    )
    found += [
        SettingRow(
            name=f"keys.{venue}",
            value=value,
            default="not set",
            allowed="neither set nor shown here",
            help=f"The key of {venue}: KALSHI_API_KEY, KALSHI_PRIVATE_KEY_PATH, KALSHI_API_URL.",
            source=source,
            is_secret=True,
        )
        for venue, value, source in (
            ("demo", "set, not shown", ".env"),
            ("live", "not set", "default"),
        )
    ]
    return {row.name: row for row in found}


@dataclass
class Keeper:
    """What the engine holds; ``refuse`` returns why a change is refused, empty when it isn't."""

    rows: dict[str, SettingRow] = field(default_factory=rows)
    warnings: tuple[str, ...] = ()
    refuse: Callable[[SetSetting], str] = lambda command: ""
    is_silent: bool = False
    asked: int = 0

    def page(self) -> SettingsPage:
        """Return everything."""
        return SettingsPage(path=PATH, rows=tuple(self.rows.values()), warnings=self.warnings)

    def set(self, command: SetSetting) -> Answer:
        """Take a change as the engine does."""
        why = self.refuse(command)
        if why:
            reasons = (Reason(ReasonCode.BAD_COMMAND, why),)
            return Answer(command_id="x", outcome=Outcomes.REFUSED, reasons=reasons)
        row = self.rows.get(command.name)
        if row is not None:
            self.rows[command.name] = msgspec.structs.replace(
                row, value=command.value or row.default, source="file"
            )
        text = f"{command.name} becomes {command.value or 'its default'}."
        return Answer(command_id="x", outcome=Outcomes.DONE, text=text)


class SettingsLink(ScriptedLink):
    """The scripted link, with settings."""

    def __init__(self, engine: Engine, keeper: Keeper) -> None:
        super().__init__(engine)
        self.keeper = keeper

    async def ask(self, query: Query) -> Reply:
        """Answer what is asked about settings."""
        if isinstance(query, AskSettings):
            self._check()
            self.keeper.asked += 1
            return self.keeper.page()
        return await super().ask(query)

    async def submit(self, command: Command, command_id: str | None = None) -> Answer:
        """Take changes of settings."""
        answer = await super().submit(command, command_id)
        return self.keeper.set(command) if isinstance(command, SetSetting) else answer


def app_with(engine: Engine, keeper: Keeper, **settings: object) -> DeskApp:
    """Return the app on such an engine."""
    chosen = {"rate_hz": 0.0, "start_ticker": HELD, **settings}
    app = DeskApp(
        lambda: SettingsLink(engine, keeper),
        settings=TuiSettings(**chosen),  # type: ignore[arg-type]
        now=lambda: NOW_NS,
        clock_s=lambda: 100.0,
    )
    app.animation_level = "none"
    return app
