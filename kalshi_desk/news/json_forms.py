"""Sources that answer in JSON: where in the answer an entry's parts stand.

Three public forms are known: Mastodon's timelines of a hashtag (a list of ``Status``
objects, docs.joinmastodon.org/methods/timelines), the National Weather Service's alerts
(GeoJSON, weather.gov/documentation/services-web-api) and JSON Feed 1.1 (jsonfeed.org).
"""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec

from kalshi_desk.news.entries import (
    MOST_ENTRIES,
    Entry,
    UnreadableFeed,
    claimed_ns,
    with_own_keys,
)
from kalshi_desk.news.plain_text import SUMMARY_LENGTH, TITLE_LENGTH, strip_markup, web_link

_LANGUAGE = "en"
_POST_TITLE = 140


class JsonForm(msgspec.Struct, frozen=True, kw_only=True):
    """Dotted paths inside an entry, the first that holds something counts.

    ``entries`` is the path of their list, empty for the answer itself.  Without a title the
    first words of the summary are one.  Entries in another ``language`` are left out.
    """

    name: str
    entries: str
    guid: tuple[str, ...]
    title: tuple[str, ...]
    summary: tuple[str, ...]
    link: tuple[str, ...]
    published: tuple[str, ...]
    language: tuple[str, ...] = ()


FORMS: tuple[JsonForm, ...] = (
    JsonForm(
        name="mastodon",
        entries="",
        guid=("uri", "id"),
        title=(),
        summary=("content",),
        link=("url", "uri"),
        published=("created_at",),
        language=("language",),
    ),
    JsonForm(
        name="nws",
        entries="features",
        guid=("properties.id", "id"),
        title=("properties.headline", "properties.event"),
        summary=("properties.description", "properties.areaDesc"),
        link=("id",),
        published=("properties.sent", "properties.effective"),
    ),
    JsonForm(
        name="jsonfeed",
        entries="items",
        guid=("id",),
        title=("title",),
        summary=("summary", "content_text", "content_html"),
        link=("url", "external_url"),
        published=("date_published", "date_modified"),
        language=("language",),
    ),
)


def entries_of_json(body: bytes) -> list[Entry]:
    """Return the entries of an answer in one of the known forms.

    Raises ``UnreadableFeed`` in words when it is in none.
    """
    try:
        answer: object = msgspec.json.decode(body.removeprefix(b"\xef\xbb\xbf"))
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise UnreadableFeed("its answer is no JSON") from error
    for form in FORMS:
        raw = _at(answer, form.entries)
        if isinstance(raw, list):
            found = [_entry(one, form) for one in raw[:MOST_ENTRIES]]
            kept = [entry for entry in found if entry is not None]
            if raw and not any(_first(one, form.guid) for one in raw[:MOST_ENTRIES]):
                break
            return with_own_keys(kept)
    known = ", ".join(form.name for form in FORMS)
    raise UnreadableFeed(f"its JSON has none of the known forms ({known})")


def _entry(raw: object, form: JsonForm) -> Entry | None:
    language = _first(raw, form.language)
    if language and not language.lower().startswith(_LANGUAGE):
        return None
    title = strip_markup(_first(raw, form.title), TITLE_LENGTH)
    summary = strip_markup(_first(raw, form.summary), SUMMARY_LENGTH)
    if not title:
        title = _beginning(summary)
        summary = "" if summary == title else summary
    if not title:
        return None
    link = web_link(_first(raw, form.link))
    return Entry(
        key=_first(raw, form.guid) or link,
        title=title,
        summary=summary,
        link=link,
        published_ns=_time(_first(raw, form.published)),
    )


def _beginning(text: str) -> str:
    """Return the first words of a post, as many as make a title."""
    if len(text) <= _POST_TITLE:
        return text
    cut = text[:_POST_TITLE].rpartition(" ")[0] or text[:_POST_TITLE]
    return f"{cut}…"


def _first(raw: object, paths: tuple[str, ...]) -> str:
    """Return the first text or whole number at one of the paths, empty for none."""
    for path in paths:
        value = _at(raw, path)
        if isinstance(value, str) and value.strip():
            return value
        if isinstance(value, int) and not isinstance(value, bool):
            return str(value)
    return ""


def _at(raw: object, path: str) -> object:
    for name in path.split(".") if path else ():
        if not isinstance(raw, dict):
            return None
        raw = raw.get(name)
    return raw


def _time(text: str) -> int:
    try:
        when = datetime.fromisoformat(text)
    except ValueError:
        return 0
    if when.tzinfo is None:
        when = when.replace(tzinfo=UTC)
    try:
        return claimed_ns(when.timestamp())
    except (OverflowError, ValueError):
        return 0
