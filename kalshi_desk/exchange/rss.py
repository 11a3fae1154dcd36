"""The news wire as an RSS 2.0 feed, for whoever reads it: no key, loopback only."""

from __future__ import annotations

from collections.abc import Iterable
from email.utils import formatdate, parsedate_to_datetime
from xml.etree import ElementTree

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from kalshi_desk.exchange.calendar import SECOND_NS
from kalshi_desk.exchange.host import Host
from kalshi_desk.exchange.news import NewsItem

PATH = "/news/rss"
_SHOWN = 50
_TYPE = "application/rss+xml; charset=utf-8"


def routes(host: Host) -> list[Route]:
    """Return the feed's route; ``?category=`` keeps one category."""

    async def feed(request: Request) -> Response:
        category = request.query_params.get("category", "")
        items = [
            item
            for item in reversed(host.venue.newsroom.wire.items)
            if not category or item.category == category
        ][:_SHOWN]
        newest = items[0] if items else None
        changed_s = newest.published_ns // SECOND_NS if newest else 0
        headers = {
            "ETag": f'"{newest.number if newest else 0}"',
            "Last-Modified": formatdate(changed_s, usegmt=True),
            "Cache-Control": "no-cache",
        }
        if _is_known(request, headers["ETag"], changed_s):
            return Response(status_code=304, headers=headers)
        link = str(request.url.replace(query=""))
        return Response(render(items, link), headers=headers, media_type=_TYPE)

    return [Route(PATH, feed, methods=["GET"])]


def render(items: Iterable[NewsItem], link: str) -> bytes:
    """Return RSS 2.0; what an item moves is not in it."""
    root = ElementTree.Element("rss", version="2.0")
    channel = ElementTree.SubElement(root, "channel")
    _put(channel, "title", "Practice exchange news")
    _put(channel, "link", link)
    _put(channel, "description", "Simulated news about the markets of the practice exchange.")
    for item in items:
        entry = ElementTree.SubElement(channel, "item")
        _put(entry, "title", item.headline)
        _put(entry, "description", item.summary)
        _put(entry, "link", f"{link}#{item.number}")
        guid = _put(entry, "guid", f"practice-news-{item.number}")
        guid.set("isPermaLink", "false")
        _put(entry, "pubDate", formatdate(item.published_ns / SECOND_NS, usegmt=True))
        _put(entry, "category", item.category)
        _put(entry, "source", item.press).set("url", link)
    feed: bytes = ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)
    return feed


def _put(parent: ElementTree.Element, name: str, text: str) -> ElementTree.Element:
    found = ElementTree.SubElement(parent, name)
    found.text = text
    return found


def _is_known(request: Request, tag: str, changed_s: int) -> bool:
    """Whether the reader holds this feed already, by tag or else by time (RFC 9110, 13.2)."""
    tags = request.headers.get("if-none-match")
    if tags is not None:
        return tags.strip() == "*" or tag in {
            one.strip().removeprefix("W/") for one in tags.split(",")
        }
    try:
        since = parsedate_to_datetime(request.headers.get("if-modified-since", ""))
    except (TypeError, ValueError):
        return False
    return since.timestamp() >= changed_s > 0
