"""Panic without an engine: go to the exchange itself, cancel, verify, and leave HALTED."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec

from kalshi_desk.core.errors import DeskError, Refuse
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


async def panic_alone(home: Home) -> Answer:
    """Cancel every order of the home's account and leave HALTED for the next start.

    HALTED is written first, so that it stands whatever the exchange does.  Raises what
    the exchange's client raises when it can't be reached.
    """
    settings = _settings(home)
    last = read_ready(home)
    venue = last.venue if last and last.venue != "replay" else settings.venue
    home.prepare()
    _leave_halted(home, venue)
    if venue == "paper":
        return _answer(venue, _end_paper_orders(home))
    try:
        async with _exchange(home, venue, settings) as client:
            left = await _cancel_and_verify(client)
    except DeskError as error:
        error.money = " ".join((error.money, "HALTED stands for the next start.")).strip()
        raise
    return _answer(venue, left)


def _settings(home: Home) -> Settings:
    """Return the settings; a broken file must not stand in the way of a panic."""
    try:
        return load_settings(home.settings_path).settings
    except DeskError:
        return Settings()


def _leave_halted(home: Home, venue: str) -> None:
    journal = Journal(home.journal_path(venue), durable=True)
    try:
        journal.set_halted(HALTED_WHY)
    finally:
        journal.close()


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
    """Cancel everything and read the orders until none rests; return what still does."""
    loop = asyncio.get_running_loop()
    give_up = loop.time() + VERIFY_S
    await client.cancel_all()
    canceled_ns = client.http.exchange_now_ns()
    while True:
        # Reads lag writes: an empty list proves nothing before it holds the cancel itself.
        is_complete = await client.user_data_timestamp() >= canceled_ns
        left = await client.orders(status="resting")
        if (is_complete and not left) or loop.time() > give_up:
            return left
        await asyncio.sleep(_PAUSE_S)
        for order in left:
            await _cancel(client, order)


async def _cancel(client: RestClient, order: Order) -> None:
    try:
        await client.cancel_order(order.order_id, order.ticker)
    except Refuse:
        return  # Gone already; the next reading shows it.


def _answer(venue: str, left: list[Order]) -> Answer:
    name = new_command_id()
    if not left:
        return Answer(
            command_id=name,
            outcome=Outcomes.DONE,
            text=f"All orders on {venue} are canceled, verified. HALTED for the next start.",
        )
    text = f"{len(left)} orders on {venue} still rest after {VERIFY_S:.0f} seconds. HALTED."
    return Answer(
        command_id=name,
        outcome=Outcomes.UNKNOWN,
        text="Cancel them at the exchange itself, or repeat panic.",
        reasons=(Reason(code=ReasonCode.EXCHANGE, text=text),),
    )
