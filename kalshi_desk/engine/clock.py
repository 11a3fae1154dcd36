"""The clocks of the engine: the wall's, and in practice a scaled one that the exchange shares.

A scaled clock is three numbers: at ``anchor_ns`` of the wall it showed ``origin_ns``, and
since then it runs ``speed`` times as fast.  They stand in a file under the home, so that an
engine that starts again goes on where the exchange is; it never goes back.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import msgspec

from kalshi_desk.core.errors import Stop
from kalshi_desk.core.ports import Clock
from kalshi_desk.store.files import write_whole


class WallClock:
    """Real time."""

    def now_ns(self) -> int:
        """Return nanoseconds since the epoch."""
        return time.time_ns()


class ScaledClock(msgspec.Struct, frozen=True, kw_only=True):
    """Time that runs ``speed`` times as fast as the wall's."""

    origin_ns: int
    anchor_ns: int
    speed: float

    def now_ns(self) -> int:
        """Return nanoseconds since the epoch, scaled."""
        return self.at(time.time_ns())

    def at(self, wall_ns: int) -> int:
        """Return what it shows at a time of the wall."""
        return self.origin_ns + int((wall_ns - self.anchor_ns) * self.speed)

    def argument(self) -> str:
        """Return it as the practice exchange reads it on its command line."""
        return f"{self.origin_ns}:{self.anchor_ns}:{self.speed!r}"


def practice_clock(
    path: Path, speed: float, wall_ns: Callable[[], int] = time.time_ns
) -> WallClock | ScaledClock:
    """Return the clock of a home's practice exchange, and keep it when it is a new one.

    It is the wall's unless another speed is or was set: time that has run ahead stays ahead.
    Raises ``Stop`` when the file can't be read or written.
    """
    try:
        kept = msgspec.json.decode(path.read_bytes(), type=ScaledClock)
    except FileNotFoundError:
        kept = None
    except (OSError, msgspec.MsgspecError) as error:
        raise Stop(
            f"Can't read the practice clock {path}: {error}.",
            code="bad_clock",
            money="No real money is involved and nothing was started.",
            todo="Remove the file together with the practice exchange's state, or use another "
            "folder with --home DIR.",
        ) from error
    if kept is None and speed == 1.0:
        return WallClock()
    if kept is not None and kept.speed == speed:
        return kept
    now_ns = wall_ns()
    origin_ns = now_ns if kept is None else max(now_ns, kept.at(now_ns))
    made = ScaledClock(origin_ns=origin_ns, anchor_ns=now_ns, speed=speed)
    write_whole(path, msgspec.json.encode(made))
    return made


def speed_of(clock: Clock) -> float:
    """Return how much faster than the wall a clock runs."""
    return clock.speed if isinstance(clock, ScaledClock) else 1.0
