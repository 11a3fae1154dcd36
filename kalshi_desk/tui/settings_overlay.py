"""The settings over whatever is in sight: looked through, searched, and changed in place."""

from __future__ import annotations

from collections.abc import Callable

from textual import events
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.strip import Strip

from kalshi_desk.desk.commands import Answer, Outcomes, Reply
from kalshi_desk.desk.service import AskSettings, SetSetting, SettingsPage
from kalshi_desk.tui.actions import faults
from kalshi_desk.tui.desk import Desk
from kalshi_desk.tui.dialogs import Modal
from kalshi_desk.tui.field_edit import FieldEdit
from kalshi_desk.tui.ink import Cell, plain
from kalshi_desk.tui.layout import is_too_small
from kalshi_desk.tui.lines import Lines
from kalshi_desk.tui.settings_table import SettingsTable
from kalshi_desk.tui.virtual_table import VirtualTable

_KEYMAP = "tui.keymap."
_FAR = 1_000_000
_WAITING = ("Asking the engine …",)
_UNREACHABLE = ("The engine does not answer.", "r asks again, Esc goes back.")


class SearchLine(Lines):
    """The line above the table: what is searched for, how many were found, what was said."""

    def __init__(self, overlay: SettingsOverlay) -> None:
        super().__init__("settings-search")
        self.overlay = overlay

    def line(self, y: int) -> Strip:
        """Draw the line, or the path of the file while nothing is searched for."""
        overlay = self.overlay
        line = self.new_line("field" if overlay.search else "head").put(" ")
        table = overlay.table
        count = Cell(f"{len(table.rows)} of {len(table.every)} ", "muted")
        if overlay.search is not None:
            room = max(line.left_over - len(count.text) - 3, 8)
            line.put("/ ", "you", bold=True).put(overlay.search.shown(room))
            return line.end(count).strip()
        if table.needle:
            line.put("/ ", "you", bold=True).put(table.needle, "ink").put(
                "  Esc shows all", "faint"
            )
            return line.end(count).strip()
        if overlay.warnings:
            return line.put(f"! {overlay.warnings[0]}", "caution").strip()
        return line.put(overlay.path or "settings", "muted").strip()


class SettingsOverlay(Modal[None]):
    """Every setting of the engine; each change is a command that the engine checks."""

    def __init__(self, desk: Desk, panic: Callable[[], None]) -> None:
        super().__init__(classes="dialog")
        self.desk = desk
        self.table = SettingsTable(self._set)
        self.table.empty_text = _WAITING
        self.line = SearchLine(self)
        self.search: FieldEdit | None = None
        self._sheet = Vertical(id="settings-sheet")
        self.path = ""
        self.warnings: tuple[str, ...] = ()
        self._panic = panic
        self._is_asking = False

    def compose(self) -> ComposeResult:
        """Lay out the search above the table."""
        self._sheet.border_title = Content("Settings")
        self._say_keys()
        with self._sheet:
            yield self.line
            yield self.table

    def on_mount(self) -> None:
        """Ask for the settings as they are now."""
        self.ask()

    def on_resize(self) -> None:
        """Go when the terminal gets too small to read what would be set."""
        if is_too_small(self.app.size):
            self.dismiss(None)

    # --- the engine --------------------------------------------------------------------

    def ask(self) -> None:
        """Ask the engine, once at a time."""
        if not self._is_asking:
            self._is_asking = True
            self.desk.ask_engine(AskSettings(), self._replied)

    def _replied(self, reply: Reply | None) -> None:
        self._is_asking = False
        if not self.is_mounted:
            return
        if isinstance(reply, SettingsPage):
            self.path, self.warnings = reply.path, reply.warnings
            self.table.take(reply.rows)
        elif not self.table.every:
            self.table.empty_text = _UNREACHABLE
            self.table.refresh()
        self.line.refresh()

    def _set(self, name: str, text: str) -> str:
        """Send what was typed; return what is wrong with it before the engine is asked."""
        row = self.table.every.get(name)
        if row is None:
            return f"{name} is gone."
        target, value = name, text
        if row.is_table:
            entry, equals, value = (part.strip() for part in text.partition("="))
            if not equals or not entry:
                return "Write it NAME = VALUE."
            target = f"{name}.{entry}"
        elif text == row.value:
            return ""
        if target.startswith(_KEYMAP) and value:
            own = {
                one.name.removeprefix(_KEYMAP): one.value
                for one in self.table.every.values()
                if one.name.startswith(_KEYMAP)
            }
            wrong = faults({**own, target.removeprefix(_KEYMAP): value})
            if wrong:
                return f"{wrong[0].capitalize()}."

        def answered(answer: Answer | None) -> None:
            self._answered(name, text, answer)

        self.table.say(f"Setting {target} to {value or 'its default'} …")
        self.desk.send(SetSetting(name=target, value=value), answered)
        return ""

    def _answered(self, name: str, text: str, answer: Answer | None) -> None:
        if not self.is_mounted:
            return
        if answer is not None and answer.outcome is Outcomes.DONE:
            self.table.say(f"✓ {answer.text}" if answer.text else "")
        else:
            why = " ".join(reason.text for reason in answer.reasons) if answer is not None else ""
            why = why or (answer.text if answer is not None else "") or "Whether is not known."
            if not self.table.reopen(name, text, why):
                self.table.say(why)
        self._say_keys()
        self.ask()

    # --- keys --------------------------------------------------------------------------

    def on_key(self, event: events.Key) -> None:
        """Give a key to the open value, to the search, else move, open or leave."""
        event.stop()
        event.prevent_default()
        if self.table.takes(event):
            pass
        elif self.search is not None:
            self._search_key(event)
        else:
            self._key(event)
        self._say_keys()
        self.line.refresh()

    def _search_key(self, event: events.Key) -> None:
        assert self.search is not None
        if event.key == "escape":
            self.search = None
            self.table.search("")
        elif event.key in ("enter", "down", "up", "tab"):
            self.search = None
        elif self.search.take(event):
            self.table.search(self.search.text)

    def _key(self, event: events.Key) -> None:
        table = self.table
        moves = {
            "up": -1,
            "k": -1,
            "down": 1,
            "j": 1,
            "pageup": -table.page,
            "pagedown": table.page,
            "home": -_FAR,
            "end": _FAR,
        }
        if event.key in moves:
            table.move(moves[event.key])
        elif event.key == "enter":
            table.open_edit()
        elif event.key == "slash":
            self.search = FieldEdit("search", table.needle)
        elif event.key == "r":
            self.ask()
        elif event.key == "X":
            self.dismiss(None)
            self.app.call_later(self._panic)
        elif event.key == "escape" and table.needle:
            table.search("")
        elif event.key in ("escape", "q", "comma"):
            self.dismiss(None)

    def on_paste(self, event: events.Paste) -> None:
        """Write the first line of what is pasted into the open value, or into the search."""
        event.stop()
        text = event.text.splitlines()[0] if event.text else ""
        if not self.table.paste(text) and self.search is not None:
            self.search.insert(text)
            self.table.search(self.search.text)
        self.line.refresh()

    def on_virtual_table_chosen(self, event: VirtualTable.Chosen) -> None:
        """Open the value that was clicked twice."""
        event.stop()
        self.table.open_edit()
        self._say_keys()

    def on_click(self, event: events.Click) -> None:
        """Go on a click beside the sheet."""
        if event.widget is self:
            self.dismiss(None)

    def _say_keys(self) -> None:
        edit = self.table.edit
        if edit is not None:
            choose = "← → chooses" if edit.choices else "type a value"
            keys = f"{choose} · Enter sets it · Esc leaves it"
        elif self.search is not None:
            keys = "type words · Enter goes to the list · Esc shows all"
        else:
            keys = "↑ ↓ · Enter changes · / searches · Esc closes"
        self._sheet.border_subtitle = Content(plain(keys))
