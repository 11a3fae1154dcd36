"""The help: every key from the key table, and how to read the screen from ``help/``."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from importlib.resources import files

from textual.content import Content

from kalshi_desk.tui.actions import ACTIONS, Group, key_name, keys_of

_KEYS_WIDTH, _LABEL_WIDTH = 10, 18


def help_content(keymap: Mapping[str, str], width: int) -> Content:
    """Return the help with the person's own keys, for lines of so many cells."""
    indent = 2 + _KEYS_WIDTH + _LABEL_WIDTH + 1
    parts: list[str | tuple[str, str]] = []
    for group in Group:
        actions = [action for action in ACTIONS if action.group is group]
        parts.append((f"{group.value}\n", "bold $you"))
        for action in actions:
            keys = " ".join(key_name(key) for key in keys_of(action, keymap))
            parts.append((f"  {keys:<{_KEYS_WIDTH}}", "bold"))
            parts.append(f"{action.label:<{_LABEL_WIDTH}} ")
            lines = textwrap.wrap(action.tooltip, max(width - indent, 20))
            parts.append((("\n" + " " * indent).join(lines) + "\n", "$muted"))
        parts.append("\n")
    parts.append(("How to read the screen\n", "bold $you"))
    parts.append(screen_text())
    return Content.assemble(*parts)


def screen_text() -> str:
    """Return the text about the screen that ships with the desk."""
    text = files("kalshi_desk").joinpath("help", "desk.md").read_text(encoding="utf-8")
    return "\n".join(line for line in text.splitlines() if not line.startswith("#")).strip()
