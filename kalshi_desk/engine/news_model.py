"""The trained classifier of news: its file, and which of it the reader has taken.

The engine looks whether the file has changed and hands it to the reader, which has no disk
and judges it.  One that is refused changes nothing: the reader, and a later one too, goes on
with the last that was good.
"""

from __future__ import annotations

import asyncio
from pathlib import Path

from kalshi_desk.core.errors import Refuse
from kalshi_desk.engine.reader_life import ReaderLife
from kalshi_desk.news.messages import ModelTaken, UseModel, file_name

MOST_BYTES = 16 << 20
TRIES = 2
"""So often a reader may end over a file before the file counts as the reason."""
_AS_BEFORE = "News goes on being scored as before. Train it again with: kalshi-desk news train"
_Signature = tuple[int, int, int]


class ModelFile:
    """A file that is read again when it has become another one."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._read: _Signature | None = None

    def has_changed(self) -> bool:
        """Return whether there is another file than the one last read, or none any more."""
        return self._signature() != self._read

    def read(self) -> bytes:
        """Return what is in it, empty where there is none; raises ``Refuse`` with why not."""
        self._read = self._signature()
        if self._path is None or self._read is None:
            return b""
        try:
            with self._path.open("rb") as file:
                found = file.read(MOST_BYTES + 1)
        except OSError as error:
            raise Refuse(
                f"The file of the news classifier can't be read: {error.strerror}.",
                code="model_unreadable",
            ) from None
        if len(found) > MOST_BYTES:
            raise Refuse(
                f"The file of the news classifier has more than {MOST_BYTES:,} bytes.",
                code="model_unreadable",
            )
        return found

    def _signature(self) -> _Signature | None:
        try:
            found = None if self._path is None else self._path.stat()
        except OSError:
            return None
        return None if found is None else (found.st_mtime_ns, found.st_size, found.st_ino)


class ModelHand:
    """Hands the file to one reader after another, and keeps what they answer."""

    def __init__(self, file: ModelFile, life: ReaderLife) -> None:
        self._file = file
        self._life = life
        self._good = b""
        self._asked: bytes | None = None
        self._tries = 0

    def first(self) -> list[UseModel]:
        """Return what a new reader is told: the last good model, then one not answered yet."""
        told = [UseModel(self._good)] if self._good else []
        if self._asked is not None:
            self._tries += 1
            told.append(UseModel(self._asked))
        return told

    async def look(self) -> UseModel | None:
        """Return the file for the reader where it has changed, None where it has not.

        Not while the reader still thinks about an earlier one.
        """
        if self._asked is not None or not self._file.has_changed():
            return None
        try:
            found = await asyncio.to_thread(self._file.read)
        except Refuse as error:
            self._refuse(error.what)
            return None
        if found == self._good:
            self._life.model_fault = ""
            return None
        self._asked, self._tries = found, 1
        return UseModel(found)

    def answered(self, answer: ModelTaken) -> None:
        """Take what the reader says of a file."""
        self._life.model = answer.scorer
        asked = self._asked
        if asked is None or answer.name != file_name(asked):
            return
        self._asked = None
        if answer.fault:
            self._refuse(answer.fault)
        else:
            self._good, self._life.model_fault = asked, ""

    def reader_ended(self) -> None:
        """A reader that ends over the same file twice was ended by it."""
        if self._asked is not None and self._tries >= TRIES:
            self._asked = None
            self._refuse("The file of the news classifier can't be used: the reader ends over it.")

    def _refuse(self, why: str) -> None:
        self._life.model_fault = f"{why} {_AS_BEFORE}"
