"""The process that reads the news: fetches, compares and scores, and touches no disk.

Started by the engine; it hears messages on standard input and answers on standard output.
It knows no key and no account, and ends when the engine has gone.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
import threading
from collections.abc import Callable
from typing import BinaryIO

import msgspec

from kalshi_desk.news.bureau import Bureau
from kalshi_desk.news.messages import Alive, FromWorker, ToWorker, pack, read_from

NICENESS = 10
ALIVE_S = 10.0
END_S = 2.0


async def serve(source: BinaryIO, sink: BinaryIO) -> None:
    """Read news until the engine has gone."""

    def say(message: FromWorker) -> None:
        sink.write(pack(message))
        sink.flush()

    loop = asyncio.get_running_loop()
    bureau = Bureau(say)
    gone = asyncio.Event()

    def listen() -> None:
        decoder = msgspec.msgpack.Decoder(ToWorker)
        with contextlib.suppress(OSError, RuntimeError):
            while (body := read_from(source)) is not None:
                loop.call_soon_threadsafe(bureau.hear, decoder.decode(body))
        with contextlib.suppress(RuntimeError):
            loop.call_soon_threadsafe(gone.set)
        # Whatever the loop may be busy with: nobody reads its answers any more.
        threading.Event().wait(END_S)
        os._exit(0)

    threading.Thread(target=listen, name="engine", daemon=True).start()
    working = [asyncio.create_task(bureau.run()), asyncio.create_task(_keep_saying_alive(say))]
    waiting = asyncio.create_task(gone.wait())
    done, _ = await asyncio.wait({*working, waiting}, return_when=asyncio.FIRST_COMPLETED)
    for task in (*working, waiting):
        task.cancel()
    await asyncio.gather(*working, waiting, return_exceptions=True)
    for task in done - {waiting}:
        task.result()


async def _keep_saying_alive(say: Callable[[FromWorker], None]) -> None:
    while True:
        say(Alive())
        await asyncio.sleep(ALIVE_S)


def main() -> None:
    """Run as ``python -m kalshi_desk.news.worker``."""
    source, sink = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    # What a library prints must not break the stream of messages.
    os.dup2(2, 1)
    # A person's Ctrl+C reaches the whole group; the engine ends this process in its own time.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with contextlib.suppress(OSError):
        os.nice(NICENESS)
    code = 0
    try:
        asyncio.run(serve(source, sink))
    except (BrokenPipeError, KeyboardInterrupt):
        pass
    except Exception:
        code = 1
    # Not by the interpreter's own end: it would wait for a thread that may be stuck.
    os._exit(code)


if __name__ == "__main__":
    main()
