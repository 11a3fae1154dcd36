"""The one key table: dispatch, footer, help, palette and a person's own keys all read it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from textual.binding import Binding, BindingType

from kalshi_desk.tui.layout import Pane


class Where(StrEnum):
    """Where a key works: everywhere on the Desk, in one pane, or only in a replay."""

    DESK = "desk"
    MARKETS = Pane.MARKETS.value
    LADDER = Pane.LADDER.value
    TICKET = Pane.TICKET.value
    POSITIONS = Pane.POSITIONS.value
    ORDERS = Pane.ORDERS.value
    FILLS = Pane.FILLS.value
    EVENTS = Pane.EVENTS.value
    REPLAY = "replay"


class Group(StrEnum):
    """The headings of the help, in order."""

    TRADE = "Trade"
    TICKET = "In the ticket"
    LADDER = "On the ladder"
    LOOK = "Look around"
    MOVE = "Move"
    REPLAY = "Replay"
    DESK = "The desk"


@dataclass(frozen=True, slots=True, kw_only=True)
class DeskAction:
    """One thing a key can do.

    ``keys`` are Textual key names separated by commas; ``footer`` is the rank in the
    bottom line (0 keeps it out).
    """

    id: str
    keys: str
    label: str
    tooltip: str
    group: Group
    where: Where = Where.DESK
    footer: int = 0

    @property
    def key_list(self) -> tuple[str, ...]:
        """The keys one by one."""
        return tuple(key.strip() for key in self.keys.split(","))


_T, _L, _M = Group.TRADE, Group.LOOK, Group.MOVE

ACTIONS: tuple[DeskAction, ...] = (
    DeskAction(
        id="buy_yes",
        keys="b",
        label="buy YES",
        group=_T,
        footer=90,
        tooltip="Open the ticket to buy YES in the selected market",
    ),
    DeskAction(
        id="buy_no",
        keys="n",
        label="buy NO",
        group=_T,
        footer=89,
        tooltip="Open the ticket to buy NO in the selected market",
    ),
    DeskAction(
        id="sell",
        keys="s",
        label="sell",
        group=_T,
        footer=88,
        tooltip="Open the ticket to sell what you hold in the selected market",
    ),
    DeskAction(
        id="cancel",
        keys="c",
        label="cancel",
        group=_T,
        footer=80,
        tooltip="Cancel the selected order; in the market table, the newest order there",
    ),
    DeskAction(
        id="cancel_market",
        keys="C",
        label="cancel all here",
        group=_T,
        footer=40,
        tooltip="Cancel every order in the selected market (asks first)",
    ),
    DeskAction(
        id="flatten",
        keys="x",
        label="flatten",
        group=_T,
        footer=79,
        tooltip="Cancel the orders in this market and sell what you hold (asks first)",
    ),
    DeskAction(
        id="panic",
        keys="X",
        label="panic",
        group=_T,
        footer=78,
        tooltip="Cancel every order, stop automatic trading and halt (asks first)",
    ),
    DeskAction(
        id="resume",
        keys="R",
        label="resume",
        group=_T,
        footer=0,
        tooltip="Leave HALTED and allow orders again (asks first)",
    ),
    DeskAction(
        id="confirm",
        keys="enter",
        label="open / arm / send",
        group=_T,
        tooltip="Market table and ladder: open the ticket. Ticket: arm, then send",
    ),
    DeskAction(
        id="back",
        keys="escape",
        label="step back",
        group=_T,
        tooltip="Disarm, close the ticket, leave a search",
    ),
    DeskAction(
        id="size_down",
        keys="left_square_bracket",
        label="size −",
        group=_T,
        tooltip="Make the order smaller by one step",
    ),
    DeskAction(
        id="size_up",
        keys="right_square_bracket",
        label="size +",
        group=_T,
        footer=0,
        tooltip="Make the order larger by one step",
    ),
    DeskAction(
        id="price_down",
        keys="minus",
        label="price −",
        group=_T,
        tooltip="Lower the price of the order by one step of the market",
    ),
    DeskAction(
        id="price_up",
        keys="plus,equals_sign",
        label="price +",
        group=_T,
        tooltip="Raise the price of the order by one step of the market",
    ),
    DeskAction(
        id="order_kind",
        keys="o",
        label="order type",
        group=Group.TICKET,
        where=Where.TICKET,
        footer=70,
        tooltip="Good till cancelled, immediate or cancel, or post-only",
    ),
    DeskAction(
        id="other_side",
        keys="slash",
        label="YES/NO",
        group=Group.TICKET,
        where=Where.TICKET,
        footer=69,
        tooltip="Turn the ticket to the other outcome at the same odds",
    ),
    DeskAction(
        id="take",
        keys="t",
        label="take",
        group=Group.LADDER,
        where=Where.LADDER,
        footer=70,
        tooltip="Ticket at the best offer: fills now",
    ),
    DeskAction(
        id="join",
        keys="m",
        label="join",
        group=Group.LADDER,
        where=Where.LADDER,
        footer=69,
        tooltip="Ticket at the best bid: rests behind those already there",
    ),
    DeskAction(
        id="improve",
        keys="i",
        label="improve",
        group=Group.LADDER,
        where=Where.LADDER,
        footer=68,
        tooltip="Ticket one step better than the best bid: first in the queue",
    ),
    DeskAction(
        id="cancel_side",
        keys="v",
        label="cancel side",
        group=Group.LADDER,
        where=Where.LADDER,
        footer=67,
        tooltip="Cancel your bids (cursor below the spread) or your offers (above)",
    ),
    DeskAction(
        id="recentre",
        keys="z",
        label="centre",
        group=Group.LADDER,
        footer=0,
        tooltip="Bring the spread back to the middle of the ladder",
    ),
    DeskAction(
        id="search",
        keys="slash",
        label="search",
        group=_L,
        footer=60,
        tooltip="Find markets by words of title or ticker",
    ),
    DeskAction(
        id="sort",
        keys="o",
        label="sort",
        group=_L,
        footer=45,
        tooltip="Order the table by event, closing time, volume or change",
    ),
    DeskAction(
        id="filter",
        keys="f",
        label="filter",
        group=_L,
        footer=44,
        tooltip="Show all markets, the watchlist, or what you hold",
    ),
    DeskAction(
        id="star",
        keys="space",
        label="star",
        group=_L,
        footer=43,
        tooltip="Put the selected market on the watchlist, or take it off",
    ),
    DeskAction(
        id="rules",
        keys="d",
        label="rules",
        group=_L,
        footer=42,
        tooltip="Read the full rules of the selected market",
    ),
    DeskAction(
        id="copy",
        keys="y",
        label="copy ticker",
        group=_L,
        tooltip="Copy the ticker of the selected market",
    ),
    DeskAction(
        id="jump",
        keys="g",
        label="go to",
        group=_L,
        footer=20,
        tooltip="Then m, l, t, p, o, f or e: markets, ladder, ticket, positions, orders, "
        "fills, events",
    ),
    DeskAction(
        id="next_pane",
        keys="tab",
        label="next pane",
        group=_M,
        footer=50,
        tooltip="Move the keyboard to the next pane",
    ),
    DeskAction(
        id="previous_pane",
        keys="shift+tab",
        label="previous pane",
        group=_M,
        tooltip="Move the keyboard to the pane before",
    ),
    DeskAction(id="up", keys="up,k", label="up", group=_M, tooltip="One row up"),
    DeskAction(id="down", keys="down,j", label="down", group=_M, tooltip="One row down"),
    DeskAction(
        id="left",
        keys="left,h",
        label="left",
        group=_M,
        tooltip="Tabs below: the tab before. Elsewhere: the pane to the left",
    ),
    DeskAction(
        id="right",
        keys="right,l",
        label="right",
        group=_M,
        tooltip="Tabs below: the next tab. Elsewhere: the pane to the right",
    ),
    DeskAction(id="page_up", keys="pageup", label="page up", group=_M, tooltip="One page up"),
    DeskAction(
        id="page_down", keys="pagedown", label="page down", group=_M, tooltip="One page down"
    ),
    DeskAction(id="first", keys="home", label="first", group=_M, tooltip="To the first row"),
    DeskAction(id="last", keys="end", label="last", group=_M, tooltip="To the last row"),
    DeskAction(
        id="play",
        keys="p",
        label="play/pause",
        group=Group.REPLAY,
        where=Where.REPLAY,
        footer=99,
        tooltip="Let the recording run, or hold it",
    ),
    DeskAction(
        id="step",
        keys="full_stop",
        label="step",
        group=Group.REPLAY,
        where=Where.REPLAY,
        footer=98,
        tooltip="One frame onward",
    ),
    DeskAction(
        id="slower",
        keys="less_than_sign",
        label="slower",
        group=Group.REPLAY,
        where=Where.REPLAY,
        footer=97,
        tooltip="Half the speed, 1 at least",
    ),
    DeskAction(
        id="faster",
        keys="greater_than_sign",
        label="faster",
        group=Group.REPLAY,
        where=Where.REPLAY,
        footer=96,
        tooltip="Twice the speed, 100 at most",
    ),
    DeskAction(
        id="replay_jump",
        keys="J",
        label="jump to %",
        group=Group.REPLAY,
        where=Where.REPLAY,
        footer=95,
        tooltip="Go to a per cent of the recording",
    ),
    DeskAction(
        id="command",
        keys="colon",
        label="command",
        group=Group.DESK,
        footer=59,
        tooltip="Type a command, e.g. buy KXFED-26DEC-T4.00 yes 10 @ 45",
    ),
    DeskAction(
        id="help",
        keys="question_mark,f1",
        label="help",
        group=Group.DESK,
        footer=100,
        tooltip="Every key, and how to read the screen",
    ),
    DeskAction(
        id="theme",
        keys="f2",
        label="theme",
        group=Group.DESK,
        tooltip="Next colour theme: dark, light, green and red, monochrome",
    ),
    DeskAction(
        id="leave",
        keys="ctrl+q,f10",
        label="quit",
        group=Group.DESK,
        footer=30,
        tooltip="Leave the screen: detach, or stop the engine",
    ),
)

BY_ID: dict[str, DeskAction] = {action.id: action for action in ACTIONS}

JUMPS: dict[str, Pane] = {
    "m": Pane.MARKETS,
    "d": Pane.MARKETS,
    "l": Pane.LADDER,
    "t": Pane.TICKET,
    "p": Pane.POSITIONS,
    "o": Pane.ORDERS,
    "f": Pane.FILLS,
    "e": Pane.EVENTS,
}

_SHOWN = {
    "question_mark": "?",
    "colon": ":",
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
}


def key_name(key: str) -> str:
    """Return a key as it is written on screen."""
    return _SHOWN.get(key, key.capitalize() if len(key) > 1 else key)


def keys_of(action: DeskAction, keymap: Mapping[str, str]) -> tuple[str, ...]:
    """Return the keys of an action under a person's own map."""
    own = keymap.get(action.id)
    return tuple(key.strip() for key in own.split(",")) if own else action.key_list


def bindings(where: Where) -> list[BindingType]:
    """Return Textual's bindings for the actions of one place."""
    return [
        Binding(
            action.keys,
            f"screen.run('{action.id}')",
            action.label,
            id=action.id,
            tooltip=action.tooltip,
            show=False,
        )
        for action in ACTIONS
        if action.where is where
    ]


def in_footer(place: str, *, is_replay: bool) -> list[DeskAction]:
    """Return the actions worth showing in a pane, the most useful first."""
    wheres = {Where.DESK, Where(place)} | ({Where.REPLAY} if is_replay else set())
    found = [action for action in ACTIONS if action.where in wheres and action.footer]
    taken = {key for action in found if action.where is Where(place) for key in action.key_list}
    return sorted(
        (
            action
            for action in found
            if action.where is not Where.DESK or not taken.intersection(action.key_list)
        ),
        key=lambda action: -action.footer,
    )


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
