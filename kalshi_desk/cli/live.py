"""``kalshi-desk live``: switch real money on in typed words, off at once, or look."""

from __future__ import annotations

import asyncio
import sys
import time

from kalshi_desk.cli import outcome
from kalshi_desk.core.errors import Retry, Unknown
from kalshi_desk.store.live_switch import PHRASE, live_since, turn_live_off, turn_live_on
from kalshi_desk.store.paths import Home
from kalshi_desk.store.secrets import load_key

_PAUSE_S = 0.05
_WARNING = f"""LIVE trades REAL MONEY on Kalshi with the key in this home.
 * Orders, strategies and commands of every face then cost and win real dollars.
 * It stays on over restarts until you switch it off: key L on the screen, or
   kalshi-desk live off. Switching it off halts a running desk; nothing is sold.
To switch it on, type: {PHRASE}
> """


def run(home: Home, action: str) -> int:
    """Carry out ``on``, ``off`` or ``status``; raises ``Refuse`` or ``Stop`` with the reason."""
    if action == "on":
        return _on(home)
    if action == "off":
        return _off(home)
    since = live_since(home)
    print(f"LIVE is on since {since}." if since else "LIVE is off.")
    return outcome.DONE


def _on(home: Home) -> int:
    home.prepare()
    load_key(home, "live")
    sys.stdout.write(_WARNING)
    sys.stdout.flush()
    turn_live_on(home, sys.stdin.readline(), time.time())
    print("LIVE is on. Open the desk with: kalshi-desk --venue live")
    return outcome.DONE


def _off(home: Home) -> int:
    """Forget the confirmation, and halt the engine where one trades live.

    LIVE counts as off only when an engine that runs or starts is known to have heard it.
    """
    from kalshi_desk.cli import calls
    from kalshi_desk.desk.commands import LeaveLive
    from kalshi_desk.store.presence import find_engine

    turn_live_off(home)
    try:
        _wait_for_start(home, calls.START_PATIENCE_S)
        engine = find_engine(home)
        if engine is not None and engine.venue == "live":
            print(asyncio.run(calls.submit(home, LeaveLive())).text)
    except (Retry, Unknown) as error:
        return outcome.report(error, as_json=False)
    print("LIVE is off.")
    return outcome.DONE


def _wait_for_start(home: Home, patience_s: float) -> None:
    """Wait until an engine that is starting serves: it may have read the confirmation before.

    Raises ``Unknown`` when it does not say in time on which venue it starts.
    """
    from kalshi_desk.store.presence import EnginePhase, engine_phase

    give_up = time.monotonic() + patience_s
    while engine_phase(home) is EnginePhase.STARTING:
        if time.monotonic() > give_up:
            raise Unknown(
                "The confirmation is gone, but an engine is still starting on this home.",
                code="engine_starting",
                money="It stops by itself where it would go LIVE; whether it will is not known.",
                todo="Repeat: kalshi-desk live off. To end it: kalshi-desk stop",
            )
        time.sleep(_PAUSE_S)
