"""The Textual app: keeps the link alive, pumps frames to the screen, sends what keys ask for."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import ClassVar, Literal, cast

from textual import events
from textual.app import App
from textual.binding import Binding, BindingType
from textual.command import Provider
from textual.driver import Driver
from textual.timer import Timer

from kalshi_desk.core.errors import DeskError, Unknown
from kalshi_desk.desk.commands import Answer, Command, Outcomes, PlaceOrder, Query, Reply
from kalshi_desk.desk.frames import DeskEvent, Frame
from kalshi_desk.desk.protocol import Welcome
from kalshi_desk.tui.actions import BY_ID, keys_of
from kalshi_desk.tui.board import ALWAYS, Board
from kalshi_desk.tui.confirm import leaving_facts
from kalshi_desk.tui.desk_screen import DeskScreen
from kalshi_desk.tui.dialogs import QuitDialog
from kalshi_desk.tui.escape import read_escape_first
from kalshi_desk.tui.ink import plain
from kalshi_desk.tui.layout import Pane, ScreenName, is_too_small
from kalshi_desk.tui.link import Link, LinkFactory
from kalshi_desk.tui.navigator import Navigator
from kalshi_desk.tui.notes import MAX_TOASTS_A_FRAME, SEVERITY, Refusals, is_loud, note_of, rings
from kalshi_desk.tui.own_settings import take_up
from kalshi_desk.tui.palette import DeskCommands, DeskPalette
from kalshi_desk.tui.pump import FramePump, writer_backlog
from kalshi_desk.tui.settings import ExitChoice, TuiSettings
from kalshi_desk.tui.themes import DEFAULT_THEME, ROLES, THEME_NAMES, THEMES

RETRY_S = 0.5
CHART_EVERY = 8  # a chart of an hour does not change visibly more often than once a second
STATION_EVERY = 4  # tables about the machine come whole each time, and change slowly
TOAST_S = 4.0


class DeskApp(App[ExitChoice]):
    """The desk on a terminal; orders do not notice when it dies."""

    TITLE = "kalshi-desk"
    ENABLE_COMMAND_PALETTE = True
    PAUSE_GC_ON_SCROLL = True
    COMMANDS: ClassVar[set[type[Provider] | Callable[[], type[Provider]]]] = {DeskCommands}
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+q,f10", "leave", "quit", show=False, priority=True, id="leave"),
    ]

    def __init__(
        self,
        link_factory: LinkFactory,
        *,
        settings: TuiSettings | None = None,
        now: Callable[[], int] = time.time_ns,
        clock_s: Callable[[], float] = time.monotonic,
        start_engine: Callable[[], None] | None = None,
    ) -> None:
        super().__init__()
        self.settings = settings or TuiSettings()
        self.board = Board(now)
        self.pump = FramePump(lambda: writer_backlog(self._driver), clock_s)
        self._clock_s = clock_s
        self._factory, self._starter = link_factory, start_engine
        self._link: Link | None = None
        self._wanted = asyncio.Event()
        self._waiting_text, self.next_step = "Waiting for the engine.", ""
        self._welcome: Welcome | None = None
        self._last_pid = 0
        self._extra: tuple[str, ...] = ()
        self._extra_seq = 0
        self._watched = ""
        self._refusals = Refusals()
        self.nav = Navigator(self)
        self.fault: Exception | None = None
        self._interval: Timer | None = None

    @property
    def desk_screen(self) -> DeskScreen:
        """The Desk."""
        return self.nav.desk

    def get_driver_class(self) -> type[Driver]:
        """Return Textual's driver of this terminal, made to keep Escape apart from what follows."""
        driver = super().get_driver_class()
        read_escape_first()
        return driver

    def _handle_exception(self, error: Exception) -> None:
        """End on a fault of our own and keep it for the caller, who says it in a sentence."""
        self._return_code = 1
        if self._exception is None:
            self._exception = self.fault = error
            self._exception_event.set()
        self._close_messages_no_wait()

    async def on_event(self, event: events.Event) -> None:
        """Hand on every event; of a Desk too small to be seen, only keys that leave something."""
        if isinstance(event, (events.Key, events.Paste)) and is_too_small(self.size):
            own = {} if self.nav.desk.key_faults else self.settings.keymap
            may_leave = isinstance(event, events.Key) and (
                isinstance(self.screen, QuitDialog)
                or event.key in keys_of(BY_ID["leave"], own)
                or (event.key == "escape" and self.screen is not self.nav.base)
            )
            if not may_leave and not event.is_forwarded:
                return
        await super().on_event(event)

    # --- start and themes --------------------------------------------------------------

    def get_theme_variable_defaults(self) -> dict[str, str]:
        """Give foreign themes the desk's roles too."""
        return dict(ROLES)

    def on_mount(self) -> None:
        """Draw first, then connect."""
        for theme in THEMES:
            self.register_theme(theme)
        wanted = self.settings.theme
        self.theme = wanted if wanted in self.available_themes else DEFAULT_THEME
        self.nav.start()
        self._take_keymap()
        if wanted != self.theme:
            self.say(
                "Unknown theme",
                f"{wanted}; there are {', '.join(THEME_NAMES)}.",
                severity="warning",
            )
        self.run_worker(self._keep_linked(), name="link", exit_on_error=True)
        self.set_rate(self.settings.rate_hz)

    def set_rate(self, rate_hz: float) -> None:
        """Ask for news so many times a second from now on; 0 leaves that to whoever calls beat."""
        if self._interval:
            self._interval.stop()
        every_s = self.pump.every(rate_hz)
        self._interval = self.set_interval(every_s, self.beat) if every_s else None

    def _take_keymap(self) -> None:
        faults = self.nav.desk.key_faults
        if faults:
            self.say("Your key map was not used", "; ".join(faults), severity="warning")
        elif "leave" in self.settings.keymap:
            self.set_keymap({"leave": self.settings.keymap["leave"]})

    def action_command_palette(self) -> None:
        """Open the palette of actions and markets, over a screen and nothing else."""
        if self.screen is self.nav.base:
            self.push_screen(DeskPalette(id="--command-palette"))

    def next_theme(self) -> None:
        """Wear the next of the desk's own themes."""
        names = list(THEME_NAMES)
        at = names.index(self.theme) if self.theme in names else -1
        self.theme = names[(at + 1) % len(names)]

    # --- the link ----------------------------------------------------------------------

    @property
    def is_connected(self) -> bool:
        """Whether the engine answers."""
        return self._link is not None

    @property
    def waiting_text(self) -> str:
        """What is waited for: the engine, then whatever the engine waits for."""
        if self._link is None:
            return self._waiting_text
        status = self.board.status
        if status is None:
            return "The engine answers; waiting for the first prices."
        return status.waiting_for

    @property
    def is_live_venue(self) -> bool:
        """Whether orders cost real money."""
        status = self.board.status
        return status is not None and status.venue.casefold() == "live"

    def clock_s(self) -> float:
        """Return seconds that only go forward."""
        return self._clock_s()

    async def _keep_linked(self) -> None:
        while True:
            link = self._factory()
            try:
                welcome = await link.connect()
                self._came_up(link, welcome)
                await self._pull_frames(link)
            except DeskError as error:
                self._went_down(error.what, error.todo)
            except (OSError, ValueError) as error:
                self._went_down(f"The link broke: {error}")
            finally:
                self._link = None
                await link.close()
            await asyncio.sleep(RETRY_S)

    def _came_up(self, link: Link, welcome: Welcome) -> None:
        was_down = self._welcome is not None
        self._link, self._welcome = link, welcome
        known_pid, self._last_pid = self._last_pid, welcome.pid
        if welcome.pid != known_pid:
            self.board.restart()
        self.board.board_seq = 0
        if was_down:
            what = "Connected" if welcome.pid == known_pid else "Engine started"
            self.say(f"{what} again", f"Engine {welcome.pid}.")
        if self._watched:
            self.look_at(self._watched)
        self.look_again()
        self.nav.show_state()
        self._wanted.set()

    def _went_down(self, text: str, next_step: str = "") -> None:
        self._link, self.next_step = None, next_step
        self.pump.lost()
        self._waiting_text = f"Waiting for the engine. {text} {next_step}".rstrip()
        self.nav.show_state()

    def start_engine(self) -> None:
        """Have an engine started where there is none, for a person who asks for it."""
        if self.is_connected:
            self.say("The engine runs already.")
        elif self._starter is None:
            self.say("There is no engine to start here.", "Ctrl+Q leaves.", severity="warning")
        else:
            self._starter()

    async def _pull_frames(self, link: Link) -> None:
        while True:
            await self._wanted.wait()
            self._wanted.clear()
            self.pump.asked()
            since = 0 if self._extra else self._extra_seq  # what waits, waits for all of it
            if self.nav.base is not self.nav.desk and self.pump.frames % STATION_EVERY == 0:
                self._extra = self.nav.base.topics
            if self._extra:
                topics, self._extra = self._extra, ()
                frame = await link.pull(topics, since, self.board.event_seq)
                self._extra_seq = frame.board_seq
                self._draw(frame, is_extra=True)
            topics = (*ALWAYS, *self._topics())
            frame = await link.pull(topics, self.board.board_seq, self.board.event_seq)
            self.pump.began()
            self._draw(frame)
            if not self.nav.base.call_after_refresh(self.pump.drawn):
                self.pump.drawn()

    def _topics(self) -> tuple[str, ...]:
        if self.nav.base is not self.nav.desk:
            return ()
        with_chart = self.pump.frames % CHART_EVERY == 0
        return tuple(t for t in self.nav.desk.topics if with_chart or t[:6] != "chart:")

    def look_again(self) -> None:
        """Have the topics of the screen in sight come from the start."""
        self._extra = self.nav.base.topics
        self._wanted.set()

    def look_at(self, ticker: str) -> None:
        """Have ladder and chart of a market come with the frames, from the start."""
        self._watched = ticker
        self.board.forget_books(but=ticker)
        if self.nav.base is self.nav.desk:
            # Beside what a screen just come back to still waits for.
            waiting = (topic for topic in self._extra if ":" not in topic)
            self._extra = (*waiting, f"book:{ticker}", f"chart:{ticker}")
            self._wanted.set()

    def beat(self) -> None:
        """The one interval of the app: ask for news when the screen can take it."""
        if self._link is not None and self.pump.tick():
            self._wanted.set()

    def _draw(self, frame: Frame, *, is_extra: bool = False) -> None:
        changes = self.board.apply(frame, is_extra=is_extra)
        seen = self.board.event_seq
        events = self.board.take_events(frame)
        self.nav.show(changes, events)
        known = self._welcome.event_seq if self._welcome and seen == 0 else 0
        self._toast_events([event for event in events if event.seq > known])

    # --- going from screen to screen ---------------------------------------------------

    def go(self, name: ScreenName) -> None:
        """Show another screen."""
        self.nav.go(name)

    def go_pane(self, pane: Pane) -> None:
        """Show the Desk with the keyboard in one of its panes."""
        if self.nav.go(ScreenName.DESK):
            self.nav.desk.focus_pane(pane)

    def go_market(self, ticker: str) -> bool:
        """Show a market on the Desk; False when it is not known."""
        if self.board.market(ticker) is None:
            return False
        return self.nav.go(ScreenName.DESK) and self.nav.desk.select(ticker)

    def open_market(self, ticker: str) -> None:
        """Show a market on the Desk, as soon as the engine follows it."""
        if self.nav.go(ScreenName.DESK):
            self.nav.desk.await_market(ticker)

    def open_order(self, order: PlaceOrder) -> None:
        """Put a typed order on the Desk's ticket."""
        if self.nav.go(ScreenName.DESK):
            self.nav.desk.trade.open_order(order)

    # --- notes -------------------------------------------------------------------------

    def _toast_events(self, events: list[DeskEvent]) -> None:
        if rings(events, self.settings):
            self.bell()
        loud = [event for event in events if is_loud(event, self.settings)]
        for event in loud[:MAX_TOASTS_A_FRAME]:
            if not self._refusals.is_echo(event, self._clock_s()):
                self.say(event.title, event.text, severity=SEVERITY[event.level])
        if len(loud) > MAX_TOASTS_A_FRAME:
            self.say(f"{len(loud) - MAX_TOASTS_A_FRAME} more", "See Events.")

    def say(self, title: str, text: str = "", *, severity: str = "information") -> None:
        """Show a note for a few seconds, as plain text."""
        level = cast(Literal["information", "warning", "error"], severity)
        message, heading = (plain(text), plain(title)) if text else (plain(title), "")
        self.notify(message, title=heading, severity=level, timeout=TOAST_S, markup=False)

    # --- commands and queries ----------------------------------------------------------

    def send(self, command: Command, then: Callable[[Answer | None], None] | None = None) -> None:
        """Send a command in the background; its answer or its failure is shown."""
        self.run_worker(self._send(command, then), group="commands", exit_on_error=True)

    async def _send(self, command: Command, then: Callable[[Answer | None], None] | None) -> None:
        answer: Answer | None = None
        link = self._link
        if link is None:
            self.say("Not sent", "The engine is not reachable; nothing was done.", severity="error")
        else:
            try:
                answer = await link.submit(command)
            except Unknown as error:
                self.say("Outcome unknown", str(error), severity="error")
            except DeskError as error:
                self.say("Not done", str(error), severity="error")
        if answer is not None:
            self._show_answer(command, answer)
            if answer.outcome is Outcomes.DONE:
                take_up(self, command)
        if then is not None:
            then(answer)
        self._wanted.set()

    def _show_answer(self, command: Command, answer: Answer) -> None:
        title, text, severity = note_of(command, answer) or ("", "", "")
        if not title:
            return
        if answer.outcome is not Outcomes.REFUSED or self._refusals.is_new(text, self._clock_s()):
            self.say(title, text, severity=severity)

    def ask_engine(self, query: Query, then: Callable[[Reply | None], None]) -> None:
        """Send a query in the background."""
        self.run_worker(self._ask(query, then), group="queries", exit_on_error=True)

    async def _ask(self, query: Query, then: Callable[[Reply | None], None]) -> None:
        reply: Reply | None = None
        if self._link is not None:
            try:
                reply = await self._link.ask(query)
            except DeskError:
                reply = None
        then(reply)

    # --- leaving -----------------------------------------------------------------------

    def action_leave(self) -> None:
        """Ask how to leave, wherever one is."""
        self.leave()

    def leave(self) -> None:
        """Ask how to leave, with what is open in sight."""
        if isinstance(self.screen, QuitDialog):
            return

        def answered(choice: ExitChoice | None) -> None:
            if choice is not None:
                self.exit(choice)

        def facts() -> list[str]:
            return leaving_facts(self.board, is_connected=self.is_connected)

        self.push_screen(QuitDialog(facts, self.clock_s), answered)
