"""The part of the one key table about the Markets screen."""

from __future__ import annotations

from kalshi_desk.tui.action import DeskAction, Group, Where

_G = Group.MARKETS
_HERE = Where.MARKETS

MARKETS_ACTIONS: tuple[DeskAction, ...] = (
    DeskAction(
        id="open_place",
        keys="enter",
        label="open",
        group=_G,
        where=Where.PLACES,
        footer=95,
        tooltip="Go down: from a category to its series, its events, their markets (also l)",
    ),
    DeskAction(
        id="place_up",
        keys="backspace",
        label="up",
        group=_G,
        where=_HERE,
        footer=94,
        tooltip="Go up one place: from the markets to their event, its series, its category "
        "(also Esc and h)",
    ),
    DeskAction(
        id="open_market",
        keys="enter",
        label="trade",
        group=_G,
        where=Where.FOUND,
        footer=95,
        tooltip="Open the market on the Desk, with its ladder and the ticket",
    ),
    DeskAction(
        id="find",
        keys="slash",
        label="search",
        group=_G,
        where=_HERE,
        footer=93,
        tooltip="Find markets by words of title, outcome, ticker or rules",
    ),
    DeskAction(
        id="narrow",
        keys="f",
        label="filter",
        group=_G,
        where=_HERE,
        footer=92,
        tooltip="Closing soon, volume, spread, price, mine, starred; presets",
    ),
    DeskAction(
        id="list_order",
        keys="o",
        label="sort",
        group=_G,
        where=_HERE,
        footer=91,
        tooltip="Order the list by close, volume, move, spread or title",
    ),
    DeskAction(
        id="star_found",
        keys="space",
        label="star",
        group=_G,
        where=_HERE,
        footer=90,
        tooltip="Put the market on the watchlist, or take it off",
    ),
    DeskAction(
        id="found_rules",
        keys="d",
        label="rules",
        group=_G,
        where=_HERE,
        footer=89,
        tooltip="Read the full rules of the market",
    ),
    DeskAction(
        id="copy_found",
        keys="y",
        label="copy ticker",
        group=_G,
        where=_HERE,
        tooltip="Copy the ticker of the market",
    ),
    DeskAction(
        id="clear_filter",
        keys="z",
        label="clear",
        group=_G,
        where=_HERE,
        footer=60,
        tooltip="End the search and every filter",
    ),
    DeskAction(
        id="save_preset",
        keys="w",
        label="save preset",
        group=_G,
        where=_HERE,
        footer=55,
        tooltip="Keep the filter, the search included, under a name",
    ),
    DeskAction(
        id="drop_preset",
        keys="c",
        label="drop preset",
        group=_G,
        where=Where.FILTER,
        footer=54,
        tooltip="Forget the preset that is chosen",
    ),
    DeskAction(
        id="edit_filter",
        keys="enter",
        label="edit",
        group=_G,
        where=Where.FILTER,
        footer=95,
        tooltip="Change the line of the filter; Enter sets it, Esc leaves it",
    ),
)
