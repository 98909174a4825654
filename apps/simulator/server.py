"""Serves the simulator over TLS with a CA of its own, says when it can serve, ends within a second."""

import asyncio
import contextlib
import gc
import json
import os
import signal
import socket
import ssl
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import trustme
import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from apps.simulator.wire import MAX_HEAD_BYTES

_BACKLOG = 4_096


class _Protocol(HttpToolsProtocol):
    """Hands each request its connection, so that a fault can break it."""

    def on_message_begin(self) -> None:
        super().on_message_begin()
        connection: Any = self.transport
        self.scope["extensions"] = {"simulator.transport": connection}

    def on_url(self, url: bytes) -> None:
        """Keeps no more of it than shows that it is too long; above 64 KB httptools would not even read it."""
        super().on_url(url[: MAX_HEAD_BYTES + 2 - len(self.url)])


class _Server(uvicorn.Server):
    """Leaves signals to us: uvicorn would wait for open requests and then kill itself with the signal it got."""

    def __init__(self, config: uvicorn.Config, when_ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._when_ready = when_ready

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._end)
        yield

    def _end(self) -> None:
        self.should_exit = self.force_exit = True

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._when_ready()


@dataclass(frozen=True, slots=True)
class Listening:
    """A bound socket, and the origin under which clients reach it."""

    socket: socket.socket
    origin: str


def listen(host: str, port: int, *, tls: bool) -> Listening:
    """Binds; port 0 takes a free one. Raises OSError where it is taken."""
    bound = socket.create_server((host, port), backlog=_BACKLOG, reuse_port=False)
    name = "127.0.0.1" if host == "0.0.0.0" else host  # noqa: S104
    return Listening(bound, f"{'https' if tls else 'http'}://{name}:{bound.getsockname()[1]}")


def tls_context(host: str, ca_file: Path) -> ssl.SSLContext:
    """A server certificate for the host, from a CA made for this run (P-256), written to ca_file."""
    ca = trustme.CA(organization_name="Scratcher simulator")
    names = {"localhost", "127.0.0.1", host} - {"0.0.0.0"}  # noqa: S104
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.num_tickets = 0  # nobody resumes a session here, and each ticket costs
    ca.issue_cert(*sorted(names)).configure_cert(context)
    ca.cert_pem.write_to_path(str(ca_file))
    return context


def write_atomically(path: Path, text: str, mode: int = 0o600) -> None:
    """Readers see the whole file or none."""
    unfinished = path.with_suffix(path.suffix + ".new")
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
    unfinished.replace(path)


def serve(
    app: ASGIApp, listening: Listening, context: ssl.SSLContext | None, data: Path, facts: dict[str, Any]
) -> None:
    """Serves until SIGTERM or SIGINT. When it can, `facts` go to simulator.json and, as one line, to stdout."""

    def announce() -> None:
        gc.collect()
        gc.freeze()  # ten thousand orgs need no second look
        line = json.dumps(facts)
        write_atomically(data / "simulator.json", line + "\n")
        sys.stdout.write(line + "\n")
        sys.stdout.flush()

    config = uvicorn.Config(
        app,
        http=_Protocol,
        ws="none",
        loop="uvloop",
        lifespan="off",
        access_log=False,
        log_level="warning",
        date_header=False,
        server_header=False,
        timeout_keep_alive=75,
        ssl_context_factory=None if context is None else lambda _config, _default: context,
    )
    _Server(config, announce).run(sockets=[listening.socket])
