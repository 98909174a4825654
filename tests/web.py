"""A web process of its own, as production starts it: `with web_process(DATABASE_URL=…) as url:`."""

import os
import shlex
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import requests

from apps.launcher.processes import PROCESSES

ROOT = Path(__file__).resolve().parents[1]
START_SECONDS = 30


@contextmanager
def web_process(log: Path, **environment: str) -> Iterator[str]:
    """Its URL, as soon as it answers; afterwards it has ended by itself, within its own time limit."""
    port = _free_port()
    command = shlex.split(PROCESSES["web"].replace("0.0.0.0", "127.0.0.1").replace("${PORT:-8000}", str(port)))
    command[0] = str(ROOT / ".venv/bin" / command[0])
    with log.open("w") as file:
        process = subprocess.Popen(command, cwd=ROOT, env={**os.environ, **environment}, stderr=file)
    url = f"http://127.0.0.1:{port}"
    try:
        _wait(url, process, log)
        yield url
    finally:
        process.terminate()
        process.wait(15)


def _wait(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until and process.poll() is None:
        try:
            requests.get(f"{url}/healthz", timeout=5)
        except requests.ConnectionError:
            time.sleep(0.05)
        else:
            return
    raise AssertionError(f"the web process did not start:\n{log.read_text()}")


def _free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port: int = taken.getsockname()[1]
        return port
