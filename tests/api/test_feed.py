"""The WebSocket: who may listen, what is told, and what becomes of those who do not read."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from kalshi_desk.api import feed
from kalshi_desk.desk.frames import EventKind, Level
from tests.api.core_desk import AUTHORIZED, TOKEN, Served, served
from tests.running_desk import wait_until

SUBSCRIBE = json.dumps({"type": "subscribe"})


@contextmanager
def listening(
    api: Served, path: str = "/ws", first: str | None = SUBSCRIBE, **words: Any
) -> Iterator[ClientConnection]:
    """Open a socket with the token and say the first message."""
    words.setdefault("additional_headers", AUTHORIZED)
    with connect(api.ws + path, proxy=None, close_timeout=1, **words) as line:
        if first is not None:
            line.send(first)
        yield line


def next_of(line: ClientConnection, kind: str, seconds: float = 10.0) -> dict[str, Any]:
    """Return the next message of a type, others left out."""
    give_up = time.monotonic() + seconds
    while True:
        message: dict[str, Any] = json.loads(line.recv(timeout=give_up - time.monotonic()))
        if message["type"] == kind:
            return message


def closed_with(line: ClientConnection) -> tuple[int, str]:
    with pytest.raises(ConnectionClosed) as caught:
        line.recv(timeout=10)
    received = caught.value.rcvd
    assert received is not None
    return received.code, received.reason


def say(api: Served, level: Level, title: str, text: str = "") -> None:
    desk = api.desk

    def run() -> None:
        desk.core.outbox.say(desk.now_ns, EventKind.SYSTEM, level, title, text, "RAIN")
        for effect in desk.core.outbox.take():
            desk.events.append(effect.event)  # type: ignore[attr-defined]

    api.inside(run)


@pytest.mark.parametrize("path", ["/", "/ws"])
def test_everything_that_happens_is_told_to_who_subscribed(path: str) -> None:
    with served() as api:
        api.inside(lambda: api.desk.fill("SUN", "1", "0.40"))
        say(api, Level.INFO, "Before anybody listened")
        with listening(api, path) as line:
            first = json.loads(line.recv(timeout=10))
            assert first["type"] == "status"
            assert first["data"]["tradesCount"] == 1
            assert first["timestamp"].endswith("Z")
            say(api, Level.INFO, "It rains", "at last")
            told = next_of(line, "bot_output")
            assert told["data"] == "It rains [RAIN]: at last"
            say(api, Level.ERROR, "It pours")
            assert next_of(line, "bot_error")["data"] == "It pours [RAIN]"
            api.inside(lambda: api.desk.fill("RAIN", "2.5", "0.40"))
            trade = next_of(line, "trade_executed")["data"]
            assert (trade["eventId"], trade["quantity"], trade["price"]) == ("RAIN", 2.5, 0.4)
            assert (trade["action"], trade["outcome"], trade["fee"]) == ("buy", "yes", 0.017)
            assert next_of(line, "status")["data"]["tradesCount"] == 2
            assert api.call("POST", "/api/start-trading").status_code == 200
            assert next_of(line, "status")["data"]["trading"] is True
            body = {"maxPositionSize": 0.33}
            assert api.call("POST", "/api/config", json=body).status_code == 200
            assert next_of(line, "config_updated")["data"]["maxPositionSize"] == 0.33


def test_two_hear_the_same_and_one_leaving_hurts_nobody(api: Served) -> None:
    with listening(api) as first:
        with listening(api) as second:
            next_of(first, "status")
            next_of(second, "status")
            say(api, Level.INFO, "Both")
            assert next_of(first, "bot_output") == next_of(second, "bot_output")
        say(api, Level.INFO, "One")
        assert next_of(first, "bot_output")["data"] == "One [RAIN]"
        wait_until(lambda: "api_sockets 1.0" in api.call("GET", "/api/metrics").text)
    wait_until(lambda: "api_sockets 0.0" in api.call("GET", "/api/metrics").text)
    # The next one finds a desk that nobody has looked at for a while.
    say(api, Level.INFO, "Nobody")
    with listening(api) as third:
        next_of(third, "status")
        say(api, Level.INFO, "Three")
        assert next_of(third, "bot_output")["data"] == "Three [RAIN]"


def test_the_token_may_come_with_the_first_message(api: Served) -> None:
    first = json.dumps({"type": "subscribe", "token": TOKEN})
    with listening(api, first=first, additional_headers={}) as line:
        assert next_of(line, "status")


@pytest.mark.parametrize(
    "first",
    [
        SUBSCRIBE,
        '{"type": "subscribe", "token": "wrong"}',
        '{"type": "subscribe", "token": ""}',
        '{"type": "subscribe", "token": null}',
        '{"type": "get_status"}',
        "subscribe",
        "[" * 4_000,
        "",
        "null",
        b"\xff\xff",
    ],
)
def test_without_the_token_nothing_is_told(api: Served, first: str | bytes) -> None:
    with listening(api, first=None, additional_headers={}) as line:
        line.send(first)
        code, _ = closed_with(line)
        assert code == 1008


def test_a_wrong_token_in_the_header_is_refused_at_the_door(api: Served) -> None:
    headers = {"Authorization": "Bearer wrong"}
    with (
        pytest.raises(InvalidStatus) as caught,
        listening(api, additional_headers=headers),
    ):
        pass
    assert caught.value.response.status_code == 401
    assert b"kalshi-desk api token" in caught.value.response.body


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://127.0.0.1:1"])
def test_a_web_page_may_not_listen(api: Served, origin: str) -> None:
    with (
        pytest.raises(InvalidStatus) as caught,
        listening(api, origin=origin),  # type: ignore[arg-type]
    ):
        pass
    assert caught.value.response.status_code == 403


def test_another_name_is_not_answered(api: Served) -> None:
    request = (
        f"GET /ws HTTP/1.1\r\nHost: evil.example:{api.port}\r\nUpgrade: websocket\r\n"
        "Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
        f"Sec-WebSocket-Version: 13\r\nAuthorization: Bearer {TOKEN}\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", api.port), timeout=10) as line:
        line.sendall(request.encode())
        assert b" 403 " in line.recv(65_536).split(b"\r\n")[0]


def test_a_message_without_measure_ends_the_connection(api: Served) -> None:
    with listening(api, first="x" * (feed.MOST_MESSAGE_BYTES + 1)) as line:
        assert closed_with(line)[0] == 1009


def test_what_a_subscriber_says_later_changes_nothing(api: Served) -> None:
    with listening(api) as line:
        next_of(line, "status")
        for words in (SUBSCRIBE, "nonsense", '{"type": "panic"}', b"\x00"):
            line.send(words)
        say(api, Level.INFO, "Still here")
        assert next_of(line, "bot_output")["data"] == "Still here [RAIN]"


def test_who_never_subscribes_is_let_go(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feed, "SUBSCRIBE_S", 0.2)
    with served() as api, listening(api, first=None) as line:
        assert closed_with(line) == (1008, "no subscription within 0.2 seconds")


def test_the_silent_do_not_use_up_all_places(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feed, "MOST_SILENT", 3)
    with served() as api:
        with ExitStack() as held:
            for _ in range(3):
                held.enter_context(connect(api.ws + "/ws", proxy=None, close_timeout=0.2))
            wait_until(lambda: api.api.feed._silent == 3)
            with pytest.raises(InvalidStatus) as caught, listening(api):
                pass
            assert caught.value.response.status_code == 403
        wait_until(lambda: api.api.feed._silent == 0)
        with listening(api) as line:
            assert next_of(line, "status")


def test_who_does_not_read_is_dropped_and_nobody_else_notices(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("kalshi_desk.api.subscriber.MOST_WAITING", 40)
    with served() as api, listening(api) as reader:
        next_of(reader, "status")
        deaf = socket.socket()
        deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        deaf.connect(("127.0.0.1", api.port))
        with connect(
            f"ws://127.0.0.1:{api.port}/",
            sock=deaf,
            additional_headers=AUTHORIZED,
            max_queue=1,
            close_timeout=0.1,
            ping_interval=None,
        ) as slow:
            slow.send(SUBSCRIBE)
            wait_until(lambda: "api_sockets 2.0" in api.call("GET", "/api/metrics").text)
            count, heard = 0, 0
            took: list[float] = []
            while "dropped_sockets_total 0.0" in api.call("GET", "/api/metrics").text:
                for _ in range(20):
                    say(api, Level.INFO, f"News {count}", "x" * 20_000)
                    count += 1
                while heard < count:
                    began = time.monotonic()
                    told = next_of(reader, "bot_output")
                    took.append(time.monotonic() - began)
                    assert told["data"].startswith(f"News {heard} [")
                    heard += 1
                assert count < 4_000
            wait_until(lambda: "api_sockets 1.0" in api.call("GET", "/api/metrics").text)
        assert heard == count
        say(api, Level.INFO, "After it")
        assert next_of(reader, "bot_output")["data"] == "After it [RAIN]"
        assert max(took) < 3.0


def test_an_engine_that_is_gone_is_told_once_and_what_it_says_after_that(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with served() as api, listening(api) as line:
        next_of(line, "status")
        api.inside(lambda: setattr(api.desk, "is_gone", True))
        assert "does not answer" in next_of(line, "bot_error")["data"]
        with pytest.raises(TimeoutError):
            next_of(line, "bot_error", 0.8)
        api.inside(lambda: setattr(api.desk, "is_gone", False))
        api.inside(lambda: api.desk.fill("RAIN", "1", "0.40"))
        say(api, Level.INFO, "Back")
        assert next_of(line, "trade_executed")["data"]["eventId"] == "RAIN"
        assert next_of(line, "bot_output")["data"].startswith("Filled: buy 1 YES")
        assert next_of(line, "bot_output")["data"] == "Back [RAIN]"
