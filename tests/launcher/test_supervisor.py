"""Processes that end come back, and at the end none is left."""

import os
import signal
from pathlib import Path

import psutil
import pytest

from apps.launcher import supervisor
from apps.launcher.supervisor import Supervisor
from apps.launcher.terminal import Terminal
from tests.launcher.processes import is_gone, wait_until


def supervise(tmp_path: Path, **commands: str) -> Supervisor:
    env = {"PATH": os.environ["PATH"], "OUT": str(tmp_path)}
    return Supervisor(commands, root=tmp_path, env=env, servers=None, terminal=Terminal(commands))


def pids_in(file: Path) -> list[int]:
    return [int(line) for line in file.read_text().split()] if file.exists() else []


def test_a_killed_process_is_started_again(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    started = tmp_path / "started"
    with supervise(tmp_path, worker="sh -c 'echo $$ >> $OUT/started; exec sleep 600'") as running:

        def starts(number: int) -> bool:
            running.turn()
            return len(pids_in(started)) == number

        wait_until(lambda: starts(1))
        os.kill(pids_in(started)[0], signal.SIGKILL)
        wait_until(lambda: starts(2))
        assert "worker ended (killed by SIGKILL); it starts again in 1 s" in capfd.readouterr().out
    assert all(map(is_gone, pids_in(started)))


def test_a_process_that_keeps_ending_waits_longer_each_time(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    with supervise(tmp_path, beat="sh -c 'echo trouble; exit 3'") as running:
        said = ""

        def waits_twice_as_long() -> bool:
            nonlocal said
            running.turn()
            said += capfd.readouterr().out
            return "beat ended (exit code 3); it starts again in 2 s" in said

        wait_until(waits_twice_as_long)
    assert "beat      | trouble" in said


def test_a_process_that_will_not_stop_is_killed_with_its_children(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervisor, "STOP_SECONDS", 0.5)
    stubborn = "sh -c 'trap \"\" TERM; sleep 600 & echo $$ $! > $OUT/pids; wait; wait'"
    with supervise(tmp_path, web=stubborn) as running:
        running.turn()
        wait_until(lambda: len(pids_in(tmp_path / "pids")) == 2)
        assert not any(map(is_gone, pids_in(tmp_path / "pids")))
    wait_until(lambda: all(map(is_gone, pids_in(tmp_path / "pids"))))


def test_the_settings_of_a_command_come_from_the_environment(tmp_path: Path) -> None:
    with supervise(tmp_path, web="sleep ${SECONDS_TO_SLEEP:-599}") as running:
        running.turn()
        child = max(psutil.Process().children(), key=psutil.Process.create_time)
        wait_until(lambda: child.cmdline() == ["sleep", "599"])
