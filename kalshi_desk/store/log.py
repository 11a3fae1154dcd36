"""The structured log: one JSON object a line, rotated by size, written beside the loop.

No secret is in it: what is known to be one is registered, what looks like one is cut out,
in the text as well as in a traceback.
"""

from __future__ import annotations

import logging
import logging.handlers
import queue
import re
import time
from pathlib import Path

import msgspec

from kalshi_desk.core.text import clean
from kalshi_desk.store.files import PRIVATE_FILE, cannot_write

LEVELS = ("debug", "info", "warning", "error")
MOST_TEXT = 2_000
MOST_TRACE = 8_000
CUT = "[secret]"
PACKAGE = "kalshi_desk."
_CHATTY = ("httpx", "httpcore", "websockets", "asyncio", "telegram", "apscheduler")
_SHAPES = (
    re.compile(r"-----BEGIN[A-Z ]*PRIVATE KEY-----.*?(?:-----END[A-Z ]*PRIVATE KEY-----|\Z)", re.S),
    re.compile(r"(?i)\d{6,12}(?::|%3a)[A-Za-z0-9_-]{30,}"),
    re.compile(r"(?i)(?<=bearer )[A-Za-z0-9._~+/=-]{8,}"),
    re.compile(r"(?i)authorization\W{1,6}basic\s+[A-Za-z0-9+/=_-]{8,}"),
    re.compile(r"(?i)(?<=kalshi-access-signature)\W{1,6}[A-Za-z0-9+/=_-]+"),
    re.compile(r"(?<=://)[^\s/@]*:[^\s/@]+(?=@)"),
    re.compile(r"(?i)(?<=[?&])(?:access_)?(?:token|api_?key|key|secret|password)=[^\s&#]+"),
)
"""Private keys, tokens of bots, bearer tokens, passwords, signatures, secrets of addresses."""
_LEAST_SECRET = 8


class LogRecordLine(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One line of the file: ``n`` is the time in nanoseconds and grows from line to line."""

    n: int
    at: str
    level: str
    source: str
    text: str
    fields: dict[str, str] = {}
    trace: str = ""


def set_level(level: str) -> None:
    """Keep what is at least so grave from now on."""
    logging.getLogger().setLevel(level.upper())


class Redactor:
    """Cuts secrets out of text: those it was told of, and what has the shape of one."""

    def __init__(self) -> None:
        self._known: set[str] = set()

    def learn(self, secret: str) -> None:
        """Remember a secret; what is too short to be one is left alone."""
        if len(secret.strip()) >= _LEAST_SECRET:
            self._known.add(secret.strip())

    def cut(self, text: str) -> str:
        """Return the text without secrets."""
        for secret in self._known:
            text = text.replace(secret, CUT)
        for shape in _SHAPES:
            text = shape.sub(CUT, text)
        return text


class JsonLines(logging.Formatter):
    """Makes a record one line of JSON; ``extra={"fields": {...}}`` adds named values."""

    def __init__(self, redactor: Redactor) -> None:
        super().__init__()
        self._redactor = redactor
        self._newest = 0

    def format(self, record: logging.LogRecord) -> str:
        """Return the line of a record."""
        self._newest = max(self._newest + 1, int(record.created * 1_000_000_000))
        level = record.levelname.lower()
        fields: dict[str, object] = getattr(record, "fields", None) or {}
        trace = self.formatException(record.exc_info) if record.exc_info else record.exc_text or ""
        line = LogRecordLine(
            n=self._newest,
            at=time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
            + f".{int(record.msecs):03d}Z",
            level=level if level in LEVELS else "error" if level == "critical" else "info",
            source=record.name.removeprefix(PACKAGE),
            text=clean(self._redactor.cut(record.getMessage()), MOST_TEXT),
            fields={
                name: clean(self._redactor.cut(str(value)), MOST_TEXT)
                for name, value in fields.items()
                if value not in ("", None)
            },
            trace=self._redactor.cut(trace)[-MOST_TRACE:],
        )
        return msgspec.json.encode(line).decode()


class Log:
    """The log of one process; what is said goes through a queue to a thread that writes."""

    def __init__(
        self, path: Path, *, level: str = "info", file_mb: int = 5, files: int = 5
    ) -> None:
        self.redactor = Redactor()
        try:
            handler = logging.handlers.RotatingFileHandler(
                path, maxBytes=file_mb * 1_000_000, backupCount=files, encoding="utf-8"
            )
            path.chmod(PRIVATE_FILE)
        except OSError as error:
            raise cannot_write(path, error) from error
        handler.setFormatter(JsonLines(self.redactor))
        lines: queue.SimpleQueue[logging.LogRecord] = queue.SimpleQueue()
        self._gate = _Queued(lines)
        self._writer = logging.handlers.QueueListener(lines, handler)
        self._file = handler
        root = logging.getLogger()
        root.addHandler(self._gate)
        set_level(level)
        for chatty in _CHATTY:
            logging.getLogger(chatty).setLevel(logging.WARNING)
        self._writer.start()

    def close(self) -> None:
        """Write what waits."""
        logging.getLogger().removeHandler(self._gate)
        self._writer.stop()
        self._file.close()


class _Queued(logging.handlers.QueueHandler):
    """Hands records over as they are: the formatter, not the queue, reads their parts."""

    def prepare(self, record: logging.LogRecord) -> logging.LogRecord:
        record.msg, record.args = record.getMessage(), None
        return record
