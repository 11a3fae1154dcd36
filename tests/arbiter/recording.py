"""A proxy on loopback that passes every request on to an exchange and keeps both halves."""

from __future__ import annotations

import http.client
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlsplit

_HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding", "host", "content-length"}


@dataclass(slots=True)
class Exchanged:
    """One request and its answer; ``path`` is without the query."""

    method: str
    path: str
    query: list[tuple[str, str]]
    request_type: str
    request: bytes
    status: int
    response_type: str
    response: bytes


Alter = Callable[[str, str, bytes], bytes]
"""Takes method, path and body of an answer and returns the body to pass on."""


def _as_it_is(method: str, path: str, body: bytes) -> bytes:
    return body


@dataclass(slots=True)
class Recorder:
    """Where the proxy listens, and everything that went through it."""

    url: str
    seen: list[Exchanged] = field(default_factory=list)


@contextmanager
def recording(target: str, alter: Alter = _as_it_is) -> Iterator[Recorder]:
    """Record what goes to ``target`` (scheme, host, port and maybe a path to keep).

    ``alter`` may put another body in place of the one that the exchange answered.
    """
    parts = urlsplit(target)
    recorder = Recorder(url="")
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(parts.netloc, recorder, alter))
    server.daemon_threads = True
    recorder.url = f"http://127.0.0.1:{server.server_port}{parts.path}"
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield recorder
    finally:
        server.shutdown()
        server.server_close()
        thread.join(10)


def _handler(netloc: str, recorder: Recorder, alter: Alter) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def handle_any(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            sent = {k: v for k, v in self.headers.items() if k.lower() not in _HOP_BY_HOP}
            connection = http.client.HTTPConnection(netloc, timeout=60)
            try:
                connection.request(self.command, self.path, body or None, sent)
                answer = connection.getresponse()
                content = alter(self.command, urlsplit(self.path).path, answer.read())
            finally:
                connection.close()
            split = urlsplit(self.path)
            recorder.seen.append(
                Exchanged(
                    method=self.command,
                    path=split.path,
                    query=parse_qsl(split.query, keep_blank_values=True),
                    request_type=self.headers.get("Content-Type", ""),
                    request=body,
                    status=answer.status,
                    response_type=answer.headers.get("Content-Type", ""),
                    response=content,
                )
            )
            self.send_response_only(answer.status)
            for name, value in answer.headers.items():
                if name.lower() not in _HOP_BY_HOP:
                    self.send_header(name, value)
            if answer.status != 204:
                self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            """Stay silent."""

        do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = handle_any  # noqa: N815

    return Handler
