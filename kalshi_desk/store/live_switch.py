"""Whether this home may trade real money: confirmed in words, remembered, ended at once."""

from __future__ import annotations

import contextlib
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from kalshi_desk.core.errors import Refuse, Stop
from kalshi_desk.store.files import PRIVATE_FILE, write_whole
from kalshi_desk.store.paths import Home

PHRASE = "trade real money"


class LiveConfirmation(msgspec.Struct, frozen=True, kw_only=True):
    """When a person said that this home may trade real money."""

    confirmed_at: str


def switch_path(home: Home) -> Path:
    """Return the file that stands for the confirmation."""
    return home.state / "live.json"


def is_live_on(home: Home) -> bool:
    """Whether real money was confirmed and not ended since."""
    return live_since(home) is not None


def live_since(home: Home) -> str | None:
    """Return when real money was confirmed; None when it was not, or can't be read."""
    try:
        data = switch_path(home).read_bytes()
        return msgspec.json.decode(data, type=LiveConfirmation).confirmed_at
    except (OSError, msgspec.MsgspecError):
        return None


def turn_live_on(home: Home, typed: str, now_s: float) -> None:
    """Remember the confirmation; raises ``Refuse`` unless the phrase was typed in full."""
    if " ".join(typed.lower().split()) != PHRASE:
        raise Refuse(
            "LIVE stays off: the words did not match.",
            code="live_not_confirmed",
            money="Nothing changed.",
            todo=f"Type exactly: {PHRASE}",
        )
    moment = datetime.fromtimestamp(now_s, UTC).isoformat(timespec="seconds")
    record = LiveConfirmation(confirmed_at=moment)
    write_whole(switch_path(home), msgspec.json.encode(record), PRIVATE_FILE)


def turn_live_off(home: Home) -> None:
    """Forget the confirmation; harmless when there was none."""
    with contextlib.suppress(FileNotFoundError):
        switch_path(home).unlink()


def need_live(home: Home) -> None:
    """Raise ``Stop`` unless real money was confirmed for this home."""
    if not is_live_on(home):
        raise Stop(
            "LIVE trades real money and is not switched on for this home.",
            code="live_off",
            money="Nothing was started and nothing was sent.",
            todo="Read what it means with: kalshi-desk live on",
        )
