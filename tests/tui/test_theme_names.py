"""The settings name the colours that the screen has."""

from __future__ import annotations

import typing

from kalshi_desk.store.settings import TuiSettings
from kalshi_desk.tui.themes import DEFAULT_THEME, THEME_NAMES


def test_the_setting_names_every_theme() -> None:
    hint = typing.get_type_hints(TuiSettings, include_extras=True)["theme"]
    text = hint.__metadata__[0].description
    assert f"{DEFAULT_THEME} (or empty)" in text
    assert all(name in text for name in THEME_NAMES)
