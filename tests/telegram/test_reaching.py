"""Telegram itself in the way: nobody listed, a second poller, no network, a refused token."""

from __future__ import annotations

import asyncio

import httpx
import pytest

from kalshi_desk.core.errors import Stop
from kalshi_desk.telegram.bridge import Bridge
from kalshi_desk.telegram.memory import Memory
from tests.telegram.bot_server import TOKEN, BotServer
from tests.telegram.conftest import ANNA, Rig
from tests.telegram.fake_desk import FakeDesk, KeptInMemory


async def test_with_nobody_on_the_list_the_log_says_how_to_get_on_it(
    rig: Rig, caplog: pytest.LogCaptureFixture
) -> None:
    await rig.stop()
    rig.set(users={}, chats={})
    await rig.start()
    assert "nobody is on the list" in caplog.text
    rig.server.write(ANNA, "/start")
    await rig.until(lambda: f'[telegram.users] "{ANNA}" = "view" or "trade"' in caplog.text)
    assert rig.server.to(ANNA) == []
    rig.set(users={str(ANNA): "view"})
    await rig.asks("/status", "Equity")


async def test_a_second_poller_is_told_of_once_and_outlived(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kalshi_desk.telegram.polling.CONFLICT_S", 0.1)
    async with httpx.AsyncClient(trust_env=False) as other:
        for _ in range(2):
            await other.get(f"{rig.server.address}/bot{TOKEN}/getUpdates", params={"timeout": 1})
    await rig.asks("/status", "Equity")
    assert rig.server.conflicts > 0
    said = [c for _, c in rig.desk.submitted if "Another program" in getattr(c, "title", "")]
    assert len(said) == 1


async def test_a_lost_network_is_waited_out(rig: Rig, caplog: pytest.LogCaptureFixture) -> None:
    rig.server.is_down = True
    rig.server.write(ANNA, "/status")
    await rig.until(lambda: "Telegram is not reached" in caplog.text, 8)
    assert TOKEN not in caplog.text
    rig.server.is_down = False
    await rig.shown(ANNA, "Equity")


async def test_a_server_that_is_away_at_the_start_holds_up_nothing_else(
    rig: Rig, caplog: pytest.LogCaptureFixture
) -> None:
    await rig.stop()
    rig.server.is_down = True
    starting = asyncio.create_task(rig.start())
    await rig.until(lambda: "Telegram is not reached" in caplog.text)
    rig.server.is_down = False
    await starting
    await rig.asks("/status", "Equity")


async def test_a_refused_token_ends_the_bridge_in_words_without_it(rig: Rig) -> None:
    token = TOKEN.replace("4711", "4712")
    bridge = Bridge(FakeDesk(), KeptInMemory(), token, lambda: rig.settings)
    with pytest.raises(Stop, match="Telegram refuses the token") as stopped:
        await bridge.run()
    seen: BaseException | None = stopped.value
    while seen is not None:
        assert token not in str(seen)
        seen = seen.__cause__


async def test_an_odd_update_stops_nothing(rig: Rig, server: BotServer) -> None:
    server._add({"message": {"message_id": 1, "date": 1, "chat": {"id": 5, "type": "private"}}})
    server._add({"edited_message": {"message_id": 1, "date": 1, "chat": {"id": 5, "type": "x"}}})
    server.write(ANNA, " ")
    for data in ("", "y:", "p:x:y:z", "v:", "v:why:x:y", "s:notify:no", "s:x:y", "zzz", "a:x"):
        menu = await rig.asks("/start", "kalshi-desk")
        server.tap(ANNA, menu, "", data=data or "?")
    await rig.until(lambda: len(server.notes) == 9)
    await rig.asks("/status", "Equity")
    assert not any("fault of its own" in message.text for message in server.to(ANNA))


async def test_another_bot_is_heard_though_its_updates_have_lower_numbers(rig: Rig) -> None:
    await rig.asks("/status", "Equity")
    await rig.stop()
    memory = Memory(rig.kept)
    assert memory.fact("bot") == "4711"
    memory.receive([], 2_000_000_000)
    memory.keep_facts({"bot": 4710})
    await rig.start()
    await rig.asks("/status", "Equity")
    assert memory.offset > Memory(rig.kept).offset > 900_000
