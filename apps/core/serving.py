"""Django behind an ASGI server: each request runs in one thread of a pool, from its first middleware to its last.

Django's own ASGI handler changes threads at every middleware and makes a new thread for every request, which costs more
than most of our answers do. It also takes a body of any size onto the disk before anybody may refuse it; here a body
is refused while it comes in.
"""

import asyncio
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from typing import Any, cast

from django.conf import settings
from django.core import signals
from django.core.handlers.asgi import ASGIHandler, get_script_prefix
from django.core.handlers.base import BaseHandler
from django.http import HttpResponse
from django.http.response import HttpResponseBase, StreamingHttpResponse
from django.urls import set_script_prefix

from apps.core.api import body_too_large


class ThreadedHandler(ASGIHandler):
    """An ASGI application for HTTP. `threads`: so many requests are answered at once; the others wait."""

    def __init__(self, threads: int) -> None:
        BaseHandler.__init__(self)
        self.load_middleware(is_async=False)
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="request")

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            raise ValueError(f"only HTTP is served here, not {scope['type']}")
        body = await _read(receive, settings.DATA_UPLOAD_MAX_MEMORY_SIZE)
        if body is None:
            response: HttpResponseBase = body_too_large(scope["path"])
        else:
            response = await self._run(self._respond, scope, body)
        await send({"type": "http.response.start", "status": response.status_code, "headers": _headers(response)})
        if isinstance(response, HttpResponse):
            await send({"type": "http.response.body", "body": response.content})
        else:
            await self._stream(cast(StreamingHttpResponse, response), send)

    def _respond(self, scope: Any, body: bytes) -> HttpResponseBase:
        """What Django's WSGI handler does. An answer that is whole is closed here, which ends its database use."""
        set_script_prefix(get_script_prefix(scope))
        signals.request_started.send(sender=self.__class__, scope=scope)
        if not any(name == b"content-length" for name, _ in scope["headers"]):
            scope["headers"] = [*scope["headers"], (b"content-length", str(len(body)).encode())]
        request, refusal = self.create_request(scope, BytesIO(body))
        response = self.get_response(request) if request else cast(HttpResponse, refusal)
        if isinstance(response, HttpResponse):
            response.close()
        return response

    async def _stream(self, response: StreamingHttpResponse, send: Any) -> None:
        chunks: Iterator[bytes] = iter(response)
        try:
            while (chunk := await self._run(next, chunks, None)) is not None:
                await send({"type": "http.response.body", "body": chunk, "more_body": True})
            await send({"type": "http.response.body", "body": b""})
        finally:
            await self._run(response.close)

    async def _run(self, function: Any, *arguments: Any) -> Any:
        return await asyncio.get_running_loop().run_in_executor(self._threads, function, *arguments)


async def _read(receive: Any, most: int) -> bytes | None:
    """The body; None as soon as it is longer than `most` bytes. A client that leaves has sent what came so far."""
    chunks: list[bytes] = []
    length = 0
    while True:
        message = await receive()
        chunks.append(message.get("body", b""))
        length += len(chunks[-1])
        if length > most:
            return None
        if not message.get("more_body", False):
            return b"".join(chunks)


def _headers(response: HttpResponseBase) -> list[tuple[bytes, bytes]]:
    named = [(name.encode("ascii"), value.encode("latin1")) for name, value in response.items()]
    cookies = [
        (b"Set-Cookie", cookie.output(header="").strip().encode("ascii")) for cookie in response.cookies.values()
    ]
    return named + cookies
