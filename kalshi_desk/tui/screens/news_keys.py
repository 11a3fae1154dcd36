"""What the keys of the News screen do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kalshi_desk.core.news import FeedState, Polarity
from kalshi_desk.desk.commands import Answer
from kalshi_desk.desk.service import CorrectMatch, LabelNews, SetFeed
from kalshi_desk.desk.service_frames import MatchView
from kalshi_desk.tui.actions import Where
from kalshi_desk.tui.choice_dialog import Choice, ChoiceDialog
from kalshi_desk.tui.market_picker import MarketPicker, Picked
from kalshi_desk.tui.news_words import POLARITY
from kalshi_desk.tui.screens.news_stories import Shown, StoryFilter

if TYPE_CHECKING:
    from kalshi_desk.tui.screens.news import NewsScreen

_NEXT = {
    Polarity.FOR: Polarity.AGAINST,
    Polarity.AGAINST: Polarity.UNKNOWN,
    Polarity.UNKNOWN: Polarity.FOR,
}
_WAYS = (
    Choice("f", Polarity.FOR, "▲ for", "good news of this kind raises YES"),
    Choice("a", Polarity.AGAINST, "▼ against", "good news of this kind lowers YES"),
    Choice("o", Polarity.UNKNOWN, "? open", "it is about this market, but which way is not clear"),
)


class NewsKeys:
    """Methods named by action id."""

    def __init__(self, screen: NewsScreen) -> None:
        self.screen = screen

    # --- going -------------------------------------------------------------------------

    def confirm(self) -> None:
        """Do what Enter does in the pane."""
        current = self.screen.current
        if current is Where.HEADLINES:
            self.open_story()
        elif current is Where.MATCHES:
            self.open_match()
        elif current is Where.FEEDS:
            self.only_feed()

    def back(self) -> None:
        """Go back to the headlines; there, show all of them again."""
        screen = self.screen
        if screen.current is not Where.HEADLINES:
            screen.focus_pane(Where.HEADLINES)
        elif screen.only != StoryFilter():
            screen.only = StoryFilter()
            self._show_only_feed()
            screen.show_filtered()

    def open_story(self) -> None:
        """Go to the markets of the story, or to the story when it has none."""
        screen = self.screen
        if screen.row is not None:
            screen.focus_pane(Where.MATCHES if screen.row.matches else Where.STORY)

    def open_match(self) -> None:
        """Show the matched market on the Desk."""
        if self.screen.matches.cursor_key:
            self.screen.desk.open_market(self.screen.matches.cursor_key)

    def copy_link(self) -> None:
        """Copy the link of the item."""
        screen = self.screen
        if screen.row is None or not screen.row.link:
            screen.desk.say("There is no link to copy", severity="warning")
        else:
            screen.app.copy_to_clipboard(screen.row.link)
            screen.desk.say("Copied", screen.row.link)

    # --- filters -----------------------------------------------------------------------

    def news_search(self) -> None:
        """Type words to find stories by."""
        self.screen.open_bar("/", self.screen.only.text, "words of a headline, feed or market")

    def look_for(self, text: str) -> None:
        """Show only stories with these words."""
        if text != self.screen.only.text:
            self.screen.only.text = text
            self.screen.show_filtered()

    def news_filter(self) -> None:
        """Show all stories, those with a market, or those with one of mine."""
        only = self.screen.only
        order = list(Shown)
        only.shown = order[(order.index(only.shown) + 1) % len(order)]
        self.screen.show_filtered()

    def only_feed(self) -> None:
        """Show the stories of the selected feed alone, or of all again."""
        screen = self.screen
        name = screen.feeds.cursor_key
        if name:
            screen.only.feed = "" if screen.only.feed == name else name
            self._show_only_feed()
            screen.show_filtered()

    def _show_only_feed(self) -> None:
        feeds = self.screen.feeds
        feeds.only = self.screen.only.feed
        feeds.forget_strips()
        feeds.refresh()

    # --- corrections -------------------------------------------------------------------

    def switch_feed(self) -> None:
        """Switch the selected feed on or off."""
        screen = self.screen
        row = screen.feeds.current
        if row is None:
            screen.desk.say("No feed selected", severity="warning")
            return
        is_off = row.report.state is FeedState.OFF
        screen.desk.send(SetFeed(feed=row.report.name, on=is_off), self._look_again)

    def _look_again(self, answer: Answer | None) -> None:
        self.screen.desk.look_again()

    def label_good(self) -> None:
        """Label the item as good news."""
        self._label(1)

    def label_bad(self) -> None:
        """Label the item as bad news."""
        self._label(-1)

    def label_neither(self) -> None:
        """Label the item as neither."""
        self._label(0)

    def _label(self, label: int) -> None:
        screen = self.screen
        if screen.row is None:
            screen.desk.say("No headline selected", severity="warning")
        else:
            command = LabelNews(item_id=screen.row.item_id, label=label)
            screen.desk.send(command, self._look_again)

    def _clear_match(self) -> MatchView | None:
        """Return the selected market where one can see which it is, else say what to do."""
        screen = self.screen
        matches, match = screen.matches, screen.matches.current
        if match is None:
            screen.desk.say("No market selected", "a adds one to the item.", severity="warning")
        elif len(matches.rows) > 1 and not matches.display:
            title = f"{len(matches.rows)} markets match: which of them?"
            screen.desk.say(title, "Enter on the headline shows them.", severity="warning")
        else:
            return match
        return None

    def flip_match(self) -> None:
        """Turn which way good news moves the selected market."""
        match = self._clear_match()
        if match is not None:
            self._correct(match.ticker, _NEXT[match.polarity])

    def drop_match(self) -> None:
        """Say that the item is not about the selected market."""
        match = self._clear_match()
        if match is not None:
            self._correct(match.ticker, None)

    def add_match(self) -> None:
        """Choose a market that the item is about, then which way."""
        screen = self.screen
        if screen.row is None:
            screen.desk.say("No headline selected", severity="warning")
            return
        item_id = screen.row.item_id

        def picked(market: Picked | None) -> None:
            if market is not None:
                self._ask_way(item_id, market)

        screen.app.push_screen(MarketPicker("Which market is it about?", screen.desk), picked)

    def _ask_way(self, item_id: str, market: Picked) -> None:
        screen = self.screen

        def answered(way: Polarity | None) -> None:
            if way is not None:
                self._correct(market.ticker, way, item_id)

        dialog = ChoiceDialog(market.title, _WAYS, Polarity.FOR, screen.desk.clock_s, now_word="")
        screen.app.push_screen(dialog, answered)

    def _correct(self, ticker: str, way: Polarity | None, item_id: str = "") -> None:
        screen = self.screen
        row = screen.row
        item_id = item_id or (row.item_id if row is not None else "")
        said = "is not about it" if way is None else f"good news is {POLARITY[way][1]}"
        screen.matches.say(f"Telling the desk: {ticker}, {said} …")

        def answered(answer: Answer | None) -> None:
            screen.matches.say("")
            if answer is not None and answer.text and not screen.matches.display:
                screen.desk.say(answer.text)
            screen.desk.look_again()

        screen.desk.send(CorrectMatch(item_id=item_id, ticker=ticker, polarity=way), answered)
