"""Panic without an engine: go to the exchange itself, cancel, verify, and leave HALTED."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import msgspec

from kalshi_desk.cli.cancel_alone import VERIFY_S, cancel_and_verify
from kalshi_desk.core.errors import DeskError, Refuse, Retry, Stop, Unknown
from kalshi_desk.core.ports import Clock
from kalshi_desk.core.reasons import Reason, ReasonCode
from kalshi_desk.core.records import Order, OrderState
from kalshi_desk.core.types import NO_COUNT
from kalshi_desk.desk.client import new_command_id
from kalshi_desk.desk.commands import Answer, Outcomes
from kalshi_desk.engine.clock import WallClock, practice_clock
from kalshi_desk.engine.exchange_process import ExchangeAddress, PracticeExchange
from kalshi_desk.kalshi.environment import LIVE, Environment, keyed, practice
from kalshi_desk.kalshi.rest import RestClient
from kalshi_desk.kalshi.signing import Signer, parse_private_key
from kalshi_desk.store.journal import Journal
from kalshi_desk.store.paths import Home
from kalshi_desk.store.presence import is_locked, panic_under_way, read_ready
from kalshi_desk.store.secrets import (
    ApiKey,
    key_file,
    load_key,
    load_key_pair,
    load_stored_key,
)
from kalshi_desk.store.settings import Settings, load_settings
from kalshi_desk.store.venues import (
    TRADED,
    journaled_venues,
    last_venue,
    venues_with_open_orders,
)

HALTED_WHY = "panic"
NEXT_STEP = "Cancel what rests at the exchange itself, or repeat panic."


@dataclass(frozen=True, slots=True)
class VenueEnd:
    """How a panic ended on one venue: a sentence, and why it is not proven if it is not."""

    text: str
    is_verified: bool
    error: DeskError | None = None


async def panic_alone(home: Home, venue: str | None = None) -> Answer:
    """Cancel the orders on one venue, or on all that this home trades on; leave HALTED there.

    DONE means that nothing rests anywhere, verified, and that HALTED stands.  Raises
    ``Retry`` when no exchange could be reached at all.
    """
    settings = _settings(home)
    # A full disk must not stand in the way: orders are canceled elsewhere.
    with suppress(DeskError):
        home.prepare()
    venues = [venue] if venue else covered_venues(home, settings.venue)
    with panic_under_way(home):
        ends = await asyncio.gather(*(_panic_on(home, name, settings) for name in venues))
    if all(isinstance(end.error, Retry) for end in ends):
        raise Retry("\n".join(end.text for end in ends), code="unreachable", todo=NEXT_STEP)
    return _answer(ends)


def covered_venues(home: Home, preferred: str) -> list[str]:
    """Return the venues where orders of this home may rest, those with most at stake first.

    These are the venue of its engine, or of its last one, and each whose journal holds
    open orders; every one with a journal where the last one is not known, and the
    ``preferred`` one where nothing was ever traded.
    """
    running = read_ready(home)
    named = {running.venue if running is not None else None, last_venue(home)}
    named.intersection_update(TRADED)
    named.update(venues_with_open_orders(home) if named else journaled_venues(home))
    return [venue for venue in TRADED if venue in (named or {preferred})]


def key_for_panic(home: Home, venue: str) -> ApiKey:
    """Return the venue's key; broken variables must not stand before a key that is stored."""
    try:
        return load_key(home, venue)
    except Stop:
        if not key_file(home, venue).exists():
            raise
        return load_stored_key(home, venue)


def _settings(home: Home) -> Settings:
    """Return the settings; a broken file must not stand in the way of a panic."""
    try:
        return load_settings(home.settings_path).settings
    except DeskError:
        return Settings()


async def _panic_on(home: Home, venue: str, settings: Settings) -> VenueEnd:
    """Cancel and verify on one venue; another venue's trouble must not touch it."""
    # Beside each other: a frozen engine may keep the journal locked for a while.
    halting = asyncio.create_task(asyncio.to_thread(_leave_halted, home, venue))
    left: list[Order] = []
    error: DeskError | None = None
    try:
        if venue == "paper":
            left = await asyncio.to_thread(_end_paper_orders, home)
        else:
            async with _exchange(home, venue, settings) as client:
                left = await cancel_and_verify(client)
    except DeskError as failure:
        error = failure
    except Exception as fault:
        error = Unknown(f"This program failed through a fault of its own: {fault!r}.", code="fault")
    not_halted = await halting
    halted = f"HALTED could not be left: {not_halted}" if not_halted else ""
    if error is not None:
        text = f"On {venue} it is not known what rests: {error} {halted or _STANDS}"
    elif left:
        text = f"{len(left)} orders on {venue} still rest after {VERIFY_S:.0f} seconds. "
        text += halted or _STANDS
    else:
        text = f"All orders on {venue} are canceled, verified. {halted or _HALTED}"
    return VenueEnd(text, error is None and not left and not not_halted, error)


_HALTED = "HALTED for the next start."
_STANDS = "HALTED stands for the next start."


def _leave_halted(home: Home, venue: str) -> str:
    """Leave HALTED in a venue's journal; return why it could not be."""
    try:
        journal = Journal(home.journal_path(venue), durable=True)
        try:
            journal.set_halted(HALTED_WHY)
        finally:
            journal.close()
    except Exception as error:
        return str(error)
    return ""


def _end_paper_orders(home: Home) -> list[Order]:
    """Cancel paper orders where they live: in the journal, from which an engine restores them."""
    if _is_engine_on(home, "paper"):
        raise Retry("Paper orders live in the engine, which does not answer.", code="no_answer")
    journal = Journal(home.journal_path("paper"), durable=True)
    try:
        resting = journal.orders(only_open=True)
        over = [
            msgspec.structs.replace(
                order, state=OrderState.CANCELED, remaining=NO_COUNT, reason=HALTED_WHY
            )
            for order in resting
        ]
        journal.write(over)
        return journal.orders(only_open=True)
    finally:
        journal.close()


@asynccontextmanager
async def _exchange(home: Home, venue: str, settings: Settings) -> AsyncIterator[RestClient]:
    """Open a client on the venue; a practice exchange is woken up and put back to sleep."""
    process: PracticeExchange | None = None
    environment, key = LIVE, None
    clock: Clock = WallClock()
    if venue == "practice":
        clock = practice_clock(home.practice_clock_path, settings.practice.speed)
        process = PracticeExchange(home, settings.practice, clock=clock)
        # A second exchange beside the one that a living engine starts would share its state.
        is_engines = _is_engine_on(home, "practice")
        address = await (process.find() if is_engines else process.start())
        environment, key = _practice(address)
        process = process if process.was_started else None
    elif venue in {"demo", "live"}:
        key = key_for_panic(home, venue)
        environment = keyed(venue, key.subaccount)
    else:
        raise Refuse(f"The venue {venue} has no orders to cancel.", code="read_only_venue")
    client = RestClient(
        environment,
        Signer(key.key_id, parse_private_key(key.private_key_pem), venue=key.venue),
        clock,
    )
    try:
        yield client
    finally:
        await client.close()
        if process is not None:
            await process.stop()


def _is_engine_on(home: Home, venue: str) -> bool:
    """Whether an engine that lives trades there, as far as it said."""
    running = read_ready(home)
    return is_locked(home) and (running.venue if running else last_venue(home)) == venue


def _practice(address: ExchangeAddress) -> tuple[Environment, ApiKey]:
    key = load_key_pair(address.key_id, Path(address.private_key_path))
    return practice(address.rest, address.ws), key


def _answer(ends: list[VenueEnd]) -> Answer:
    """Return one answer for all venues, a line each."""
    proven = [end.text for end in ends if end.is_verified]
    reasons = tuple(
        Reason(code=ReasonCode.EXCHANGE, text=end.text) for end in ends if not end.is_verified
    )
    return Answer(
        command_id=new_command_id(),
        outcome=Outcomes.UNKNOWN if reasons else Outcomes.DONE,
        text="\n".join([*proven, NEXT_STEP] if reasons else proven),
        reasons=reasons,
    )
