"""``kalshi-desk exchange``: ready line, clean end, and a port that is taken."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

START = [sys.executable, "-m", "kalshi_desk"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_says_where_it_is_and_ends_cleanly(tmp_path: Path, number: signal.Signals) -> None:
    words = ["--home", str(tmp_path), "exchange", "--port", "0", "--seed", "7", "--json"]
    exchange = subprocess.Popen(
        [*START, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert exchange.stdout is not None
    ready = json.loads(exchange.stdout.readline())
    assert ready["rest"].startswith("http://127.0.0.1:")
    assert ready["rest"].endswith("/trade-api/v2")
    assert ready["ws"].endswith("/trade-api/ws/v2")
    key = Path(ready["private_key_path"])
    assert key.is_relative_to(tmp_path)
    assert key.stat().st_mode & 0o077 == 0
    assert {"admin", "key_id"} <= set(ready)
    exchange.send_signal(number)
    _, said = exchange.communicate(timeout=20)
    assert (exchange.returncode, said) == (0, "")


def test_a_taken_port_is_one_sentence(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        done = subprocess.run(
            [*START, "exchange", "--port", port, "--json"],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
            env={**os.environ, "KALSHI_DESK_HOME": str(tmp_path)},
        )
    assert done.returncode != 0
    assert port in done.stderr
    assert len(done.stderr.strip().splitlines()) <= 2
