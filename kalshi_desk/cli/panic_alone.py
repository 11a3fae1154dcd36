"""Panic without an engine: go to the exchange itself, cancel, verify, and leave HALTED."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec

from kalshi_desk.core.errors import DeskError, Refuse, Stop, Unknown
from kalshi_desk.core.reasons import Reason, ReasonCode
from kalshi_desk.core.records import Order, OrderState
from kalshi_desk.core.types import NO_COUNT
from kalshi_desk.desk.client import new_command_id
from kalshi_desk.desk.commands import Answer, Outcomes
from kalshi_desk.engine.clock import WallClock
from kalshi_desk.engine.exchange_process import ExchangeAddress, PracticeExchange
from kalshi_desk.kalshi.environment import LIVE, Environment, keyed, practice
from kalshi_desk.kalshi.rest import RestClient
from kalshi_desk.kalshi.signing import Signer, parse_private_key
from kalshi_desk.store.journal import Journal
from kalshi_desk.store.paths import Home
from kalshi_desk.store.presence import read_ready
from kalshi_desk.store.secrets import ApiKey, load_key, load_key_pair
from kalshi_desk.store.settings import Settings, load_settings

VERIFY_S = 15.0
_PAUSE_S = 0.1
HALTED_WHY = "panic"
_KEYED = ("live", "demo")
_VENUES = (*_KEYED, "practice", "paper")


async def panic_alone(home: Home) -> Answer:
    """Cancel every order of the home's accounts and leave HALTED for the next starts.

    Nobody may know which venue was the last, so every venue is covered on which orders may
    rest.  HALTED is written first, so that it stands whatever the exchange does; a journal
    that can't be written holds no cancel up.  Raises what the exchange's client raises when
    the only venue can't be reached.
    """
    settings = _settings(home)
    home.prepare()
    venues = _venues(home, settings)
    unkept = [problem for venue in venues if (problem := _leave_halted(home, venue))]
    found = await asyncio.gather(
        *(_end_orders(home, venue, settings) for venue in venues), return_exceptions=True
    )
    for result in found:
        if isinstance(result, BaseException) and not isinstance(result, DeskError):
            raise result
        if isinstance(result, DeskError) and len(venues) == 1:
            if not unkept:
                result.money = f"{result.money} HALTED stands for the next start.".strip()
            raise result
    return _answer(dict(zip(venues, found, strict=True)), unkept)


def _venues(home: Home, settings: Settings) -> list[str]:
    """Return where orders may rest, real money first; the settings' venue when nothing tells."""
    last = read_ready(home)
    found = [
        venue
        for venue in _VENUES
        if (last is not None and last.venue == venue) or _may_rest(home, venue)
    ]
    return found or [settings.venue if settings.venue in _VENUES else "practice"]


def _may_rest(home: Home, venue: str) -> bool:
    """Whether a venue was traded on and orders may be left there.

    Keyed venues hold orders of other programs too, so a journal and a key are enough.
    """
    path = home.journal_path(venue)
    if not path.exists():
        return False
    if venue in _KEYED and _has_key(home, venue):
        return True
    try:
        journal = Journal(path, durable=True)
    except DeskError:
        return True
    try:
        return bool(journal.orders(only_open=True) or journal.open_intents())
    except DeskError:
        return True
    finally:
        journal.close()


def _has_key(home: Home, venue: str) -> bool:
    try:
        load_key(home, venue)
    except DeskError:
        return False
    return True


async def _end_orders(home: Home, venue: str, settings: Settings) -> list[Order]:
    """Cancel all orders of one venue; return what still rests."""
    if venue == "paper":
        return _end_paper_orders(home)
    async with _exchange(home, venue, settings) as client:
        return await _cancel_and_verify(client)


def _settings(home: Home) -> Settings:
    """Return the settings; a broken file must not stand in the way of a panic."""
    try:
        return load_settings(home.settings_path).settings
    except DeskError:
        return Settings()


def _leave_halted(home: Home, venue: str) -> str:
    """Write HALTED into a venue's journal; return why that failed, empty when it did not."""
    try:
        journal = Journal(home.journal_path(venue), durable=True)
        try:
            journal.set_halted(HALTED_WHY)
        finally:
            journal.close()
    except DeskError as error:
        return f"HALTED could not be kept for {venue}: {error.what}"
    return ""


def _end_paper_orders(home: Home) -> list[Order]:
    """Cancel paper orders where they live: in the journal, from which an engine restores them."""
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
    if venue == "practice":
        process = PracticeExchange(home, settings.practice)
        environment, key = _practice(await process.start())
        process = process if process.was_started else None
    elif venue in {"demo", "live"}:
        key = load_key(home, venue)
        environment = keyed(venue, key.subaccount)
    else:
        raise Refuse(f"The venue {venue} has no orders to cancel.", code="read_only_venue")
    client = RestClient(
        environment,
        Signer(key.key_id, parse_private_key(key.private_key_pem)),
        WallClock(),
    )
    try:
        yield client
    finally:
        await client.close()
        if process is not None:
            await process.stop()


def _practice(address: ExchangeAddress) -> tuple[Environment, ApiKey]:
    key = load_key_pair(address.key_id, Path(address.private_key_path))
    return practice(address.rest, address.ws), key


async def _cancel_and_verify(client: RestClient) -> list[Order]:
    """Cancel everything and read the orders until none rests; return what still does.

    Whatever fails is tried again until the time is up.  Raises the last ``DeskError`` when
    nothing could be proven by then, and ``Stop`` at once when the key is refused.
    """
    loop = asyncio.get_running_loop()
    give_up = loop.time() + VERIFY_S
    left: list[Order] | None = None
    trouble: DeskError | None = await _try(client.cancel_all())
    canceled_ns = client.http.exchange_now_ns()
    while True:
        try:
            # Reads lag writes: an empty list proves nothing before it holds the cancel itself.
            is_complete = await client.user_data_timestamp() >= canceled_ns
            left = await client.orders(status="resting")
            if is_complete and not left:
                return left
        except Stop:
            raise
        except DeskError as error:
            trouble = error
        if loop.time() > give_up:
            if left:
                return left
            raise trouble or Unknown(
                "The exchange's lists do not show yet what became of the orders.",
                code="unproven",
                todo="Repeat panic, or look at your orders at the exchange itself.",
            )
        await asyncio.sleep(_PAUSE_S)
        if trouble is not None:
            trouble = await _try(client.cancel_all())
        for order in left or ():
            trouble = await _try(client.cancel_order(order.order_id, order.ticker)) or trouble
        if left or trouble is not None:
            canceled_ns = client.http.exchange_now_ns()


async def _try(cancel: Awaitable[object]) -> DeskError | None:
    """Cancel; return what went wrong, except that an order was gone already."""
    try:
        await cancel
    except Stop:
        raise
    except DeskError as error:
        return None if isinstance(error, Refuse) and error.code == "not_found" else error
    return None


def _answer(found: dict[str, list[Order] | BaseException], unkept: list[str]) -> Answer:
    """Say of every venue what was proven; done only where everything was."""
    proven = [venue for venue, left in found.items() if not left]
    said = [f"All orders on {', '.join(proven)} are canceled, verified."] if proven else []
    open_ends = list(unkept)
    for venue, left in found.items():
        if isinstance(left, BaseException):
            open_ends.append(f"{venue}: {left}")
        elif left:
            open_ends.append(
                f"{len(left)} orders on {venue} still rest after {VERIFY_S:.0f} seconds."
            )
    if not open_ends:
        text = f"{said[0]} HALTED for the next start."
        return Answer(command_id=new_command_id(), outcome=Outcomes.DONE, text=text)
    said.append("Cancel the rest at the exchange itself, or repeat panic.")
    return Answer(
        command_id=new_command_id(),
        outcome=Outcomes.UNKNOWN,
        text=" ".join(said),
        reasons=tuple(Reason(code=ReasonCode.EXCHANGE, text=text) for text in open_ends),
    )
