"""What the benchmarks of reading run on: embedded servers, a large and a small dataset, a web process for each.

The datasets stay in `.data/bench/read` for the next run of the same size.
"""

import base64
import http.client
import json
import os
import shlex
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import psutil

from apps.launcher import children
from apps.launcher.embedded import EmbeddedServers
from apps.launcher.processes import PROCESSES
from bench import dataset

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / ".data" / "bench" / "read"
ROWS = int(os.environ.get("ROWS", "10000000"))
ORGS = int(os.environ.get("ORGS", "1000"))
SECRETS = {
    "SECRET_KEY": "only-for-benchmarks-" + "x" * 40,
    "ENCRYPTION_KEYS": "k1:" + base64.b64encode(b"only for benchmarks, 32 bytes!!!").decode(),
    "REQUESTS_PER_MINUTE": "0",  # counted, never refused
    "LOG_FORMAT": "json",
}


@dataclass
class Web:
    """A web process as production starts it, and a connection to it."""

    process: subprocess.Popen[bytes]
    connection: http.client.HTTPConnection
    used_at: float = 0.0

    def get(self, url: str, query: Mapping[str, Any] | None = None, **headers: str) -> "Answer":
        address = f"{url}?{urlencode(query)}" if query else url
        if time.monotonic() - self.used_at > 3:  # uvicorn closes a connection that was idle for five seconds
            self.connection.close()
        began = time.perf_counter()
        self.connection.request("GET", address, headers={"X-API-Key": dataset.API_KEY, **headers})
        answer = self.connection.getresponse()
        body = answer.read()
        self.used_at = time.monotonic()
        return Answer(answer.status, body, answer.headers, (time.perf_counter() - began) * 1000)


@dataclass(frozen=True)
class Answer:
    status: int
    body: bytes
    headers: http.client.HTTPMessage
    milliseconds: float

    @property
    def json(self) -> dict[str, Any]:
        assert self.status == 200, self.body
        read: dict[str, Any] = json.loads(self.body)
        return read


@dataclass
class Stage:
    """`large` and `small` answer from their own database; Django in this process is set up on the large one."""

    servers: EmbeddedServers
    large: Web
    small: Web

    def cpu_seconds(self, *webs: Web) -> float:
        """CPU that the web processes and both servers have used so far, what they started included."""
        pids = [web.process.pid for web in webs] + [pid for pid in self.servers.pids.values() if pid]
        return sum(_cpu_seconds(pid) for pid in pids)


@contextmanager
def stage() -> Iterator[Stage]:
    os.environ |= SECRETS | {"DJANGO_SETTINGS_MODULE": "config.settings", "SCRATCHER_DATA_DIR": str(FOLDER)}
    with EmbeddedServers(FOLDER) as servers:
        os.environ["REDIS_URL"] = servers.redis_url
        large = dataset.provide(servers.database_url, "large", dataset.Size.of(ROWS, ORGS))
        small = dataset.provide(servers.database_url, "small", dataset.SMALL)
        os.environ["DATABASE_URL"] = large
        with _web(large) as large_web, _web(small) as small_web:
            import django

            django.setup()
            yield Stage(servers, large_web, small_web)


@contextmanager
def _web(database_url: str) -> Iterator[Web]:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    command = shlex.split(PROCESSES["web"].replace("0.0.0.0", "127.0.0.1").replace("${PORT:-8000}", str(port)))
    command[0] = str(ROOT / ".venv" / "bin" / command[0])
    environment = os.environ | {"DATABASE_URL": database_url}
    with (FOLDER / "web.log").open("wb") as log:
        process = children.start(command, output=log, env=environment, cwd=ROOT, on_our_death=signal.SIGKILL)
    try:
        web = Web(process, http.client.HTTPConnection("127.0.0.1", port, timeout=60))
        _wait(web)
        yield web
    finally:
        children.stop(process, (signal.SIGTERM, 15))


def _wait(web: Web) -> None:
    until = time.monotonic() + 30
    while time.monotonic() < until and web.process.poll() is None:
        try:
            web.get("/healthz")
        except OSError:
            web.connection.close()
            time.sleep(0.1)
        else:
            return
    raise RuntimeError(f"the web process did not start; see {FOLDER / 'web.log'}")


def _cpu_seconds(pid: int) -> float:
    process = psutil.Process(pid)
    total = 0.0
    for each in [process, *process.children(recursive=True)]:
        try:
            times = each.cpu_times()
        except psutil.NoSuchProcess:
            continue
        total += times.user + times.system + times.children_user + times.children_system
    return total


@contextmanager
def statements() -> Iterator[list[tuple[str, Mapping[str, Any]]]]:
    """The reads of this process, with their values, as they come."""
    from apps.changes import bounded

    seen: list[tuple[str, Mapping[str, Any]]] = []
    run = bounded._run

    def note(raw: Any, statement: str, values: Mapping[str, Any] | None = None) -> Any:
        if values is not None:
            seen.append((statement, values))
        return run(raw, statement, values)

    bounded._run = note
    try:
        yield seen
    finally:
        bounded._run = run
