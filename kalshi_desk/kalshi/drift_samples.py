"""Keeps one answer of each kind as the desk gets them anyway, to be compared later.

Nothing is read while an answer is on its way: keeping it is all that happens there.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from kalshi_desk.core.drift import DriftFinding, DriftKind
from kalshi_desk.kalshi.drift_check import check, check_bytes, check_headers
from kalshi_desk.kalshi.drift_frames import FRAMES, QUIET
from kalshi_desk.kalshi.drift_shape import Shape
from kalshi_desk.kalshi.drift_table import ROUTES
from kalshi_desk.kalshi.frames import Frame
from kalshi_desk.kalshi.translate import Translator

LARGEST = 64 * 1024
"""Larger answers are left alone: a small one of the same kind is asked for instead."""
Route = tuple[str, str]
_ENDINGS = ("deprecation", "sunset")
_FRAME_TYPES: frozenset[type] = frozenset(Frame.__args__)
_UNREAD = type(None)


class AnswerSamples:
    """Answers by route; each write is kept, of reads one until :meth:`want_all`."""

    def __init__(self) -> None:
        self.wanted: set[Route] = set()
        self._kept: dict[Route, tuple[bytes, dict[str, str]]] = {}
        self.want_all()

    def want_all(self) -> None:
        """Keep one answer of every kind again."""
        self.wanted = {route for route, shape in ROUTES.items() if shape is not None}

    def keep(self, method: str, path: str, headers: Mapping[str, str], body: bytes) -> None:
        """Keep an answer when one of its kind is wanted."""
        route = route_of(method, path)
        if route not in self.wanted or len(body) > LARGEST:
            return
        if method == "GET":
            self.wanted.discard(route)
        endings = {name: value for name in _ENDINGS if (value := headers.get(name))}
        self._kept[route] = (body, endings)

    def take(self) -> list[DriftFinding]:
        """Compare what was kept and forget it."""
        kept, self._kept = self._kept, {}
        found: list[DriftFinding] = []
        for route, (body, endings) in kept.items():
            shape = ROUTES[route]
            if shape is not None:
                found += check_bytes(body, shape) + check_headers(endings, shape)
        return found


class FrameSamples:
    """Frames of the stream by type, out of all its sockets."""

    def __init__(self) -> None:
        self._types: dict[str, None] = {}

    def want_all(self, translators: Iterable[Translator]) -> None:
        """Keep one frame of every type again, on every socket."""
        for translator in translators:
            translator.wanted.update(_FRAME_TYPES, {_UNREAD})

    def take(self, translators: Iterable[Translator]) -> list[DriftFinding]:
        """Compare what was kept and forget it."""
        found: list[DriftFinding] = []
        for translator in translators:
            kept, translator.samples = translator.samples, {}
            for data in kept.values():
                found += check_frame(data)
            if _UNREAD in kept:
                translator.wanted.add(_UNREAD)
            found += _new_types(translator.counts.unknown_types)
        return found


def check_frame(data: bytes) -> list[DriftFinding]:
    """Return what differs in a frame; what is no JSON at all is a fault, not a change."""
    try:
        frame = msgspec.json.decode(data)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return []
    kind = frame.get("type") if isinstance(frame, dict) else None
    shape: Shape | None = FRAMES.get(kind) if isinstance(kind, str) else None
    return [] if shape is None else check(frame, shape)


def _new_types(kinds: Iterable[str]) -> list[DriftFinding]:
    return [
        DriftFinding(
            kind=DriftKind.WORD,
            field="frame.type",
            seen=kind[:80],
            expected=", ".join(sorted(FRAMES.keys() | QUIET)),
        )
        for kind in list(kinds)
        if kind not in QUIET
    ]


def route_of(method: str, path: str) -> Route:
    """Return the route of a path below the API's root, its last part starred when it is an id."""
    route = (method, path)
    return route if route in ROUTES else (method, f"{path.rpartition('/')[0]}/*")
