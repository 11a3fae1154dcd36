"""The live shell around the trading core: brings events in and carries effects out."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

import msgspec

from kalshi_desk.core.errors import DeskError
from kalshi_desk.core.events import (
    CancelFailed,
    CoreEvent,
    OrderRefused,
    OrderUnknown,
    TimerFired,
)
from kalshi_desk.core.ports import Clock, Feed
from kalshi_desk.core.records import Fill, OrderIntent, Settlement
from kalshi_desk.core.stops import StopRecord
from kalshi_desk.core.strategy import Observation
from kalshi_desk.desk.commands import (
    Answer,
    CancelAll,
    CancelOrder,
    Command,
    LeaveLive,
    Outcomes,
    Panic,
    Query,
    Reply,
    StopEngine,
)
from kalshi_desk.desk.frames import EventKind, Frame, Level
from kalshi_desk.engine.board import Board
from kalshi_desk.engine.clock import speed_of
from kalshi_desk.engine.core import TradingCore
from kalshi_desk.engine.effects import (
    AskStrategy,
    CancelEverything,
    Effect,
    GiveAnswer,
    KeepFill,
    KeepIntent,
    KeepMeta,
    KeepOrder,
    KeepSettlement,
    LookUp,
    Notify,
    ReadAccount,
    SaveSetting,
    SendCancel,
    SendOrder,
    SteerReplay,
    StopShell,
)
from kalshi_desk.engine.event_memory import EventMemory
from kalshi_desk.engine.inputs import CommandReceived
from kalshi_desk.engine.keeper import Keeper
from kalshi_desk.engine.keeping import entry_of
from kalshi_desk.engine.lab_runner import LabRunner
from kalshi_desk.engine.log_words import log_event
from kalshi_desk.engine.preview import reply_to
from kalshi_desk.engine.recorder import EngineRecorder
from kalshi_desk.engine.restore import journal_order
from kalshi_desk.engine.strategy_link import StrategyLink
from kalshi_desk.engine.venue_actions import VenueActions as VenueActions
from kalshi_desk.store.entries import CommandAnswered, MetaEntry
from kalshi_desk.store.journal import Journal
from kalshi_desk.store.setting_values import SettingValue

BEAT_S, LEAST_BEAT_S = 0.2, 0.02
KEPT_ANSWERS = 500
PROTECTIVE = (CancelOrder, CancelAll, Panic, LeaveLive, StopEngine)
"""Commands that only take risk away: a journal that can't be written must not stop them."""
_log = logging.getLogger(__name__)


class EngineShell:
    """One running desk.  Implements what the link server asks of the engine."""

    def __init__(
        self,
        core: TradingCore,
        journal: Journal,
        clock: Clock,
        fills: tuple[Fill, ...],
        *,
        save_starred: Callable[[set[str]], None],
        save_setting: Callable[[str, SettingValue | None], object] = lambda name, value: None,
    ) -> None:
        self.core = core
        self.board = Board(core.state, os.getpid())
        self.stopped = asyncio.Event()
        self.venue: VenueActions = VenueActions()
        self.recorder: EngineRecorder | None = None
        self.strategies: StrategyLink | None = None
        self.lab: LabRunner | None = None
        self.performers: dict[type[Effect], Callable[[Any], None]] = {}
        self.queries: dict[type[object], Callable[[Any], Awaitable[Reply]]] = {}
        self._clock = clock
        self._keeper = Keeper(journal, self._journal_failed)
        self._journal = journal
        self._save_starred = save_starred
        self._save_setting = save_setting
        self._events = EventMemory(journal)
        self._answers: dict[str, Answer] = {}
        self._futures: dict[str, asyncio.Future[Answer]] = {}
        self._durable: dict[str, asyncio.Future[None]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._asked_to_watch: set[str] = set()
        self._asked_of: tuple[VenueActions, int] = (self.venue, 0)
        for fill in fills:
            self.board.add_fill(fill)

    async def run(self, feed: Feed) -> None:
        """Run until a person stops the engine or the feed ends for good."""
        feeding = asyncio.create_task(feed.run(self.take))
        beating = asyncio.create_task(self._beat())
        stopping = asyncio.create_task(self.stopped.wait())
        try:
            done, _ = await asyncio.wait(
                {feeding, beating, stopping}, return_when=asyncio.FIRST_COMPLETED
            )
            if feeding in done and feeding.exception() is None:
                await self.stopped.wait()
            for task in done - {stopping}:
                task.result()
        finally:
            for task in (feeding, beating, stopping, *self._tasks):
                task.cancel()
            await asyncio.gather(feeding, beating, stopping, return_exceptions=True)

    async def close(self) -> None:
        """End backtests, write what waits and close the journal."""
        if self.lab is not None:
            await self.lab.close()
        await self._keeper.close()

    async def _beat(self) -> None:
        beat_s = max(BEAT_S / speed_of(self._clock), LEAST_BEAT_S)
        while True:
            await asyncio.sleep(beat_s)
            self.take(TimerFired())
            self._keeper.retry()
            if self.strategies is not None:
                self.strategies.flush()

    def take(self, event: CoreEvent) -> None:
        """Pass one event through the core and do what it asks for.

        What a frame tells happens when the frame was received, as it will in a replay.
        """
        frame_ns = self.venue.frame_ns
        now_ns = frame_ns or self._clock.now_ns()
        if self.recorder is not None:
            self.recorder.listen(event, now_ns, of_frame=self.venue.is_frame_tapped)
        effects = self.core.step(event, now_ns)
        if self.strategies is not None:
            # Before the effects: a look asked for by this event must see it.
            self.strategies.feed(event, now_ns)
        if effects:
            for effect in effects:
                self._perform(effect)
            self._keeper.flush()

    def _perform(self, effect: Effect) -> None:
        if isinstance(effect, KeepIntent):
            self._durable[effect.intent.client_order_id] = self._keeper.intent(
                effect.intent, self._clock.now_ns()
            )
            self._mark_own(effect.intent)
        elif isinstance(effect, SendOrder):
            self._start(self._send(effect.intent))
        elif isinstance(effect, SendCancel):
            self._start(self._cancel(effect.order_id, effect.ticker))
        elif isinstance(effect, KeepOrder):
            order = self.core.state.orders.by_client_id[effect.client_order_id]
            self._keeper.add(journal_order(order))
        elif isinstance(effect, KeepFill):
            self._keeper.add(effect.fill)
            self.board.add_fill(effect.fill)
            self._mark_own(effect.fill)
        elif isinstance(effect, KeepSettlement):
            self._keeper.add(effect.settlement)
            self._mark_own(effect.settlement)
        elif isinstance(effect, Notify):
            self._keeper.add(self._events.add(effect.event))
            log_event(effect.event)
        elif isinstance(effect, GiveAnswer):
            if effect.kept_stop is None:
                self._give(effect.answer)
            else:
                self._start(self._answer_kept(effect.answer, effect.kept_stop))
        else:
            self._perform_rare(effect)

    def _mark_own(self, record: OrderIntent | Fill | Settlement) -> None:
        if self.recorder is not None:
            self.recorder.mark_own(self.core.state.now_ns, record)

    def _perform_rare(self, effect: Effect) -> None:
        entry = entry_of(effect)
        if entry is not None:
            self._keeper.add(entry)
            if self.recorder is not None and isinstance(entry, Observation):
                self.recorder.mark_observation(self.core.state.now_ns, entry, known=False)
        elif isinstance(effect, KeepMeta):
            self._keep_meta(effect)
        elif isinstance(effect, LookUp):
            self._start(self._look_up(effect))
        elif isinstance(effect, ReadAccount):
            self._start(self.venue.read_account())
        elif isinstance(effect, CancelEverything):
            self._start(self.venue.cancel_everything())
        elif isinstance(effect, AskStrategy):
            if self.strategies is not None:
                self.strategies.ask(effect)
        elif isinstance(effect, SaveSetting):
            self._start(self._save(effect))
        elif type(effect) in self.performers:
            self.performers[type(effect)](effect)
        elif isinstance(effect, SteerReplay):
            self.venue.steer(effect.control)
        elif isinstance(effect, StopShell):
            self.stopped.set()

    def _keep_meta(self, effect: KeepMeta) -> None:
        if effect.key == "starred":
            self._save_starred(self.core.state.starred)
        else:
            self._keeper.add(MetaEntry(key=effect.key, value=effect.value or None))

    async def _save(self, effect: SaveSetting) -> None:
        """Write a setting; what can't be written holds until the next start only, and says so."""
        try:
            # On the one thread that writes, so that two changes can't cross.
            await self._keeper.run(lambda _: self._save_setting(effect.name, effect.value))
        except DeskError as error:
            text = f"{error} It holds until the engine stops."
            title, now_ns = f"{effect.name} was not saved", self._clock.now_ns()
            self.core.outbox.say(now_ns, EventKind.SYSTEM, Level.ERROR, title, text)
            for waiting in self.core.outbox.take():
                self._perform(waiting)

    async def _answer_kept(self, answer: Answer, stop: StopRecord) -> None:
        if not await self._keeper.has_stop(stop):
            text = f"{answer.text} It holds only until the engine ends: the journal has failed."
            answer = msgspec.structs.replace(answer, outcome=Outcomes.UNKNOWN, text=text)
        self._give(answer)

    def _give(self, answer: Answer) -> None:
        self._answers[answer.command_id] = answer
        while len(self._answers) > KEPT_ANSWERS:
            self._answers.pop(next(iter(self._answers)))
        self._keeper.add(
            CommandAnswered(command_id=answer.command_id, answer=msgspec.msgpack.encode(answer))
        )
        future = self._futures.pop(answer.command_id, None)
        if future is not None and not future.done():
            future.set_result(answer)

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        error = None if task.cancelled() else task.exception()
        if isinstance(error, DeskError):
            _log.warning("%s", error)
        elif error is not None:
            _log.error("a task of the engine failed", exc_info=error)

    async def _send(self, intent: OrderIntent) -> None:
        """Send an order once its intent is durable; without that nothing is sent."""
        name = intent.client_order_id
        try:
            await self._durable.pop(name)
        except DeskError as error:
            text = f"{error} Nothing was sent."
            self.take(OrderRefused(client_order_id=name, code="journal", text=text))
            return
        broker = self.venue.broker
        if broker is None:
            text = "This venue takes no orders. Nothing was sent."
            self.take(OrderRefused(client_order_id=name, code="no_broker", text=text))
            return
        try:
            answer = await broker.send(intent)
        except Exception as error:
            _log.exception("sending an order failed")
            answer = OrderUnknown(client_order_id=name, text=f"the desk failed: {error!r}")
        self.take(answer)

    async def _cancel(self, order_id: str, ticker: str) -> None:
        if self.venue.broker is None:
            return
        try:
            answer = await self.venue.broker.cancel(order_id, ticker)
        except Exception as error:
            _log.exception("sending a cancel failed")
            answer = CancelFailed(order_id, f"the desk failed: {error!r}", is_gone=False)
        self.take(answer)

    async def _look_up(self, effect: LookUp) -> None:
        if self.venue.broker is None:
            return
        found = await self.venue.broker.look_up(
            effect.client_order_id, effect.ticker, effect.since_ns, effect.until_ns
        )
        if found is not None:
            self.take(found)

    def _journal_failed(self, words: str) -> None:
        """Losing the journal is a reason to stop taking risk, loudly, also after a restart."""
        if not self.core.state.halted_why:
            self.core.account.halt(f"the journal can't be written: {words}")
            for effect in self.core.outbox.take():
                self._perform(effect)

    def frame(self, topics: tuple[str, ...], board_seq: int, event_seq: int) -> Frame:
        """Return what is new on these topics and the events since ``event_seq``."""
        self._watch_books(topics)
        self.core.state.now_ns = self._clock.now_ns()
        events = self._events.since(event_seq)
        last = events[-1].seq if events else min(event_seq, self._events.last_seq)
        return self.board.frame(topics, board_seq, events, last)

    def _watch_books(self, topics: tuple[str, ...]) -> None:
        """Ask each session of the venue once for the books that faces look at."""
        asking = (self.venue, self.venue.sessions)
        if asking != self._asked_of:
            self._asked_of = asking
            self._asked_to_watch.clear()
        for topic in topics:
            kind, _, ticker = topic.partition(":")
            if kind == "book" and ticker and ticker not in self._asked_to_watch:
                self._asked_to_watch.add(ticker)
                self._start(self.venue.watch((ticker,)))

    def settlements(self) -> list[Settlement]:
        """Return every settlement that the journal holds."""
        return self._journal.settlements()

    def last_event_seq(self) -> int:
        """Return the number of the newest event."""
        return self._events.last_seq

    async def ask(self, query: Query) -> Reply:
        """Answer a query from the state as it is."""
        self.core.state.now_ns = self._clock.now_ns()
        if type(query) in self.queries:
            return await self.queries[type(query)](query)
        return reply_to(self.core.state, query)

    async def submit(self, command_id: str, command: Command) -> Answer:
        """Carry a command out once; the same id gets the same answer for ever."""
        known = self._answers.get(command_id)
        if known is not None:
            return known
        running = self._futures.get(command_id)
        if running is not None:
            return await asyncio.shield(running)
        future: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._futures[command_id] = future
        now_ns = self._clock.now_ns()
        body = msgspec.msgpack.encode(command)
        try:
            is_new = await self._keeper.run(
                lambda journal: journal.append_command(command_id, body, now_ns)
            )
        except DeskError as error:
            if not isinstance(command, PROTECTIVE):
                self._futures.pop(command_id, None)
                raise
            _log.error("the journal refused a command that protects, it goes on: %s", error)
            is_new = True
        if is_new:
            self.take(CommandReceived(command_id, command))
        else:
            future.set_result(await self._remembered(command_id))
            self._futures.pop(command_id, None)
        return await asyncio.shield(future)

    async def _remembered(self, command_id: str) -> Answer:
        body = await self._keeper.run(lambda journal: journal.command_answer(command_id))
        if body is not None:
            return msgspec.msgpack.decode(body, type=Answer)
        return Answer(
            command_id=command_id,
            outcome=Outcomes.UNKNOWN,
            text="The engine stopped while it carried this out; look at orders and positions.",
        )
