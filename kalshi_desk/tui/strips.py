"""One-line strips: the warning banner, the replay strip, the tabs and the keys at the bottom."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from textual import events
from textual.message import Message
from textual.strip import Strip

from kalshi_desk.desk.frames import ReplayView
from kalshi_desk.tui.actions import DeskAction, Where, in_footer, key_name, keys_of
from kalshi_desk.tui.ink import Cell
from kalshi_desk.tui.lines import Lines


class Banner(Lines):
    """A line that is there only while something is wrong, and says what to do."""

    def __init__(self) -> None:
        super().__init__("banner")
        self.text = ""

    def say(self, text: str) -> None:
        """Show a text, or nothing."""
        if text != self.text:
            self.text = text
            self.display = bool(text)
            self.refresh()

    def line(self, y: int) -> Strip:
        """Draw the text."""
        return self.new_line("armed-live").put(f" {self.text}", "pill-ink", bold=True).strip()


class ReplayStrip(Lines):
    """Where a recording stands and how fast it plays; a click jumps."""

    class JumpTo(Message):
        """A place in the bar was clicked, in per cent."""

        def __init__(self, per_cent: float) -> None:
            super().__init__()
            self.per_cent = per_cent

    def __init__(self) -> None:
        super().__init__("replay")
        self.view: ReplayView | None = None
        self._bar = (0, 1)

    def show(self, view: ReplayView | None) -> None:
        """Take the newest state."""
        if view != self.view:
            self.view = view
            self.display = view is not None
            self.refresh()

    def line(self, y: int) -> Strip:
        """Draw name, bar, place and speed."""
        line = self.new_line("head")
        view = self.view
        if view is None:
            return line.strip()
        state = "end" if view.is_at_end else "paused" if view.is_paused else "playing"
        mark = "■" if view.is_at_end else "‖" if view.is_paused else "▶"
        line.put(f" {mark} {state} ", "caution" if view.is_paused else "good", bold=True)
        line.put(f"{view.speed:g}x ", "ink", bold=True)
        line.put(f" {view.name} "[: max(line.left_over // 3, 8)], "muted")
        right = f" {view.fraction:6.1%} · {view.frames:,} of {view.total_frames:,} frames "
        width = max(line.left_over - len(right) - 1, 4)
        self._bar = (line.used, width)
        done = min(round(view.fraction * width), width)
        line.put("━" * done, "you").put("─" * (width - done), "faint")
        return line.put(right, "muted").strip()

    def on_click(self, event: events.Click) -> None:
        """Ask to jump to the place clicked."""
        start, width = self._bar
        if start <= event.x < start + width:
            self.post_message(self.JumpTo((event.x - start) * 100 / width))


class TabStrip(Lines):
    """The names of the panes that share one place, with how many rows each has."""

    class Picked(Message):
        """A tab was clicked."""

        def __init__(self, pane: str) -> None:
            super().__init__()
            self.pane = pane

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.panes: tuple[str, ...] = ()
        self.active: str | None = None
        self.is_focused = False
        self.counts: dict[str, int] = {}
        self._ends: list[tuple[int, str]] = []

    def show(
        self, panes: Sequence[str], active: str, counts: Mapping[str, int], *, is_focused: bool
    ) -> None:
        """Take what to show."""
        new = (tuple(panes), active, dict(counts), is_focused)
        if new != (self.panes, self.active, self.counts, self.is_focused):
            self.panes, self.active, self.counts, self.is_focused = new
            self.refresh()

    def line(self, y: int) -> Strip:
        """Draw the tabs."""
        line = self.new_line("head")
        self._ends = []
        names = sum(len(pane) + 2 for pane in self.panes)
        with_counts = names + sum(len(str(n)) + 1 for n in self.counts.values() if n)
        wide = with_counts <= self.size.width
        for pane in self.panes:
            is_active = pane is self.active
            name = str(pane).capitalize()
            count = self.counts.get(pane, 0)
            ground = ("head-focus" if self.is_focused else "ground") if is_active else "head"
            mark = "▎" if is_active and self.is_focused else " "
            line.put(mark, "you", ground=ground)
            line.put(name, "ink" if is_active else "muted", bold=is_active, ground=ground)
            if count and wide:
                line.put(f" {count}", "you" if is_active else "muted", ground=ground)
            line.put(" ", ground=ground)
            self._ends.append((line.used, pane))
        return line.strip()

    def on_click(self, event: events.Click) -> None:
        """Show the tab under the mouse."""
        for end, pane in self._ends:
            if event.x < end:
                self.post_message(self.Picked(pane))
                return


class KeyLine(Lines):
    """The keys that matter in the pane in use; a click runs one."""

    class Pressed(Message):
        """A key's name was clicked."""

        def __init__(self, action_id: str) -> None:
            super().__init__()
            self.action_id = action_id

    def __init__(self, keymap: Mapping[str, str]) -> None:
        super().__init__("keys")
        self.keymap = keymap
        self.place: Where = Where.QUOTES
        self.is_replay = False
        self.prompt = ""
        self._ends: list[tuple[int, str]] = []

    def show(self, place: Where, *, is_replay: bool, prompt: str = "") -> None:
        """Take the pane in use; a prompt replaces the keys while a second key is awaited."""
        if (place, is_replay, prompt) != (self.place, self.is_replay, self.prompt):
            self.place, self.is_replay, self.prompt = place, is_replay, prompt
            self.refresh()

    def line(self, y: int) -> Strip:
        """Draw as many keys as fit, the most useful ones kept."""
        line = self.new_line("head")
        self._ends = []
        if self.prompt:
            return line.put(" ").put(self.prompt, "you", bold=True).strip()
        actions = in_footer(self.place.value, is_replay=self.is_replay)
        for action in self._fitting(actions):
            line.put(" ")
            line.put(key_name(keys_of(action, self.keymap)[0]), "you", bold=True)
            line.put(f" {action.label} ", "muted")
            self._ends.append((line.used, action.id))
        return line.strip()

    def _fitting(self, actions: list[DeskAction]) -> list[DeskAction]:
        left = self.size.width
        kept = []
        for action in actions:
            width = len(key_name(keys_of(action, self.keymap)[0])) + len(action.label) + 3
            if width <= left:
                kept.append(action)
                left -= width
        # Help stays at the end, where people look for it.
        return sorted(kept, key=lambda a: a.id == "help")

    def on_click(self, event: events.Click) -> None:
        """Run the key under the mouse."""
        for end, action_id in self._ends:
            if event.x < end:
                self.post_message(self.Pressed(action_id))
                return


class TooSmall(Lines):
    """What is shown when the terminal is too small for a price and its way out."""

    def __init__(self) -> None:
        super().__init__("too-small")

    def line(self, y: int) -> Strip:
        """Draw two sentences in the middle."""
        text = (
            f"This terminal is {self.app.size.width}x{self.app.size.height}; the desk needs 60x20.",
            "Orders live on in the engine. Ctrl+Q quits.",
        )
        line = self.new_line()
        at = y - self.size.height // 2 + 1
        if 0 <= at < len(text):
            cell = Cell(text[at], "ink" if at == 0 else "muted")
            line.to(max((self.size.width - len(cell.text)) // 2, 0)).put(cell.text, cell.ink)
        return line.strip()
