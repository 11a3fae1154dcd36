"""Loaded by every process of the README's tests: no name but this machine's can be looked up."""

from __future__ import annotations

import socket
from typing import Any

_HERE = {"", "localhost", "127.0.0.1", "::1", "0.0.0.0", None}
_look_up = socket.getaddrinfo


def _look_up_here(host: Any, *rest: Any, **named: Any) -> Any:
    name = host.decode() if isinstance(host, bytes) else host
    if name not in _HERE:
        raise socket.gaierror(socket.EAI_AGAIN, "tests reach this machine only")
    return _look_up(host, *rest, **named)


socket.getaddrinfo = _look_up_here
