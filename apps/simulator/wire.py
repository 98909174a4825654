"""One HTTP exchange down to its connection: reads the request, sends an answer, whole or dripping, or breaks off."""

import asyncio
import os
import socket
import struct
from typing import Any

from starlette.types import Receive, Scope, Send

from apps.simulator.answers import Answer, Headers, RestError
from apps.simulator.clock import http_date

MAX_BODY_BYTES = 50_000_000
_RST_ON_CLOSE = struct.pack("ii", 1, 0)


class Exchange:
    """A request and the way back. `gone` turns true once the client has hung up."""

    __slots__ = ("_receive", "_scope", "_send", "gone", "method", "path")

    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._scope = scope
        self._receive = receive
        self._send = send
        self.method: str = scope["method"]
        self.path: str = scope["path"]
        self.gone = False

    @property
    def query_string(self) -> str:
        query: bytes = self._scope["query_string"]
        return query.decode("latin-1")

    @property
    def bearer(self) -> str:
        """The access token of the Authorization header, or an empty text."""
        for name, value in self._scope["headers"]:
            if name == b"authorization":
                kind, _, token = value.decode("latin-1").partition(" ")
                return token.strip() if kind.lower() in ("bearer", "oauth") else ""
        return ""

    async def body(self) -> bytes:
        """The request's body; RestError 413 above 50 MB."""
        body = bytearray()
        while True:
            message = await self._receive()
            if message["type"] == "http.disconnect":
                self.gone = True
                return bytes(body)
            body += message.get("body", b"")
            if len(body) > MAX_BODY_BYTES:
                raise RestError(413, "REQUEST_TOO_LARGE", "The request is too large.")
            if not message.get("more_body"):
                return bytes(body)

    async def send(self, answer: Answer, now: float, extra: Headers | None = None) -> None:
        headers = [
            *answer.headers,
            (b"content-length", b"%d" % len(answer.body)),
            (b"date", http_date(now)),
            *(extra or ()),
        ]
        await self._send({"type": "http.response.start", "status": answer.status, "headers": headers})
        await self._send({"type": "http.response.body", "body": answer.body})

    async def start(self, status: int, headers: Headers, now: float) -> None:
        """The head of an answer that comes in pieces."""
        await self._send(
            {"type": "http.response.start", "status": status, "headers": [*headers, (b"date", http_date(now))]}
        )

    async def piece(self, data: bytes, *, last: bool = False) -> None:
        await self._send({"type": "http.response.body", "body": data, "more_body": not last})

    async def wait(self, seconds: float) -> bool:
        """Real seconds pass; True if the client is still there afterwards."""
        if seconds > 0 and not self.gone:
            try:
                await asyncio.wait_for(self._hung_up(), seconds)
                self.gone = True
            except TimeoutError:
                pass
        return not self.gone

    async def _hung_up(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass

    async def reset(self) -> None:
        """Breaks the connection off with a TCP reset, without an answer or a TLS goodbye."""
        transport: Any = self._scope["extensions"]["simulator.transport"]
        descriptor = transport.get_extra_info("socket").fileno()
        with socket.socket(fileno=os.dup(descriptor)) as duplicate:
            duplicate.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RST_ON_CLOSE)
            transport.abort()
        await self._hung_up()
        self.gone = True
