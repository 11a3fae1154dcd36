"""Recordings of the stream: verbatim frames in crash-safe chunks, and foreign captures read too.

A recording is a row of complete zstd frames of JSON lines.  A line is either
``{"recv_ns", "conn", "dir", "frame"}`` with the frame verbatim, the same with ``raw``
(base64) when the bytes are not one line of JSON, or ``{"meta": {...}}``.
Foreign captures are the readable subset ``{"recv_ns", "frame"}``.
"""

from __future__ import annotations

import base64
import os
import zlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import IO, Any, Protocol

import msgspec
import zstandard

from kalshi_desk.core.errors import Refuse
from kalshi_desk.core.records import Event, Market

_GZIP_MAGIC = b"\x1f\x8b"
_ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"
_READ_BYTES = 64 << 10
_MAX_LINE_BYTES = 64 << 20
_CHUNK_BYTES = 256 << 10
_CHUNK_NS = 1_000_000_000
_FRAME_LINE = b'{"recv_ns":%d,"conn":%d,"dir":"%b","frame":%b}\n'
_RAW_LINE = b'{"recv_ns":%d,"conn":%d,"dir":"%b","raw":"%b"}\n'
FORMAT_VERSION = 1


class RecordedFrame(msgspec.Struct, frozen=True, gc=False):
    """One line of a recording that holds a frame; ``problem`` says why it can't be read."""

    line: int
    recv_ns: int
    frame: bytes
    connection: int = 0
    is_outgoing: bool = False
    problem: str = ""


class RecordedMeta(msgspec.Struct, frozen=True):
    """One line about the recording itself: its kind and what it says."""

    line: int
    kind: str
    content: dict[str, Any]


class _Line(msgspec.Struct, gc=False):
    recv_ns: int = 0
    frame: msgspec.Raw = msgspec.Raw()
    conn: int = 0
    dir: str = "in"
    raw: str | None = None
    meta: msgspec.Raw = msgspec.Raw()


_decode_line = msgspec.json.Decoder(_Line).decode


class FrameRecorder:
    """Appends frames to a new file; what was flushed survives a crash of the process.

    An earlier recording is never touched: when the name is taken, ``path`` becomes the
    next free one.

    Frames gather in memory and become one complete zstd frame when they are 256 KiB, or
    a second old when the next one comes; a caller that calls ``flush`` once a second
    loses at most the last second to a kill.  ``record`` never raises:
    a full disk stops the recording, ``problem`` says so, and trading goes on.
    """

    def __init__(self, path: Path, *, level: int = 1) -> None:
        self.path = path
        self.problem = ""
        self.frames = 0
        self._compressor = zstandard.ZstdCompressor(level=level)
        self._lines: list[bytes] = []
        self._bytes = 0
        self._began_ns = 0
        self._file: IO[bytes] | None = None
        self._open()

    def _open(self) -> None:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self.path = _free_name(self.path)
            descriptor = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except OSError as error:
            raise Refuse(
                f"The recording {self.path} can't be written: {error.strerror}.",
                code="recording_unwritable",
                todo="Choose another folder or free the disk; nothing was recorded.",
            ) from None
        self._file = os.fdopen(descriptor, "wb", buffering=0)
        self.write_meta("recording", {"version": FORMAT_VERSION})

    def write_meta(self, kind: str, content: dict[str, Any]) -> None:
        """Append a line about the recording: a connection, the markets, their titles."""
        body = msgspec.json.encode({"kind": kind, **content})
        self._append(b'{"meta":%b}\n' % body, int(content.get("recv_ns", 0)))

    def write_markets(
        self, markets: Sequence[Market], events: Sequence[Event], *, recv_ns: int = 0
    ) -> None:
        """Describe markets and events, so that a replay shows titles, grids and fees."""
        content: dict[str, Any] = {"recv_ns": recv_ns} if recv_ns else {}
        content["markets"] = msgspec.to_builtins(markets)
        content["events"] = msgspec.to_builtins(events)
        self.write_meta("markets", content)

    def begin_connection(self, connection: int, *, yes_prices: bool, recv_ns: int) -> None:
        """Say that the following frames belong to a new connection and how it encodes prices."""
        content = {"conn": connection, "yes_prices": yes_prices, "recv_ns": recv_ns}
        self.write_meta("connection", content)

    def record(
        self, recv_ns: int, frame: bytes, connection: int = 0, *, is_outgoing: bool = False
    ) -> None:
        """Append one frame exactly as it was on the wire."""
        self.frames += 1
        way = b"out" if is_outgoing else b"in"
        body = frame[:-1] if frame.endswith(b"\n") else frame
        if body.startswith(b"{") and body.endswith(b"}") and b"\n" not in body:
            line = _FRAME_LINE % (recv_ns, connection, way, body)
        else:
            line = _RAW_LINE % (recv_ns, connection, way, base64.b64encode(frame))
        self._append(line, recv_ns)

    def flush(self) -> None:
        """Write what has gathered as one complete chunk and hand it to the system."""
        if not self._lines or self._file is None:
            return
        chunk = self._compressor.compress(b"".join(self._lines))
        self._lines.clear()
        self._bytes = 0
        self._began_ns = 0
        try:
            view = memoryview(chunk)
            while view:
                view = view[self._file.write(view) :]
        except OSError as error:
            self.problem = f"The recording {self.path} stopped: {error.strerror}."
            self._file.close()
            self._file = None

    def close(self) -> None:
        """Flush and close; the file is complete afterwards."""
        self.flush()
        if self._file is not None:
            self._file.close()
            self._file = None

    def _append(self, line: bytes, recv_ns: int) -> None:
        if self._file is None:
            return
        self._lines.append(line)
        self._bytes += len(line)
        if recv_ns and not self._began_ns:
            self._began_ns = recv_ns
        is_old = self._began_ns and recv_ns - self._began_ns > _CHUNK_NS
        if self._bytes >= _CHUNK_BYTES or is_old:
            self.flush()


def _free_name(path: Path) -> Path:
    """Return ``path``, or with a number before its suffixes when it is taken."""
    name, dot, suffixes = path.name.partition(".")
    number = 1
    free = path
    while free.exists():
        number += 1
        free = path.with_name(f"{name}-{number}{dot}{suffixes}")
    return free


def read_frames(path: Path | str) -> Iterator[RecordedFrame | RecordedMeta]:
    """Yield every line of a recording or a foreign capture, in order.

    A line that can't be read comes with a ``problem``; a file that breaks off is read
    up to the break.  Raises ``Refuse`` when there is no such file to read.
    """
    for number, line in enumerate(_lines(Path(path)), start=1):
        if isinstance(line, str):
            yield RecordedFrame(number, 0, b"", problem=line)
            continue
        try:
            parsed = _decode_line(line)
            yield _read_line(number, parsed)
        except (msgspec.MsgspecError, ValueError, RecursionError) as error:
            yield RecordedFrame(number, 0, b"", problem=str(error) or type(error).__name__)


def _read_line(number: int, parsed: _Line) -> RecordedFrame | RecordedMeta:
    frame = bytes(parsed.frame)
    if not frame:
        meta = bytes(parsed.meta)
        if meta:
            content = msgspec.json.decode(meta, type=dict[str, Any])
            return RecordedMeta(number, str(content.pop("kind", "")), content)
        if parsed.raw is None:
            raise ValueError("the line holds no frame")
        frame = base64.b64decode(parsed.raw, validate=True)
    return RecordedFrame(number, parsed.recv_ns, frame, parsed.conn, parsed.dir == "out")


def _lines(path: Path) -> Iterator[bytes | str]:
    """Yield lines without their end; a string tells why the rest can't be read."""
    rest = b""
    blocks = _blocks(path)
    while True:
        try:
            block = next(blocks)
        except StopIteration:
            break
        except (zstandard.ZstdError, zlib.error, EOFError, OSError) as error:
            if isinstance(error, OSError) and error.errno is not None:
                raise _cannot_open(path, error) from None
            lost = f" after {len(rest)} bytes of a line" if rest else ""
            yield f"the file breaks off here{lost}: {error}"
            return
        lines = (rest + block).split(b"\n")
        rest = lines.pop()
        if len(rest) > _MAX_LINE_BYTES:
            yield "the line has no end: this is no recording"
            return
        yield from lines
    if rest:
        yield rest


def _cannot_open(path: Path, error: OSError) -> Refuse:
    return Refuse(
        f"The recording {path} can't be opened: {error.strerror}.",
        code="recording_unreadable",
        todo="Check the path; recordings end in .jsonl.zst, captures in .jsonl.gz.",
    )


def _blocks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        magic = file.read(4)
        file.seek(0)
        if magic[:2] == _GZIP_MAGIC:
            yield from _member_blocks(file, lambda: zlib.decompressobj(wbits=31))
        elif magic == _ZSTD_MAGIC:
            unpacker = zstandard.ZstdDecompressor()
            yield from _member_blocks(file, unpacker.decompressobj)
        else:
            while block := file.read(_READ_BYTES):
                yield block


class _Unpacker(Protocol):
    """What zlib and zstandard offer alike for one compressed member."""

    @property
    def eof(self) -> bool: ...

    @property
    def unused_data(self) -> bytes: ...

    def decompress(self, data: bytes, /) -> bytes: ...


def _member_blocks(file: IO[bytes], begin: Callable[[], _Unpacker]) -> Iterator[bytes]:
    """Unpack members one after another, so that a break keeps all before it."""
    unpacker = begin()
    is_inside = False
    while data := file.read(_READ_BYTES):
        while data:
            if unpacker.eof:
                data = data.lstrip(b"\0")
                if not data:
                    break
                unpacker = begin()
            block = unpacker.decompress(data)
            is_inside = not unpacker.eof
            yield block
            data = unpacker.unused_data if unpacker.eof else b""
    if is_inside:
        raise EOFError("the compressed data is not complete")
