"""From the bytes of an answer to entries: RSS and Atom by feedparser, JSON by its forms."""

from __future__ import annotations

import calendar
import io
import re
import time
from typing import Any
from xml.sax import SAXParseException

from kalshi_desk.news.entries import (
    MOST_ENTRIES,
    Entry,
    UnreadableFeed,
    claimed_ns,
    with_own_keys,
)
from kalshi_desk.news.json_forms import entries_of_json
from kalshi_desk.news.plain_text import SUMMARY_LENGTH, TITLE_LENGTH, strip_markup, web_link
from kalshi_desk.news.sources import Kind

_LONG_TAG = re.compile(rb"<[^<>]{8000,}")
_MOST_ATTRIBUTES = 500
"""The parser takes time with the square of a tag's attributes: 100,000 cost 100 s."""
_LONGEST_WORD = 2_000
"""The parser looks for addresses of mail in time with the square of a word: 200 kB cost 60 s."""
_LETTERS = b"".join(
    bytes([code]) if (chr(code).isalnum() and code < 128) or code in b"._+-" else b" "
    for code in range(256)
)
_PAGE = re.compile(rb"\s*(?:<\?xml[^>]*>|<!--.*?-->|\s)*<(?:!doctype\s+html|html)\b", re.I | re.S)
_PAGE_TITLE = re.compile(rb"<title[^>]*>([^<]*)", re.I)
_END = re.compile(rb"</(?:\w+:)?(?:rss|feed|rdf)\s*>\s*(?:<!--.*?-->\s*)*\Z", re.I | re.S)
_WORD = re.compile(r"\w+")


def entries_of(kind: Kind, body: bytes, *, url: str, content_type: str = "") -> list[Entry]:
    """Return the entries of an answer, as its publisher orders them, at most a few hundred.

    Raises ``UnreadableFeed`` in words for a page, for broken XML without a whole entry and
    for whatever else is no feed.
    """
    if not body.strip():
        raise UnreadableFeed("its answer is empty")
    if _PAGE.match(body[:4_000]):
        raise UnreadableFeed(f"it answered with a web page{_page_name(body)} instead of a feed")
    if kind == "json":
        return entries_of_json(body)
    for tag in _LONG_TAG.finditer(body):
        if tag[0].count(b"=") > _MOST_ATTRIBUTES:
            raise UnreadableFeed("its answer has a tag with too many attributes")
    if max(map(len, body.translate(_LETTERS).split()), default=0) > _LONGEST_WORD:
        raise UnreadableFeed("its answer has a word without end")
    return _entries_of_xml(body, url, content_type)


def _entries_of_xml(body: bytes, url: str, content_type: str) -> list[Entry]:
    import feedparser

    headers = {"content-location": url}
    if content_type:
        headers["content-type"] = content_type
    try:
        # A file object: anything else it would take for an address and fetch.
        answer = feedparser.parse(
            io.BytesIO(body),
            response_headers=headers,
            # What is wanted of it is plain text, and its cleaner takes time with the square
            # of what never ends: 80 kB of it cost seconds, 4 MB hours.
            sanitize_html=False,
            resolve_relative_uris=False,
        )
    except Exception as error:  # a third party's parser on bytes from outside
        raise UnreadableFeed(f"its answer can't be parsed ({type(error).__name__})") from error
    raw = list(answer.entries)
    if not raw and not answer.version:
        raise UnreadableFeed("its answer is neither RSS nor Atom")
    is_broken = isinstance(answer.get("bozo_exception"), SAXParseException)
    is_cut = is_broken and not _END.search(body[-4_000:])
    if is_cut:
        # Whatever it was cut in the middle of would be told wrongly.
        raw = raw[:-1]
    home = web_link(answer.feed.get("link"))
    kept = [entry for one in raw[:MOST_ENTRIES] if (entry := _entry(one, home)) is not None]
    if not kept and (is_cut or raw):
        why = "its XML breaks off" if is_cut else "no entry of it has a title"
        raise UnreadableFeed(why)
    return with_own_keys(kept)


def _entry(raw: Any, home: str) -> Entry | None:
    title = strip_markup(raw.get("title"), TITLE_LENGTH)
    summary = strip_markup(raw.get("summary") or _content(raw), SUMMARY_LENGTH)
    if not title:
        return None
    link = web_link(raw.get("link"))
    return Entry(
        key=str(raw.get("id") or "") or ("" if link == home else link),
        title=title,
        summary="" if _says_no_more(summary, title) else summary,
        link=link,
        published_ns=_time(raw.get("published_parsed") or dict.get(raw, "updated_parsed")),
    )


def _content(raw: Any) -> object:
    content = raw.get("content") or ()
    return content[0].get("value") if content else None


def _says_no_more(summary: str, title: str) -> bool:
    """Whether a summary only repeats the words of the title, as aggregators' do."""
    return set(_WORD.findall(summary.lower())) <= set(_WORD.findall(title.lower()))


def _time(parsed: time.struct_time | None) -> int:
    if parsed is None:
        return 0
    try:
        return claimed_ns(calendar.timegm(parsed))
    except (OverflowError, ValueError, TypeError):
        return 0


def _page_name(body: bytes) -> str:
    found = _PAGE_TITLE.search(body[:20_000])
    name = strip_markup(found[1].decode("utf-8", "replace"), 80) if found else ""
    return f" ('{name}')" if name else ""
