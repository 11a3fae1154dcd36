"""Which commands and queries of the desk the bridge offers, and how a person gives each."""

from __future__ import annotations

from kalshi_desk.desk.automation import (
    DropStop,
    PreviewStop,
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
    Panic,
    PlaceOrder,
    PreviewOrder,
    Resume,
)
from kalshi_desk.desk.parity import Offered
from kalshi_desk.desk.service import AskMarkets, AskSettings, DropAlert, SetAlert, SetSetting

OFFERED: Offered = {
    PlaceOrder: "/buy TICKER yes 10 @ 47",
    CancelOrder: "/cancel ORDER",
    CancelAll: "/cancel all",
    Flatten: "/flatten TICKER",
    Panic: "/panic",
    Resume: "/resume",
    SetAuto: "/start_trading",
    SetMode: "/strategy NAME shadow",
    SetParameter: "/strategy NAME set PARAMETER VALUE",
    SetLimit: "/limit NAME VALUE",
    SetStop: "/protect TICKER fixed",
    DropStop: "/unprotect STOP",
    SetImplication: "/implies TICKER TICKER",
    SetSetting: "/set telegram.style compact",
    SetAlert: "/alert TICKER above 60",
    DropAlert: "/alert drop ALERT",
    PreviewOrder: "/buy",
    PreviewStop: "/protect",
    AskMarkets: "/buy",
    AskSettings: "/settings",
}
"""What each is reached by; a test types the commands and looks at what the desk is sent."""
