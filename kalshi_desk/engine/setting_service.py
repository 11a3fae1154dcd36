"""Settings at the shell: shown to faces, and taken up by what runs beside the core."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from kalshi_desk.desk.service import AskSettings, SettingsPage
from kalshi_desk.engine.effects import ApplySettings
from kalshi_desk.engine.setting_rows import secret_rows, setting_rows
from kalshi_desk.engine.shell import EngineShell
from kalshi_desk.store.log import set_level
from kalshi_desk.store.paths import Home
from kalshi_desk.store.settings import LoadedSettings, Settings

_log = logging.getLogger(__name__)


class SettingService:
    """Answers :class:`AskSettings` and carries changed settings to who registered for them."""

    def __init__(self, shell: EngineShell, home: Home, warnings: tuple[str, ...] = ()) -> None:
        self._core = shell.core
        self._home = home
        self._warnings = warnings
        self._appliers: list[tuple[str, Callable[[Settings], None]]] = []
        shell.queries[AskSettings] = self.page
        shell.performers[ApplySettings] = self.apply
        self.on("log.level", lambda settings: set_level(settings.log.level))

    def on(self, prefix: str, applier: Callable[[Settings], None]) -> None:
        """Call ``applier`` when a setting changes whose dotted name begins with ``prefix``."""
        self._core.settings.outside.add(prefix)
        self._appliers.append((prefix, applier))

    def apply(self, effect: ApplySettings) -> None:
        """Hand changed settings on; a fault of one must not keep the others from them."""
        for prefix, applier in self._appliers:
            if effect.name.startswith(prefix):
                try:
                    applier(effect.settings)
                except Exception:
                    _log.exception("%s could not be taken up", effect.name)

    async def page(self, _query: AskSettings) -> SettingsPage:
        """Return every setting as it holds now."""
        settings, desk = self._core.state.settings, self._core.settings
        strategies = self._core.state.strategies
        loaded = LoadedSettings(settings=settings.whole, sources=dict(settings.sources))
        rows = setting_rows(
            loaded,
            {name: strategy.info.parameters for name, strategy in strategies.items()},
            {name: strategy.values for name, strategy in strategies.items()},
            desk.needs_restart,
        )
        secrets = await asyncio.to_thread(secret_rows, self._home)
        overridden = [
            f"{name}: at the next start {variable} wins."
            for name, variable in settings.overridden.items()
            if settings.sources.get(name) == "file"
        ]
        return SettingsPage(
            path=str(self._home.settings_path),
            rows=(*rows, *secrets),
            warnings=(*self._warnings, *overridden),
        )
