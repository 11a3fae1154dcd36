"""What every screen has: top line, banner, keys, command line, and how keys reach it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import ClassVar

from textual import events, on
from textual.screen import Screen

from kalshi_desk.desk.frames import DeskEvent
from kalshi_desk.tui.actions import Where, dispatch_table, faults, screen_of
from kalshi_desk.tui.board import Changes
from kalshi_desk.tui.command_bar import CommandBar
from kalshi_desk.tui.common_keys import CommonKeys
from kalshi_desk.tui.desk import Desk, Mover
from kalshi_desk.tui.freshness import banner_text, link_late
from kalshi_desk.tui.layout import ScreenName, is_too_small
from kalshi_desk.tui.status_line import StatusLine
from kalshi_desk.tui.strips import Banner, KeyLine, TooSmall


class BaseScreen(Screen[None]):
    """Draws the frame around the panes and passes every key to what handles it."""

    # In full: a name alone would be looked for beside the file of each subclass.
    CSS_PATH = Path(__file__).with_name("base.tcss")
    AUTO_FOCUS = ""
    NAME: ClassVar[ScreenName]

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self.desk = desk
        self.in_sight = False
        self._awaits_jump = False
        own = dict(desk.settings.keymap)
        self.key_faults = faults(own)
        used = {} if self.key_faults else own
        self._keymap = dispatch_table(used)
        self.status_line, self.banner = StatusLine(), Banner()
        self.keys, self.too_small = KeyLine(used), TooSmall()
        self.common = self.make_keys()
        self.bar = CommandBar(self.common.words, self)

    # --- what the screens say ----------------------------------------------------------

    def make_keys(self) -> CommonKeys:
        """Return what the keys do that work on every screen."""
        return CommonKeys(self, self.desk)

    @property
    def place(self) -> Where:
        """The pane that has the keyboard."""
        raise NotImplementedError

    @property
    def topics(self) -> tuple[str, ...]:
        """What this screen shows beyond what is always asked for."""
        return ()

    def mover(self) -> Mover:
        """Return the pane that cursor keys move in."""
        raise NotImplementedError

    def step_pane(self, step: int) -> None:
        """Move the keyboard to the next pane."""
        raise NotImplementedError

    def sideways(self, step: int) -> None:
        """Do what the left and right keys do in the pane."""
        self.step_pane(step)

    def owners(self) -> tuple[object, ...]:
        """Return who carries out actions, by methods named like them; the first one wins."""
        return (self.common,)

    def leave_sight(self) -> None:
        """Step back from whatever a stray key could send, for another screen comes."""

    def takes_typing(self, event: events.Key) -> bool:
        """Give a key to a field that is being typed in; False when there is none."""
        return False

    def before_action(self) -> None:
        """Bring the selection up to date before an action reads it."""

    def show_changes(self, changes: Changes, new_events: list[DeskEvent]) -> None:
        """Give every pane what concerns it."""
        raise NotImplementedError

    # --- the frame ---------------------------------------------------------------------

    def show_frame(self) -> str:
        """Show top line, banner and keys; return why everything is old, if it is."""
        desk, status = self.desk, self.desk.board.status
        self.status_line.show(status, is_behind=desk.pump.is_behind, waiting_text=desk.waiting_text)
        late = link_late(status, is_connected=desk.is_connected)
        self.status_line.set_late(late)
        self.banner.say(
            banner_text(status, is_connected=desk.is_connected, next_step=desk.next_step)
        )
        self.show_keys()
        return late

    def show_state(self) -> None:
        """Show how fresh everything is, and what is wrong."""
        self.show_frame()

    @property
    def is_replay(self) -> bool:
        """Whether a recording plays."""
        status = self.desk.board.status
        return status is not None and status.replay is not None

    def show_keys(self) -> None:
        """Show the keys of the pane in use."""
        self.keys.show(self.place, is_replay=self.is_replay, prompt=self.keys.prompt)

    def open_bar(self, sign: str, text: str, placeholder: str) -> None:
        """Turn the bottom line into a place to type."""
        self.keys.display = False
        self.bar.open(sign, text, placeholder)

    def bar_done(self) -> None:
        """Give the bottom line back to the keys."""
        self.keys.display = True
        self.set_focus(None)

    def await_jump(self, prompt: str) -> None:
        """Take the next key as the place to go to."""
        self._awaits_jump = True
        self.keys.show(self.place, is_replay=self.is_replay, prompt=prompt)

    # --- keys --------------------------------------------------------------------------

    def action_run(self, action_id: str) -> None:
        """Run an action of the key table."""
        self.before_action()
        self.handler(action_id)()
        self.desk.pump.hurry()

    def handler(self, action_id: str) -> Callable[[], None]:
        """Return what carries out an action; raises ``AttributeError`` for an unknown one."""
        owners = self.owners()
        owner = next((one for one in owners if hasattr(one, action_id)), owners[-1])
        method: Callable[[], None] = getattr(owner, action_id)
        return method

    async def on_key(self, event: events.Key) -> None:
        """Route every key: the line being typed, a jump's second key, a field, the table."""
        is_here = self.app.screen is self and not is_too_small(self.app.size)
        if is_here and self.bar.display:
            await self.bar.take(event)
        elif is_here and not self._takes(event):
            return
        event.stop()
        event.prevent_default()

    def on_paste(self, event: events.Paste) -> None:
        """Write what is pasted on the line being typed: its first line, which enters nothing."""
        event.stop()
        if self.app.screen is self and event.text:
            self.take_paste(event.text.splitlines()[0])

    def take_paste(self, text: str) -> None:
        """Take a pasted line where something is typed."""
        if self.bar.display:
            self.bar.insert(text)

    def _takes(self, event: events.Key) -> bool:
        if self._awaits_jump:
            self._awaits_jump = False
            self.keys.show(self.place, is_replay=self.is_replay)
            self.common.jump_to(event.key)
            return True
        if self.takes_typing(event):
            return True
        near = (Where.REPLAY,) if self.is_replay else ()
        for place in (*near, self.place, screen_of(self.place), Where.ANY):
            action_id = self._keymap.get((place, event.key))
            if action_id is not None:
                self.action_run(action_id)
                return True
        return False

    @on(KeyLine.Pressed)
    def _pressed(self, event: KeyLine.Pressed) -> None:
        event.stop()
        self.action_run(event.action_id)

    # --- the line being typed ----------------------------------------------------------

    def line_typed(self, sign: str, text: str) -> None:
        """Take a line that changed and is not finished."""

    def line_entered(self, sign: str, text: str) -> None:
        """Carry out a finished line."""
        if text:
            self.common.run_line(text)
        self.bar_done()

    def line_left(self, sign: str) -> None:
        """Go on without an answer."""
        self.bar_done()
