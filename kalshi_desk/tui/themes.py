"""The colour themes of the desk; every other file names a colour by its role only.

Up and down are sky blue and orange (Okabe-Ito), which people who cannot tell red from
green can tell apart: measured contrast on the dark ground is 8:1 for both.
"""

from __future__ import annotations

from textual.theme import Theme

ROLES: dict[str, str] = {
    "ground": "#0e1218",
    "ink": "#dbe2ea",
    "muted": "#8f9bab",
    "faint": "#566173",
    "line": "#28303c",
    "head": "#171d27",
    "head-focus": "#26304a",
    "cursor": "#25304a",
    "cursor-blur": "#1a2130",
    "field": "#1c2432",
    "you": "#c3a6ff",
    "up": "#56b4e9",
    "down": "#e69f00",
    "flat": "#8f9bab",
    "flash-up": "#174a68",
    "flash-down": "#5c4208",
    "bar-bid": "#2c6e93",
    "bar-ask": "#94690a",
    "fill-bid": "#123449",
    "fill-ask": "#3d2d07",
    "spread": "#141a24",
    "risk": "#ff6b5e",
    "caution": "#f2cc60",
    "good": "#57c7a0",
    "stale": "#6d7686",
    "pill-ink": "#ffffff",
    "pill-practice": "#0f7a63",
    "pill-paper": "#3c5f92",
    "pill-demo": "#7a4fb5",
    "pill-live": "#c81e1e",
    "pill-replay": "#75611c",
    "pill-none": "#3a4353",
    "armed": "#2a5c86",
    "armed-live": "#a61b1b",
}

_LIGHT = {
    "ground": "#fbfaf7",
    "ink": "#1b222c",
    "muted": "#55606e",
    "faint": "#98a1ac",
    "line": "#d5d9de",
    "head": "#eceef1",
    "head-focus": "#d5def0",
    "cursor": "#d9e4f7",
    "cursor-blur": "#eaeef5",
    "field": "#e6ebf3",
    "you": "#6a3fb5",
    "up": "#00619a",
    "down": "#ae4a00",
    "flat": "#55606e",
    "flash-up": "#bfe0f5",
    "flash-down": "#f8d9b4",
    "bar-bid": "#8fc4e4",
    "bar-ask": "#efb98a",
    "fill-bid": "#d3e8f5",
    "fill-ask": "#f9e2cb",
    "spread": "#f2f2ee",
    "risk": "#b3261e",
    "caution": "#7d5700",
    "good": "#0b6b50",
    "stale": "#848d98",
    "pill-ink": "#ffffff",
    "pill-practice": "#0d6b57",
    "pill-paper": "#3c5f92",
    "pill-demo": "#6a42a3",
    "pill-live": "#c01717",
    "pill-replay": "#6b5713",
    "pill-none": "#5d6673",
    "armed": "#255a8a",
    "armed-live": "#b01515",
}

_GREEN_RED = {
    "up": "#3fcf7f",
    "down": "#ff6b6b",
    "flash-up": "#145234",
    "flash-down": "#6b2026",
    "bar-bid": "#1f7a4a",
    "bar-ask": "#96353a",
    "fill-bid": "#11402a",
    "fill-ask": "#4f1d22",
    "risk": "#ff9d5c",
    "good": "#3fcf7f",
}

_MONO = {
    "ground": "#000000",
    "ink": "#ececec",
    "muted": "#a8a8a8",
    "faint": "#6a6a6a",
    "line": "#3a3a3a",
    "head": "#1c1c1c",
    "head-focus": "#3d3d3d",
    "cursor": "#3a3a3a",
    "cursor-blur": "#202020",
    "field": "#262626",
    "you": "#ffffff",
    "up": "#ffffff",
    "down": "#c4c4c4",
    "flat": "#9a9a9a",
    "flash-up": "#565656",
    "flash-down": "#565656",
    "bar-bid": "#7a7a7a",
    "bar-ask": "#5c5c5c",
    "fill-bid": "#333333",
    "fill-ask": "#2a2a2a",
    "spread": "#101010",
    "risk": "#ffffff",
    "caution": "#ffffff",
    "good": "#ececec",
    "stale": "#7c7c7c",
    "pill-ink": "#000000",
    "pill-practice": "#bdbdbd",
    "pill-paper": "#bdbdbd",
    "pill-demo": "#bdbdbd",
    "pill-live": "#ffffff",
    "pill-replay": "#bdbdbd",
    "pill-none": "#8a8a8a",
    "armed": "#4a4a4a",
    "armed-live": "#6a6a6a",
}


def _theme(name: str, changes: dict[str, str], *, dark: bool = True) -> Theme:
    roles = {**ROLES, **changes}
    return Theme(
        name=name,
        primary=roles["up"],
        secondary=roles["muted"],
        accent=roles["you"],
        warning=roles["caution"],
        error=roles["risk"],
        success=roles["good"],
        foreground=roles["ink"],
        background=roles["ground"],
        surface=roles["ground"],
        panel=roles["head"],
        dark=dark,
        variables=roles,
    )


THEMES: tuple[Theme, ...] = (
    _theme("desk-dark", {}),
    _theme("desk-light", _LIGHT, dark=False),
    _theme("desk-green-red", _GREEN_RED),
    _theme("desk-mono", _MONO),
)
THEME_NAMES: tuple[str, ...] = tuple(theme.name for theme in THEMES)
DEFAULT_THEME = THEME_NAMES[0]
