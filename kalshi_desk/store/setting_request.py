"""What a person asks to be set, read strictly: the same words with and without an engine."""

from __future__ import annotations

import msgspec

from kalshi_desk.core.errors import Refuse
from kalshi_desk.store.secret_names import secret_refusal
from kalshi_desk.store.setting_schema import Place, place_of
from kalshi_desk.store.setting_values import Kind, SettingValue, value_text


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """A place and the value that shall stand there, None for its default."""

    place: Place
    value: SettingValue | None

    @property
    def path(self) -> tuple[str, ...]:
        """The keys that lead to what is changed."""
        return self.place.taken if self.value is None else self.place.path


def read_request(name: str, text: str) -> Request:
    """Return what shall be set; an empty text asks for the default.

    Raises ``Refuse`` for what can't be set from a face, with what is allowed.
    """
    if refusal := secret_refusal(name):
        raise _refused(refusal)
    place = place_of(name)
    setting = place.setting
    if setting.by_hand:
        raise _refused(
            f"{place.name} is changed in the settings file by hand only: {setting.by_hand}."
        )
    if setting.kind is Kind.TABLE:
        raise _refused(f"{place.name} is a table; set {place.name}.NAME.")
    if not text.strip():
        return Request(place=place, value=None)
    try:
        value = setting.parse(text)
    except ValueError as error:
        raise _refused(str(error)) from error
    if place.name == "venue" and value == "live":
        raise _refused(
            "The venue can't be set to live from here: real money is chosen at the start, with "
            "kalshi-desk --venue live, or in the settings file by hand."
        )
    return Request(place=place, value=value)


def shown(value: object) -> str:
    """Return a value for a sentence; what is not set says so."""
    if value is None:
        return "not set"
    if isinstance(value, bool | int | float | str):
        return value_text(value) or "empty"
    parts = msgspec.to_builtins(value).items()
    return ", ".join(f"{name} = {part}" for name, part in parts if part) or "empty"


def what_is_wrong(error: msgspec.ValidationError) -> str:
    """Return in plain words why settings do not fit together."""
    text = str(error).partition(" - at ")[0].replace("Object missing required field", "it needs")
    return text.replace("`", "")


def _refused(what: str) -> Refuse:
    return Refuse(what, code="bad_setting", money="Nothing was changed.")
