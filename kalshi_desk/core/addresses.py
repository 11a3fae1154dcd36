"""The exchange's own hosts: which environment an address belongs to is told by its host alone."""

from __future__ import annotations

HOSTS: dict[str, frozenset[str]] = {
    "demo": frozenset(
        {
            "external-api.demo.kalshi.co",
            "external-api-ws.demo.kalshi.co",
            "demo-api.kalshi.co",
        }
    ),
    "live": frozenset(
        {
            "external-api.kalshi.com",
            "external-api-ws.kalshi.com",
            "api.elections.kalshi.com",
        }
    ),
}
"""The hosts of each environment of the exchange itself; the older ones serve both surfaces."""
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
