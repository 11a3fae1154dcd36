"""Runs one engine from lock to last write: the live shell, its venue and its link."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import os
import signal
import sys
import time
from collections.abc import Coroutine
from itertools import chain
from pathlib import Path
from typing import Any

import msgspec

from kalshi_desk.core.errors import DeskError, Stop
from kalshi_desk.core.events import LinkState, NewsArrived
from kalshi_desk.core.ports import Clock
from kalshi_desk.core.records import Fill
from kalshi_desk.core.types import MONEY_SCALE, Money
from kalshi_desk.engine.clock import WallClock, practice_clock, speed_of
from kalshi_desk.engine.core import TradingCore
from kalshi_desk.engine.core_settings import core_settings
from kalshi_desk.engine.effects import ForgetLive
from kalshi_desk.engine.exchange_process import PracticeExchange
from kalshi_desk.engine.guest_house import FOLLOWED, GuestHouse
from kalshi_desk.engine.health import LoopWatch
from kalshi_desk.engine.lab import StartBacktest, StopBacktest
from kalshi_desk.engine.lab_runner import LabRunner
from kalshi_desk.engine.link_server import LinkServer, write_token
from kalshi_desk.engine.lock import EngineLock, EngineRecord
from kalshi_desk.engine.log_desk import serve_log
from kalshi_desk.engine.market_desk import MarketDesk
from kalshi_desk.engine.news_process import NewsService
from kalshi_desk.engine.paper_venue import PaperAccount, PaperVenue
from kalshi_desk.engine.recorder import EngineRecorder
from kalshi_desk.engine.replay_venue import ReplayVenue
from kalshi_desk.engine.restore import restore
from kalshi_desk.engine.restore_machine import restore_machine
from kalshi_desk.engine.setting_service import SettingService
from kalshi_desk.engine.shell import EngineShell
from kalshi_desk.engine.strategy_process import open_strategies
from kalshi_desk.engine.venues import KeyedVenue, PracticeVenue
from kalshi_desk.kalshi.environment import LIVE, keyed
from kalshi_desk.kalshi.polling import PollingFeed
from kalshi_desk.kalshi.rest import RestClient
from kalshi_desk.kalshi.signing import Signer, parse_private_key
from kalshi_desk.store.journal import Journal
from kalshi_desk.store.live_switch import need_live, turn_live_off
from kalshi_desk.store.log import Log
from kalshi_desk.store.paths import Home
from kalshi_desk.store.secrets import load_key
from kalshi_desk.store.settings import LoadedSettings, Settings, save_setting
from kalshi_desk.store.venues import remember_venue
from kalshi_desk.store.watchlist import load_watchlist, save_watchlist

OFFERED_VENUES = frozenset({"practice", "paper", "demo", "live", "replay"})
DURABLE_VENUES = frozenset({"demo", "live"})
READY_LIMIT_S = 30.0
READY_LOOK_S, LOOKS_UNTIL_SAID = 0.05, 100
TUI_FACE = "tui"
REPLAY_WHY = "A replay takes no orders: what happened has happened. Nothing was sent."
_log = logging.getLogger(__name__)


def run_engine(
    home: Home,
    loaded: LoadedSettings,
    venue: str,
    *,
    json_ready: bool,
    replay_path: Path | None = None,
    by_desk: bool = False,
) -> int:
    """Run the engine of a home until it is stopped and return the exit code.

    ``by_desk`` says that a screen started it.

    Raises ``Stop`` when another engine runs on this home, when the journal is from a
    newer version, or when something can't be written.
    """
    if venue not in OFFERED_VENUES:
        raise Stop(
            f"There is no venue {venue}.",
            code="no_venue",
            money="Nothing was started and nothing was sent.",
            todo=f"Choose one of {', '.join(sorted(OFFERED_VENUES - {'replay'}))}.",
        )
    if venue == "live":
        need_live(home)
    home.prepare()
    lock = EngineLock(home)
    lock.acquire()
    with contextlib.ExitStack() as held:
        held.push(lambda kind, *_: lock.release(crashed=_is_crash(kind)))
        keep = loaded.settings.log
        log = Log(home.engine_log, level=keep.level, file_mb=keep.file_mb, files=keep.files)
        held.callback(log.close)
        if replay_path is None:
            # Before any order: a panic must know where to go when this engine is gone.
            remember_venue(home, venue)
        return asyncio.run(_run(home, loaded, venue, lock, log, json_ready, replay_path, by_desk))


def _is_crash(kind: type[BaseException] | None) -> bool:
    return kind is not None and issubclass(kind, Exception) and not issubclass(kind, DeskError)


async def _run(
    home: Home,
    loaded: LoadedSettings,
    venue: str,
    lock: EngineLock,
    log: Log,
    json_ready: bool,
    replay_path: Path | None,
    by_desk: bool,
) -> int:
    journal_path = home.journal_path(venue)
    if replay_path is not None:
        for stale in journal_path.parent.glob(f"{journal_path.name}*"):
            stale.unlink(missing_ok=True)
    journal = Journal(journal_path, durable=venue in DURABLE_VENUES)
    replay = None if replay_path is None else ReplayVenue(replay_path)
    clock: Clock = WallClock() if replay is None else replay
    if venue == "practice":
        clock = practice_clock(home.practice_clock_path, loaded.settings.practice.speed)
    read_only_why = "" if replay is None else REPLAY_WHY
    core = TradingCore(
        core_settings(loaded, venue, speed=speed_of(clock), read_only_why=read_only_why),
        next_event_seq=journal.last_event_seq() + 1,
    )
    core.state.health.started_ns = time.time_ns()
    core.state.starred.update(load_watchlist(home.watchlist_path))
    fills = restore(core.state, journal, clock.now_ns())
    restore_machine(core, journal, clock.now_ns())
    shell = EngineShell(
        core,
        journal,
        clock,
        fills,
        save_starred=lambda starred: save_watchlist(home.watchlist_path, sorted(starred)),
        save_setting=lambda name, value: loop.call_soon_threadsafe(
            house.apply, name, save_setting(home.settings_path, name, value)
        ),
    )
    shell.performers[ForgetLive] = lambda _: turn_live_off(home)
    serving = SettingService(shell, home, loaded.warnings)
    shell.lab = LabRunner(home.root, shell.take)
    shell.performers.update(dict.fromkeys((StartBacktest, StopBacktest), shell.lab.perform))
    MarketDesk(shell)
    shell.strategies = open_strategies(shell, home.strategies, clock)
    house = GuestHouse(
        home,
        loaded.settings,
        shell.take,
        clock if replay is None else WallClock(),
        has_api=loaded.settings.api.enabled,
        has_bridge=loaded.settings.telegram.enabled and replay is None,
    )
    core.settings.outside.update(FOLLOWED)
    loop = asyncio.get_running_loop()
    news = NewsService(
        shell,
        loaded.settings.news,
        venue if replay is None else "replay",
        clock,
        journal,
        model_path=home.news_model_path,
    )
    serving.on("news.", lambda whole: news.apply(whole.news))
    token = write_token(home.token_path)
    log.redactor.learn(token)
    serve_log(shell, home.engine_log)
    link = LinkServer(
        shell,
        home.link_address,
        token,
        venue,
        on_face_left=lambda face, left: _face_left(shell, face, left),
    )
    address = await link.start()
    record = EngineRecord(
        venue=venue, pid=os.getpid(), link=address, api=house.url, token_path=str(home.token_path)
    )
    on_disk = msgspec.structs.replace(record, by_desk=by_desk or msgspec.UNSET)
    lock.announce(on_disk)
    house.announce = lambda url: lock.announce(msgspec.structs.replace(on_disk, api=url))
    _stop_on_signals(shell)
    saying = _beside("the ready line", _say_ready(shell, record, json_ready))
    deciding = _beside("the strategies", shell.strategies.run())
    watching = _beside("the watch of the loop", LoopWatch(core.state).run())
    hosting = _beside("the guests", house.guests.run(after=saying))
    reading = _beside("the news", news.run(saying))
    try:
        if replay is not None:
            shell.venue = replay
            await shell.run(replay)
        else:
            await _run_venue(home, loaded.settings, venue, shell, clock, fills)
    finally:
        house.close()
        for task in (saying, deciding, reading, watching, hosting):
            task.cancel()
        await asyncio.gather(deciding, reading, hosting, return_exceptions=True)
        await link.stop()
        await shell.close()
    return 0


async def _run_venue(
    home: Home,
    settings: Settings,
    venue: str,
    shell: EngineShell,
    clock: Clock,
    fills: tuple[Fill, ...],
) -> None:
    recorder = None
    if settings.recording.enabled and venue != "paper":
        recorder = EngineRecorder(home.recordings, venue, clock.now_ns(), settings.recording.cap_mb)
        for cells in shell.core.state.observations.values():
            for observation in chain.from_iterable(cells.values()):
                recorder.mark_observation(clock.now_ns(), observation, known=True)
        markets = shell.core.state.markets
        for known in (NewsArrived(tuple(markets.news.by_id.values())), markets.sources.said):
            recorder.listen(known, clock.now_ns(), of_frame=False)
    shell.recorder = recorder
    keep, top_of = shell.core.state.involved, shell.core.state.book_top
    opened: PracticeVenue | KeyedVenue | PaperVenue
    if venue == "practice":
        exchange = PracticeExchange(home, settings.practice, clock=clock)
        opened = PracticeVenue(exchange, clock, recorder, keep, top_of)
    elif venue == "paper":
        opened = _open_paper(settings, shell, clock, fills)
    else:
        if venue == "live":
            # Again, after this engine is announced: 'live off' ends the permission first and
            # then looks for an engine to halt, so that one of the two sees the other.
            need_live(home)
        key = load_key(home, venue)
        signer = Signer(key.key_id, parse_private_key(key.private_key_pem), venue=key.venue)
        environment = keyed(venue, key.subaccount)
        opened = KeyedVenue(environment, signer, clock, recorder, keep, top_of)
    shell.venue = opened
    try:
        await shell.run(opened)
    finally:
        if recorder is not None:
            recorder.close()
        if isinstance(opened, PracticeVenue):
            await opened.close()


def _open_paper(
    settings: Settings, shell: EngineShell, clock: Clock, fills: tuple[Fill, ...]
) -> PaperVenue:
    """Open the paper venue on Kalshi's public data, its account rebuilt from the journal."""
    state = shell.core.state
    account = PaperAccount(Money(settings.paper.cash_dollars * MONEY_SCALE))
    for fill in fills:
        account.book(fill)
    for settlement in shell.settlements():
        account.settle(settlement)
    feed = PollingFeed(RestClient(LIVE, None, clock), clock)
    return PaperVenue(feed, clock, state, account, state.involved)


def _beside(name: str, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
    """Start work beside the trading; a fault of it is written down when it happens."""

    def ended(task: asyncio.Task[None]) -> None:
        error = None if task.cancelled() else task.exception()
        if error is not None:
            _log.error("%s ended by a fault; trading goes on without", name, exc_info=error)

    task = asyncio.create_task(work, name=name)
    task.add_done_callback(ended)
    return task


def _face_left(shell: EngineShell, face: str, left: int) -> None:
    settings = shell.core.state.settings.whole
    if face == TUI_FACE and not left and settings.tui.on_gone == "stop":
        _log.info("the last screen is gone; stopping as the settings say")
        shell.stopped.set()


def _stop_on_signals(shell: EngineShell) -> None:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        with contextlib.suppress(NotImplementedError):
            loop.add_signal_handler(number, shell.stopped.set)
    if hasattr(signal, "SIGHUP"):
        signal.signal(signal.SIGHUP, signal.SIG_IGN)


async def _say_ready(shell: EngineShell, record: EngineRecord, json_ready: bool) -> None:
    """Say one line once the account is known and books are live, or it takes too long."""
    looks = 0
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(READY_LIMIT_S):
            while not _is_ready(shell):
                await asyncio.sleep(READY_LOOK_S)
                looks += 1
                if looks == LOOKS_UNTIL_SAID and shell.core.state.link is not LinkState.LIVE:
                    _say_waiting(record.venue, shell.core.state.waiting_for)
    gc.collect()
    gc.freeze()
    state = shell.core.state
    with contextlib.suppress(OSError):
        if json_ready:
            line = msgspec.json.encode(record).decode()
        else:
            waits = "" if state.link is LinkState.LIVE else f", waiting: {state.waiting_for}"
            api = "" if record.api is None else f", API at {record.api}"
            line = f"Engine {record.pid} serves {record.venue} at {record.link}{api}{waits}"
        sys.stdout.write(f"{line}\n")
        sys.stdout.flush()


def _say_waiting(venue: str, why: str) -> None:
    """Tell whoever waits for the ready line what it waits for."""
    _log.warning("%s is not reached yet: %s", venue, why)
    with contextlib.suppress(OSError):
        print(f"kalshi-desk: {venue} is not reached yet: {why}", file=sys.stderr, flush=True)


def _is_ready(shell: EngineShell) -> bool:
    state = shell.core.state
    if state.link is LinkState.REFUSED:
        return True
    fresh = any(live.is_fresh for live in state.markets.by_ticker.values())
    known = state.has_account or not state.settings.can_trade
    return state.link is LinkState.LIVE and known and fresh
