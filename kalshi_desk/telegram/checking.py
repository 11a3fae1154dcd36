"""Whether a bridge would work: the server, the token, and every chat and person on the list."""

from __future__ import annotations

from dataclasses import dataclass

import telegram
from telegram.error import InvalidToken, TelegramError

from kalshi_desk.core.text import clean
from kalshi_desk.telegram.access import how_to_allow
from kalshi_desk.telegram.bridge import open_bot
from kalshi_desk.telegram.scrub import Scrubber
from kalshi_desk.telegram.settings import BridgeSettings


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at: what, whether it works, and in a sentence how."""

    what: str
    is_good: bool
    text: str


async def check(token: str, settings: BridgeSettings) -> list[Finding]:
    """Look at everything that a bridge needs of Telegram; nobody is written to."""
    scrub = Scrubber(token)
    bot = open_bot(token, settings.server)
    try:
        found = await _server_and_token(bot, scrub, settings)
        if all(finding.is_good for finding in found):
            found += [await _chat(bot, scrub, chat, role) for chat, role in _listed(settings)]
    finally:
        await bot.shutdown()
    if not settings.users and not settings.chats:
        text = f"Nobody is on the list, so nobody would get an answer. {how_to_allow()}"
        found.append(Finding("list", False, text))
    for kind in settings.unknown_kinds():
        found.append(Finding("notify", False, f"{kind} is no kind of notification."))
    return found


def _listed(settings: BridgeSettings) -> list[tuple[str, str]]:
    """Return every id on the list with its role; a person may also be a chat."""
    return sorted({**settings.users, **settings.chats}.items())


async def _server_and_token(
    bot: telegram.Bot, scrub: Scrubber, settings: BridgeSettings
) -> list[Finding]:
    try:
        await bot.initialize()
    except InvalidToken:
        return [
            Finding("server", True, f"{settings.server} answers."),
            Finding("token", False, "Telegram refuses the token: ask @BotFather for another."),
        ]
    except TelegramError as error:
        text = f"{settings.server} is not reached: {scrub.error(error)}"
        return [Finding("server", False, text)]
    return [
        Finding("server", True, f"{settings.server} answers."),
        Finding("token", True, f"It is that of @{bot.username}."),
    ]


async def _chat(bot: telegram.Bot, scrub: Scrubber, chat: str, role: str) -> Finding:
    what = f"chat {chat}"
    if not chat.lstrip("-").isdigit():
        return Finding(what, False, "An id is a number; a bot tells it to nobody but its log.")
    try:
        found = await bot.get_chat(int(chat))
    except TelegramError as error:
        why = scrub.error(error)
        return Finding(what, False, f"It can't be reached ({why}): write /start to the bot there.")
    name = clean(found.effective_name or found.title or "", 60)
    return Finding(what, True, f"{found.type} {name}, may {role}.")
