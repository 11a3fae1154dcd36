"""A loopback server that answers subscriptions and then sends all frames as fast as it can.

The path names the file of frames to send; prints its port when ready.
"""

import asyncio
import json
import sys
from pathlib import Path

from websockets.asyncio.server import serve

STARTERS = {"orderbook_delta", "market_lifecycle_v2"}


async def main(folder):
    files = {f"/{path.name}": path.read_bytes().split(b"\n") for path in Path(folder).iterdir()}

    async def handle(socket):
        frames = files[socket.request.path]
        async for command in socket:
            asked = json.loads(command)
            channels = asked["params"]["channels"]
            for number, channel in enumerate(channels):
                body = {"channel": channel, "sid": 100 * asked["id"] + number}
                await socket.send(
                    json.dumps({"type": "subscribed", "id": asked["id"], "msg": body})
                )
            if STARTERS & set(channels):
                for frame in frames:
                    await socket.send(frame, text=True)

    async with serve(handle, "127.0.0.1", 0, compression=None, max_size=None) as server:
        print(server.sockets[0].getsockname()[1], flush=True)
        await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
