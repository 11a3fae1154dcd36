"""Which secrets a home has and where each lies; never what they are."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import msgspec

from kalshi_desk.core.errors import DeskError
from kalshi_desk.store.bot_token import token_file
from kalshi_desk.store.env_files import read_variables
from kalshi_desk.store.key_variables import KEY_VARIABLES, NamedKey, named_key
from kalshi_desk.store.paths import Home
from kalshi_desk.store.secrets import key_file
from kalshi_desk.store.setting_env import TOKEN, telegram_token

SET, NOT_SET = "set, not shown", "not set"


class SecretState(msgspec.Struct, frozen=True, kw_only=True):
    """One secret: whether it is there, its source, what it is for and where it lies or may lie."""

    name: str
    state: str
    source: str
    help: str
    problem: str = ""


def secret_states(
    home: Home, environment: Mapping[str, str] | None = None, folder: Path | None = None
) -> list[SecretState]:
    """Return the keys of the exchange and the token of the Telegram bot; reads small files."""
    named: NamedKey | None = None
    problem = ""
    try:
        named = named_key(home, environment, folder)
    except DeskError as error:
        problem = error.what
    variables = read_variables((TOKEN, *KEY_VARIABLES), home, environment, folder).found
    found = []
    for venue in ("demo", "live"):
        path = key_file(home, venue)
        help_text = f"The key of {venue}: {', '.join(KEY_VARIABLES)}, or the file {path}."
        state, source = NOT_SET, "default"
        if named is not None and named.venue == venue:
            state, source = SET, variables[KEY_VARIABLES[0]].source
        elif path.exists():
            state, source = SET, "file"
        found.append(
            SecretState(
                name=f"keys.{venue}", state=state, source=source, help=help_text, problem=problem
            )
        )
    problem = ""
    try:
        is_set = telegram_token(home, environment, folder) is not None
    except DeskError as error:
        is_set, problem = False, error.what
    source = variables[TOKEN].source if is_set else "default"
    stored = token_file(home)
    if not is_set and stored.exists():
        is_set, source = True, "file"
    text = f"The token of the Telegram bot: {TOKEN}, or the file {stored}."
    found.append(
        SecretState(
            name="telegram.token",
            state=SET if is_set else NOT_SET,
            source=source,
            help=text,
            problem=problem,
        )
    )
    return found
