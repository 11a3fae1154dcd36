"""Who takes part in one evening: the desk, its screen, its phone, its API, the exchange."""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeVar

import httpx
import psutil

from kalshi_desk.backtest import Backtester
from kalshi_desk.desk.commands import Command, Outcomes
from kalshi_desk.store.bot_token import save_bot_token
from kalshi_desk.store.paths import Home, open_home
from kalshi_desk.store.recording import RecordedMeta, read_frames
from tests.journeys.terminal import Terminal
from tests.running_desk import RunningDesk, is_alive, start_engine, wait_until
from tests.seams.test_three_ledgers import compare, face
from tests.telegram.bot_server import TOKEN, BotServer, Message
from tests.telegram.conftest import ANNA

SPEED = 4
SETTINGS = """
[practice]
speed = {speed}
[strategies]
interval_s = {speed}
[strategies.parameters.arbitrage]
budget = 100
[risk]
daily_loss_percent = 0.8
[stops]
confirm_s = {speed}
[api]
port = 0
[telegram]
enabled = true
server = "{address}"
[telegram.users]
"{anna}" = "trade"
[telegram.chats]
"{anna}" = "trade"
"""
PATIENCE_S = 40.0
RowT = TypeVar("RowT")


@dataclass
class Evening:
    """One home at the practice exchange, and everybody who looks at it."""

    root: Path
    phone: BotServer
    desk: RunningDesk
    screen: Terminal | None = None
    steps: list[tuple[str, float]] = field(default_factory=list)

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Take the time of a step; what fails says in which one."""
        began = time.monotonic()
        try:
            yield
        except BaseException as error:
            shown = self.screen.text if self.screen is not None else ""
            # The end of a long output is what people are shown first.
            error.add_note(f"The screen showed:\n{shown}\nIn the step: {name}: {error}")
            raise
        finally:
            self.steps.append((name, time.monotonic() - began))

    def table(self) -> str:
        """Return how long each step took, in real and in practice seconds."""
        lines = [f"{name:<44}{real:6.1f} s {real * SPEED:7.0f} s" for name, real in self.steps]
        total = sum(real for _, real in self.steps)
        return "\n".join([*lines, f"{'in all':<44}{total:6.1f} s {total * SPEED:7.0f} s"])

    # --- the exchange ------------------------------------------------------------------

    def tell_exchange(self, name: str, **body: Any) -> None:
        """Have the exchange's administrator do something."""
        admin = self.desk.exchange["address"]["admin"]
        answer = httpx.post(f"{admin}/{name}", json=body, timeout=60)
        assert answer.status_code == 200, answer.text

    def account(self) -> dict[str, Any]:
        """The desk's account in the exchange's own ledger."""
        found: dict[str, Any] = next(
            one for one in self.desk.ledger()["accounts"] if one["name"] == "desk"
        )
        return found

    def agree(self) -> None:
        """See that desk, exchange and a third ledger of the fills say the same."""
        asyncio.run(compare(self.desk))

    # --- the desk ----------------------------------------------------------------------

    def rows(self, topic: str, kind: type[RowT]) -> dict[str, RowT]:
        """Return what a topic shows now."""

        async def pull() -> dict[str, RowT]:
            client = await face(self.desk)
            try:
                found = (await client.pull((topic,), 0, 0)).changed.get(topic, {})
            finally:
                await client.close()
            return {name: row for name, row in found.items() if isinstance(row, kind)}

        return asyncio.run(pull())

    def say(self, *commands: Command) -> None:
        """Give commands and see that each is done."""

        async def submit() -> None:
            client = await face(self.desk)
            try:
                for command in commands:
                    answer = await client.submit(command)
                    assert answer.outcome is Outcomes.DONE, answer
            finally:
                await client.close()

        asyncio.run(submit())

    def market(self, ticker: str) -> dict[str, Any]:
        """Return a market as the shell lists it."""
        return next(row for row in self.desk.shell("markets") if row["ticker"] == ticker)

    def die_and_return(self) -> None:
        """Kill the engine as a crash would, see its children go, and start another one."""
        children = [child.pid for child in psutil.Process(self.desk.process.pid).children()]
        watched = [pid for pid in children if not _is_exchange(pid)]
        assert len(watched) >= 3, "strategies, news, API and bridge"
        self.desk.kill()
        wait_until(lambda: not any(map(is_alive, watched)), 15)
        self.desk = start_engine(self.root, api=True, news=True)

    # --- the API -----------------------------------------------------------------------

    def api(self, path: str) -> Any:
        """Return what a route of the API answers."""
        token = self.desk.home.api_token_path.read_text().strip()
        headers = {"Authorization": f"Bearer {token}"}
        answer = httpx.get(f"{self.desk.ready['api']}{path}", headers=headers, timeout=10)
        assert answer.status_code == 200, answer.text
        return answer.json()

    # --- the phone ---------------------------------------------------------------------

    def asks(self, text: str, words: str) -> Message:
        """Have Anna write to the bot, and return the answer that holds some words."""
        after = self.phone.last_number()
        self.phone.write(ANNA, text)
        return self.phone.wait_for(ANNA, words, after=after, seconds=PATIENCE_S)

    def told(self, words: str) -> list[str]:
        """Return the messages to Anna that hold some words."""
        return [one.text for one in self.phone.to(ANNA) if words in one.text]

    def hears(self, words: str) -> None:
        """Wait for a message to Anna."""
        self.phone.wait_for(ANNA, words, seconds=PATIENCE_S)


def prepare(root: Path, phone: BotServer) -> Home:
    """Write the settings of the evening and keep the bot's token."""
    home = open_home(str(root))
    home.prepare()
    text = SETTINGS.format(speed=SPEED, address=phone.address, anna=ANNA)
    home.settings_path.write_text(text)
    save_bot_token(home, TOKEN)
    return home


def equity_on(screen: str) -> Decimal:
    """Return the equity in the top line."""
    found = re.search(r"equity \$([\d,]+\.\d\d)", screen)
    assert found, screen
    return Decimal(found[1].replace(",", ""))


def same_decisions(home: Home, path: Path, strategy: str) -> int:
    """See that a backtest decides as the recording says, and return how often it did."""
    live = [
        record.content
        for record in read_frames(path)
        if isinstance(record, RecordedMeta)
        and record.kind == "decision"
        and record.content["strategy"] == strategy
    ]
    result = Backtester(recording=path, home=home).run_strategy(strategy)
    again = [{"recv_ns": at_ns, **facts} for at_ns, facts in result.decisions]
    for one, other in zip(live, again, strict=False):
        assert json.dumps(other) == json.dumps(one)
    assert len(again) == len(live)
    return len(live)


def eventually(
    condition: Callable[[], object],
    what: str | Callable[[], str],
    seconds: float = PATIENCE_S,
) -> None:
    """Wait for a condition, and say in words what never came."""
    try:
        wait_until(condition, seconds)
    except AssertionError as error:
        raise AssertionError(f"never: {what if isinstance(what, str) else what()}") from error


def _is_exchange(pid: int) -> bool:
    try:
        return "exchange" in psutil.Process(pid).cmdline()
    except psutil.Error:
        return False
