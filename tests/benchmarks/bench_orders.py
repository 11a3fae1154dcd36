"""Creating and canceling orders on loopback from the desk's client, signing included.

Run with ``python tests/benchmarks/bench_orders.py``; about a minute.  With RSA and with
Ed25519 keys, one order after another and many at once, against the practice exchange; beside
it bare ``httpx`` posting the same bytes, signed beforehand, to the same exchange.
"""

import asyncio
import contextlib
import json
import re
import subprocess
import sys
import time
import uuid
from pathlib import Path
from urllib.parse import urlsplit

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import httpx

from kalshi_desk.core.records import OrderIntent
from kalshi_desk.core.types import BookSide, Count, Price
from kalshi_desk.engine.clock import WallClock
from kalshi_desk.kalshi.environment import practice
from kalshi_desk.kalshi.rest import RestClient
from kalshi_desk.kalshi.signing import Signer, load_private_key
from tests.benchmarks.pty_rig import ROOT, median, percentile, print_table

ORDERS, AT_ONCE, WARM, REPEATS = 400, 32, 40, 3
RULES = ("write_refill=100000", "read_refill=100000")
SOCKETS, LENGTH = 8, re.compile(rb"(?i)content-length: (\d+)")
PATH = "/portfolio/events/orders"


@contextlib.contextmanager
def exchange(key_type):
    """Run a practice exchange whose token buckets do not bind."""
    rules = [part for rule in RULES for part in ("--rule", rule)]
    command = [sys.executable, "-m", "kalshi_desk.exchange.main", "--port", "0", "--json"]
    process = subprocess.Popen(
        [*command, "--history-min", "1", "--key-type", key_type, *rules],
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )
    try:
        yield json.loads(process.stdout.readline())
    finally:
        process.terminate()
        process.wait(15)
        process.stdout.close()


def intent(ticker):
    """Return an order far from the market."""
    return OrderIntent(
        client_order_id=str(uuid.uuid4()),
        ticker=ticker,
        side=BookSide.BID,
        price=Price(100),
        count=Count(100),
        created_ns=time.time_ns(),
    )


async def timed(work):
    """Return the milliseconds that one call took."""
    began = time.perf_counter()
    await work
    return (time.perf_counter() - began) * 1_000


async def one_after_another(create, count):
    """Return the milliseconds of each of so many creates."""
    for _ in range(WARM):
        await create()
    return [await timed(create()) for _ in range(count)]


async def many_at_once(create, count):
    """Return orders per second with so many under way at a time."""
    left = iter(range(count))

    async def worker():
        for _ in left:
            await create()

    began = time.perf_counter()
    await asyncio.gather(*(worker() for _ in range(AT_ONCE)))
    return count / (time.perf_counter() - began)


def body_of(ticker):
    """Return a create request as bytes."""
    return json.dumps(
        {
            "ticker": ticker,
            "side": "bid",
            "count": "1.00",
            "price": "0.0100",
            "client_order_id": str(uuid.uuid4()),
            "time_in_force": "good_till_canceled",
            "self_trade_prevention_type": "taker_at_cross",
        }
    ).encode()


async def bare(ready, signer, ticker):
    """Return the milliseconds of creates with bare httpx and headers signed beforehand."""
    stamp = time.time_ns() // 1_000_000
    headers = signer.headers("POST", f"/trade-api/v2{PATH}", stamp)
    headers["Content-Type"] = "application/json"
    bodies = iter([body_of(ticker) for _ in range(ORDERS + WARM)])
    async with httpx.AsyncClient(trust_env=False) as http:

        async def create():
            answer = await http.post(ready["rest"] + PATH, content=next(bodies), headers=headers)
            if answer.status_code != 201:
                raise AssertionError(answer.text)

        return await one_after_another(create, ORDERS)


async def raw_sockets(ready, signer, ticker, count):
    """Return orders per second that the exchange itself takes: ready bytes, a few sockets."""
    address = urlsplit(ready["rest"])
    path = address.path + PATH
    headers = signer.headers("POST", path, time.time_ns() // 1_000_000)
    head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    bodies = [body_of(ticker) for _ in range(count)]
    requests = iter(
        f"POST {path} HTTP/1.1\r\nHost: exchange\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n{head}\r\n".encode()
        + body
        for body in bodies
    )

    async def worker():
        reader, writer = await asyncio.open_connection(address.hostname, address.port)
        for request in requests:
            writer.write(request)
            answer = await reader.readuntil(b"\r\n\r\n")
            if b" 201 " not in answer.partition(b"\r\n")[0]:
                raise AssertionError(answer)
            await reader.readexactly(int(LENGTH.search(answer)[1]))
        writer.close()

    began = time.perf_counter()
    await asyncio.gather(*(worker() for _ in range(SOCKETS)))
    return count / (time.perf_counter() - began)


async def measure(key_type):
    """Return the figures of one run with one kind of key."""
    with exchange(key_type) as ready:
        signer = Signer(ready["key_id"], load_private_key(Path(ready["private_key_path"])))
        rest = RestClient(practice(ready["rest"], ready["ws"]), signer, WallClock())
        await rest.limits()
        await rest.endpoint_costs()
        ticker = next(m.ticker for m in await rest.markets(status="open") if m.shard == 0)

        async def create():
            answer = await rest.create_order(intent(ticker))
            if answer.remaining != Count(100):
                raise AssertionError(answer)

        yardstick = await bare(ready, signer, ticker)
        await rest.cancel_all()
        alone = await one_after_another(create, ORDERS)
        await rest.cancel_all()
        rate = await many_at_once(create, ORDERS * 2)
        cancel = await timed(rest.cancel_all())
        served = await raw_sockets(ready, signer, ticker, ORDERS * 2)
        await rest.close()
    base, own = percentile(yardstick, 0.5), percentile(alone, 0.5)
    return {
        "bare httpx, signed before: p50, ms": base,
        "desk's client: p50, ms": own,
        "desk's client: p99, ms": percentile(alone, 0.99),
        "desk's p50 to bare httpx's": own / base,
        f"desk's client, {AT_ONCE} at once: orders/s": rate,
        f"raw requests on {SOCKETS} sockets: orders/s": served,
        f"cancel all {ORDERS * 2}: ms": cancel,
    }


def main():
    for key_type in ("ed25519", "rsa"):
        runs = [asyncio.run(measure(key_type)) for _ in range(REPEATS)]
        rows = []
        for name in runs[0]:
            values = [run[name] for run in runs]
            spread = (min(values), median(values), max(values))
            rows.append([name, *(f"{value:,.2f}" for value in spread)])
        title = f"Orders through the practice exchange, {key_type}, {REPEATS} runs"
        print_table(title, ("", "min", "median", "max"), rows)


if __name__ == "__main__":
    main()
