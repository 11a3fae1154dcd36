"""Unpacks an answer as it comes in and stops at a limit: a few bytes can mean gigabytes."""

from __future__ import annotations

import zlib

_GZIP_OR_ZLIB = 47
_GZIP = b"\x1f\x8b"


class Unpackable(Exception):
    """Bytes that can't be unpacked or become too many; its text says so to a person."""


class Body:
    """Collects one answer; ``limit`` bounds the bytes as sent and as unpacked."""

    def __init__(self, encoding: str, limit: int) -> None:
        encoding = encoding.strip().lower()
        if encoding not in ("", "identity", "gzip", "x-gzip", "deflate"):
            raise Unpackable(f"its answer is packed as {encoding[:20]!r}, which was not asked for")
        self._limit = limit
        self._sent = 0
        self._parts: list[bytes] = []
        self._length = 0
        self._is_packed = encoding not in ("", "identity")
        self._unpacker = zlib.decompressobj(_GZIP_OR_ZLIB)
        self._rest = b""

    def add(self, chunk: bytes) -> None:
        """Take the next bytes; raises ``Unpackable``."""
        self._sent += len(chunk)
        if self._sent > self._limit:
            raise self._too_large()
        if not self._is_packed:
            self._keep(chunk)
            return
        chunk, self._rest = self._rest + chunk, b""
        while chunk:
            if self._unpacker.eof:
                # Another part may follow; what is none is padding.
                if len(chunk) < len(_GZIP):
                    self._rest = chunk
                if not chunk.startswith(_GZIP):
                    return
                self._unpacker = zlib.decompressobj(_GZIP_OR_ZLIB)
            try:
                self._keep(self._unpacker.decompress(chunk, self._limit - self._length + 1))
            except zlib.error as error:
                raise Unpackable("its answer is packed wrongly") from error
            chunk = self._unpacker.unused_data if self._unpacker.eof else b""

    def whole(self) -> bytes:
        """Return the whole answer; raises ``Unpackable`` when its end is missing."""
        if self._is_packed and self._sent and not self._unpacker.eof:
            raise Unpackable("its packed answer breaks off")
        return b"".join(self._parts)

    def _keep(self, part: bytes) -> None:
        self._length += len(part)
        if self._length > self._limit:
            raise self._too_large()
        self._parts.append(part)

    def _too_large(self) -> Unpackable:
        return Unpackable(f"its answer is larger than {self._limit / 1e6:g} MB")
