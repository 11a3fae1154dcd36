"""API keys made over REST: what each may do, and that a deleted one is over."""

from __future__ import annotations

import time
import uuid
from typing import Any

import pytest

from tests.exchange.client import Exchange, Seat
from tests.exchange.test_rest import ORDERS, error

KEYS = "/api_keys"


def generate(exchange: Exchange, seat: Seat, **fields: Any) -> Seat:
    """Return a client with a new key of a member."""
    made = seat.call("POST", f"{KEYS}/generate", {"name": "test", **fields})
    assert made.status_code == 201, made.text
    found = made.json()
    return exchange.seat(found["api_key_id"], found["private_key"])


@pytest.mark.parametrize("kind", ["rsa", "ed25519"])
def test_a_generated_key_acts_until_it_is_deleted(exchange: Exchange, kind: str) -> None:
    owner = exchange.member(f"keys-{kind}")
    other = generate(exchange, owner, key_type=kind)
    ticker = exchange.quiet_market()["ticker"]
    assert other.order(ticker, "bid", "0.0100", "1").status_code == 201
    assert owner.get("/portfolio/orders")["orders"][0]["ticker"] == ticker
    names = {row["api_key_id"]: row["scopes"] for row in owner.get(KEYS)["api_keys"]}
    assert names[other.key_id] == ["read", "write"]
    assert owner.call("DELETE", f"{KEYS}/{other.key_id}").status_code == 204
    gone = other.call("GET", "/portfolio/orders")
    assert error(gone, 401)["error"]["details"] == "NOT_FOUND"
    error(owner.call("DELETE", f"{KEYS}/{other.key_id}"), 404)


def test_a_scope_opens_only_its_own_doors(exchange: Exchange) -> None:
    owner = exchange.member("keys-scopes")
    ticker = exchange.quiet_market()["ticker"]
    reader = generate(exchange, owner, scopes=["read"])
    refused = reader.order(ticker, "bid", "0.0100", "1")
    assert error(refused, 403)["error"]["code"] == "insufficient_scope"
    assert reader.get("/portfolio/orders")["orders"] == []
    trader = generate(exchange, owner, scopes=["write::trade"])
    assert trader.order(ticker, "bid", "0.0100", "1").status_code == 201
    error(trader.call("GET", "/portfolio/orders"), 403)
    money = {"client_transfer_id": str(uuid.uuid4()), "source": "event_contract"}
    error(trader.call("POST", "/portfolio/intra_exchange_instance_transfer", money), 403)
    watcher = generate(exchange, owner, scopes=["read::portfolio_balance"])
    assert watcher.get("/portfolio/balance")["balance"] == 100_000
    error(watcher.call("GET", "/portfolio/positions"), 403)


def test_a_key_locked_to_a_subaccount_stays_there(exchange: Exchange) -> None:
    owner = exchange.member("keys-locked")
    owner.call("POST", "/portfolio/subaccounts", {})
    locked = generate(exchange, owner, subaccount=1)
    ticker = exchange.quiet_market()["ticker"]
    owner.order(ticker, "bid", "0.0100", "1")
    assert locked.get("/portfolio/orders")["orders"] == []
    assert "balance_breakdown" not in locked.get("/portfolio/balance")
    wrong = locked.call("GET", "/portfolio/orders?subaccount=0")
    assert "single sub-account" in error(wrong, 403)["error"]["message"]
    error(locked.order(ticker, "bid", "0.0100", "1", subaccount=0), 403)
    error(locked.call("GET", KEYS), 403)
    assert locked.call("DELETE", ORDERS).status_code == 204
    assert len(owner.get("/portfolio/orders?status=resting")["orders"]) == 1


@pytest.mark.parametrize(
    "wrong", [{"key_type": "ecdsa"}, {"scopes": ["all"]}, {"subaccount": 9}, {"name": ""}]
)
def test_a_wrong_request_makes_no_key(exchange: Exchange, wrong: dict[str, Any]) -> None:
    body = {"name": "x", **wrong}
    assert exchange.call("POST", f"{KEYS}/generate", body).status_code == 400


def test_ones_own_public_key_needs_a_higher_tier(exchange: Exchange) -> None:
    body = {"name": "x", "public_key": "-----BEGIN PUBLIC KEY-----"}
    error(exchange.call("POST", KEYS, body), 403)
    error(exchange.call("DELETE", f"{KEYS}/{exchange.key_id}"), 403)


def test_made_keys_and_money_survive_a_crash(tmp_path: Any) -> None:
    options = ("--history-min", "2", "--state", str(tmp_path / "x"), "--key-dir", str(tmp_path))
    first = Exchange(*options)
    try:
        owner = first.member("stays", "12.50")
        key = owner.call("POST", f"{KEYS}/generate", {"name": "kept", "key_type": "ed25519"})
        first.admin("health")
    finally:
        first.stop(kill=True)
    second = Exchange(*options)
    try:
        again = second.seat(key.json()["api_key_id"], key.json()["private_key"])
        deadline = time.monotonic() + 5
        while again.get("/portfolio/balance")["balance"] != 1_250:
            assert time.monotonic() < deadline
            time.sleep(0.3)
    finally:
        assert second.stop() == 0
