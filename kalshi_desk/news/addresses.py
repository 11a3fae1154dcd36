"""Where a feed may be fetched from: the web, and one's own network only on one's own word."""

from __future__ import annotations

import ipaddress
import urllib.request
from urllib.parse import SplitResult

WEB = ("http", "https")


class Forbidden(Exception):
    """An address that a feed may not be fetched from; its text says why to a person."""


def check_scheme(parts: SplitResult, before: SplitResult | None) -> None:
    """Refuse what is no web address, and a step from a secret line to an open one.

    News move orders: nobody between here and the publisher may write them.  Raises
    ``ValueError`` for a port that can't be.
    """
    if parts.scheme not in WEB or not parts.hostname:
        raise Forbidden("it leads to an address that is not of the web")
    # Reading the port checks it.
    _ = parts.port
    if before is not None and before.scheme == "https" and parts.scheme == "http":
        raise Forbidden("it leads from https to http, where anybody could write the news")


def is_private(host: str) -> bool:
    """Whether an address in figures is of this machine or network; a name says nothing yet."""
    if host.rstrip(".").lower() == "localhost":
        return True
    try:
        address = ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return False
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return not (mapped or address).is_global


def is_through_proxy(parts: SplitResult) -> bool:
    """Whether the user's environment sends this address through a proxy, which then resolves."""
    host = parts.hostname or ""
    if is_private(host):
        return False
    proxies = urllib.request.getproxies()
    return bool(proxies.get(parts.scheme) or proxies.get("all")) and not bool(
        urllib.request.proxy_bypass(host)
    )
