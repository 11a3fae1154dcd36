"""``kalshi-desk panic``: by the engine, or at the exchange itself where none answers."""

from __future__ import annotations

import asyncio

import msgspec

from kalshi_desk.cli.calls import submit
from kalshi_desk.core.errors import DeskError, Retry
from kalshi_desk.desk.commands import Answer, Outcomes, Panic
from kalshi_desk.store.paths import Home
from kalshi_desk.store.presence import find_engine, is_locked

PANIC_PATIENCE_S = 10.0
"""How long an engine may take; canceling everything a second time is harmless."""


async def panic(home: Home, venue: str | None = None) -> Answer:
    """Cancel everything and verify it; with ``venue``, there only.

    The engine does it where it trades.  Where it does not answer in time, or can't prove
    it, everything is canceled at the exchange itself, and the answer says so.
    """
    from kalshi_desk.cli.panic_alone import panic_alone

    running = find_engine(home)
    on = running.venue if running is not None else None
    if not is_locked(home) or on == "replay" or (on and venue not in (None, on)):
        return await panic_alone(home, venue)
    if on is None and venue is not None:
        why = "is starting and does not say on which venue"
    else:
        answer, why = await _ask_engine(home)
        if answer is not None:
            return _with_others(home, answer, on)
    who = f"The engine (process {running.pid})" if running is not None else "The engine"
    note = f"{who} {why}, so the exchange was asked itself."
    if is_locked(home):
        note += " It still runs and may not be HALTED: end it before you trade on."
    try:
        done = await panic_alone(home, venue)
    except Retry as error:
        error.what = f"{error.what}\n{note}"
        raise
    return msgspec.structs.replace(done, text=f"{done.text}\n{note}")


def _with_others(home: Home, answer: Answer, on: str | None) -> Answer:
    """Add to an engine's answer, which is about one venue, where else orders may rest."""
    from kalshi_desk.store.venues import venues_with_open_orders

    lines = [
        f"Orders of this home may still rest on {venue}: kalshi-desk panic --venue {venue}"
        for venue in venues_with_open_orders(home)
        if venue != on
    ]
    return msgspec.structs.replace(answer, text="\n".join(filter(None, (answer.text, *lines))))


async def _ask_engine(home: Home) -> tuple[Answer | None, str]:
    """Return the engine's answer, or None and why it does not count."""
    asking = asyncio.create_task(submit(home, Panic()))
    await asyncio.wait({asking}, timeout=PANIC_PATIENCE_S)
    if not asking.done():
        asking.cancel()
        return None, f"did not answer within {PANIC_PATIENCE_S:.0f} seconds"
    try:
        answer = asking.result()
    except DeskError:
        return None, "did not answer"
    if answer.outcome is Outcomes.UNKNOWN:
        return None, "could not prove that nothing rests"
    return answer, ""
