"""Starts the practice exchange from the command line and says where it listens."""

from __future__ import annotations

import argparse
import asyncio
import gc
import os
import secrets
import socket
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack, suppress
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from kalshi_desk.exchange.access import KeyPair, KeyRing, load_or_create_key
from kalshi_desk.exchange.catalog_wide import templates_for
from kalshi_desk.exchange.clock import Clock
from kalshi_desk.exchange.host import Host
from kalshi_desk.exchange.rss import PATH as RSS_PATH
from kalshi_desk.exchange.rules import Rules, read_rules
from kalshi_desk.exchange.server import bind, run_until_stopped
from kalshi_desk.exchange.statefile import StateError, StateFile
from kalshi_desk.exchange.venue import DESK, WARM_MINUTES, Venue

_FAILED = 2
_MOST_RATE = 20_000
"""More book changes a second than one core can make."""


class StartError(Exception):
    """The exchange cannot start; the text is one line that says what to do."""


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="kalshi-desk exchange", description="Run the practice exchange on this computer."
    )
    parser.add_argument("--port", type=int, default=0, help="REST port; 0 takes any free one")
    parser.add_argument("--ws-port", type=int, default=0, help="stream port; 0 takes any free one")
    parser.add_argument("--seed", type=int, default=7, help="seed of the simulated crowd")
    parser.add_argument("--json", action="store_true", help="print one JSON line when ready")
    parser.add_argument("--home", type=Path, help="keep key and state under DIR/practice")
    parser.add_argument("--key-dir", type=Path, help="folder of the generated key")
    parser.add_argument("--key-type", choices=("ed25519", "rsa"), default="ed25519")
    parser.add_argument("--state", type=Path, help="file that the exchange survives in")
    parser.add_argument("--until-idle-s", type=float, help="stop after so long without a client")
    parser.add_argument("--speed", type=float, default=1.0, help="exchange seconds per second")
    parser.add_argument(
        "--history-min",
        type=int,
        default=WARM_MINUTES,
        help="minutes of market history to begin with",
    )
    parser.add_argument(
        "--markets", type=int, help="open at least so many markets; a hundred by default"
    )
    parser.add_argument(
        "--rate", type=float, help="book changes a second over all markets; about 130 by default"
    )
    parser.add_argument(
        "--rule",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="another behaviour where the documentation leaves it open; may be repeated",
    )
    parser.add_argument(
        "--clock",
        type=_shared_clock,
        metavar="ORIGIN_NS:ANCHOR_NS:SPEED",
        help="show ORIGIN_NS at ANCHOR_NS of the wall's clock, and run so fast since",
    )
    parser.add_argument("--start", help="exchange time to start at, ISO 8601")
    return parser


def run(argv: list[str]) -> int:
    """Run the exchange until it is stopped; return the exit code (2: could not start)."""
    try:
        options = _parser().parse_args(argv)
    except SystemExit as stop:
        return int(stop.code or 0)
    try:
        with ExitStack() as stack:
            return _run(options, stack)
    except (StartError, StateError) as error:
        print(f"practice exchange: {error}", file=sys.stderr)
        return _FAILED
    except KeyboardInterrupt:
        return 0


def _run(options: argparse.Namespace, stack: ExitStack) -> int:
    if options.speed <= 0:
        raise StartError("--speed must be above 0")
    _check_size(options)
    rest = stack.enter_context(_bound(options.port, "--port"))
    stream = stack.enter_context(_bound(options.ws_port, "--ws-port"))
    key = _key(options, stack)
    state = _state(options)
    clock = _clock(options)
    rules = _rules(options)
    venue = _venue(options, clock.now_ns(), rules, state)
    keys = KeyRing(rules)
    keys.add(key.key_id, key.public, DESK)
    host = Host(venue, clock, keys, state)
    token = secrets.token_urlsafe(16)
    ready = _announcer(options, rest, stream, key, token)
    try:
        asyncio.run(run_until_stopped(host, rest, stream, token, ready, options.until_idle_s))
    finally:
        host.close()
    return 0


def _venue(
    options: argparse.Namespace, origin_ns: int, rules: Rules, state: StateFile | None
) -> Venue:
    # Nothing of a state becomes garbage while it is made, and much of it lives to the end.
    gc.disable()
    try:
        venue = state.load(rules) if state is not None else None
        if venue is not None:
            venue.enlarge(markets=options.markets, book_rate=options.rate)
            return venue
        return Venue.new(
            options.seed,
            origin_ns,
            rules,
            warm_minutes=max(options.history_min, 1),
            markets=options.markets or 0,
            book_rate=options.rate or 0.0,
        )
    finally:
        gc.freeze()
        gc.enable()


def _check_size(options: argparse.Namespace) -> None:
    if options.markets is not None:
        if options.markets < 1:
            raise StartError("--markets must be at least 1")
        try:
            templates_for(options.markets)
        except ValueError as error:
            raise StartError(f"--markets {options.markets}: {error}") from error
    if options.rate is not None and not 0 < options.rate <= _MOST_RATE:
        raise StartError(f"--rate must be above 0 and at most {_MOST_RATE:,}")


def _bound(port: int, option: str) -> socket.socket:
    try:
        return bind(port)
    except (OSError, OverflowError) as error:
        raise StartError(
            f"port {port} cannot be used ({error}): choose another with {option},"
            f" or {option} 0 for any free one"
        ) from error


def _key(options: argparse.Namespace, stack: ExitStack) -> KeyPair:
    folder = options.key_dir
    if folder is None and options.home is not None:
        folder = options.home / "practice"
    if folder is None:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="kalshi-desk-")))
    try:
        return load_or_create_key(folder, options.key_type)
    except (OSError, ValueError) as error:
        raise StartError(
            f"the key folder {folder} cannot be used ({error}): name another with --key-dir"
        ) from error


def _state(options: argparse.Namespace) -> StateFile | None:
    path: Path | None = options.state
    if path is None and options.home is not None:
        path = options.home / "practice" / "exchange.sqlite"
    if path is None:
        return None
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise StartError(f"{path.parent} cannot be made ({error}): name another --state") from error
    return StateFile(path)


def _rules(options: argparse.Namespace) -> Rules:
    try:
        return read_rules(options.rule)
    except ValueError as error:
        raise StartError(f"--rule: {error}") from error


def _clock(options: argparse.Namespace) -> Clock:
    # The wall goes on while a computer sleeps, and members sign with it.
    if options.clock is not None:
        origin, anchor, speed = options.clock
        return Clock(origin, speed, time.time_ns, anchor)
    is_scaled = options.start is not None or options.speed != 1.0
    real_ns = time.monotonic_ns if is_scaled else time.time_ns
    return Clock(_origin(options), options.speed, real_ns)


def _shared_clock(text: str) -> tuple[int, int, float]:
    origin, anchor, speed = text.split(":")
    if float(speed) <= 0:
        raise ValueError
    return int(origin), int(anchor), float(speed)


def _origin(options: argparse.Namespace) -> int:
    if options.start is None:
        return time.time_ns()
    try:
        start = datetime.fromisoformat(options.start)
    except ValueError as error:
        raise StartError(f"--start {options.start!r} is not an ISO 8601 time") from error
    if start.tzinfo is None:
        start = start.replace(tzinfo=UTC)
    return int(start.timestamp()) * 1_000_000_000


def _announcer(
    options: argparse.Namespace,
    rest: socket.socket,
    stream: socket.socket,
    key: KeyPair,
    token: str,
) -> Callable[[], None]:
    base = f"http://127.0.0.1:{rest.getsockname()[1]}"
    line = {
        "rest": f"{base}/trade-api/v2",
        "ws": f"ws://127.0.0.1:{stream.getsockname()[1]}/trade-api/ws/v2",
        "admin": f"{base}/admin/{token}",
        "news": f"{base}{RSS_PATH}",
        "key_id": key.key_id,
        "private_key_path": str(key.path),
        "pid": os.getpid(),
    }

    words = (
        f"Practice exchange ready at {line['rest']} (stream {line['ws']}).\n"
        f"Key {line['key_id']} in {line['private_key_path']}; Ctrl+C stops it."
    )

    def announce() -> None:
        # Whoever started it may be gone already; then idleness or a signal ends it.
        with suppress(BrokenPipeError):
            print(msgspec.json.encode(line).decode() if options.json else words, flush=True)

    return announce


if __name__ == "__main__":
    sys.exit(run(sys.argv[1:]))
