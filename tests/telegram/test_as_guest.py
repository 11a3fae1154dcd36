"""The bridge as the engine's guest: started by it, set by it, ended with it, back with the next."""

from __future__ import annotations

from pathlib import Path

import psutil
import pytest

from kalshi_desk.store.bot_token import save_bot_token
from kalshi_desk.store.paths import open_home
from tests.running_desk import end, start_engine, wait_until
from tests.telegram.bot_server import TOKEN, Message, serving
from tests.telegram.conftest import ANNA, EVE

pytestmark = [pytest.mark.long, pytest.mark.timeout(120)]
SETTINGS = """
[telegram]
enabled = true
server = "{address}"
[telegram.users]
"{anna}" = "trade"
[telegram.chats]
"{anna}" = "trade"
"""


def bridges(root: Path) -> list[int]:
    """Return the processes that serve as this home's bridge."""
    found = []
    for process in psutil.process_iter():
        try:
            words = process.cmdline()
        except psutil.Error:
            continue
        if "telegram" in words and str(root) in words:
            found.append(process.pid)
    return found


def test_a_guest_lives_with_its_engine_and_tells_of_its_death(tmp_path: Path) -> None:
    root = tmp_path / "home"
    with serving() as served:
        server = served.now
        home = open_home(str(root))
        home.prepare()
        home.settings_path.write_text(SETTINGS.format(address=served.address, anna=ANNA))
        save_bot_token(home, TOKEN)
        desk = start_engine(root)
        try:

            def asks(text: str, words: str) -> Message:
                after = server.last_number()
                server.write(ANNA, text)
                return server.wait_for(ANNA, words, after=after)

            asks("/status", "practice exchange")
            first = bridges(root)
            assert len(first) == 1

            page = asks("/settings", "confirmations valid 60 s")
            server.tap(ANNA, page, "Notifications")
            wait_until(lambda: "🔔 trades" in page.labels)
            server.tap(ANNA, page, "trades")
            wait_until(lambda: "🔕 trades" in page.labels)
            assert 'trades = "silent"' in home.settings_path.read_text()
            server.tap(ANNA, page, "Back")
            wait_until(lambda: "confirmations valid" in page.text)
            server.tap(ANNA, page, "Language")
            wait_until(lambda: "● English" in page.labels)
            server.tap(ANNA, page, "Deutsch")
            wait_until(lambda: "● Deutsch" in page.labels)
            assert bridges(root) == first, "it takes settings up without a restart"
            asked = asks("/set telegram.language en", "telegram.language en")
            server.tap(ANNA, asked, asked.labels[0])
            wait_until(lambda: "becomes en" in asked.text.replace("\u2060", ""))
            refused = asks("/set telegram.confirm_s 1", "confirm_s 1")
            server.tap(ANNA, refused, refused.labels[0])
            wait_until(lambda: "from 5 to 600" in refused.text)

            server.write(EVE, "/start")
            server.wait_for(ANNA, f"User {EVE} (P{EVE}) wrote to the bot")

            desk.kill()
            server.wait_for(ANNA, "The engine has ended unexpectedly")
            wait_until(lambda: bridges(root) == [])
            desk = start_engine(root)
            server.wait_for(ANNA, "The engine has started anew")
            asks("/status", "practice exchange")
            assert len(bridges(root)) == 1
            told = "\n".join(message.text for message in server.to(ANNA))
            assert told.count(f"User {EVE}") == told.count("ended unexpectedly") == 1
            assert server.to(EVE) == []
            assert TOKEN not in (home.logs / "telegram.log").read_text()
            assert desk.shell("stop")["outcome"] == "done"
            wait_until(lambda: bridges(root) == [])
            assert "ended unexpectedly" not in server.to(ANNA)[-1].text
        finally:
            end(desk)
