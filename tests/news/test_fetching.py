"""Fetching against a real server: what is polite, what is refused, and in which words."""

from __future__ import annotations

import asyncio
import gzip
import zlib
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kalshi_desk.news.addresses import is_private
from kalshi_desk.news.fetching import (
    USER_AGENT,
    Fetched,
    Fetcher,
    FetchFailed,
    Validators,
    wait_asked,
)
from kalshi_desk.news.sources import Source
from kalshi_desk.news.unpacking import Body, Unpackable
from tests.news.feed_server import Asked, FeedServer, Writer, feed_server, response, rss


@pytest.fixture
async def server() -> AsyncIterator[FeedServer]:
    async with feed_server() as serving:
        yield serving


@pytest.fixture
async def fetcher() -> AsyncIterator[Fetcher]:
    made = Fetcher(total_s=1.0, most_bytes=100_000)
    yield made
    await made.close()


async def failure(fetcher: Fetcher, source: Source) -> FetchFailed:
    with pytest.raises(FetchFailed) as caught:
        await fetcher.fetch(source, Validators())
    return caught.value


async def test_an_answer_comes_whole_with_what_names_it(
    server: FeedServer, fetcher: Fetcher
) -> None:
    server.answers["/f"] = response(
        200, rss("One"), ETag='"a1"', Last_Modified="Mon, 27 Jul 2026 12:15:01 GMT"
    )
    source = server.source("/f")
    found = await fetcher.fetch(source, Validators())
    assert found.body == rss("One")
    assert found.content_type == "application/rss+xml"
    assert found.validators == Validators(source.url, '"a1"', "Mon, 27 Jul 2026 12:15:01 GMT")
    asked = server.asked[0].headers
    assert asked["user-agent"] == USER_AGENT
    assert asked["accept-encoding"] == "gzip"
    assert "if-none-match" not in asked
    assert "cookie" not in asked


async def test_what_has_not_changed_is_not_sent_again(server: FeedServer, fetcher: Fetcher) -> None:
    async def answer(asked: Asked, writer: Writer) -> None:
        known = asked.headers.get("if-none-match") == '"a1"'
        body = b"" if known else rss("One")
        writer.write(response(304 if known else 200, body, ETag='"a1"'))

    server.answers["/f"] = answer
    source = server.source("/f")
    first = await fetcher.fetch(source, Validators())
    again = await fetcher.fetch(source, first.validators)
    assert again == Fetched(
        body=None, url=source.url, validators=first.validators, latency_ms=again.latency_ms
    )
    # What another address called its answer means nothing here.
    elsewhere = await fetcher.fetch(source, Validators("http://other/", '"a1"', ""))
    assert elsewhere.body == rss("One")
    server.answers["/f"] = response(304)
    assert "304" in str(await failure(fetcher, source))


async def test_cookies_are_not_kept(server: FeedServer, fetcher: Fetcher) -> None:
    server.answers["/f"] = response(200, rss("One"), Set_Cookie="who=me; Path=/")
    for _ in range(2):
        await fetcher.fetch(server.source("/f"), Validators())
    assert all("cookie" not in asked.headers for asked in server.asked)


async def test_redirects_are_followed_a_few_times(server: FeedServer, fetcher: Fetcher) -> None:
    server.answers["/a"] = response(301, Location="/b")
    server.answers["/b"] = response(302, Location=f"{server.base}/c")
    server.answers["/c"] = response(307, Location="d?x=1")
    server.answers["/d?x=1"] = response(200, rss("One"))
    found = await fetcher.fetch(server.source("/a"), Validators())
    assert (found.body, found.url) == (rss("One"), f"{server.base}/d?x=1")
    # The answer is known under the address that is asked, not where it lies today.
    assert found.validators.url == f"{server.base}/a"
    server.answers["/d?x=1"] = response(302, Location="/e")
    assert "more than 3 times" in str(await failure(fetcher, server.source("/a")))
    server.answers["/c"] = response(302, Location="/a")
    assert "in circles" in str(await failure(fetcher, server.source("/a")))
    server.answers["/a"] = response(302)
    assert "without saying where" in str(await failure(fetcher, server.source("/a")))


@pytest.mark.parametrize(
    ("location", "words"),
    [
        ("file:///etc/passwd", "not of the web"),
        ("ftp://example.org/x", "not of the web"),
        ("javascript:alert(1)", "can't be used"),
        ("http://", "in circles"),
        ("http://[::1", "can't be used"),
        ("http://127.0.0.1:99999/", "can't be used"),
    ],
)
async def test_nobody_is_led_off_the_web(
    server: FeedServer, fetcher: Fetcher, location: str, words: str
) -> None:
    server.answers["/a"] = response(302, Location=location)
    assert words in str(await failure(fetcher, server.source("/a")))


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
async def test_a_public_feed_does_not_lead_into_the_own_network(
    server: FeedServer, fetcher: Fetcher, host: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = f"http://{host}:{server.port}/f"
    server.answers["/f"] = response(200, rss("One"))
    public = Source(name="p", title="P", url=url)
    assert "private network" in str(await failure(fetcher, public))
    assert server.asked == []
    # A name that only the resolver knows to be private: found out before a word is sent.
    monkeypatch.setattr("kalshi_desk.news.fetching.is_private", lambda name: name == "127.0.0.1")
    named = Source(name="p", title="P", url=f"http://localhost:{server.port}/f")
    assert "private network" in str(await failure(fetcher, named))
    assert server.asked == []


@pytest.mark.parametrize(
    ("host", "private"),
    [
        ("127.0.0.1", True),
        ("LOCALHOST.", True),
        ("10.1.2.3", True),
        ("169.254.169.254", True),
        ("100.64.0.1", True),
        ("0.0.0.0", True),
        ("::1", True),
        ("::ffff:192.168.0.1", True),
        ("fe80::1%eth0", True),
        ("8.8.8.8", False),
        ("2606:4700::1111", False),
        ("example.org", False),
        ("", False),
    ],
)
def test_which_addresses_are_private(host: str, private: bool) -> None:
    assert is_private(host) is private


async def test_a_feed_that_is_slow_ends_by_the_clock(server: FeedServer, fetcher: Fetcher) -> None:
    async def drip(asked: Asked, writer: Writer) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\n\r\n")
        while not writer.is_closing():
            writer.write(b"<")
            await writer.drain()
            await asyncio.sleep(0.05)

    server.answers["/f"] = drip
    assert str(await failure(fetcher, server.source("/f"))) == "it took longer than 1 s"


async def test_a_feed_that_is_huge_is_left_at_the_limit(
    server: FeedServer, fetcher: Fetcher
) -> None:
    sent = 0

    async def flood(asked: Asked, writer: Writer) -> None:
        nonlocal sent
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\n\r\n")
        while not writer.is_closing():
            writer.write(b"x" * 65_536)
            sent += 65_536
            await writer.drain()

    server.answers["/f"] = flood
    assert str(await failure(fetcher, server.source("/f"))) == "its answer is larger than 0.1 MB"
    assert sent < 50_000_000
    server.answers["/g"] = response(200, b"", Content_Length="5000000")
    assert "larger than" in str(await failure(fetcher, server.source("/g")))


async def test_a_packed_answer_is_unpacked(server: FeedServer, fetcher: Fetcher) -> None:
    for number, packed in enumerate([gzip.compress(rss("One")), zlib.compress(rss("One"))]):
        name = ["gzip", "deflate"][number]
        server.answers["/f"] = response(200, packed, Content_Encoding=name)
        assert (await fetcher.fetch(server.source("/f"), Validators())).body == rss("One")


@pytest.mark.parametrize(
    ("body", "encoding", "words"),
    [
        (gzip.compress(b"\0" * 50_000_000), "gzip", "larger than 0.1 MB"),
        (gzip.compress(rss("One"))[:-12], "gzip", "breaks off"),
        (b"\x1f\x8b" + b"\xff" * 40, "gzip", "packed wrongly"),
        (b"<rss/>", "gzip", "packed wrongly"),
        (b"xx", "br", "packed as 'br'"),
        (b"", "gzip", ""),
    ],
    ids=["bomb", "cut off", "garbage", "not packed", "unknown packing", "empty"],
)
async def test_a_packed_answer_that_is_no_good(
    server: FeedServer, fetcher: Fetcher, body: bytes, encoding: str, words: str
) -> None:
    server.answers["/f"] = response(200, body, Content_Encoding=encoding)
    if words:
        assert words in str(await failure(fetcher, server.source("/f")))
    else:
        assert (await fetcher.fetch(server.source("/f"), Validators())).body == b""


@given(
    st.lists(st.binary(max_size=300), max_size=4),
    st.lists(st.integers(1, 40), min_size=1, max_size=8),
)
def test_unpacking_gives_what_was_packed_in_any_pieces(parts: list[bytes], cuts: list[int]) -> None:
    whole = b"".join(parts)
    packed = b"".join(gzip.compress(part) for part in parts)
    body, at = Body("gzip", 10_000), 0
    for number in range(len(packed)):
        size = cuts[number % len(cuts)]
        body.add(packed[at : at + size])
        at += size
        if at >= len(packed):
            break
    assert body.whole() == whole


@given(st.binary(max_size=500))
def test_unpacking_garbage_ends_in_words(garbage: bytes) -> None:
    body = Body("gzip", 1_000)
    try:
        body.add(garbage)
        found = body.whole()
    except Unpackable:
        return
    assert len(found) <= 1_000


@pytest.mark.parametrize(
    ("status", "headers", "words", "wait_s"),
    [
        (429, {"Retry_After": "120"}, "asked too often (429) and asks to wait 120 s", 120.0),
        (429, {}, "asked too often (429)", 0.0),
        (503, {"Retry_After": "7"}, "it answered 503 and asks to wait 7 s", 7.0),
        (403, {}, "it refuses this reader (403)", 0.0),
        (404, {}, "there is no feed any more (404)", 0.0),
        (500, {}, "it answered 500", 0.0),
        (204, {}, "it answered 204", 0.0),
    ],
)
async def test_a_refusal_is_told_in_words(
    server: FeedServer,
    fetcher: Fetcher,
    status: int,
    headers: dict[str, str],
    words: str,
    wait_s: float,
) -> None:
    server.answers["/f"] = response(status, **headers)
    error = await failure(fetcher, server.source("/f"))
    assert words in str(error)
    assert error.wait_s == wait_s


async def test_lines_that_fail_are_told_in_words(server: FeedServer, fetcher: Fetcher) -> None:
    async def hang_up(asked: Asked, writer: Writer) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\nhalf")

    async def nonsense(asked: Asked, writer: Writer) -> None:
        writer.write(b"\x00\x01\x02 what\r\n\r\n")

    server.answers["/f"] = hang_up
    assert str(await failure(fetcher, server.source("/f"))) == "its answer breaks off"
    server.answers["/f"] = nonsense
    assert str(await failure(fetcher, server.source("/f"))) == "its answer breaks off"
    closed = Source(name="c", title="C", url="http://127.0.0.1:9/x", may_be_private=True)
    assert str(await failure(fetcher, closed)).startswith("it can't be reached (")
    secret = Source(
        name="s", title="S", url=f"https://127.0.0.1:{server.port}/x", may_be_private=True
    )
    assert "https" not in str(await failure(fetcher, secret))


def test_retry_after_is_read_in_both_forms_and_bounded() -> None:
    now = datetime(2026, 7, 27, 12, 0, 0, tzinfo=UTC)
    for text, seconds in [
        ("30", 30.0),
        (" 5 ", 5.0),
        ("Mon, 27 Jul 2026 12:01:00 GMT", 60.0),
        ("Mon, 27 Jul 2026 11:00:00 GMT", 0.0),
        ("99999999999999999999", 86_400.0),
        ("-5", 0.0),
        ("soon", 0.0),
        ("", 0.0),
    ]:
        assert wait_asked({"retry-after": text}, now) == seconds
