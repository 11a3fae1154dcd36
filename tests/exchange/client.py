"""A plain signed client and a process of the practice exchange, for tests over real sockets."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
import time
import uuid
from pathlib import Path
from typing import Any

import httpx
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ed25519, padding, rsa

ROOT = Path(__file__).resolve().parents[2]
PREFIX = "/trade-api/v2"
WS_PATH = "/trade-api/ws/v2"


def start_process(*options: str) -> subprocess.Popen[str]:
    """Start the exchange as people do, with its output captured."""
    return subprocess.Popen(
        [sys.executable, "-m", "kalshi_desk.exchange.main", *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )


class Seat:
    """One member of an exchange: a key and the calls signed with it."""

    def __init__(self, ready: dict[str, Any], key_id: str, pem: bytes) -> None:
        self.ready = ready
        self.key_id = key_id
        self.key = serialization.load_pem_private_key(pem, password=None)
        self.http = httpx.Client(base_url=ready["rest"], trust_env=False)

    def headers(self, method: str, path: str, *, offset_s: float = 0.0) -> dict[str, str]:
        """Return the signed headers of a request."""
        stamp = str(int((time.time() + offset_s) * 1000))
        message = f"{stamp}{method}{path}".encode()
        if isinstance(self.key, rsa.RSAPrivateKey):
            pss = padding.PSS(mgf=padding.MGF1(hashes.SHA256()), salt_length=32)
            signature = self.key.sign(message, pss, hashes.SHA256())
        else:
            assert isinstance(self.key, ed25519.Ed25519PrivateKey)
            signature = self.key.sign(message)
        return {
            "KALSHI-ACCESS-KEY": self.key_id,
            "KALSHI-ACCESS-TIMESTAMP": stamp,
            "KALSHI-ACCESS-SIGNATURE": base64.b64encode(signature).decode(),
        }

    def call(self, method: str, path: str, body: object = None, **extra: Any) -> httpx.Response:
        """Send a signed request."""
        headers = self.headers(method, PREFIX + path.partition("?")[0])
        if body is not None:
            extra["json"] = body
        return self.http.request(
            method, path, headers={**headers, **extra.pop("headers", {})}, **extra
        )

    def get(self, path: str) -> Any:
        """Return the JSON of a signed read that must succeed."""
        answer = self.call("GET", path)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def order(self, ticker: str, side: str, price: str, count: str, **extra: Any) -> httpx.Response:
        """Create an order."""
        body = {
            "ticker": ticker,
            "side": side,
            "price": price,
            "count": count,
            "time_in_force": "good_till_canceled",
            "self_trade_prevention_type": "taker_at_cross",
            "client_order_id": str(uuid.uuid4()),
            **extra,
        }
        return self.call("POST", "/portfolio/events/orders", body)

    def open_markets(self, series: str) -> list[dict[str, Any]]:
        """Return the open markets of a series."""
        markets = self.http.get("/markets?status=open&limit=1000").json()["markets"]
        return [m for m in markets if m["event_ticker"].startswith(f"{series}-")]

    def quiet_market(self, series: str = "KXRECSSNBER") -> dict[str, Any]:
        """Return an open market in the middle of its range that does not close soon."""
        return next(m for m in self.open_markets(series) if m["yes_ask_dollars"] < "0.90")


class Exchange(Seat):
    """A running exchange and a client with its key."""

    def __init__(self, *options: str) -> None:
        # Tests look at the balance oftener than the exchange allows anybody.
        often = ("--rule", "balance_capacity=100")
        self.process = start_process("--port", "0", "--json", *often, *options)
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line, self.process.communicate()[1]
        ready: dict[str, Any] = json.loads(line)
        pem = Path(ready["private_key_path"]).read_bytes()
        super().__init__(ready, ready["key_id"], pem)
        self.seats: list[Seat] = []

    def member(self, name: str, cash: str = "1000", **fields: Any) -> Seat:
        """Return a new member with cash on shard 0."""
        made = self.admin("member", name=name, cash=cash, **fields)
        return self.seat(made["key_id"], made["private_key"])

    def seat(self, key_id: str, pem: str) -> Seat:
        """Return a client that signs with another key."""
        seat = Seat(self.ready, key_id, pem.encode())
        self.seats.append(seat)
        return seat

    def admin(self, name: str, /, **fields: Any) -> Any:
        """Use the administrator's surface."""
        url = f"{self.ready['admin']}/{name}"
        answer = (
            httpx.post(url, json=fields, trust_env=False)
            if fields or name in {"pause", "resume"}
            else httpx.get(url, trust_env=False)
        )
        assert answer.status_code == 200, answer.text
        return answer.json()

    def stop(self, *, kill: bool = False) -> int:
        """End the process and return its exit code."""
        for seat in [self, *self.seats]:
            seat.http.close()
        if kill:
            self.process.kill()
        else:
            self.process.terminate()
        code = self.process.wait(10)
        for pipe in (self.process.stdout, self.process.stderr):
            assert pipe is not None
            pipe.close()
        return code
