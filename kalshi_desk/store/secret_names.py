"""Names that stand for secrets: they are neither set nor shown as settings."""

from __future__ import annotations

from kalshi_desk.store.key_variables import KEY_ID, KEY_PATH, KEY_URL
from kalshi_desk.store.setting_env import TOKEN, VARIABLES
from kalshi_desk.store.setting_schema import every_setting

_WORDS = frozenset({"token", "key", "key_id", "private_key", "api_key", "secret", "password"})


def secret_refusal(name: str) -> str:
    """Return why a name can't be set or shown, empty when it is no secret's."""
    word = name.strip()
    if word.upper() in VARIABLES:
        return (
            f"{word.upper()} is a variable of the environment; the setting is called "
            f"{VARIABLES[word.upper()]}."
        )
    if word.upper() not in (TOKEN, KEY_ID, KEY_PATH, KEY_URL) and not _is_secret(word.lower()):
        return ""
    return (
        "Secrets are neither set nor shown as settings: they stay in their own private files, "
        "in the keyring, or in variables of the environment."
    )


def _is_secret(name: str) -> bool:
    """A table may have an entry that is called like one."""
    tables = (setting.name for setting in every_setting().values() if setting.entry is not None)
    return name.rpartition(".")[2] in _WORDS and not name.startswith(
        tuple(f"{table}." for table in tables)
    )
