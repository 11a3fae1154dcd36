"""Changes one value: in the settings at hand, and in a TOML text that else stays as it was."""

from __future__ import annotations

from collections.abc import MutableMapping
from pathlib import Path
from typing import Any

import msgspec

from kalshi_desk.core.errors import Stop
from kalshi_desk.store.settings import Settings


def edited(text: str, path: tuple[str, ...], value: str | int | float | bool | None) -> str:
    """Return the text with ``value`` at ``path``; None takes it out, harmless when it is not there.

    Raises ``Stop`` when something else than a table stands on the way.
    """
    import tomlkit
    from tomlkit.items import Table

    document = tomlkit.parse(text)
    *tables, last = path
    place: MutableMapping[str, Any] = document
    is_new = False
    for table in tables:
        is_new = table not in place
        if is_new:
            if value is None:
                return text
            place[table] = tomlkit.table()
        inner = place[table]
        if not isinstance(inner, MutableMapping):
            raise Stop(
                f"{table} is no table in the settings file.",
                code="bad_setting",
                todo="Correct the file by hand. Nothing was changed.",
            )
        place = inner
    if value is not None:
        place[last] = value
        if is_new and isinstance(place, Table):
            # Else the next table would stand right below.
            place.add(tomlkit.nl())
    elif last in place:
        del place[last]
    return tomlkit.dumps(document)


def check_landed(path: Path, name: str, is_there: bool) -> None:
    """Raise ``Stop`` where an edited text does not say what was meant.

    Keys with dots inside a table: the library puts a new one of them somewhere else.
    """
    if not is_there:
        raise Stop(
            f"{name} can't be put into {path} the way that file is laid out.",
            code="bad_setting",
            todo="Write it there by hand. Nothing was changed.",
        )


def with_value(
    settings: Settings, path: tuple[str, ...], value: str | int | float | bool | None
) -> Settings:
    """Return the settings with another value at ``path``; None puts the default there.

    Raises ``msgspec.ValidationError`` where it does not fit.
    """
    tables = msgspec.to_builtins(settings)
    *before, last = path
    place = tables
    for table in before:
        place = place.setdefault(table, {})
    if value is None:
        place.pop(last, None)
    else:
        place[last] = value
    return msgspec.convert(tables, Settings)


def value_at(settings: Settings, path: tuple[str, ...]) -> Any:
    """Return what stands at ``path``, None where no entry does."""
    place: Any = settings
    for name in path:
        place = place.get(name) if isinstance(place, dict) else getattr(place, name, None)
    return place
