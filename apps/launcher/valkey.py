"""One Valkey server on a loopback port, as a child process of ours. It keeps nothing: rows are the truth."""

import os
import secrets
import signal
import socket
import subprocess
import time
from contextlib import suppress
from pathlib import Path

import redis

from apps.launcher import children
from apps.launcher.errors import LauncherError
from apps.launcher.placement import Placement

START_SECONDS = 10


class Valkey:
    """`start()` may be called again after the server died; port and password stay."""

    def __init__(self, place: Placement, data_dir: Path) -> None:
        self._place = place
        self._log, self._pid_file = data_dir / "valkey.log", data_dir / "valkey.pid"
        self._password = _password_in(data_dir / "valkey.password")
        self._port = _free_port()
        self._child: subprocess.Popen[bytes] | None = None
        self.url = f"redis://:{self._password}@127.0.0.1:{self._port}/0"

    def start(self) -> None:
        """The server answers to the password."""
        folder = self._place.private_folder(self._place.home / "valkey")
        self._stop_orphan(folder)
        # The configuration goes through stdin: the password stands in no command line and no further file.
        with self._log.open("ab") as log:
            command: list[str | Path] = [self._place.valkey_server, "-", "--dir", folder]
            self._child = children.start(command, stdin=subprocess.PIPE, output=log, env={}, run_as=self._place.run_as)
        assert self._child.stdin is not None  # noqa: S101 - PIPE
        with suppress(BrokenPipeError), self._child.stdin as stdin:
            stdin.write(self._configuration().encode())
        self._wait_until_it_answers()
        self._pid_file.write_text(str(self._child.pid))

    @property
    def pid(self) -> int | None:
        """Of the living server, else None."""
        return self._child.pid if self._child is not None and self._child.poll() is None else None

    def stop(self) -> None:
        if self._child is not None:
            children.stop(self._child, (signal.SIGTERM, 5))
            self._child = None

    def _configuration(self) -> str:
        lines = {
            "bind": "127.0.0.1",
            "port": self._port,
            "requirepass": self._password,
            "save": '""',
            "appendonly": "no",
            "maxmemory-policy": "noeviction",
            "set-proc-title": "no",
        }
        return "".join(f"{name} {value}\n" for name, value in lines.items())

    def _wait_until_it_answers(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        with redis.Redis.from_url(self.url, socket_connect_timeout=1, socket_timeout=1, retry=None) as client:
            while self.pid is not None and time.monotonic() < deadline:
                with suppress(redis.ConnectionError, redis.TimeoutError):
                    client.ping()
                    return
                time.sleep(0.01)
        self.stop()
        raise LauncherError(f"Valkey did not start on port {self._port}. See {self._log}")

    def _stop_orphan(self, folder: Path) -> None:
        """Stop a server that outlived a killed parent (only where the system has no signal for that)."""
        with suppress(FileNotFoundError, ValueError, ProcessLookupError):
            pid = int(self._pid_file.read_text())
            if f"--dir {folder}" in children.command_line(pid):
                os.kill(pid, signal.SIGKILL)


def _password_in(path: Path) -> str:
    """The password in `path` (mode 0600), made on the first start."""
    with suppress(FileExistsError):
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_urlsafe(24))
    return path.read_text()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
