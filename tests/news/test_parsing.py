"""Bytes of publishers to entries: the odd, the broken and the hostile."""

from __future__ import annotations

import time

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kalshi_desk.news.entries import Entry, UnreadableFeed, claimed_ns, with_own_keys
from kalshi_desk.news.json_forms import entries_of_json
from kalshi_desk.news.parsing import entries_of
from kalshi_desk.news.plain_text import strip_markup, web_link
from tests.news.feed_server import rss

AT = "https://example.org/feed.xml"
JULY_27_NS = 1_785_154_501_000_000_000


def read(body: bytes | str, content_type: str = "") -> list[Entry]:
    raw = body.encode() if isinstance(body, str) else body
    return entries_of("rss", raw, url=AT, content_type=content_type)


def item(inside: str) -> str:
    head = "<rss version='2.0'><channel><title>C</title><link>https://example.org/</link>"
    return f"{head}<item>{inside}</item></channel></rss>"


def one(inside: str) -> Entry:
    (found,) = read(item(inside))
    return found


@pytest.mark.parametrize(
    ("date", "published_ns"),
    [
        ("Mon, 27 Jul 2026 12:15:01 GMT", JULY_27_NS),
        ("<![CDATA[ Mon, 27 Jul 2026 08:15:01 -0400 ]]>", JULY_27_NS),
        ("2026-07-27T12:15:01Z", JULY_27_NS),
        ("27 July, a quarter past noon", 0),
        ("", 0),
        ("Mon, 27 Jul 9999 12:15:01 GMT", 0),
        ("Mon, 27 Jul 0001 12:15:01 GMT", 0),
        ("Thu, 01 Jan 1970 00:00:00 GMT", 0),
    ],
)
def test_dates_are_read_or_left_out(date: str, published_ns: int) -> None:
    assert one(f"<title>T</title><pubDate>{date}</pubDate>").published_ns == published_ns


@given(st.floats(allow_nan=True, allow_infinity=True))
def test_a_claimed_time_always_fits_the_journal(seconds: float) -> None:
    found = claimed_ns(seconds)
    assert 0 <= found < 2**63
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(found)) == found


def test_words_come_without_markup_scripts_and_escapes() -> None:
    found = one(
        "<title>&lt;b&gt;Rates&lt;/b&gt; &amp;amp; jobs &#27;[31m \u202eup\u202c &lt; 2%</title>"
        "<description>&lt;p&gt;One&lt;/p&gt;&lt;p&gt;two&lt;/p&gt;&lt;script&gt;x()&lt;/script&gt;"
        "&lt;a href='javascript:x'&gt;three&lt;/a&gt;</description>"
    )
    assert found.title == "Rates & jobs [31m up < 2%"
    assert found.summary == "One two three"


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        ("AT&T gains", "AT&T gains"),
        ("a<br>b", "a b"),
        ("pre<b>fix</b>", "prefix"),
        ("inflation < 2% and > 1%", "inflation < 2% and > 1%"),
        ("<style>p{}</style>x", "x"),
        ("&lt;b&gt;", "<b>"),
        ("<scr<script>ipt>alert(1)</script>ok", "ipt>alert(1) ok"),
        (None, ""),
        ("x" * 500, "x" * 300),
    ],
)
def test_markup_goes_and_words_stay(raw: object, words: str) -> None:
    assert strip_markup(raw, 300) == words


@given(st.text(max_size=400))
def test_no_text_can_steer_a_terminal(raw: str) -> None:
    found = strip_markup(raw, 100)
    assert len(found) <= 100
    assert all(ord(char) >= 32 and not 0x7F <= ord(char) < 0xA0 for char in found)
    assert found == found.strip()


@pytest.mark.parametrize(
    ("raw", "link"),
    [
        ("https://example.org/a?b=1#c", "https://example.org/a?b=1#c"),
        ("javascript:alert(1)", ""),
        ("file:///etc/passwd", ""),
        ("https://", ""),
        ("https://[::1", ""),
        ("https://example.org/a b", ""),
        ("https://example.org/" + "a" * 2_000, ""),
        (None, ""),
    ],
)
def test_only_a_web_address_is_a_link(raw: object, link: str) -> None:
    assert web_link(raw) == link


def test_a_byte_order_mark_and_other_alphabets_are_read() -> None:
    assert read(b"\xef\xbb\xbf" + rss("Zinsen"))[0].title == "Zinsen"
    latin = "<?xml version='1.0' encoding='ISO-8859-1'?>" + item("<title>Fran\xe7ois</title>")
    assert read(latin.encode("latin-1"))[0].title == "François"
    # What the answer's head says wins over a document that says nothing.
    bare = item("<title>Z\xfcrich</title>").encode("latin-1")
    assert read(bare, "application/rss+xml; charset=iso-8859-1")[0].title == "Zürich"
    wide = "<?xml version='1.0' encoding='utf-16'?>" + item("<title>日銀</title>")
    assert read(wide.encode("utf-16"))[0].title == "日銀"


def test_entries_without_a_guid_are_told_apart() -> None:
    home = "<link>https://example.org/</link>"
    first = one(f"<title>Latest numbers</title>{home}<description>CPI +0.5%</description>")
    second = one(f"<title>Latest numbers</title>{home}<description>CPI +0.2%</description>")
    # The home page is the link of all of them: only the words tell what is new.
    assert first.key != second.key
    own = one("<title>A</title><link>https://example.org/a</link>")
    assert own.key == one("<title>A, updated</title><link>https://example.org/a</link>").key
    assert one("<title>Only a title</title>").key


def test_a_guid_that_several_entries_share_says_nothing() -> None:
    shared = [Entry(key="g", title="One"), Entry(key="g", title="Two"), Entry(key="h", title="X")]
    found = with_own_keys([*shared, shared[0], shared[2]])
    assert [entry.title for entry in found] == ["One", "Two", "X"]
    assert len({entry.key for entry in found}) == 3
    assert found[2].key == "h"
    # The same entry twice is one, under its own guid.
    assert with_own_keys([shared[2], shared[2]]) == [shared[2]]


KEYS = st.sampled_from(["", "g", "h"])
ENTRIES = st.lists(
    st.builds(Entry, key=KEYS, title=st.sampled_from("AB"), summary=st.sampled_from(["", "s"]))
)


@given(ENTRIES)
def test_keys_are_unique_and_lose_nothing(entries: list[Entry]) -> None:
    found = with_own_keys(entries)
    keys = [entry.key for entry in found]
    assert len(set(keys)) == len(keys)
    assert all(keys)
    told = {(entry.title, entry.summary) for entry in entries if entry.key == ""}
    assert told <= {(entry.title, entry.summary) for entry in found}
    assert with_own_keys(found) == found


def test_hundreds_of_items_are_cut_to_the_first() -> None:
    found = read(rss(*(f"Title {number}" for number in range(1_000))))
    assert [entry.title for entry in found] == [f"Title {number}" for number in range(300)]


def test_a_summary_that_only_repeats_the_title_is_dropped() -> None:
    same = "<title>Fed holds - CNBC</title><description>Fed holds&lt;p&gt;CNBC</description>"
    assert one(same).summary == ""
    assert one("<title>Fed holds</title><description>Fed holds at 4%</description>").summary


def test_what_was_cut_off_is_not_told_half() -> None:
    whole = rss("First of all", "Second one", "Third here")
    at = whole.index(b"Third")
    assert [entry.title for entry in read(whole[: at + 3])] == ["First of all", "Second one"]
    with pytest.raises(UnreadableFeed, match="breaks off"):
        read(whole[: whole.index(b"First") + 3])
    # Broken inside but whole: what can be read is told.
    assert len(read(whole.replace(b"Second", b"Second &nosuch; & <"))) >= 2


@given(st.integers(0, 400))
def test_any_beginning_of_a_feed_tells_only_whole_titles(length: int) -> None:
    titles = ["Rates rise", "Jobs fall", "Rain comes"]
    whole = rss(*titles)
    try:
        found = read(whole[: min(length, len(whole))])
    except UnreadableFeed:
        return
    assert [entry.title for entry in found] == titles[: len(found)]


PAGE = b"<!DOCTYPE html>\n<html><head><title>Access  Denied</title></head><body>no</body></html>"


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (PAGE, r"a web page \('Access Denied'\) instead of a feed"),
        (b"\n<!-- x --><HTML><body>hello</body></HTML>", "a web page instead"),
        (b"<?xml version='1.0'?><html xmlns='x'><title>T</title></html>", r"a web page \('T'\)"),
        (b"", "is empty"),
        (b"  \n ", "is empty"),
        (b"hello", "neither RSS nor Atom"),
        (b'{"items": []}', "neither RSS nor Atom"),
        (b"\x00\x01\x02\x03" * 100, "neither RSS nor Atom"),
        (b"<opml version='1.0'><body/></opml>", "neither RSS nor Atom"),
        (item("<description>x</description>").encode(), "no entry of it has a title"),
    ],
)
def test_what_is_no_feed_is_told_in_words(body: bytes, words: str) -> None:
    with pytest.raises(UnreadableFeed, match=words):
        read(body)


def test_an_empty_feed_is_a_feed() -> None:
    assert read("<rss version='2.0'><channel><title>C</title></channel></rss>") == []
    assert read("<feed xmlns='http://www.w3.org/2005/Atom'><title>C</title></feed>") == []


def test_bombs_of_entities_and_attributes_end_soon() -> None:
    inside = "".join(f"<!ENTITY l{n} '{(f'&l{n - 1};' if n else 'lol') * 10}'>" for n in range(10))
    laughs = f"<?xml version='1.0'?><!DOCTYPE x [{inside}]>" + item("<title>a &l9; b</title>")
    began = time.process_time()
    assert all(len(entry.title) < 400 for entry in read(laughs))
    many = "<rss " + " ".join(f'a{n}="x"' for n in range(100_000)) + "><channel/></rss>"
    with pytest.raises(UnreadableFeed, match="too many attributes"):
        read(many)
    with pytest.raises(UnreadableFeed, match="a word without end"):
        read(item(f"<title>T</title><author>{'a.' * 100_000}@x</author>"))
    assert time.process_time() - began < 20


def test_tags_and_comments_without_an_end_do_not_take_for_ever() -> None:
    began = time.process_time()
    for piece in ('&lt;a href="', "&lt;!--"):
        text = piece * (240_000 // len(piece))
        body = rss(f"Kept {text}", more=f"<description>{text}</description>")
        (entry,) = entries_of("rss", body, url="http://x.org/")
        assert entry.title.startswith("Kept")
    assert time.process_time() - began < 5


def test_an_entity_from_a_file_is_not_read() -> None:
    body = "<?xml version='1.0'?><!DOCTYPE x [<!ENTITY e SYSTEM 'file:///etc/hostname'>]>"
    assert read(body + item("<title>a&e;b</title>"))[0].title in ("ab", "a&e;b")


def test_relative_links_are_of_the_feed() -> None:
    body = "<feed xmlns='http://www.w3.org/2005/Atom'><title>C</title>{}</feed>"
    entry = "<entry><title>T</title><id>urn:x:1</id><link href='/a/b'/></entry>"
    (found,) = read(body.format(entry))
    assert (found.key, found.link) == ("urn:x:1", "https://example.org/a/b")


POST = {
    "id": "1",
    "uri": "https://social.example/users/a/statuses/1",
    "url": "https://social.example/@a/1",
    "created_at": "2026-07-27T12:15:01.000Z",
    "language": "en",
    "content": "<p>Rates are <b>up</b></p><p>More below</p>",
}


def json(answer: object) -> list[Entry]:
    return entries_of("json", msgspec.json.encode(answer), url=AT)


def test_posts_of_a_timeline_are_entries() -> None:
    long = {**POST, "uri": "u2", "content": "<p>" + "word " * 60 + "</p>"}
    found = json([POST, long, {**POST, "uri": "u3", "language": "de"}, {"uri": "u4"}, 5, None])
    assert found[0] == Entry(
        key=POST["uri"],
        title="Rates are up More below",
        link=POST["url"],
        published_ns=JULY_27_NS,
    )
    assert found[1].title.endswith("word…")
    assert len(found[1].title) <= 141
    assert found[1].summary.startswith("word word")
    assert len(found) == 2


def test_alerts_and_json_feeds_are_entries() -> None:
    alert = {
        "id": "https://api.example/alerts/1",
        "properties": {
            "id": "urn:oid:1",
            "headline": "Storm Warning issued",
            "description": "70 mph\ngusts",
            "sent": "2026-07-27T07:15:01-05:00",
        },
    }
    assert json({"type": "FeatureCollection", "features": [alert]}) == [
        Entry(
            key="urn:oid:1",
            title="Storm Warning issued",
            summary="70 mph gusts",
            link="https://api.example/alerts/1",
            published_ns=JULY_27_NS,
        )
    ]
    story = {"id": 7, "url": "https://example.org/7", "title": "T", "content_html": "<p>x</p>"}
    assert json({"version": "https://jsonfeed.org/version/1.1", "items": [story]}) == [
        Entry(key="7", title="T", summary="x", link="https://example.org/7")
    ]
    assert json([]) == json({"items": []}) == json({"features": []}) == []


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"{", "no JSON"),
        (b'{"a": 1}', "none of the known forms"),
        (b"[1, 2]", "none of the known forms"),
        (b'[{"a": 1}]', "none of the known forms"),
        (b"[" * 100_000, "no JSON"),
        (b'"\xff"', "no JSON"),
        (PAGE, "a web page"),
    ],
)
def test_json_that_is_no_feed_is_told_in_words(body: bytes, words: str) -> None:
    with pytest.raises(UnreadableFeed, match=words):
        entries_of("json", body, url=AT)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["id", "uri", "items", "features", "properties", "content", "title"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=20,
)


@given(VALUES)
def test_any_json_is_entries_or_words(answer: object) -> None:
    try:
        found = entries_of_json(msgspec.json.encode(answer))
    except UnreadableFeed:
        return
    assert all(entry.title and entry.key for entry in found)
