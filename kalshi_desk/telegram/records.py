"""What the bridge keeps on disk: requests to answer, notices to send, confirmations."""

from __future__ import annotations

from enum import StrEnum

import msgspec


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """An update that Telegram has handed over and that is not answered yet, as JSON."""

    update_id: int
    body: str
    tries: int = 0


class NoticeState(StrEnum):
    """Whether a notice waits, or was on its way when this was written.

    One found ``SENDING`` after a start may or may not have arrived: Telegram has no key that
    makes a message arrive once.  It is sent again and says that it may be a repetition.
    """

    WAITING = "waiting"
    SENDING = "sending"


class Notice(msgspec.Struct, frozen=True, kw_only=True):
    """One notification for one chat, from the event that made it until Telegram has it.

    ``number`` orders notices; ``due_ns`` is when it may go.
    """

    number: int
    chat: int
    text: str
    due_ns: int
    is_silent: bool
    state: NoticeState = NoticeState.WAITING
    is_repeat: bool = False


class ConfirmationState(StrEnum):
    """The life of a confirmation: open, then pressed and answered, or void with nothing sent."""

    OPEN = "open"
    SENT = "sent"
    OVER = "over"
    VOID = "void"


class Confirmation(msgspec.Struct, frozen=True, kw_only=True):
    """A command that waits for its button.

    Only ``asker`` may press it, in ``chat``, until ``expires_ns``, on ``venue``, once.  The
    desk gets it under ``command_id``, so that a repetition after a crash is not a second one.
    ``message`` is the message with the button, 0 until it is known.
    """

    confirmation_id: str
    update_id: int
    asker: int
    chat: int
    message: int
    venue: str
    command: bytes
    text: str
    created_ns: int
    expires_ns: int
    state: ConfirmationState = ConfirmationState.OPEN

    @property
    def command_id(self) -> str:
        """The id under which the desk carries it out at most once."""
        return f"telegram-{self.confirmation_id}"
