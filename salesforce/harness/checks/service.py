"""The service as the page reaches it: the demo's own answers, or what a check puts in their place."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple
from urllib.error import HTTPError
from urllib.parse import parse_qsl, urlsplit
from urllib.request import Request, urlopen

SILENCE_SECONDS = 12  # longer than the time limit of Apex

Instead = Callable[["Handler"], None]
Mend = Callable[[str, dict[str, Any]], dict[str, Any]]


class Changes(NamedTuple):
    """One answer of the feed, and what was asked."""

    query: dict[str, str]
    changes: list[dict[str, Any]]


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.0"
    service: "Service"

    def do_GET(self) -> None:
        self._answer(None)

    def do_POST(self) -> None:
        self._answer(self.rfile.read(int(self.headers.get("Content-Length", 0))))

    def _answer(self, body: bytes | None) -> None:
        if self.service.instead is not None:
            self.service.instead(self)
            return
        headers = {"X-API-Key": self.service.key or self.headers["X-API-Key"], "Content-Type": "application/json"}
        try:
            with urlopen(Request(self.service.behind + self.path, data=body, headers=headers)) as answer:
                self.say(answer.status, self.service.mended(self.path, answer.read()))
        except HTTPError as error:
            self.say(error.code, error.read())

    def say(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Quiet."""


class Service:
    """Listens from the start; `behind` is the demo's address. One `with` at a time."""

    def __init__(self, behind: str) -> None:
        self.behind = behind
        self.instead: Instead | None = None
        self.key = ""
        self._mend: Mend | None = None
        handler = type("BoundHandler", (Handler,), {"service": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def mended(self, path: str, body: bytes) -> bytes:
        return body if self._mend is None else json.dumps(self._mend(path, json.loads(body))).encode()

    @contextmanager
    def answering(self, status: int, body: str, headers: dict[str, str] | None = None) -> Iterator[None]:
        """Every request gets this."""
        yield from self._with(instead=lambda handler: handler.say(status, body.encode(), headers))

    @contextmanager
    def silent(self) -> Iterator[None]:
        """Connections are taken, and nothing comes."""
        yield from self._with(instead=lambda _: time.sleep(SILENCE_SECONDS))

    @contextmanager
    def with_key(self, key: str) -> Iterator[None]:
        """The demo itself answers, to another key."""
        yield from self._with(key=key)

    @contextmanager
    def mending(self, mend: Mend) -> Iterator[None]:
        """The demo's answers are changed on their way: `mend(path, answer)`."""
        yield from self._with(_mend=mend)

    @contextmanager
    def without_news(self) -> Iterator[list[Changes]]:
        """No change comes in; tells which other pages of changes the service was asked for and answered."""
        pages: list[Changes] = []

        def listen(path: str, answer: dict[str, Any]) -> dict[str, Any]:
            query = dict(parse_qsl(urlsplit(path).query))
            if "after" in query:
                return answer | {"changes": []}
            if "changes" in answer:
                pages.append(Changes(query, answer["changes"]))
            return answer

        with self.mending(listen):
            yield pages

    def _with(self, **values: Any) -> Iterator[None]:
        before = {name: getattr(self, name) for name in values}
        self.__dict__.update(values)
        try:
            yield
        finally:
            self.__dict__.update(before)
