"""The link between face and engine over real sockets."""

from __future__ import annotations

import asyncio
import stat
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from websockets.asyncio.client import connect, unix_connect
from websockets.exceptions import InvalidStatus

from kalshi_desk.core.errors import Refuse, Retry, Stop, Unknown
from kalshi_desk.desk.client import LinkClient
from kalshi_desk.desk.commands import (
    Answer,
    AskRules,
    CancelAll,
    Command,
    Outcomes,
    Panic,
    Query,
    QueryFailed,
    Reply,
    Resume,
    RulesText,
)
from kalshi_desk.desk.frames import DeskEvent, EventKind, Frame, Level
from kalshi_desk.desk.protocol import (
    PROTOCOL_VERSION,
    Broken,
    Hello,
    Pull,
    TurnedAway,
    Welcome,
    encode,
    to_face,
)
from kalshi_desk.engine.link_server import LinkServer, write_token

TOKEN = "right"
WAIT_S = 10.0


class FakeDesk:
    """A desk that remembers what it was asked and answers slowly when told to."""

    def __init__(self) -> None:
        self.pulls: list[tuple[tuple[str, ...], int, int]] = []
        self.commands: list[tuple[str, Command]] = []
        self.gate = asyncio.Event()
        self.started = asyncio.Event()
        self.finished = asyncio.Event()
        self.padding = ""

    def frame(self, topics: tuple[str, ...], board_seq: int, event_seq: int) -> Frame:
        self.pulls.append((topics, board_seq, event_seq))
        event = DeskEvent(
            seq=event_seq + 1,
            at_ns=1,
            kind=EventKind.FILL,
            level=Level.GOOD,
            title="t",
            text=self.padding,
        )
        return Frame(
            board_seq=board_seq + 1,
            event_seq=event_seq + 1,
            changed={},
            removed={},
            full=topics,
            events=(event,),
        )

    async def submit(self, command_id: str, command: Command) -> Answer:
        self.commands.append((command_id, command))
        if isinstance(command, Panic):
            self.started.set()
            await self.gate.wait()
            self.finished.set()
        if isinstance(command, Resume):
            raise Refuse("Not now.", todo="Wait.")
        if isinstance(command, CancelAll) and command.ticker == "bug":
            raise ZeroDivisionError
        return Answer(command_id=command_id, outcome=Outcomes.DONE, text="ok")

    async def ask(self, query: Query) -> Reply:
        assert isinstance(query, AskRules)
        if query.ticker == "missing":
            raise Refuse("No such market.")
        return RulesText(ticker=query.ticker, title="title", text="text")

    def last_event_seq(self) -> int:
        return 41


@pytest.fixture
def desk() -> FakeDesk:
    return FakeDesk()


@pytest.fixture(params=["unix", "ws"])
async def address(
    request: pytest.FixtureRequest, tmp_path: Path, desk: FakeDesk
) -> AsyncIterator[str]:
    tmp_path.chmod(0o700)
    wanted = f"unix:{tmp_path}/l.sock" if request.param == "unix" else "ws://127.0.0.1:0"
    server = LinkServer(desk, wanted, TOKEN, "practice")
    yield await server.start()
    desk.gate.set()
    await server.stop()


async def a_face(address: str) -> LinkClient:
    client = LinkClient(address, TOKEN, "test")
    await client.connect()
    return client


async def test_a_face_is_welcomed_pulls_submits_and_asks(address: str, desk: FakeDesk) -> None:
    client = LinkClient(address, TOKEN, "tui")
    welcome = await client.connect()
    assert (welcome.version, welcome.venue, welcome.event_seq) == (PROTOCOL_VERSION, "practice", 41)
    frame = await client.pull(("status", "markets"), board_seq=3, event_seq=9)
    assert (frame.board_seq, frame.event_seq, frame.full) == (4, 10, ("status", "markets"))
    answer = await client.submit(CancelAll(ticker="FED"), command_id="mine")
    assert (answer.command_id, answer.outcome) == ("mine", Outcomes.DONE)
    assert desk.commands == [("mine", CancelAll(ticker="FED"))]
    reply = await client.ask(AskRules(ticker="FED"))
    assert reply == RulesText(ticker="FED", title="title", text="text")
    await client.close()


async def test_a_slow_command_does_not_hold_up_pulls_or_queries(
    address: str, desk: FakeDesk
) -> None:
    client = await a_face(address)
    slow = asyncio.create_task(client.submit(Panic()))
    await asyncio.wait_for(desk.started.wait(), WAIT_S)
    for number in range(20):
        assert (await asyncio.wait_for(client.pull((), number), WAIT_S)).board_seq == number + 1
    assert isinstance(await client.ask(AskRules(ticker="A")), RulesText)
    assert (await client.submit(CancelAll())).outcome is Outcomes.DONE
    assert not slow.done()
    desk.gate.set()
    assert (await asyncio.wait_for(slow, WAIT_S)).outcome is Outcomes.DONE
    await client.close()


async def test_requests_side_by_side_get_their_own_answers(address: str) -> None:
    client = await a_face(address)
    pulls = [client.pull((), board_seq=number) for number in range(50)]
    asks = [client.ask(AskRules(ticker=str(number))) for number in range(50)]
    submits = [client.submit(CancelAll(), command_id=str(number)) for number in range(50)]
    frames, replies, answers = await asyncio.gather(
        asyncio.gather(*pulls), asyncio.gather(*asks), asyncio.gather(*submits)
    )
    assert [frame.board_seq for frame in frames] == list(range(1, 51))
    tickers = [reply.ticker for reply in replies if isinstance(reply, RulesText)]
    assert tickers == [str(number) for number in range(50)]
    assert [answer.command_id for answer in answers] == [str(number) for number in range(50)]
    await client.close()


async def test_a_pull_given_up_does_not_shift_the_next_ones(address: str) -> None:
    client = await a_face(address)
    first = asyncio.create_task(client.pull((), board_seq=100))
    await asyncio.sleep(0)
    first.cancel()
    assert (await client.pull((), board_seq=7)).board_seq == 8
    await client.close()


async def test_refusals_and_faults_become_answers(address: str) -> None:
    client = await a_face(address)
    refused = await client.submit(Resume())
    assert refused.outcome is Outcomes.REFUSED
    assert refused.text == "Not now. Wait."
    failed = await client.submit(CancelAll(ticker="bug"))
    assert failed.outcome is Outcomes.UNKNOWN
    assert "ZeroDivisionError" not in failed.text
    missing = await client.ask(AskRules(ticker="missing"))
    assert isinstance(missing, QueryFailed)
    await client.close()


async def test_a_wrong_token_is_turned_away_with_what_to_do(address: str) -> None:
    with pytest.raises(Stop, match="--home"):
        await LinkClient(address, "wrong", "tui").connect()


async def raw(address: str, *messages: bytes | str) -> list[object]:
    """Say these messages on a bare socket and return what was answered until it closed."""
    opening = (
        unix_connect(address.removeprefix("unix:"), "ws://localhost/")
        if address.startswith("unix:")
        else connect(address)
    )
    async with opening as socket:
        for message in messages:
            await socket.send(message)
        return [to_face.decode(answer) async for answer in socket]


async def test_another_protocol_is_turned_away_with_what_to_do(address: str) -> None:
    hello = encode(Hello(version=PROTOCOL_VERSION + 1, token=TOKEN, face="old"))
    (answer,) = await asyncio.wait_for(raw(address, hello), WAIT_S)
    assert isinstance(answer, TurnedAway)
    assert "kalshi-desk stop" in answer.text


@pytest.mark.parametrize("first", [b"", b"\x00rubbish", "text", encode(Pull(topics=()))])
async def test_whoever_does_not_say_hello_learns_nothing(address: str, first: bytes | str) -> None:
    (answer,) = await asyncio.wait_for(raw(address, first), WAIT_S)
    assert isinstance(answer, TurnedAway)


async def test_rubbish_after_hello_ends_that_face_only(address: str) -> None:
    client = await a_face(address)
    hello = encode(Hello(version=PROTOCOL_VERSION, token=TOKEN, face="x"))
    welcome, broken = await asyncio.wait_for(raw(address, hello, b"\xc1\xc1"), WAIT_S)
    assert isinstance(welcome, Welcome)
    assert isinstance(broken, Broken)
    assert (await client.pull(())).board_seq == 1
    await client.close()


async def test_a_web_page_may_not_connect(desk: FakeDesk) -> None:
    server = LinkServer(desk, "ws://127.0.0.1:0", TOKEN, "practice")
    address = await server.start()
    with pytest.raises(InvalidStatus):
        async with connect(address, additional_headers={"Origin": "https://evil.example"}):
            pass
    await server.stop()


async def test_the_socket_and_the_token_are_private(tmp_path: Path, desk: FakeDesk) -> None:
    tmp_path.chmod(0o700)
    token = write_token(tmp_path / "token")
    server = LinkServer(desk, f"unix:{tmp_path}/l.sock", token, "practice")
    await server.start()
    for name in ("l.sock", "token"):
        assert stat.S_IMODE((tmp_path / name).stat().st_mode) == 0o600
    await server.stop()
    assert not (tmp_path / "l.sock").exists()


@pytest.mark.parametrize("why", ["open folder", "long path"])
async def test_without_a_safe_socket_the_link_is_on_loopback(
    tmp_path: Path, desk: FakeDesk, why: str
) -> None:
    tmp_path.chmod(0o755 if why == "open folder" else 0o700)
    name = "l.sock" if why == "open folder" else "l" * 200
    server = LinkServer(desk, f"unix:{tmp_path}/{name}", TOKEN, "practice")
    address = await server.start()
    assert address.startswith("ws://127.0.0.1:")
    client = await a_face(address)
    await client.close()
    await server.stop()


async def test_a_socket_left_by_a_killed_engine_is_replaced(tmp_path: Path, desk: FakeDesk) -> None:
    tmp_path.chmod(0o700)
    (tmp_path / "l.sock").touch()
    server = LinkServer(desk, f"unix:{tmp_path}/l.sock", TOKEN, "practice")
    client = await a_face(await server.start())
    await client.close()
    await server.stop()


async def test_no_engine_is_a_sentence(tmp_path: Path) -> None:
    for address in (f"unix:{tmp_path}/none.sock", "ws://127.0.0.1:1"):
        with pytest.raises(Retry, match="does not answer"):
            await LinkClient(address, TOKEN, "cli").connect()


async def test_a_lost_engine_fails_what_waits(tmp_path: Path, desk: FakeDesk) -> None:
    tmp_path.chmod(0o700)
    server = LinkServer(desk, f"unix:{tmp_path}/l.sock", TOKEN, "practice")
    client = await a_face(await server.start())
    waiting = asyncio.create_task(client.submit(Panic()))
    await asyncio.wait_for(desk.started.wait(), WAIT_S)
    await server.stop()
    with pytest.raises(Unknown, match="may or may not"):
        await asyncio.wait_for(waiting, WAIT_S)
    assert not client.is_connected
    with pytest.raises(Retry):
        await client.pull(())
    await client.close()


async def test_a_command_is_finished_although_its_face_is_gone(
    address: str, desk: FakeDesk
) -> None:
    client = await a_face(address)
    waiting = asyncio.create_task(client.submit(Panic()))
    await asyncio.wait_for(desk.started.wait(), WAIT_S)
    await client.close()
    with pytest.raises(Unknown):
        await waiting
    desk.gate.set()
    await asyncio.wait_for(desk.finished.wait(), WAIT_S)


async def test_the_engine_hears_that_a_face_left(tmp_path: Path, desk: FakeDesk) -> None:
    tmp_path.chmod(0o700)
    left: asyncio.Queue[tuple[str, int]] = asyncio.Queue()
    server = LinkServer(
        desk,
        f"unix:{tmp_path}/l.sock",
        TOKEN,
        "practice",
        on_face_left=lambda face, stay: left.put_nowait((face, stay)),
    )
    address = await server.start()
    first, second = await a_face(address), await a_face(address)
    assert server.faces == {"test": 2}
    await first.close()
    assert await asyncio.wait_for(left.get(), WAIT_S) == ("test", 1)
    await second.close()
    assert await asyncio.wait_for(left.get(), WAIT_S) == ("test", 0)
    await server.stop()
