"""Drives an exchange with one of the official SDKs and prints one JSON line per call.

Usage: ``drive.py async|sync HOST ADMIN KEY_ID KEY_FILE``, run by the Python that has the SDKs.
Operations that the session does not call are called with made-up arguments at the end.
"""

from __future__ import annotations

import asyncio
import sys
import traceback
from pathlib import Path

from face import Face, operations
from session import Session, whole_day


async def main(kind: str, host: str, admin: str, key_id: str, key_file: str) -> int:
    """Return 0 when everything was called, whatever the answers were."""
    face = Face(kind, host, key_id, Path(key_file).read_text())
    ended = True
    try:
        await whole_day(Session(face, admin))
    except Exception:
        # What was called until then still says where it broke.
        traceback.print_exc()
        ended = False
    called = {row.name for row in face.rows}
    for name, *_ in operations(face.package):
        if name not in called:
            await face.probe(name)
    await face.close()
    for row in face.rows:
        print(row.line())
    return 0 if ended else 1


if __name__ == "__main__":
    sys.exit(asyncio.run(main(*sys.argv[1:])))
