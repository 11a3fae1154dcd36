"""The token of the Telegram bot: of the environment, a private file, or the keyring."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from kalshi_desk.core.errors import Refuse, Stop
from kalshi_desk.store.files import PRIVATE_FILE, make_folder, write_whole
from kalshi_desk.store.paths import APP_NAME, Home
from kalshi_desk.store.secrets import IN_KEYRING, read_private
from kalshi_desk.store.setting_env import telegram_token

_NAME = "telegram"
_SHAPE = re.compile(r"\d{3,20}:[A-Za-z0-9_-]{20,100}")


def token_file(home: Home) -> Path:
    """Return where the token lies, or the word that it is in the keyring."""
    return home.keys / "telegram.token"


def load_bot_token(home: Home, env: Mapping[str, str] | None = None) -> str:
    """Return the bot's token: of the environment, else of a ``.env`` file, else the home's.

    Raises ``Stop`` when there is none, it has not the shape of a token, or others may read it;
    the message never holds the token.
    """
    token = telegram_token(home, env)
    if token is not None:
        return token
    path = token_file(home)
    where = str(path)
    try:
        kept = read_private(path).decode("ascii", "replace").strip()
    except FileNotFoundError as error:
        raise Stop(
            "There is no token for the Telegram bot.",
            code="no_token",
            money="The bridge was not started; trading does not need it.",
            todo="Ask @BotFather for a bot, then run: kalshi-desk telegram token",
        ) from error
    if kept == IN_KEYRING:
        where, kept = "the keyring", _from_keyring(home)
    if not _SHAPE.fullmatch(kept):
        raise Stop(
            f"What stands in {where} has not the shape of a bot token.",
            code="bad_token",
            money="The bridge was not started; trading does not need it.",
            todo="A token is digits, a colon and letters, as @BotFather gave it.",
        )
    return kept


def save_bot_token(home: Home, token: str, *, in_keyring: bool = False) -> str:
    """Keep the token and return where; raises ``Refuse`` when it has not a token's shape."""
    body = token.strip()
    if not _SHAPE.fullmatch(body):
        raise Refuse(
            "That has not the shape of a bot token.",
            code="bad_token",
            money="Nothing was kept.",
            todo="A token is digits, a colon and letters, as @BotFather gave it.",
        )
    make_folder(home.keys)
    if in_keyring:
        import keyring
        from keyring.errors import KeyringError

        try:
            keyring.set_password(APP_NAME, f"{_NAME}:{home.config}", body)
        except KeyringError as error:
            raise _closed(error) from error
        body = IN_KEYRING
    write_whole(token_file(home), f"{body}\n".encode(), PRIVATE_FILE)
    return "the keyring" if in_keyring else str(token_file(home))


def _from_keyring(home: Home) -> str:
    import keyring
    from keyring.errors import KeyringError

    try:
        return (keyring.get_password(APP_NAME, f"{_NAME}:{home.config}") or "").strip()
    except KeyringError as error:
        raise _closed(error) from error


def _closed(error: Exception) -> Stop:
    return Stop(
        f"The keyring of this computer does not open: {type(error).__name__}.",
        code="no_keyring",
        money="The bridge was not started; trading does not need it.",
        todo="Unlock it, or keep the token in a file.",
    )
