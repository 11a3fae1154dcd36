"""Which variable sets which setting, and what the variables of this moment say.

Numbers that are percentages are per cent, as everywhere on the desk: 2 means 2 %.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import msgspec

from kalshi_desk.core.errors import Stop
from kalshi_desk.store.env_files import ENVIRONMENT, Found, Variables, read_variables
from kalshi_desk.store.key_variables import KEY_VARIABLES, key_problems
from kalshi_desk.store.paths import Home
from kalshi_desk.store.setting_edit import value_at, with_value
from kalshi_desk.store.setting_schema import Setting, every_setting
from kalshi_desk.store.setting_values import Kind, SettingValue, quoted
from kalshi_desk.store.settings import LoadedSettings, load_settings

CHATS = "TELEGRAM_CHAT_ID"
TOKEN = "TELEGRAM_BOT_TOKEN"
VARIABLES: dict[str, str] = {
    "BANKROLL": "risk.bankroll_dollars",
    "TRADE_INTERVAL_SECONDS": "strategies.interval_s",
    "MAX_POSITION_SIZE_PERCENTAGE": "risk.position_percent",
    "STOP_LOSS_PERCENTAGE": "risk.stop_loss_percent",
    "NEWS_SENTIMENT_THRESHOLD": "strategies.parameters.news.min_sentiment",
    "STAT_ARBITRAGE_THRESHOLD": "strategies.parameters.pairs.min_deviation",
    "VOLATILITY_THRESHOLD": "strategies.parameters.volatility.min_move",
    "MAX_DAILY_LOSS": "risk.daily_loss_percent",
    "MAX_OPEN_POSITIONS": "risk.open_positions",
    "CORRELATION_LIMIT": "risk.correlation",
}
"""The setting of each variable that holds a number."""
_PARAMETERS = {
    "NEWS_SENTIMENT_THRESHOLD": (0.0, 1.0),
    "STAT_ARBITRAGE_THRESHOLD": (0.01, 0.5),
    "VOLATILITY_THRESHOLD": (0.01, 0.5),
}
"""Ranges of parameters, which the strategies declare; a test holds the two against each other."""
NAMES = (*VARIABLES, CHATS, TOKEN, *KEY_VARIABLES)
_CHAT = re.compile(r"-?[0-9]{1,20}", re.ASCII)
_TOKEN = re.compile(r"[0-9]{3,20}:[A-Za-z0-9_-]{20,100}", re.ASCII)
_LEAST_CHAT_ROLE = "view"


class Override(msgspec.Struct, frozen=True, kw_only=True):
    """What one variable sets."""

    path: tuple[str, ...]
    value: SettingValue
    found: Found


def load_all(
    home: Home, environment: Mapping[str, str] | None = None, folder: Path | None = None
) -> LoadedSettings:
    """Return the settings that hold: environment over ``.env`` over file over default.

    Raises ``Stop`` naming every variable that is wrong and what it may be; nothing is
    started with settings that somebody did not mean.
    """
    loaded = load_settings(home.settings_path)
    variables = read_variables(NAMES, home, environment, folder)
    overrides, problems = overrides_of(variables)
    problems = [*variables.problems, *problems]
    if problems:
        raise Stop(
            " ".join(problems),
            code="bad_environment",
            money="Nothing was started and nothing was sent.",
            todo="Correct it, or look at all of it with: kalshi-desk config check",
        )
    loaded = overridden(loaded, overrides)
    return msgspec.structs.replace(loaded, warnings=(*loaded.warnings, *variables.warnings))


def overridden(loaded: LoadedSettings, overrides: list[Override]) -> LoadedSettings:
    """Return the settings with what the variables set, and who set it."""
    settings, sources, by = loaded.settings, dict(loaded.sources), dict(loaded.overridden)
    for one in overrides:
        name = ".".join(one.path)
        if one.found.name == CHATS and value_at(settings, one.path) is not None:
            # The file gives the chat a role; the variable only names it.
            continue
        settings = with_value(settings, one.path, one.value)
        sources[name] = one.found.source
        by[name] = f"{one.found.name} in {one.found.where}"
    return msgspec.structs.replace(loaded, settings=settings, sources=sources, overridden=by)


def overrides_of(variables: Variables) -> tuple[list[Override], list[str]]:
    """Return what the variables set, and a sentence for each that is wrong."""
    found: list[Override] = []
    problems: list[str] = []
    for name in VARIABLES:
        if name in variables.found:
            one = variables.found[name]
            try:
                value = variable_setting(name).parse(one.value)
            except ValueError as error:
                problems.append(_told(one, name, error))
            else:
                found.append(
                    Override(path=tuple(VARIABLES[name].split(".")), value=value, found=one)
                )
    if CHATS in variables.found:
        one = variables.found[CHATS]
        for chat in re.split(r"[,\s]+", one.value.strip(", ")):
            if _CHAT.fullmatch(chat):
                path = ("telegram", "chats", chat)
                found.append(Override(path=path, value=_LEAST_CHAT_ROLE, found=one))
            else:
                problems.append(
                    f"{CHATS} in {one.where} can't be {quoted(chat)}; allowed are numbers of "
                    "chats, with commas between."
                )
    try:
        bot_token(variables)
    except ValueError as error:
        problems.append(str(error))
    return found, [*problems, *key_problems(variables)]


def variable_setting(name: str) -> Setting:
    """Return what a variable that holds a number may be."""
    setting = VARIABLES[name]
    if name in _PARAMETERS:
        low, high = _PARAMETERS[name]
        return Setting(name=setting, kind=Kind.NUMBER, help="", low=low, high=high)
    known = every_setting()[setting]
    if name == "BANKROLL":
        # In the settings 0 stands for no bound; as a bankroll it would look like no money.
        return msgspec.structs.replace(known, low=1)
    return known


def bot_token(variables: Variables) -> str | None:
    """Return the token of the Telegram bot, None without one.

    Raises ``ValueError`` in words that hold nothing of it.
    """
    one = variables.found.get(TOKEN)
    if one is None:
        return None
    if one.is_open:
        file = one.where.partition(" line ")[0]
        raise ValueError(
            f"{TOKEN} stands in {file}, which others on this computer may read. "
            f"Run: chmod 600 {file}"
        )
    if not _TOKEN.fullmatch(one.value):
        raise ValueError(
            f"{TOKEN} in {one.where} is no token of a bot: it is a number, a colon, and letters."
        )
    return one.value


def telegram_token(
    home: Home, environment: Mapping[str, str] | None = None, folder: Path | None = None
) -> str | None:
    """Return the bot's token of the environment or of a ``.env`` file, None without one.

    Raises ``Stop`` when it is there and can't be used.
    """
    variables = read_variables((TOKEN,), home, environment, folder)
    try:
        token = bot_token(variables)
    except ValueError as error:
        raise Stop(str(error), code="bad_token", money="It was not used.") from error
    if token is None and variables.problems:
        raise Stop(" ".join(variables.problems), code="bad_token", money="It was not used.")
    return token


def without_secrets(environment: Mapping[str, str]) -> dict[str, str]:
    """Return an environment for a child that needs no secret."""
    return {
        name: value
        for name, value in environment.items()
        if name != TOKEN and name not in KEY_VARIABLES
    }


def _told(one: Found, name: str, error: ValueError) -> str:
    text = str(error)
    return f"{name} in {one.where}{text[text.index(' can') :]}"


__all__ = [
    "ENVIRONMENT",
    "NAMES",
    "VARIABLES",
    "Override",
    "bot_token",
    "load_all",
    "overridden",
    "overrides_of",
    "telegram_token",
    "variable_setting",
    "without_secrets",
]
