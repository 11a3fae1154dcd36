"""A desk for the API without processes: the real core and board, asked as over the link."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import httpx

from kalshi_desk.api.desk_view import DeskLink
from kalshi_desk.api.server import Api, serve
from kalshi_desk.core.errors import Retry
from kalshi_desk.core.events import (
    AccountRead,
    BookSnapshot,
    ConnectionChanged,
    CoreEvent,
    FillReported,
    LinkState,
    MarketsListed,
)
from kalshi_desk.core.reasons import ReasonCode
from kalshi_desk.core.records import Balance, Fill, Market
from kalshi_desk.core.strategy import Mode, Parameter
from kalshi_desk.core.types import (
    BookSide,
    Count,
    Money,
    Price,
    parse_count,
    parse_money,
    parse_price,
)
from kalshi_desk.desk.automation import SetMode
from kalshi_desk.desk.commands import Answer, Command, Outcomes, Query, QueryFailed, Reply
from kalshi_desk.desk.frames import DeskEvent, Frame
from kalshi_desk.desk.protocol import PROTOCOL_VERSION, Welcome
from kalshi_desk.desk.service import AskSettings, SetSetting, SettingRow, SettingsPage
from kalshi_desk.engine.board import Board
from kalshi_desk.engine.core import TradingCore
from kalshi_desk.engine.effects import Effect, GiveAnswer, KeepFill, Notify
from kalshi_desk.engine.guest_house import listen
from kalshi_desk.engine.inputs import CommandReceived, StrategiesDeclared
from kalshi_desk.engine.state import CoreSettings
from kalshi_desk.engine.strategy_book import StrategyBook
from kalshi_desk.engine.strategy_messages import StrategyInfo

TOKEN = "a-token-for-tests-that-nobody-else-knows"
AUTHORIZED = {"Authorization": f"Bearer {TOKEN}"}
START_NS = 1_800_000_000_000_000_000
EVIL_TITLE = "Rain </script><b>&\"'` \u2603"


class CoreDesk:
    """The engine's end of the link, in this process."""

    def __init__(self, *, has_account: bool = True) -> None:
        self.core = TradingCore(CoreSettings())
        self.board = Board(self.core.state, 4_242)
        self.now_ns = START_NS
        self.events: list[DeskEvent] = []
        self.answers: dict[str, Answer] = {}
        self.commands: list[Command] = []
        self.is_gone = False
        self.pulls = 0
        self.core.state.health.started_ns = 1
        markets = (
            Market(ticker="RAIN", event_ticker="E", category="Weather", title=EVIL_TITLE),
            Market(ticker="SUN", event_ticker="F", category="Weather", title="Sun"),
        )
        self.take(MarketsListed(markets))
        self.take(ConnectionChanged(LinkState.LIVE))
        balance = Balance(cash=parse_money("10000"))
        if has_account:
            self.take(AccountRead((), (), (), (), balance, asked_ns=self.now_ns))
        levels = ((Price(3_800), Count(100_000)),), ((Price(4_000), Count(100_000)),)
        for market in markets:
            self.take(BookSnapshot(market.ticker, *levels))
        infos = {info.name: info for info in StrategyBook(None).infos()}
        for name, parameter in (("news", "min_sentiment"), ("pairs", "min_deviation")):
            if name not in infos:
                infos[name] = _declared(name, parameter)
        self.take(StrategiesDeclared(tuple(infos.values())))
        self.interval_s = "60"
        self.core.commanding.others.setdefault(SetSetting, self._set_setting)

    def _set_setting(self, command_id: str, command: SetSetting) -> None:
        """Set the one setting that the API knows, where the core does not do it itself."""
        if command.value.isdigit() and 1 <= int(command.value) <= 86_400:
            self.interval_s = command.value
            self.core.commanding.answer(command_id, Outcomes.DONE, "It is set.")
        else:
            text = "interval_s must be a whole number from 1 to 86400. Nothing was changed."
            self.core.commanding.refuse(command_id, ReasonCode.BAD_COMMAND, text)

    def take(self, event: CoreEvent) -> list[Effect]:
        """Pass an event through the core as the shell would."""
        self.now_ns += 1_000_000
        effects = self.core.step(event, self.now_ns)
        for effect in effects:
            if isinstance(effect, Notify):
                self.events.append(effect.event)
            elif isinstance(effect, KeepFill):
                self.board.add_fill(effect.fill)
            elif isinstance(effect, GiveAnswer):
                self.answers[effect.answer.command_id] = effect.answer
        return effects

    def fill(
        self, ticker: str, contracts: str, price: str, *, side: BookSide = BookSide.BID
    ) -> None:
        """Let an order of ours be filled."""
        number = len(self.board._fills)
        fill = Fill(
            trade_id=f"t{number}",
            order_id=f"o{number}",
            ticker=ticker,
            side=side,
            price=parse_price(price),
            count=parse_count(contracts),
            fee=Money(17_000),
            is_taker=True,
            executed_ns=self.now_ns,
        )
        self.take(FillReported(fill))

    def trade_with(self, strategy: str) -> None:
        """Put a strategy into mode trade."""
        self.take(CommandReceived("mode", SetMode(strategy=strategy, mode=Mode.TRADE)))

    # --- what the API sees -----------------------------------------------------------------

    async def connect(self) -> Welcome:
        self._need()
        return Welcome(
            version=PROTOCOL_VERSION, venue="practice", pid=1, event_seq=self._last_event()
        )

    async def pull(self, topics: tuple[str, ...], board_seq: int, event_seq: int) -> Frame:
        self._need()
        self.pulls += 1
        found = tuple(event for event in self.events if event.seq > event_seq)
        last = found[-1].seq if found else min(event_seq, self._last_event())
        return self.board.frame(topics, board_seq, found, last)

    async def submit(self, command: Command, command_id: str | None = None) -> Answer:
        self._need()
        assert command_id is not None
        if command_id not in self.answers:
            self.commands.append(command)
            self.take(CommandReceived(command_id, command))
            # What a panic waits for: a reading of an account on which nothing rests.
            balance = Balance(cash=parse_money("10000"))
            self.take(AccountRead((), (), (), (), balance, asked_ns=self.now_ns))
        return self.answers[command_id]

    async def ask(self, query: Query) -> Reply:
        self._need()
        if not isinstance(query, AskSettings):
            return QueryFailed(reasons=())
        row = SettingRow(
            name="strategies.interval_s",
            value=self.interval_s,
            default="60",
            allowed="",
            help="",
            source="default",
        )
        secret = SettingRow(
            name="telegram.token",
            value="123:SECRET",
            default="",
            allowed="",
            help="",
            source="environment",
            is_secret=True,
        )
        return SettingsPage(path="/home/x/settings.toml", rows=(row, secret))

    async def close(self) -> None:
        return

    def _need(self) -> None:
        if self.is_gone:
            raise Retry("The engine does not answer.", code="no_engine", money="Nothing was sent.")

    def _last_event(self) -> int:
        return self.events[-1].seq if self.events else 0


def _declared(name: str, parameter: str) -> StrategyInfo:
    """Return a strategy with one threshold, for names that the desk has not got yet."""
    low = 0.01 if name == "pairs" else 0.0
    high = 0.5 if name == "pairs" else 1.0
    one = Parameter(name=parameter, default=high / 2, help="Least", low=low, high=high)
    return StrategyInfo(name=name, title=name.title(), help="A test's.", parameters=(one,))


@dataclass
class Served:
    """An API that serves on loopback in a thread of its own."""

    desk: CoreDesk
    api: Api
    port: int
    loop: asyncio.AbstractEventLoop
    client: httpx.Client = field(
        # No certificates are needed here, and to read them takes longer than all calls.
        default_factory=lambda: httpx.Client(trust_env=False, verify=False, timeout=10)
    )

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def ws(self) -> str:
        return f"ws://127.0.0.1:{self.port}"

    def call(self, method: str, path: str, **words: object) -> httpx.Response:
        """Call the API with the token."""
        headers = {**AUTHORIZED, **words.pop("headers", {})}  # type: ignore[dict-item]
        return self.client.request(
            method,
            self.url + path,
            headers=headers,
            **words,  # type: ignore[arg-type]
        )

    def inside(self, work: Callable[[], object]) -> None:
        """Do something to the desk in the thread that serves it."""
        done = threading.Event()

        def run() -> None:
            work()
            done.set()

        self.loop.call_soon_threadsafe(run)
        assert done.wait(10)


@contextmanager
def served(
    desk: CoreDesk | None = None, panic: Callable[[], Awaitable[Answer]] | None = None
) -> Iterator[Served]:
    """Serve the API of a desk for the length of a block; ``panic`` goes past its engine."""
    made = CoreDesk() if desk is None else desk
    listening = listen(0)
    ready = threading.Event()
    held: list[tuple[Api, asyncio.AbstractEventLoop, asyncio.Event]] = []

    async def run(sock: socket.socket) -> None:
        def open_link() -> DeskLink:
            return made

        api = Api(open_link, TOKEN, sock.getsockname()[1], panic=panic)
        stop = asyncio.Event()
        held.append((api, asyncio.get_running_loop(), stop))
        await serve(api, sock, stop, ready.set)

    thread = threading.Thread(target=lambda: asyncio.run(run(listening)), daemon=True)
    thread.start()
    assert ready.wait(20), "the API did not come up"
    api, loop, stop = held[0]
    running = Served(made, api, listening.getsockname()[1], loop)
    try:
        yield running
    finally:
        running.client.close()
        loop.call_soon_threadsafe(stop.set)
        thread.join(10)
        assert not thread.is_alive(), "the API did not end"


DONE = Outcomes.DONE
