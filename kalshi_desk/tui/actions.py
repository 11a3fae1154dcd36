"""Reads the key table: bindings, footer, names of keys, and a person's own keys."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from kalshi_desk.tui.action import PANES, DeskAction, Group, Where, screen_of
from kalshi_desk.tui.key_table import ACTIONS
from kalshi_desk.tui.layout import Pane, ScreenName

__all__ = [
    "ACTIONS",
    "BY_ID",
    "JUMPS",
    "PANES",
    "SCREEN_JUMPS",
    "DeskAction",
    "Group",
    "Where",
    "screen_of",
]

BY_ID: dict[str, DeskAction] = {action.id: action for action in ACTIONS}

JUMPS: dict[str, Pane] = {
    "d": Pane.QUOTES,
    "l": Pane.LADDER,
    "t": Pane.TICKET,
    "p": Pane.POSITIONS,
    "o": Pane.ORDERS,
    "f": Pane.FILLS,
    "e": Pane.EVENTS,
}
SCREEN_JUMPS: dict[str, ScreenName] = {
    "d": ScreenName.DESK,
    "m": ScreenName.MARKETS,
    "a": ScreenName.PORTFOLIO,
    "s": ScreenName.STRATEGIES,
    "r": ScreenName.RISK,
    "n": ScreenName.NEWS,
    "b": ScreenName.LAB,
    "j": ScreenName.LOG,
}

_SHOWN = {
    "question_mark": "?",
    "colon": ":",
    "comma": ",",
    "slash": "/",
    "full_stop": ".",
    "less_than_sign": "<",
    "greater_than_sign": ">",
    "left_square_bracket": "[",
    "right_square_bracket": "]",
    "minus": "-",
    "plus": "+",
    "equals_sign": "=",
    "shift+tab": "Shift+Tab",
    "pageup": "PgUp",
    "pagedown": "PgDn",
    "up": "↑",
    "down": "↓",
    "left": "←",
    "right": "→",
    "ctrl+q": "Ctrl+Q",
    "escape": "Esc",
    "backspace": "Bksp",
    "space": "Space",
}


def key_name(key: str) -> str:
    """Return a key as it is written on screen."""
    return _SHOWN.get(key, key.capitalize() if len(key) > 1 else key)


def keys_of(action: DeskAction, keymap: Mapping[str, str]) -> tuple[str, ...]:
    """Return the keys of an action under a person's own map."""
    own = keymap.get(action.id)
    return tuple(key.strip() for key in own.split(",")) if own else action.key_list


def dispatch_table(keymap: Mapping[str, str]) -> dict[tuple[Where, str], str]:
    """Return the action id for every key in every place, under a person's own map."""
    return {(action.where, key): action.id for action in ACTIONS for key in keys_of(action, keymap)}


def in_footer(place: str, *, is_replay: bool) -> list[DeskAction]:
    """Return the actions worth showing in a pane, the most useful first."""
    pane = Where(place)
    # What is nearer wins a key: the pane, then its screen, then what works everywhere.
    near = dict.fromkeys((*((Where.REPLAY,) if is_replay else ()), pane, screen_of(pane)))
    found: list[DeskAction] = []
    taken: set[str] = set()
    for where in (*near, Where.ANY):
        here = [action for action in ACTIONS if action.where is where]
        found += [a for a in here if a.footer and not taken.intersection(a.key_list)]
        taken.update(key for action in here for key in action.key_list)
    own = f"go_{screen_of(pane)}"
    return sorted((a for a in found if a.id != own), key=lambda action: -action.footer)


def clashes(keymap: Mapping[str, str]) -> list[str]:
    """Return a sentence for every key that would do two things in one place."""
    seen: dict[tuple[str, str], str] = {}
    found = []
    for action in ACTIONS:
        for key in keys_of(action, keymap):
            before = seen.setdefault((action.where, key), action.id)
            if before != action.id:
                found.append(f"{key_name(key)} would do both {before} and {action.id}")
    return found


def unknown_ids(keymap: Iterable[str]) -> list[str]:
    """Return the ids of a person's key map that the table does not have."""
    return [action_id for action_id in keymap if action_id not in BY_ID]


def faults(keymap: Mapping[str, str]) -> list[str]:
    """Return everything that is wrong with a person's own key map, in words."""
    return [f"no action is called {name}" for name in unknown_ids(keymap)] + clashes(keymap)
