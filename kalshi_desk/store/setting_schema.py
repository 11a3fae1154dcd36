"""The one schema of the settings: every name with what it may be, read off the structs.

Who sets a setting, on which face ever, names it by its dotted name; entries of tables are
named below them, as in ``telegram.chats.4711``.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Annotated, Any, Literal, get_args, get_origin

import msgspec

from kalshi_desk.core.errors import Refuse
from kalshi_desk.core.nearest import meant, nearest
from kalshi_desk.store.service_settings import OwnFeed
from kalshi_desk.store.setting_values import (
    Kind,
    SettingValue,
    number_text,
    quoted,
    read_any,
    read_number,
    read_switch,
)
from kalshi_desk.store.settings import Settings

PARAMETERS = "strategies.parameters"
FEEDS = "news.own"
_ENTRY_NAME = r"[^\s.\"'\[\]=#]{1,100}"
_NAMED = "a name without blanks or dots"
_LONGEST = 2_000


class Setting(msgspec.Struct, frozen=True, kw_only=True):
    """One setting: its dotted name, what it may be, its default, and what it does.

    ``needs_restart``: only the engine's next start can change it.  ``by_hand``: why no face
    may set it, so that it is only changed in the file.  A table has ``entry``, what each of
    its values may be, and ``key``, what its names look like.
    """

    name: str
    kind: Kind
    help: str
    default: SettingValue | None = None
    low: float | None = None
    high: float | None = None
    choices: tuple[str, ...] = ()
    longest: int = _LONGEST
    shortest: int = 0
    needs_restart: bool = False
    by_hand: str = ""
    entry: Setting | None = None
    key: str = _ENTRY_NAME
    key_is: str = _NAMED

    @property
    def allowed(self) -> str:
        """Say what may be set, as a person reads it; percentages say that they are some."""
        if self.kind is Kind.SWITCH:
            return "on or off"
        if self.kind is Kind.CHOICE:
            return "one of " + ", ".join(self.choices)
        if self.kind in (Kind.WHOLE, Kind.NUMBER):
            word = "a whole number" if self.kind is Kind.WHOLE else "a number"
            if self.low is None or self.high is None:
                return word
            unit = " in per cent (2 means 2 %)" if self.sign == "%" else ""
            return f"{word} from {number_text(self.low)} to {number_text(self.high)}{unit}"
        if self.kind is Kind.TABLE and self.entry is not None:
            return f"entries NAME = VALUE; NAME is {self.key_is}, VALUE {self.entry.allowed}"
        least = f"{self.shortest} to" if self.shortest else "at most"
        return f"text of {least} {self.longest} characters"

    @property
    def sign(self) -> str:
        """The sign that may stand beside the number."""
        if self.name.endswith("_percent"):
            return "%"
        return "$" if self.name.endswith("_dollars") else ""

    def parse(self, text: str) -> SettingValue:
        """Return the value that a person typed; raises ``ValueError`` with what is allowed."""
        try:
            return self._read(text.strip())
        except ValueError:
            hint = ""
            if self.sign == "%" and re.fullmatch(r"0?\.\d+", text.strip()):
                hint = " It is in per cent, not a fraction of one."
            raise ValueError(
                f"{self.name} can't be {quoted(text)}; allowed is {self.allowed}.{hint}"
            ) from None

    def _read(self, text: str) -> SettingValue:
        if self.kind is Kind.SWITCH:
            return read_switch(text)
        if self.kind is Kind.CHOICE:
            if text.lower() not in self.choices:
                raise ValueError(text)
            return text.lower()
        if self.kind in (Kind.WHOLE, Kind.NUMBER):
            value = read_number(text, is_whole=self.kind is Kind.WHOLE, sign=self.sign)
            low = -float("inf") if self.low is None else self.low
            high = float("inf") if self.high is None else self.high
            if not low <= value <= high:
                raise ValueError(text)
            return value
        if self.kind is Kind.TABLE or not self.shortest <= len(text) <= self.longest:
            raise ValueError(text)
        if text and not text.isprintable():
            raise ValueError(text)
        return read_any(text) if self.kind is Kind.ANY else text


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """Where a name leads: what may stand there, and the keys that lead to it in the file.

    ``is_entry``: it is a part of a table; taking it away takes what stands at ``taken``.
    """

    setting: Setting
    path: tuple[str, ...]
    is_entry: bool = False
    taken: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The dotted name."""
        return ".".join(self.path)


@cache
def every_setting() -> dict[str, Setting]:
    """Return every setting by its dotted name, in the order of the file."""
    found = {}
    for field in msgspec.structs.fields(Settings):
        if get_origin(field.type) is Annotated:
            found[field.name] = _described(field.name, field)
        else:
            for inner in msgspec.structs.fields(field.type):
                name = f"{field.name}.{inner.name}"
                found[name] = _described(name, inner)
    return found


def place_of(name: str) -> Place:
    """Return where a dotted name leads; raises ``Refuse`` with the nearest known name."""
    known = every_setting()
    wanted = name.strip()
    if wanted in known:
        path = tuple(wanted.split("."))
        return Place(setting=known[wanted], path=path, taken=path)
    if wanted.lower() in known:
        return place_of(wanted.lower())
    for table in (setting for setting in known.values() if setting.entry is not None):
        start = f"{table.name}."
        if wanted.lower().startswith(start):
            return _entry(table, wanted[len(start) :])
    raise Refuse(
        f"There is no setting {quoted(name)}.{_meant(wanted)}",
        code="bad_setting",
        money="Nothing was changed.",
        todo="kalshi-desk config show lists them.",
    )


def _entry(table: Setting, key: str) -> Place:
    """Return the place of one entry of a table; ``parameters`` and ``own`` go a step deeper."""
    assert table.entry is not None
    keys = [key]
    entry, is_whole = table.entry, False
    if table.name == PARAMETERS:
        keys = key.split(".")
        if len(keys) != len(("STRATEGY", "PARAMETER")):
            raise _no_entry(table, key, f"{PARAMETERS}.STRATEGY.PARAMETER")
    elif table.name == FEEDS:
        keys = key.split(".")
        is_whole = len(keys) == 1
        if is_whole:
            keys.append("url")
        parts = _feed_parts()
        if len(keys) != len(("NAME", "PART")) or keys[1] not in parts:
            raise _no_entry(table, key, f"{FEEDS}.NAME, or {FEEDS}.NAME.PART of {', '.join(parts)}")
        entry = parts[keys[1]]
    is_named = all(re.fullmatch(_ENTRY_NAME, one) for one in keys)
    if not is_named or not re.fullmatch(table.key, keys[0]):
        raise _no_entry(table, key, f"{table.name}.NAME, and NAME is {table.key_is}")
    path = (*table.name.split("."), *keys)
    setting = msgspec.structs.replace(
        entry, name=".".join(path), needs_restart=table.needs_restart, help=table.help
    )
    taken = path[:-1] if is_whole else path
    return Place(setting=setting, path=path, is_entry=True, taken=taken)


def _no_entry(table: Setting, key: str, how: str) -> Refuse:
    return Refuse(
        f"{table.name} has no entry {quoted(key)}: it is written {how}.",
        code="bad_setting",
        money="Nothing was changed.",
    )


def _meant(name: str) -> str:
    """Return the names that a person may have meant."""
    known = list(every_setting())
    last = name.lower().rpartition(".")[2]
    same = [one for one in known if one.rpartition(".")[2] == last]
    close = same or nearest(name.lower(), known)
    if not close:
        lasts = {one.rpartition(".")[2]: one for one in known}
        close = [lasts[one] for one in nearest(last, lasts, 0.7)]
    return meant(close[:3])


@cache
def _feed_parts() -> dict[str, Setting]:
    """Return what may be said about a feed of one's own."""
    parts = {}
    for field in msgspec.structs.fields(OwnFeed):
        kind, meta = _unwrapped(field.type)
        parts[field.name] = _of_type(f"{FEEDS}.{field.name}", kind, meta, "")
    return parts


def _described(name: str, field: Any) -> Setting:
    kind, meta = _unwrapped(field.type)
    extra = meta.extra or {}
    default = field.default if field.default is not msgspec.NODEFAULT else None
    if get_origin(kind) is not dict:
        found = _of_type(name, kind, meta, meta.description or "")
        return msgspec.structs.replace(
            found,
            default=default,
            needs_restart=bool(extra.get("restart")),
            by_hand=str(extra.get("by_hand", "")),
        )
    inner, inner_meta = _unwrapped(get_args(kind)[1])
    return Setting(
        name=name,
        kind=Kind.TABLE,
        help=meta.description or "",
        entry=_of_type(name, inner, inner_meta, meta.description or ""),
        needs_restart=bool(extra.get("restart")),
        key=str(extra.get("key", _ENTRY_NAME)),
        key_is=str(extra.get("key_is", _NAMED)),
    )


def _unwrapped(kind: Any) -> tuple[Any, msgspec.Meta]:
    if get_origin(kind) is Annotated:
        inner, meta = get_args(kind)
        return inner, meta
    return kind, msgspec.Meta()


def _of_type(name: str, kind: Any, meta: msgspec.Meta, description: str) -> Setting:
    """Return a setting of one type; what is no plain value may be anything plain."""
    if get_origin(kind) is Literal:
        return Setting(name=name, kind=Kind.CHOICE, help=description, choices=get_args(kind))
    if kind is bool:
        return Setting(name=name, kind=Kind.SWITCH, help=description)
    if kind in (int, float):
        which = Kind.WHOLE if kind is int else Kind.NUMBER
        return Setting(name=name, kind=which, help=description, low=meta.ge, high=meta.le)
    return Setting(
        name=name,
        kind=Kind.TEXT if kind in (str, OwnFeed) else Kind.ANY,
        help=description,
        longest=meta.max_length or _LONGEST,
        shortest=meta.min_length or 0,
    )
