"""`manage.py up` as a whole: every process runs, comes back, and is gone at the end."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import psutil
import pytest

from apps.launcher import local_env
from apps.launcher.processes import PROCESSES
from apps.launcher.up import ROOT
from tests.launcher.processes import command_line, is_gone, processes_on, wait_until

MADE_BY_UP = ("DATABASE_URL", "REDIS_URL", "SECRET_KEY", "ENCRYPTION_KEYS")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Up:
    """A running `manage.py up` and what it has said so far."""

    def __init__(self, data_dir: Path, output: IO[bytes], **env: str) -> None:
        self.port = free_port()
        self.said = data_dir / "said"
        own = {name: value for name, value in os.environ.items() if name not in MADE_BY_UP}
        own |= {"SCRATCHER_DATA_DIR": str(data_dir), "FLOWER_PORT": str(free_port()), "WORKER_THREADS": "4", **env}
        self.process = subprocess.Popen(
            [sys.executable, "manage.py", "up", "--port", str(self.port)],
            cwd=ROOT,
            env=own,
            stdout=output,
            stderr=output,
        )

    def has_said(self, text: str) -> bool:
        assert self.process.poll() is None or text in self.said.read_text(), self.said.read_text()
        return text in self.said.read_text()

    def child(self, words: str) -> psutil.Process | None:
        children = psutil.Process(self.process.pid).children(recursive=True)
        return next((child for child in children if words in command_line(child)), None)

    def pids(self) -> list[int]:
        return [child.pid for child in psutil.Process(self.process.pid).children(recursive=True)]


@contextmanager
def up(data_dir: Path, **env: str) -> Iterator[Up]:
    with (data_dir / "said").open("wb") as output:
        running = Up(data_dir, output, **env)
    try:
        yield running
    finally:
        running.process.kill()
        running.process.wait()
        wait_until(lambda: processes_on(data_dir) == [])


def runs(running: Up, words: str, other_than: int = 0) -> Callable[[], bool]:
    def check() -> bool:
        child = running.child(words)
        return child is not None and child.pid != other_than

    return check


def test_up_runs_everything_brings_back_what_is_killed_and_leaves_nothing(data_dir: Path) -> None:
    with up(data_dir) as running:
        wait_until(lambda: running.has_said("Ctrl-C stops everything"), 60)
        for words in ("uvicorn", "-Q polls", "-Q upkeep", " beat ", " flower ", "postgres -D", "valkey-server"):
            wait_until(runs(running, words))
        for words in ("-Q polls", "valkey-server", "postgres -D"):
            killed = running.child(words)
            assert killed is not None
            killed.kill()
            wait_until(runs(running, words, other_than=killed.pid))
        assert running.has_said("worker ended (killed by SIGKILL); it starts again in 1 s")
        assert running.has_said("Valkey had ended and was started again")
        pids = running.pids()
        running.process.send_signal(signal.SIGINT)
        assert running.process.wait(40) == 0
        assert len(pids) > len(PROCESSES)
        assert all(map(is_gone, pids))
        assert "Everything has stopped" in running.said.read_text()
    assert processes_on(data_dir) == []


def test_secrets_stay_and_addresses_are_written_for_a_second_terminal(data_dir: Path) -> None:
    file = data_dir / "local.env"
    secrets = []
    for _ in range(2):
        with up(data_dir) as running:
            wait_until(lambda up=running: up.has_said("The database has the newest tables"), 60)  # type: ignore[misc]
            found = local_env.read(file)
            assert found["DATABASE_URL"].startswith("postgres://scratcher@/")
            assert found["REDIS_URL"].startswith("redis://:")
            secrets.append([found["SECRET_KEY"], found["ENCRYPTION_KEYS"], found["FLOWER_PASSWORD"]])
            assert file.stat().st_mode & 0o777 == 0o600
            running.process.terminate()
            assert running.process.wait(40) == 0
        assert set(local_env.read(file)) == {"SECRET_KEY", "ENCRYPTION_KEYS", "FLOWER_PASSWORD"}
    assert secrets[0] == secrets[1]


def test_a_taken_port_is_said_before_anything_starts(data_dir: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with up(data_dir, FLOWER_PORT=str(port)) as running:
            assert running.process.wait(20) == 1
            assert f"Port {port} is taken by another program" in running.said.read_text()
    assert [path.name for path in data_dir.iterdir()] == ["said"]


def test_one_address_without_the_other_is_refused(data_dir: Path) -> None:
    with up(data_dir, REDIS_URL="redis://localhost:1/0") as running:
        assert running.process.wait(20) == 1
        assert "Set both DATABASE_URL and REDIS_URL, or neither" in running.said.read_text()


def test_a_terminal_that_was_closed_does_not_keep_it_from_stopping(data_dir: Path) -> None:
    screen, terminal = os.pipe()
    with os.fdopen(terminal, "wb") as output:
        running = Up(data_dir, output)
    with os.fdopen(screen) as lines:
        assert any("Starting web" in line for line in lines)
        wait_until(runs(running, "uvicorn"))
    pids = running.pids()
    running.process.send_signal(signal.SIGHUP)
    running.process.wait(40)
    assert all(map(is_gone, pids))
    assert processes_on(data_dir) == []


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells children that their parent was killed")
def test_a_killed_up_takes_everything_along(data_dir: Path) -> None:
    with up(data_dir) as running:
        wait_until(lambda: running.has_said("Ctrl-C stops everything"), 60)
        pids = running.pids()
        running.process.kill()
        wait_until(lambda: all(map(is_gone, pids)))
    assert processes_on(data_dir) == []


def test_given_servers_are_used_instead_of_own_ones(data_dir: Path) -> None:
    addresses = {name: os.environ[name] for name in ("DATABASE_URL", "REDIS_URL")}
    with up(data_dir, **addresses) as running:
        wait_until(lambda: running.has_said("The database has the newest tables"), 60)
        assert running.child("postgres -D") is None
        assert not (data_dir / "postgres").exists()
