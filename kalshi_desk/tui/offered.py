"""Which commands of the desk the screen offers: by an action of the key table, or as a line."""

from __future__ import annotations

from kalshi_desk.desk.automation import (
    CancelBacktest,
    DropStop,
    PreviewStop,
    RunBacktest,
    SetAuto,
    SetImplication,
    SetLimit,
    SetMode,
    SetParameter,
    SetStop,
)
from kalshi_desk.desk.commands import (
    AskRules,
    CancelAll,
    CancelOrder,
    Flatten,
    LeaveLive,
    Panic,
    PlaceOrder,
    PreviewOrder,
    ReplayControl,
    Resume,
    Star,
    StopEngine,
)
from kalshi_desk.desk.service import (
    AskLog,
    AskMarkets,
    AskSettings,
    CorrectMatch,
    DropAlert,
    LabelNews,
    SetAlert,
    SetFeed,
    SetSetting,
)
from kalshi_desk.tui.key_table import ACTIONS

BY_ACTION: dict[type, str] = {
    PlaceOrder: "buy_yes",
    CancelOrder: "cancel",
    CancelAll: "cancel_market",
    Flatten: "flatten",
    Panic: "panic",
    Resume: "resume",
    LeaveLive: "leave_live",
    Star: "star",
    StopEngine: "leave",
    ReplayControl: "play",
    SetAuto: "auto",
    SetMode: "mode",
    SetParameter: "edit_parameter",
    SetLimit: "edit_limit",
    SetStop: "protect",
    DropStop: "drop_stop",
    RunBacktest: "run_backtest",
    CancelBacktest: "cancel_run",
    PreviewOrder: "buy_yes",
    PreviewStop: "protect",
    AskRules: "rules",
    SetSetting: "settings",
    AskSettings: "settings",
    DropAlert: "drop_alert",
    SetFeed: "switch_feed",
    CorrectMatch: "add_match",
    LabelNews: "label_good",
    AskMarkets: "go_markets",
    AskLog: "go_log",
}
"""The action that leads to each, by its id in the key table."""
BY_LINE: dict[type, str] = {
    SetImplication: "implies TICKER TICKER",
    SetAlert: "alert TICKER above 60",
}
"""What has no key and is typed behind a colon."""


def offered() -> dict[type, str]:
    """Return how each is offered, with the keys that lead there."""
    keys = {action.id: (action.keys.partition(",")[0], action.label) for action in ACTIONS}
    by_key = {kind: "{} ({})".format(*keys[name]) for kind, name in BY_ACTION.items()}
    return {**by_key, **{kind: f":{line}" for kind, line in BY_LINE.items()}}
