"""The part of the one key table about a recording that plays."""

from __future__ import annotations

from kalshi_desk.tui.action import DeskAction, Group, Where

REPLAY_ACTIONS: tuple[DeskAction, ...] = (
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
)
