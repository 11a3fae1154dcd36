"""Which commands of the desk the shell offers: what is typed behind ``kalshi-desk``."""

from __future__ import annotations

from kalshi_desk.desk.automation import (
    DropStop,
    SetAuto,
    SetImplication,
    SetLimit,
    SetMode,
    SetParameter,
    SetStop,
)
from kalshi_desk.desk.commands import (
    CancelAll,
    CancelOrder,
    Flatten,
    LeaveLive,
    Panic,
    PlaceOrder,
    Resume,
    StopEngine,
)
from kalshi_desk.desk.parity import Offered
from kalshi_desk.desk.service import AskSettings, DropAlert, SetAlert, SetSetting

OFFERED: Offered = {
    PlaceOrder: "buy TICKER yes 10 @ 47",
    CancelOrder: "cancel ORDER",
    CancelAll: "cancel all",
    Flatten: "flatten TICKER",
    Panic: "panic",
    Resume: "resume",
    LeaveLive: "live off",
    StopEngine: "stop",
    SetAuto: "auto on",
    SetMode: "strategy NAME shadow",
    SetParameter: "strategy NAME set PARAMETER VALUE",
    SetLimit: "limit NAME VALUE",
    SetStop: "protect TICKER fixed",
    DropStop: "unprotect STOP",
    SetImplication: "implies TICKER TICKER",
    SetSetting: "set telegram.style compact",
    SetAlert: "alert TICKER above 60",
    DropAlert: "alert drop ALERT",
    AskSettings: "config show",
}
"""Each line can be typed as it stands; a test does."""
