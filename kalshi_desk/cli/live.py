"""``kalshi-desk live``: switch real money on in typed words, off at once, or look."""

from __future__ import annotations

import asyncio
import sys
import time

from kalshi_desk.cli import outcome
from kalshi_desk.core.errors import Retry
from kalshi_desk.store.live_switch import PHRASE, live_since, turn_live_off, turn_live_on
from kalshi_desk.store.paths import Home
from kalshi_desk.store.secrets import load_key

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
    """Forget the confirmation, and halt the engine where one trades live."""
    from kalshi_desk.cli import calls
    from kalshi_desk.desk.commands import LeaveLive
    from kalshi_desk.store.presence import find_engine

    turn_live_off(home)
    engine = find_engine(home)
    if engine is not None and engine.venue == "live":
        try:
            print(asyncio.run(calls.submit(home, LeaveLive())).text)
        except Retry as error:
            return outcome.report(error, as_json=False)
    print("LIVE is off.")
    return outcome.DONE
