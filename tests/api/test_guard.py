"""Who may call: attacks on the API by strangers, web pages, and callers without measure."""

from __future__ import annotations

import base64
import json
import socket
import threading
from collections.abc import Iterator

import httpx
import pytest

from kalshi_desk.api import guard
from kalshi_desk.api.body_limit import MOST_BYTES
from kalshi_desk.api.buckets import Bucket
from kalshi_desk.api.offers import BASE, OFFERS
from kalshi_desk.desk.automation import SetAuto
from kalshi_desk.desk.commands import Panic
from kalshi_desk.desk.frames import EventKind
from tests.api.core_desk import AUTHORIZED, TOKEN, Served, served

PLACES = [(offer.method, BASE + offer.path) for offer in OFFERS]


@pytest.fixture
def fresh() -> Iterator[Served]:
    """An API whose buckets are full."""
    with served() as running:
        yield running


def raw(api: Served, request: bytes) -> bytes:
    """Send bytes and return all that comes back."""
    with socket.create_connection(("127.0.0.1", api.port), timeout=10) as line:
        line.sendall(request)
        parts = []
        try:
            while part := line.recv(65_536):
                parts.append(part)
        except ConnectionResetError:
            pass
        return b"".join(parts)


@pytest.mark.parametrize(("method", "path"), PLACES)
def test_nothing_is_told_or_done_without_the_token(method: str, path: str) -> None:
    with served() as api:
        before = len(api.desk.commands)
        wrong = (
            {},
            {"Authorization": ""},
            {"Authorization": "Bearer"},
            {"Authorization": "Bearer wrong"},
            {"Authorization": f"Bearer {TOKEN}x"},
            {"Authorization": f"Bearer {TOKEN[:-1]}"},
            {"Authorization": f"Bearer {TOKEN.upper()}"},
            {"Authorization": TOKEN},
            {"Authorization": f"Token {TOKEN}"},
            {"Cookie": f"token={TOKEN}"},
            {"X-Api-Key": TOKEN},
        )
        for headers in wrong:
            answer = api.client.request(method, api.url + path, headers=headers)
            assert answer.status_code == 401, headers
            assert answer.headers["www-authenticate"].startswith("Bearer")
            body = answer.json()
            assert body["success"] is False
            assert "kalshi-desk api token" in body["message"]
            assert TOKEN not in answer.text
        asked = api.client.request(method, f"{api.url}{path}?token={TOKEN}")
        assert asked.status_code == 401
        did = [c for c in api.desk.commands[before:] if isinstance(c, Panic | SetAuto)]
        assert did == []


def test_two_tokens_at_once_are_none(api: Served) -> None:
    lines = f"Authorization: Bearer {TOKEN}\r\nAuthorization: Bearer wrong\r\n"
    request = f"GET /api/status HTTP/1.1\r\nHost: 127.0.0.1:{api.port}\r\n{lines}\r\n"
    assert b" 401 " in raw(api, request.encode()).split(b"\r\n")[0]


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.example:{port}",
        "127.0.0.1.evil.example:{port}",
        "127.0.0.1",
        "localhost",
        "127.0.0.1:1",
        "0.0.0.0:{port}",
        "user@127.0.0.1:{port}",
        "[::1]:{port}",
        "",
    ],
)
def test_under_another_name_it_does_not_answer(api: Served, host: str) -> None:
    """DNS rebinding: a page's own name that now leads here; the browser sends it as Host."""
    named = host.format(port=api.port)
    answer = api.call("GET", "/api/status", headers={"Host": named})
    assert answer.status_code == 403
    assert "127.0.0.1" in answer.json()["message"]


def test_its_own_names_are_answered(api: Served) -> None:
    for host in (f"localhost:{api.port}", f"LOCALHOST:{api.port}", f"127.0.0.1:{api.port}"):
        assert api.call("GET", "/api/status", headers={"Host": host}).status_code == 200


def test_without_a_host_or_with_two_it_does_not_answer(api: Served) -> None:
    own = f"Host: 127.0.0.1:{api.port}\r\n"
    token = f"Authorization: Bearer {TOKEN}\r\nConnection: close\r\n"
    for hosts in ("", own + "Host: evil.example\r\n"):
        answer = raw(api, f"GET /api/status HTTP/1.1\r\n{hosts}{token}\r\n".encode())
        assert answer.split(b" ")[1] in {b"400", b"403"}
    assert b" 403 " in raw(api, f"GET /api/status HTTP/1.0\r\n{token}\r\n".encode())[:20]


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:1"},
        {"Origin": "http://localhost"},
        {"Origin": "https://127.0.0.1:{port}"},
        {"Origin": "http://127.0.0.1:{port}.evil.example"},
        {"Origin": ""},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
def test_pages_of_other_origins_may_not_call(api: Served, headers: dict[str, str]) -> None:
    before = len(api.desk.commands)
    told = {name: value.format(port=api.port) for name, value in headers.items()}
    for method, path in (("GET", "/api/status"), ("POST", "/api/panic"), ("OPTIONS", "/api/panic")):
        answer = api.call(method, path, headers=told)
        assert answer.status_code == 403
        assert "access-control-allow-origin" not in answer.headers
    assert not any(isinstance(command, Panic) for command in api.desk.commands[before:])


def test_its_own_page_may_call(api: Served) -> None:
    own = {"Origin": api.url, "Sec-Fetch-Site": "same-origin"}
    assert api.call("GET", "/api/status", headers=own).status_code == 200


def test_a_browser_opens_the_page_with_the_token_as_password(api: Served) -> None:
    def basic(user: str, password: str) -> dict[str, str]:
        word = base64.b64encode(f"{user}:{password}".encode()).decode()
        return {"Authorization": f"Basic {word}"}

    for path in ("/api/docs", "/api/openapi.json"):
        assert api.call("GET", path, headers=basic("me", TOKEN)).status_code == 200
        assert api.call("GET", path, headers=basic(TOKEN, "")).status_code == 401
        assert api.call("GET", path, headers={"Authorization": "Basic !!!"}).status_code == 401
    # A browser sends it along by itself, so it opens nothing that tells or does.
    for path in ("/api/status", "/api/positions", "/api/metrics"):
        assert api.call("GET", path, headers=basic("me", TOKEN)).status_code == 401
    assert api.call("POST", "/api/panic", headers=basic("me", TOKEN)).status_code == 401
    page = api.call("GET", "/api/docs")
    assert page.headers["content-security-policy"].startswith("default-src 'none'; style-src")
    assert "<script" not in page.text
    assert "http://" not in page.text.replace("ws://127.0.0.1", "")
    assert TOKEN not in page.text


def test_a_body_may_not_be_large(api: Served) -> None:
    post = {"Content-Type": "application/json"}
    answer = api.call("POST", "/api/config", headers=post, content=b"x" * (MOST_BYTES + 1))
    assert answer.status_code == 413
    head = (
        f"POST /api/config HTTP/1.1\r\nHost: 127.0.0.1:{api.port}\r\n"
        f"Authorization: Bearer {TOKEN}\r\nContent-Type: application/json\r\n"
    )
    told = raw(api, f"{head}Content-Length: 10000000\r\n\r\n".encode())
    assert b" 413 " in told.split(b"\r\n")[0]
    endless = f"{head}Transfer-Encoding: chunked\r\n\r\n".encode() + b"1000\r\n" + b"x" * 4_096
    many = endless + (b"\r\n1000\r\n" + b"x" * 4_096) * 6
    assert b" 413 " in raw(api, many).split(b"\r\n")[0]


def test_ten_megabytes_from_a_stranger_are_not_even_read(api: Served) -> None:
    taken = []

    def push() -> None:
        with socket.create_connection(("127.0.0.1", api.port), timeout=10) as line:
            line.sendall(
                f"POST /api/config HTTP/1.1\r\nHost: 127.0.0.1:{api.port}\r\n"
                "Content-Length: 10000000\r\n\r\n".encode()
            )
            try:
                for _ in range(1_000):
                    line.sendall(b"x" * 10_000)
                    taken.append(10_000)
            except OSError:
                return

    thread = threading.Thread(target=push)
    thread.start()
    thread.join(20)
    assert not thread.is_alive()
    assert sum(taken) < 10_000_000
    assert api.call("GET", "/api/status").status_code == 200


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"1",
        b'"x"',
        b"{}",
        b'{"maxPositionSize": NaN}',
        b'{"maxPositionSize": Infinity}',
        b'{"maxPositionSize": 1e999}',
        b'{"maxPositionSize": null}',
        b'{"maxPositionSize": "0.1"}',
        b'{"maxPositionSize": true}',
        b'{"maxPositionSize": [0.1]}',
        b'{"maxPositionSize": 0.1, "maxPositionsize": 0.1}',
        b'{"__proto__": {}}',
        b'{"max_position_size": 0.1}',
        b'{"maxPositionSize": 0.1} {"stopLoss": 0.2}',
        b'\xff\xfe{"maxPositionSize": 0.1}',
        b"[" * 8_000,
        b'{"a":' * 2_000,
    ],
)
def test_a_body_that_says_nothing_clear_changes_nothing(api: Served, body: bytes) -> None:
    before = api.call("GET", "/api/config").json()
    answer = api.call(
        "POST", "/api/config", headers={"Content-Type": "application/json"}, content=body
    )
    assert answer.status_code == 400, answer.text
    assert answer.json()["success"] is False
    assert api.call("GET", "/api/config").json() == before


@pytest.mark.parametrize("kind", ["", "text/plain", "application/x-www-form-urlencoded"])
def test_a_body_that_is_no_json_is_not_read(api: Served, kind: str) -> None:
    answer = api.call(
        "POST", "/api/config", headers={"Content-Type": kind}, content=b'{"stopLoss": 0.2}'
    )
    assert answer.status_code == 415


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/api/",
        "/api/nothing",
        "/api/status/",
        "//api/status",
        "/api//status",
        "/API/status",
        "/api/../etc/passwd",
        "/api/%2e%2e/%2e%2e/etc/passwd",
        "/api/status%00",
        "/api/status;x=1",
        "/api/status%0d%0aSet-Cookie:%20a=b",
        "/static/../../state/api.token",
        "/api/ws",
    ],
)
def test_paths_lead_nowhere_but_to_the_routes(api: Served, path: str) -> None:
    line = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{api.port}\r\n"
    answer = raw(api, f"{line}Authorization: Bearer {TOKEN}\r\nConnection: close\r\n\r\n".encode())
    head, _, body = answer.partition(b"\r\n\r\n")
    assert b" 404 " in head.split(b"\r\n")[0]
    assert b"set-cookie" not in head.lower()
    assert json.loads(body) == {"success": False, "message": "There is nothing here."}


def test_other_methods_are_named(api: Served) -> None:
    for method, path, allowed in (
        ("DELETE", "/api/config", {"GET", "HEAD", "POST"}),
        ("GET", "/api/panic", {"POST"}),
        ("PUT", "/api/status", {"GET", "HEAD"}),
        ("TRACE", "/api/status", {"GET", "HEAD"}),
    ):
        answer = api.call(method, path)
        assert answer.status_code == 405
        assert set(answer.headers["allow"].split(", ")) == allowed
    assert api.call("HEAD", "/api/status").status_code == 200


def test_who_calls_without_measure_waits_but_not_with_a_panic(fresh: Served) -> None:
    with httpx.Client(base_url=fresh.url, headers=AUTHORIZED, verify=False) as client:
        found = [client.get("/api/health") for _ in range(guard.KNOWN_BURST + 60)]
        refused = [answer for answer in found if answer.status_code == 429]
        assert refused
        assert int(refused[-1].headers["retry-after"]) >= 1
        while client.get("/api/health").status_code != 429:
            pass
        assert client.post("/api/stop-trading").status_code == 200
        assert client.post("/api/panic").status_code == 200
    # All of them together have hardly asked the engine anything.
    assert fresh.desk.pulls < 60


def test_strangers_without_measure_keep_nobody_else_out(fresh: Served) -> None:
    with httpx.Client(base_url=fresh.url, verify=False) as client:
        codes = {client.get("/api/health").status_code for _ in range(guard.STRANGER_BURST + 30)}
    assert codes == {401, 429}
    assert fresh.call("GET", "/api/health").status_code == 200


def test_the_desk_is_told_of_strangers_but_not_each_time(fresh: Served) -> None:
    for _ in range(3):
        wrong = {"Authorization": "Bearer wrong"}
        assert fresh.call("GET", "/api/status", headers=wrong).status_code == 401
        assert fresh.call("GET", "/api/status", headers={"Host": "evil"}).status_code == 403
    shown = fresh.call("GET", "/api/metrics").text
    assert "kalshi_desk_api_strangers_total 6.0" in shown
    told = [event.text for event in fresh.desk.events if event.kind is EventKind.GUEST]
    assert len(told) == 2
    assert any("wrong token" in text for text in told)
    assert any("by a name that is not its own" in text for text in told)


def test_a_silent_connection_is_ended(api: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kalshi_desk.api.server.HEAD_S", 0.2)
    for begun in (b"", b"GET /api/status HTTP/1.1\r\nHost: 127."):
        assert raw(api, begun) == b""


def test_a_bucket_gains_in_time_and_never_more_than_it_holds() -> None:
    now = [0.0]
    bucket = Bucket(2.0, 3, lambda: now[0])
    assert [bucket.wait_s() for _ in range(4)] == [0, 0, 0, 1]
    now[0] = 0.5
    assert [bucket.wait_s() for _ in range(2)] == [0, 1]
    now[0] = 1_000.0
    assert [bucket.wait_s() for _ in range(4)] == [0, 0, 0, 1]
    now[0] = 0.0  # a clock that goes back gives nothing and takes nothing
    assert bucket.wait_s() == 1
