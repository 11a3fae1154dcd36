"""One record holds both addresses, and nothing of one environment goes to another."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from kalshi_desk.core.errors import Stop
from kalshi_desk.engine.clock import WallClock
from kalshi_desk.kalshi.environment import DEMO, LIVE, Environment, keyed, practice
from kalshi_desk.kalshi.rest import RestClient
from kalshi_desk.kalshi.signing import Signer
from kalshi_desk.kalshi.venue import KalshiFeed

HERE_REST, HERE_WS = "http://127.0.0.1:1/trade-api/v2", "ws://localhost:2/trade-api/ws/v2"


@pytest.mark.parametrize(
    ("name", "rest_url", "ws_url"),
    [
        ("demo", DEMO.rest_url, LIVE.ws_url),
        ("demo", LIVE.rest_url, DEMO.ws_url),
        ("live", DEMO.rest_url, LIVE.ws_url),
        ("live", LIVE.rest_url, DEMO.ws_url),
        ("demo", LIVE.rest_url, LIVE.ws_url),
        ("live", DEMO.rest_url, DEMO.ws_url),
        ("practice", LIVE.rest_url, LIVE.ws_url),
        ("live", LIVE.rest_url, HERE_WS),
        ("live", HERE_REST, LIVE.ws_url),
        ("live", "https://kalshi.example/trade-api/v2", LIVE.ws_url),
        ("live", LIVE.rest_url.replace("https", "http"), LIVE.ws_url),
        ("demo", DEMO.rest_url, DEMO.ws_url.replace("wss", "ws")),
        ("live", "", ""),
    ],
)
def test_addresses_of_different_environments_are_no_environment(
    name: str, rest_url: str, ws_url: str
) -> None:
    with pytest.raises(Stop) as caught:
        Environment(name=name, rest_url=rest_url, ws_url=ws_url)
    assert caught.value.code == "environment_mixed"


def test_the_older_hosts_and_an_exchange_that_poses_are_taken() -> None:
    Environment(
        name="live",
        rest_url="https://api.elections.kalshi.com/trade-api/v2",
        ws_url="wss://api.elections.kalshi.com/trade-api/ws/v2",
    )
    Environment(name="demo", rest_url="https://demo-api.kalshi.co/trade-api/v2", ws_url=DEMO.ws_url)
    for name in ("practice", "demo", "live", "paper"):
        Environment(name=name, rest_url=HERE_REST, ws_url=HERE_WS)
    assert keyed("demo", 3) == Environment(
        name="demo", rest_url=DEMO.rest_url, ws_url=DEMO.ws_url, subaccount=3
    )


def signer_of(venue: str) -> Signer:
    return Signer("key", Ed25519PrivateKey.generate(), venue=venue)


async def test_a_key_of_another_environment_signs_nothing() -> None:
    for venue, environment in (("demo", LIVE), ("live", DEMO), ("live", practice_here())):
        with pytest.raises(Stop, match=f"the key of {venue}"):
            RestClient(environment, signer_of(venue), WallClock())
    await RestClient(LIVE, signer_of("live"), WallClock()).close()


def practice_here() -> Environment:
    return practice(HERE_REST, HERE_WS)


async def test_the_stream_of_a_feed_has_the_environment_and_the_key_of_its_rest() -> None:
    signer = signer_of("demo")
    rest = RestClient(DEMO, signer, WallClock())
    for environment, key in ((LIVE, signer), (DEMO, signer_of("demo")), (keyed("demo", 1), signer)):
        with pytest.raises(Stop, match="must share"):
            KalshiFeed(environment, key, rest, WallClock())
    KalshiFeed(keyed("demo"), signer, rest, WallClock())
    await rest.close()
