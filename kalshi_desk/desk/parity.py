"""Which face offers which command and query of the desk, and why some cells are empty.

A face says in one table of its own, by type, how a person gives each command there.  The
table of all faces is made from those and from the types of ``desk.commands``: a new command
that some face neither offers nor leaves out with a reason fails a test.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import get_args

from kalshi_desk.desk.automation import (
    CancelBacktest,
    DropStop,
    PreviewStop,
    RunBacktest,
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
    Command,
    Flatten,
    LeaveLive,
    PlaceOrder,
    PreviewOrder,
    Query,
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
    GuestSays,
    LabelNews,
    SetAlert,
    SetFeed,
    SetSetting,
    SetSeveral,
)


class Face(StrEnum):
    """Who passes commands on for a person."""

    SCREEN = "screen"
    SHELL = "shell"
    TELEGRAM = "Telegram"
    API = "API"


Offered = Mapping[type, str]
"""How a face offers each type: a key, a line, a button or a route."""
COMMANDS: tuple[type, ...] = get_args(Command)
QUERIES: tuple[type, ...] = get_args(Query)

_API_LOOKS = "a person's work"
_ONLY_SCREEN = "it is about what the screen shows"
_GUESTS_ONLY = "guests themselves say it, no person does"
_AT_THE_DESK = "whoever may end or unlock the desk sits at it"
_WITH_THE_LIST = "it needs the list beside it"
_API = {Face.API: _API_LOOKS}
_FAR = {Face.TELEGRAM: _WITH_THE_LIST, Face.API: _API_LOOKS}
INTENDED: Mapping[type, Mapping[Face, str]] = MappingProxyType(
    {
        PlaceOrder: _API,
        CancelOrder: _API,
        CancelAll: _API,
        Flatten: _API,
        Resume: {Face.API: "only a person leaves HALTED"},
        LeaveLive: {Face.TELEGRAM: _AT_THE_DESK, Face.API: "/panic halts, on LIVE too"},
        Star: {Face.SHELL: _ONLY_SCREEN, Face.TELEGRAM: _ONLY_SCREEN, Face.API: _ONLY_SCREEN},
        StopEngine: {Face.TELEGRAM: _AT_THE_DESK, Face.API: _AT_THE_DESK},
        ReplayControl: {
            Face.SHELL: _ONLY_SCREEN,
            Face.TELEGRAM: _ONLY_SCREEN,
            Face.API: _ONLY_SCREEN,
        },
        SetMode: {Face.API: "AUTO runs what a person has put into mode trade"},
        SetStop: _API,
        DropStop: _API,
        SetImplication: _API,
        SetLimit: {},
        SetParameter: {},
        RunBacktest: {
            Face.SHELL: "'kalshi-desk backtest' runs it itself, without an engine",
            Face.TELEGRAM: "a report does not fit into a message",
            Face.API: "'kalshi-desk backtest --json' is for programs",
        },
        CancelBacktest: {
            Face.SHELL: "Ctrl+C ends the one that runs there",
            Face.TELEGRAM: "none is started there",
            Face.API: "none is started there",
        },
        SetSeveral: {
            Face.SCREEN: "a person sets one thing at a time",
            Face.SHELL: "a person sets one thing at a time",
            Face.TELEGRAM: "a person sets one thing at a time",
        },
        SetSetting: {},
        SetAlert: {Face.API: "programs make their own of what the WebSocket tells"},
        DropAlert: {Face.API: "programs make their own of what the WebSocket tells"},
        SetFeed: {**_FAR, Face.SHELL: "'set news.switched.FEED false' does it there"},
        CorrectMatch: {**_FAR, Face.SHELL: _WITH_THE_LIST},
        LabelNews: {**_FAR, Face.SHELL: _WITH_THE_LIST},
        GuestSays: {
            Face.SCREEN: _GUESTS_ONLY,
            Face.SHELL: _GUESTS_ONLY,
            Face.TELEGRAM: _GUESTS_ONLY,
            Face.API: _GUESTS_ONLY,
        },
        PreviewOrder: {
            Face.SHELL: "a line is typed with all its numbers; the gate answers it",
            Face.API: _API_LOOKS,
        },
        AskRules: {Face.SHELL: _ONLY_SCREEN, Face.TELEGRAM: _ONLY_SCREEN, Face.API: _ONLY_SCREEN},
        PreviewStop: {
            Face.SHELL: "a line is typed with all its numbers; the answer tells the cost",
            Face.API: _API_LOOKS,
        },
        AskMarkets: {**_API, Face.SHELL: "'kalshi-desk markets' lists all that it follows"},
        AskLog: {
            Face.SHELL: "'kalshi-desk log' reads the file itself",
            Face.TELEGRAM: "a log does not fit into a message",
            Face.API: _API_LOOKS,
        },
        AskSettings: {},
    }
)
"""Why a face leaves something out, by type; a cell that is not here must be offered."""


class Cell:
    """One cell: how it is offered, else why it is not; neither is a gap."""

    def __init__(self, kind: type, face: Face, offered: Offered) -> None:
        self.kind = kind
        self.face = face
        self.how = offered.get(kind, "")
        self.why_not = INTENDED.get(kind, {}).get(face, "")

    @property
    def is_gap(self) -> bool:
        """Whether nobody has said what is meant."""
        return not self.how and not self.why_not

    def __str__(self) -> str:
        return self.how or (f"– {self.why_not}" if self.why_not else "?")


def cells(faces: Mapping[Face, Offered]) -> Iterator[list[Cell]]:
    """Yield one row for each command and query, with a cell for each face."""
    for kind in (*COMMANDS, *QUERIES):
        yield [Cell(kind, face, offered) for face, offered in faces.items()]


def markdown(faces: Mapping[Face, Offered]) -> str:
    """Return the table as Markdown."""
    lines = [
        "| | " + " | ".join(face.value for face in faces) + " |",
        "|---" * (len(faces) + 1) + "|",
    ]
    for row in cells(faces):
        words = " | ".join(str(cell).replace("|", "\\|") for cell in row)
        lines.append(f"| `{row[0].kind.__name__}` | {words} |")
    return "\n".join(lines) + "\n"
