"""Error bodies of all shapes become the error that says what the caller should do."""

import httpx
import pytest

from kalshi_desk.core.errors import Refuse, Retry, Stop, Unknown
from kalshi_desk.kalshi.errors import Ask, error_from_answer, error_from_transport, read_error


@pytest.mark.parametrize(
    ("body", "code", "message", "details"),
    [
        (
            b'{"error":{"code":"INVALID_ORDER","message":"no","details":"post only cross"}}',
            "invalid_order",
            "no",
            "post only cross",
        ),
        (
            b'{"code":"bad_request","message":"json: cannot","details":null}',
            "bad_request",
            "json: cannot",
            "",
        ),
        (b'{"msg":"limit must be at most 1000"}', "", "limit must be at most 1000", ""),
        (b'{"error":"too many requests"}', "", "too many requests", ""),
        (b"<html>bad gateway</html>", "", "", ""),
        (b"[1]", "", "", ""),
        (b"", "", "", ""),
    ],
)
def test_every_shape_is_read(body, code, message, details):
    text = read_error(body)
    assert (text.code, text.message, text.details) == (code, message, details)


def test_a_post_only_order_that_would_trade_is_told_in_words():
    body = b'{"error":{"code":"invalid_order","message":"no","details":"Post only cross"}}'
    error = error_from_answer(400, body, ask=Ask.PLACE)
    assert isinstance(error, Refuse)
    assert (error.what, error.code) == (
        "It is post-only and would have traded at once.",
        "invalid_order",
    )


def test_text_from_outside_can_not_steer_a_terminal():
    text = read_error(b'{"msg":"\\u001b[31mred\\u202e"}')
    assert text.message == "[31mred"


def wire(code, **more):
    fields = ",".join([f'"code":"{code}"', *(f'"{k}":"{v}"' for k, v in more.items())])
    return f'{{"error":{{{fields}}}}}'.encode()


@pytest.mark.parametrize(
    ("status", "body", "kind", "code"),
    [
        (400, wire("insufficient_balance"), Refuse, "insufficient_balance"),
        (404, wire("INSUFFICIENT_SHARD_BALANCE"), Refuse, "insufficient_shard_balance"),
        (400, wire("MARKET_NOT_ACTIVE"), Refuse, "market_not_active"),
        (409, wire("trading_is_paused"), Refuse, "trading_is_paused"),
        (
            409,
            wire("fill_or_kill_insufficient_resting_volume"),
            Refuse,
            "fill_or_kill_insufficient_resting_volume",
        ),
        (404, wire("not_found"), Refuse, "not_found"),
        (410, wire("deprecated_v1_order_endpoint"), Refuse, "deprecated_v1_order_endpoint"),
        (409, wire("order_already_exists"), Unknown, "order_already_exists"),
        (429, b'{"error":"too many requests"}', Retry, "too_many_requests"),
        (503, wire("service_unavailable"), Unknown, "service_unavailable"),
        (504, b"", Unknown, "http_504"),
        (408, b"", Unknown, "http_408"),
        (
            401,
            wire("authentication_error", details="INCORRECT_API_KEY_SIGNATURE"),
            Stop,
            "key_mismatch",
        ),
        (401, wire("authentication_error", details="NOT_FOUND"), Stop, "key_unknown"),
        (401, wire("header_timestamp_expired"), Retry, "header_timestamp_expired"),
        (403, wire("forbidden", message="restricted"), Refuse, "forbidden"),
        (301, b"", Stop, "http_301"),
    ],
)
def test_a_write_is_classified_by_what_the_caller_should_do(status, body, kind, code):
    error = error_from_answer(status, body, ask=Ask.PLACE)
    assert type(error) is kind
    assert error.code == code
    if kind is Refuse:
        assert error.money == "Nothing was ordered."


def test_a_read_that_fails_on_the_server_may_be_repeated():
    assert type(error_from_answer(503, b"", ask=Ask.READ)) is Retry


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (httpx.ConnectError("refused"), Retry),
        (httpx.ConnectTimeout("slow"), Retry),
        (httpx.PoolTimeout("busy"), Retry),
        (httpx.ReadTimeout("slow"), Unknown),
        (httpx.WriteTimeout("slow"), Unknown),
        (httpx.ReadError("reset"), Unknown),
        (httpx.RemoteProtocolError("gone"), Unknown),
    ],
)
def test_a_lost_write_is_unknown_only_when_it_may_have_been_sent(error, kind):
    assert type(error_from_transport(error, ask=Ask.PLACE)) is kind
    assert type(error_from_transport(error, ask=Ask.READ)) is Retry


def test_a_lost_cancel_does_not_talk_about_ordering():
    lost = error_from_transport(httpx.ReadTimeout("slow"), ask=Ask.CANCEL)
    assert lost.money == "Whether the order was canceled is not known."
    assert error_from_answer(400, b"{}", ask=Ask.CANCEL).money == "Nothing was canceled."
