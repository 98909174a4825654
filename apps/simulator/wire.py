"""One HTTP exchange down to its connection: reads the request, sends an answer, whole or dripping, or breaks off."""

import asyncio
import os
import socket
import struct
from collections.abc import AsyncIterator
from typing import IO, Any

from starlette.types import Receive, Scope, Send

from apps.simulator.answers import Answer, Headers, RestError
from apps.simulator.clock import http_date

MAX_BODY_BYTES = 50_000_000
_PIECE_BYTES = 64 * 1024
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
        kind, _, token = self.header(b"authorization").partition(" ")
        return token.strip() if kind.lower() in ("bearer", "oauth") else ""

    def header(self, wanted: bytes) -> str:
        """The value of a header, its name given in lower case; an empty text where there is none."""
        for name, value in self._scope["headers"]:
            if name == wanted:
                text: str = value.decode("latin-1")
                return text
        return ""

    def cookie(self, name: str) -> str:
        """The value of a cookie, or an empty text."""
        for pair in self.header(b"cookie").split(";"):
            given, _, value = pair.strip().partition("=")
            if given == name:
                return value
        return ""

    async def body(self, most: int = MAX_BODY_BYTES) -> bytes:
        """The request's body; RestError 413 above `most` bytes."""
        return b"".join([piece async for piece in self._pieces(most)])

    async def body_into(self, file: IO[bytes], limit: int) -> None:
        """The same for a body that is too long to hold; its limit is in bytes."""
        async for piece in self._pieces(limit):
            file.write(piece)

    async def _pieces(self, limit: int) -> AsyncIterator[bytes]:
        received = 0
        while True:
            message = await self._receive()
            if message["type"] == "http.disconnect":
                self.gone = True
                return
            piece = bytes(message.get("body", b""))
            received += len(piece)
            if received > limit:
                raise RestError(413, "REQUEST_TOO_LARGE", "The request is too large.")
            yield piece
            if not message.get("more_body"):
                return

    async def send(self, answer: Answer, now: float, extra: Headers | None = None) -> None:
        length = answer.length
        headers = [
            *answer.headers,
            (b"content-length", b"%d" % length),
            (b"date", http_date(now)),
            *(extra or ()),
        ]
        await self._send({"type": "http.response.start", "status": answer.status, "headers": headers})
        if answer.file is None:
            await self._send({"type": "http.response.body", "body": answer.body})
            return
        for start in range(0, length, _PIECE_BYTES):
            await self.piece(answer.piece(start, _PIECE_BYTES))
        await self.piece(b"", last=True)

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

    async def wait_for(self, event: asyncio.Event, seconds: float) -> bool:
        """Until the event is set or so many real seconds have passed; True if the client is still there."""
        hung_up, happened = asyncio.ensure_future(self._hung_up()), asyncio.ensure_future(event.wait())
        try:
            await asyncio.wait((hung_up, happened), timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
            self.gone = hung_up.done()
        finally:
            hung_up.cancel()
            happened.cancel()
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
