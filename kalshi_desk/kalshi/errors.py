"""From answers and lost connections to the desk's errors, by what the caller should do."""

from __future__ import annotations

from enum import Enum

import httpx
import msgspec

from kalshi_desk.core.errors import DeskError, Refuse, Retry, Stop, Unknown
from kalshi_desk.core.text import clean

_TEXT_CHARACTERS = 300
_SERVER_ERROR = 500
_TOO_MANY = 429
_REQUEST_TIMEOUT = 408

NOT_SENT = "not_sent"
TIMESTAMP_EXPIRED = "header_timestamp_expired"
TOO_MANY_REQUESTS = "too_many_requests"
ALREADY_EXISTS = "order_already_exists"
DEPRECATED = "deprecated"


class Ask(Enum):
    """What a request wanted, with what its failure means for the money."""

    READ = ("", "")
    PLACE = ("Nothing was ordered.", "Whether the order was taken is not known.")
    CANCEL = ("Nothing was canceled.", "Whether the order was canceled is not known.")

    @property
    def not_done(self) -> str:
        """The sentence for a request that was definitely not carried out."""
        return self.value[0]

    @property
    def unknown(self) -> str:
        """The sentence for a request whose outcome nobody knows; empty for a read."""
        return self.value[1]


_SENTENCES = {
    "insufficient_balance": "The exchange says there is not enough cash for this order.",
    "insufficient_shard_balance": "There is no cash on the part of the exchange that this market"
    " trades on.",
    "available_balance_too_low": "The exchange says there is not enough cash for this order.",
    "invalid_price": "The price is not on this market's grid.",
    "market_inactive": "The market is not open for orders.",
    "market_not_active": "The market is not open for orders.",
    "trading_is_paused": "Trading is paused on the exchange.",
    "exchange_is_paused": "The exchange is paused.",
    "fill_or_kill_insufficient_resting_volume": "The book does not hold enough to fill all of it.",
    "deprecated_v1_order_endpoint": "The exchange no longer takes this kind of request.",
}

_POST_ONLY = "post only cross"
"""The details of an invalid order that the price alone makes wrong."""


class ErrorText(msgspec.Struct, frozen=True):
    """Code, message and details out of any of the error bodies; empty where absent."""

    code: str = ""
    message: str = ""
    details: str = ""

    def says(self, code: str) -> bool:
        """Whether this is the code, whatever its case and the ids behind it."""
        return self.code.startswith(code)


def read_error(body: bytes) -> ErrorText:
    """Read the three shapes and the plain string; unreadable bodies give an empty text."""
    try:
        parsed = msgspec.json.decode(body)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return ErrorText()
    if not isinstance(parsed, dict):
        return ErrorText()
    inner = parsed.get("error")
    if isinstance(inner, str):
        return ErrorText(message=clean(inner, _TEXT_CHARACTERS))
    fields = inner if isinstance(inner, dict) else parsed
    return ErrorText(
        code=clean(fields.get("code"), 120).lower(),
        message=clean(fields.get("message") or fields.get("msg"), _TEXT_CHARACTERS),
        details=clean(fields.get("details"), _TEXT_CHARACTERS),
    )


def error_from_answer(status: int, body: bytes, *, ask: Ask) -> DeskError:
    """Return the error for an answer that is no success.

    4xx to a write means that nothing happened, except for a client id that exists:
    that order must be looked up.  5xx to a write means that nobody knows.
    """
    text = read_error(body)
    said = text.details or text.message or f"HTTP {status}"
    code = text.code or f"http_{status}"
    money = ask.not_done
    if status == _TOO_MANY:
        return Retry(
            "The exchange's rate limit is reached.",
            code=TOO_MANY_REQUESTS,
            money=money,
            todo="Wait a second and try again.",
        )
    if status >= _SERVER_ERROR or status == _REQUEST_TIMEOUT:
        return _server_error(status, said, code, ask=ask)
    if status in {401, 403}:
        return _not_allowed(status, text, money)
    if text.says(ALREADY_EXISTS):
        return Unknown(
            "An order with this id exists already.",
            code=ALREADY_EXISTS,
            todo="It is being looked up; do not send it again.",
        )
    if not 400 <= status < _SERVER_ERROR:
        return Stop(
            f"The exchange's address answers with HTTP {status}, which it never does.",
            code=code,
            todo="Check the address of the exchange and any proxy in between.",
        )
    for known, sentence in _SENTENCES.items():
        if text.says(known):
            return Refuse(sentence, code=known, money=money)
    if text.details.casefold() == _POST_ONLY:
        return Refuse("It is post-only and would have traded at once.", code=code, money=money)
    return Refuse(f"The exchange refused: {said}.", code=code, money=money)


def _server_error(status: int, said: str, code: str, *, ask: Ask) -> DeskError:
    if ask is not Ask.READ:
        return Unknown(
            f"The exchange failed with HTTP {status} ({said}).",
            code=code,
            money=ask.unknown,
            todo="It is being looked up; do not send it again.",
        )
    return Retry(f"The exchange is not available now (HTTP {status}: {said}).", code=code)


def _not_allowed(status: int, text: ErrorText, money: str) -> DeskError:
    if text.says(TIMESTAMP_EXPIRED):
        return Retry(
            "The exchange says that the request's time is off.",
            code=TIMESTAMP_EXPIRED,
            money=money,
            todo="Set this computer's clock.",
        )
    if text.details.upper() == "NOT_FOUND":
        return Stop(
            "The exchange does not know this API key.",
            code="key_unknown",
            money=money,
            todo="Check the key id, and that the key belongs to this environment.",
        )
    if "SIGNATURE" in text.details.upper():
        return Stop(
            "The private key does not belong to this API key id.",
            code="key_mismatch",
            money=money,
            todo="Check the key id and the private key file.",
        )
    if status == 403:
        said = text.message or text.details or "no reason given"
        return Refuse(
            f"This API key may not do that: {said}.", code=text.code or "forbidden", money=money
        )
    return Stop(
        f"The exchange refused the login: {text.message or text.code or 'no reason given'}.",
        code=text.code or "unauthorized",
        money=money,
        todo="Check the key id and the private key file.",
    )


def error_from_transport(error: Exception, *, ask: Ask) -> DeskError:
    """Return the error for a connection that failed before or after sending."""
    never_sent = isinstance(
        error,
        httpx.ConnectError
        | httpx.ConnectTimeout
        | httpx.PoolTimeout
        | httpx.UnsupportedProtocol
        | httpx.ProxyError,
    )
    if never_sent:
        return Retry(
            "The exchange can't be reached.",
            code=NOT_SENT,
            money=ask.not_done,
            todo="Check the connection; the desk goes on trying.",
        )
    what = "did not answer in time" if isinstance(error, httpx.TimeoutException) else "hung up"
    if ask is not Ask.READ:
        return Unknown(
            f"The exchange {what}.",
            code="no_answer",
            money=ask.unknown,
            todo="It is being looked up; do not send it again.",
        )
    return Retry(f"The exchange {what}.", code="no_answer")


def unreadable_answer(why: str, *, ask: Ask) -> DeskError:
    """Return the error for a success whose body makes no sense."""
    if ask is not Ask.READ:
        return Unknown(
            "The exchange's answer can't be read.",
            code="bad_answer",
            money=ask.unknown,
            todo="It is being looked up; do not send it again.",
        )
    return Retry(f"The exchange's answer can't be read: {clean(why, 200)}.", code="bad_answer")
