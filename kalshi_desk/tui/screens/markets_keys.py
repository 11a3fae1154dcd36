"""What the keys of the Markets screen do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.content import Content

from kalshi_desk.desk.commands import (
    Answer,
    AskRules,
    Outcomes,
    QueryFailed,
    Reply,
    RulesText,
    Star,
)
from kalshi_desk.desk.market_filter import filter_text
from kalshi_desk.desk.service import MarketFilter, SetSetting
from kalshi_desk.tui.actions import Where
from kalshi_desk.tui.dialogs import TextSheet
from kalshi_desk.tui.ink import plain
from kalshi_desk.tui.screens.markets_filter import NO_PRESET, PRESET_NAME
from kalshi_desk.tui.screens.markets_panes import BEST, ORDERS

if TYPE_CHECKING:
    from kalshi_desk.tui.screens.markets import MarketsScreen


class MarketsKeys:
    """Methods named by action id."""

    def __init__(self, screen: MarketsScreen) -> None:
        self.screen = screen

    # --- places ------------------------------------------------------------------------

    def open_place(self) -> None:
        """Go down to the branch under the cursor; from an event, or from all, to the list."""
        screen, row = self.screen, self.screen.places.current
        if row is None:
            return
        if row.branch is None or row.branch.kind == "event":
            screen.focus_pane(Where.FOUND)
        else:
            screen.go_to(screen.here.below(row.branch))

    def place_up(self) -> None:
        """Go up: from another pane to the places, from a place to the one above."""
        screen = self.screen
        if screen.current is not Where.PLACES:
            screen.focus_pane(Where.PLACES)
        elif screen.here.names:
            screen.go_to(screen.here.above, back_to=screen.here.names[-1])

    def back(self) -> None:
        """End a search, else go up."""
        if self.screen.wanted.text:
            self.screen.search("")
        else:
            self.place_up()

    def confirm(self) -> None:
        """Do what Enter does in the pane."""
        current = self.screen.current
        if current is Where.PLACES:
            self.open_place()
        elif current is Where.FOUND:
            self.open_market()
        elif current is Where.FILTER:
            self.edit_filter()

    # --- markets -----------------------------------------------------------------------

    def open_market(self) -> None:
        """Show the market on the Desk; one that is not followed yet is followed first."""
        row = self.screen.row
        if row is not None:
            self.screen.desk.open_market(row.ticker)

    def star_found(self) -> None:
        """Put the market on the watchlist, or take it off."""
        screen, row = self.screen, self.screen.row
        if row is None:
            return

        def answered(answer: Answer | None) -> None:
            screen.pages.again()
            screen.poll()

        screen.desk.send(Star(ticker=row.ticker, starred=not row.is_starred), answered)

    def copy_found(self) -> None:
        """Copy the ticker of the market."""
        row = self.screen.row
        if row is not None:
            self.screen.app.copy_to_clipboard(row.ticker)
            self.screen.desk.say("Copied", row.ticker)

    def found_rules(self) -> None:
        """Show the rules of the market."""
        screen, row = self.screen, self.screen.row
        if row is None:
            return
        if screen.is_beyond:
            text = "Space or Enter follows it; then its rules can be read."
            screen.desk.say("The desk does not follow it", text, severity="warning")
        else:
            screen.desk.ask_engine(AskRules(ticker=row.ticker), self._show_rules)

    def _show_rules(self, reply: Reply | None) -> None:
        if isinstance(reply, RulesText):
            text = Content(plain(f"{reply.ticker}\n\n{reply.text}"))
            self.screen.app.push_screen(TextSheet(reply.title, text))
        elif isinstance(reply, QueryFailed):
            why = " ".join(reason.text for reason in reply.reasons)
            self.screen.desk.say("No rules", why, severity="warning")

    # --- search, filter, order ---------------------------------------------------------

    def find(self) -> None:
        """Type words to find markets by."""
        text = self.screen.wanted.text
        self.screen.open_bar("/", text, "words of a title, an outcome, a ticker or the rules")

    def narrow(self) -> None:
        """Go to the filter, or from it back to the list."""
        screen = self.screen
        is_there = screen.current is Where.FILTER
        screen.focus_pane(Where.FOUND if is_there else Where.FILTER)

    def edit_filter(self) -> None:
        """Open the line of the filter under the cursor."""
        self.screen.focus_pane(Where.FILTER)
        self.screen.form.open_edit()

    def clear_filter(self) -> None:
        """End the search and every filter."""
        self.screen.form.take(MarketFilter())

    def list_order(self) -> None:
        """Change the order of the list."""
        screen = self.screen
        orders = (BEST, *ORDERS) if screen.wanted.text else ORDERS
        at = orders.index(screen.used_order) if screen.used_order in orders else -1
        screen.chosen_order = orders[(at + 1) % len(orders)]
        screen.ask_all()

    # --- presets -----------------------------------------------------------------------

    def save_preset(self) -> None:
        """Type a name for the filter in use."""
        screen = self.screen
        if not filter_text(screen.wanted):
            text = "Set a line of the filter or search for words first."
            screen.desk.say("There is no filter to keep", text, severity="warning")
        else:
            screen.open_bar("w", "", "name of the preset: letters, digits, - and _")

    def keep_preset(self, text: str) -> None:
        """Keep the filter in use under a name, in the settings."""
        screen, name = self.screen, "-".join(text.casefold().split())
        if not name:
            return
        if PRESET_NAME.fullmatch(name) is None or name == NO_PRESET:
            why = "Use letters, digits, - and _, at most 30."
            screen.desk.say(f"{text} is no name for a preset", why, severity="warning")
            return
        self._set(name, filter_text(screen.wanted))

    def drop_preset(self) -> None:
        """Forget the preset chosen."""
        table = self.screen.form
        if table.preset in table.own:
            self._set(table.preset, "")
        else:
            text = "Choose one of your own; those that ship with the desk stay."
            self.screen.desk.say("No preset of yours is chosen", text, severity="warning")

    def _set(self, name: str, value: str) -> None:
        screen = self.screen

        def answered(answer: Answer | None) -> None:
            if answer is None or answer.outcome is not Outcomes.DONE:
                why = " ".join(reason.text for reason in answer.reasons) if answer else ""
                screen.form.say(f"The preset {name} was not kept. {why}")
                return
            if value:
                screen.form.own[name] = value
            else:
                screen.form.own.pop(name, None)
            screen.form.show(screen.wanted)

        screen.desk.send(SetSetting(name=f"tui.presets.{name}", value=value), answered)
