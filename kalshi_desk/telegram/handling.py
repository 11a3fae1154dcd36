"""What a person's message or tap leads to, once it is known that they may."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable
from dataclasses import dataclass

from kalshi_desk.core.errors import DeskError, Refuse, Retry
from kalshi_desk.core.text import clean
from kalshi_desk.desk.automation import SetAuto
from kalshi_desk.desk.commands import Command, Panic, Star
from kalshi_desk.desk.service import (
    CorrectMatch,
    DropAlert,
    LabelNews,
    SetAlert,
    SetFeed,
    SetSetting,
)
from kalshi_desk.desk.verbs import USAGE, parse_words
from kalshi_desk.telegram.confirming import Confirming
from kalshi_desk.telegram.describing import describe
from kalshi_desk.telegram.machine_views import VIEWS, choices_of
from kalshi_desk.telegram.markup import Html, escape, lines
from kalshi_desk.telegram.page import Page
from kalshi_desk.telegram.picker import Picker, Session, Sessions, Step
from kalshi_desk.telegram.reach import Reach
from kalshi_desk.telegram.sender import Sender
from kalshi_desk.telegram.settings import (
    LANGUAGES,
    OFF,
    ON,
    SILENT,
    STYLES,
    TRADE,
    BridgeSettings,
    Category,
)
from kalshi_desk.telegram.telling import answer_text, error_text
from kalshi_desk.telegram.views import Look, menu
from kalshi_desk.telegram.words import Words

PICKED = ("buy", "sell", "cancel", "flatten")
"""Commands that open a picker when nothing stands behind them."""
_FREE = (SetAlert, DropAlert, Star, SetFeed, LabelNews, CorrectMatch)
"""What neither costs money nor changes a limit happens without a confirmation."""
_NEXT_LOUDNESS = {ON: SILENT, SILENT: OFF, OFF: ON}
_OPTIONS = {
    "language": LANGUAGES,
    "style": STYLES,
    "frequency": ("now", "minute", "hour"),
}
SETTLE_S = 3.0
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Asked:
    """One request of one person: where, with which role, and which message it came from.

    ``message`` is the message of a pressed button, which is then changed in place, else 0.
    """

    asker: int
    chat: int
    role: str
    update_id: int
    message: int = 0

    @property
    def may_trade(self) -> bool:
        """Whether this person may do more than look."""
        return self.role == TRADE


class Handling:
    """Answers requests; expected failures become sentences, never silence."""

    def __init__(
        self,
        reach: Reach,
        sender: Sender,
        confirming: Confirming,
        settings: Callable[[], BridgeSettings],
        words: Callable[[], Words],
    ) -> None:
        self._reach = reach
        self._sender = sender
        self._confirming = confirming
        self._settings = settings
        self._words = words
        self._sessions = Sessions()
        self._picker = Picker(reach)

    # --- typed ----------------------------------------------------------------------------

    async def text(self, asked: Asked, text: str) -> None:
        """Answer what a person typed; in private anything, in a group commands."""
        text = clean(text, 1_000)
        try:
            if text.startswith("/"):
                await self._command(asked, text[1:].split())
                return
            session = self._sessions.typing(asked.asker, asked.chat)
            if session is not None and asked.may_trade:
                await self._typed_into(asked, session, text)
            elif asked.chat > 0:
                await self._show(asked, await menu(self._look()))
        except DeskError as error:
            await self._fail(asked, error)

    async def _command(self, asked: Asked, words: list[str]) -> None:
        name = words[0].partition("@")[0].lower().rstrip("!.") if words else ""
        rest = words[1:]
        if name in ("start", "menu"):
            await self._show(asked, await menu(self._look()))
        elif name in VIEWS:
            await self._show(asked, await VIEWS[name](self._look(rest=rest[0] if rest else "")))
        elif not asked.may_trade:
            key = "note.view_only" if name in (*USAGE, *_OWN) else "note.no_command"
            await self._show(asked, Page(self._words()(key, name=name)))
        elif name in PICKED and not rest:
            await self._begin(asked, name)
        elif name == "panic":
            # Whoever writes more than the word in a hurry means it all the same.
            await self._ask(asked, Panic(), name)
        elif name == "start_trading":
            await self._do(asked, SetAuto(on=True), "start_trading")
        elif name == "stop_trading":
            await self._do(asked, SetAuto(on=False), "stop_trading")
        elif name in USAGE:
            await self._do(asked, parse_words([name, *rest]), " ".join([name, *rest]))
        else:
            await self._show(asked, Page(self._words()("note.no_command", name=name)))

    async def _do(self, asked: Asked, command: Command, typed: str) -> None:
        """Carry out what takes risk away or costs nothing; ask before everything else."""
        if isinstance(command, _FREE) or (isinstance(command, SetAuto) and not command.on):
            # Under an id of the request: asked for again after a crash it happens once.
            answer = await self._reach.submit(command, f"telegram-update-{asked.update_id}")
            await self._show(asked, Page(answer_text(self._words(), answer)))
            return
        await self._ask(asked, command, typed)

    async def _ask(self, asked: Asked, command: Command, typed: str = "") -> None:
        """Show what a command would do, with a button where the desk would take it."""
        described = await describe(self._reach, self._words(), command, typed)
        if not self._reach.venue and not isinstance(command, Panic):
            raise _no_engine()
        if not described.is_possible:
            await self._show(asked, Page(described.text))
            return
        await self._confirming.ask(
            command,
            described,
            asker=asked.asker,
            chat=asked.chat,
            update_id=asked.update_id,
            message=asked.message,
        )

    # --- tapped ---------------------------------------------------------------------------

    async def tap(self, asked: Asked, query: str, data: str) -> None:
        """Answer a pressed button, in the message that holds it."""
        note = ""
        try:
            note = await self._tapped(asked, data)
        except DeskError as error:
            await self._fail(asked, error)
        finally:
            await self._sender.note(query, note, is_alert=bool(note) and data[:2] in ("y:", "n:"))

    async def _tapped(self, asked: Asked, data: str) -> str:
        kind, _, rest = data.partition(":")
        words = self._words()
        if kind in ("y", "n"):
            if not asked.may_trade:
                return words.plain("note.view_only", name="")
            return self._confirming.press(
                rest,
                asker=asked.asker,
                chat=asked.chat,
                message=asked.message,
                is_yes=kind == "y",
            )
        if kind == "m":
            await self._show(asked, await menu(self._look()))
        elif kind == "v":
            name, _, place = rest.partition(":")
            number, _, argument = place.partition(":")
            if name in VIEWS:
                look = self._look(int(number) if number.isdigit() else 0, argument)
                await self._show(asked, await VIEWS[name](look))
        elif not asked.may_trade:
            return words.plain("note.view_only", name="")
        elif kind == "a" and rest in ("start_trading", "stop_trading"):
            new = Asked(asked.asker, asked.chat, asked.role, asked.update_id)
            await self._do(new, SetAuto(on=rest == "start_trading"), rest)
        elif kind == "s":
            await self._set(asked, *rest.partition(":")[::2])
        elif kind == "p":
            return await self._picked(asked, rest)
        else:
            return words.plain("note.expired")
        return ""

    async def _set(self, asked: Asked, name: str, value: str) -> None:
        """Change one thing about the bridge itself; the desk keeps it in its settings."""
        if name != "notify" and name not in _OPTIONS:
            return
        if value:
            key = f"telegram.{name}"
            if name == "notify" and value in set(Category):
                kind = Category(value)
                value = _NEXT_LOUDNESS[self._settings().loudness(kind)]
                key = f"{key}.{kind.value}"
            elif value not in _OPTIONS.get(name, ()):
                return
            before = self._settings()
            command = SetSetting(name=key, value=value)
            answer = await self._reach.submit(command, f"telegram-update-{asked.update_id}")
            if answer.reasons:
                text = answer_text(self._words(), answer)
                await self._show(asked, Page(text, choices_of(self._look(), name).rows))
                return
            await self._until_other_than(before)
        await self._show(asked, choices_of(self._look(), name))

    async def _until_other_than(self, before: BridgeSettings) -> None:
        """Wait a moment for a change to come back by the settings file."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(SETTLE_S):
                while self._settings() == before:
                    await asyncio.sleep(0.05)

    async def _picked(self, asked: Asked, rest: str) -> str:
        words = self._words()
        name, _, tail = rest.partition(":")
        what, _, value = tail.partition(":")
        session = self._sessions.find(name)
        if session is None and self._confirming.holds(asked.chat, asked.message):
            # The second tap on the last choice: what it led to stands there already.
            return ""
        if session is None:
            await self._sender.edit(asked.chat, asked.message, words("confirm.expired"))
            return words.plain("note.expired")
        if (session.asker, session.chat) != (asked.asker, asked.chat):
            return words.plain("note.not_yours")
        session.message = asked.message
        if what == "x":
            self._sessions.end(session)
            await self._sender.edit(asked.chat, asked.message, words("confirm.dropped"))
            return ""
        await self._step(asked, session, lambda: self._picker.choose(session, what, value))
        return ""

    # --- picking --------------------------------------------------------------------------

    async def _begin(self, asked: Asked, kind: str) -> None:
        await self._reach.now()
        session = self._sessions.begin(kind, asked.asker, asked.chat)
        page = await self._picker.page(session, self._words())
        session.message = await self._sender.reply(
            asked.chat, page.text, page.keyboard, self._words()("repeat.answer")
        )

    async def _typed_into(self, asked: Asked, session: Session, text: str) -> None:
        new = Asked(asked.asker, asked.chat, asked.role, asked.update_id, session.message)
        await self._step(new, session, lambda: self._picker.type(session, text))

    async def _step(
        self, asked: Asked, session: Session, choice: Callable[[], Command | None]
    ) -> None:
        """Take a choice and show what comes next: the following step, or the confirmation."""
        problem = ""
        command: Command | None = None
        try:
            command = choice()
            if session.step is Step.DONE:
                command = await self._picker.order(session)
        except Refuse as refusal:
            problem = str(refusal)
        if command is not None:
            self._sessions.end(session)
            await self._ask(asked, command)
            return
        page = await self._picker.page(session, self._words(), problem)
        await self._show(asked, page)

    # --- telling --------------------------------------------------------------------------

    def _look(self, number: int = 0, rest: str = "") -> Look:
        return Look(self._reach, self._words(), self._settings(), number, rest)

    async def _show(self, asked: Asked, page: Page) -> None:
        """Show a page in the pressed message, or in a new one."""
        if asked.message and await self._sender.edit(
            asked.chat, asked.message, page.text, page.keyboard
        ):
            return
        repeat = self._words()("repeat.answer")
        await self._sender.reply(asked.chat, page.text, page.keyboard, repeat)

    async def _fail(self, asked: Asked, error: DeskError) -> None:
        words = self._words()
        # A page that can't be read now keeps its place: the words come as a message of their own.
        text = lines(words("error.title"), error_text(words, error))
        if isinstance(error, Refuse) and error.code == "usage":
            text = Html(escape(str(error), 600))
        await self._sender.reply(asked.chat, text, None, words("repeat.answer"))


_OWN = ("start_trading", "stop_trading")


def _no_engine() -> Retry:
    return Retry(
        "The engine does not answer.",
        code="no_engine",
        money="Nothing was sent; orders at the exchange stand as they are.",
    )
