"""Looking at processes from outside, for the launcher's tests."""

import time
from collections.abc import Callable
from pathlib import Path

import psutil


def wait_until(condition: Callable[[], bool], seconds: float = 15) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)


def is_gone(pid: int) -> bool:
    """A zombie counts: where nothing collects orphans it stays in the list."""
    try:
        return bool(psutil.Process(pid).status() == psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return True


def command_line(process: psutil.Process) -> str:
    """Empty for one that has ended meanwhile."""
    try:
        return " ".join(process.cmdline())
    except psutil.NoSuchProcess:  # a zombie is one, too
        return ""


def command_lines() -> list[str]:
    return [command_line(process) for process in psutil.process_iter()]


def processes_on(folder: Path) -> list[str]:
    """The command lines that name the folder."""
    return [line for line in command_lines() if str(folder) in line]
