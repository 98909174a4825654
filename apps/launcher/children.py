"""Child processes that never outlive us: started in a group of their own, stopped politely, then firmly."""

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

PR_SET_PDEATHSIG = 1  # linux/prctl.h
LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None


def start(
    command: Sequence[str | Path],
    *,
    stdin: int | IO[bytes] = subprocess.DEVNULL,
    output: int | IO[bytes],
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    run_as: Mapping[str, Any] | None = None,
    on_our_death: signal.Signals = signal.SIGTERM,
) -> subprocess.Popen[bytes]:
    """Start a command in a session of its own, so that Ctrl-C reaches only us and we decide who stops when.

    `output` takes stdout and stderr; `run_as` holds Popen's user, group and extra_groups. Linux sends the child
    `on_our_death` when the *thread* that called this ends, kill -9 included: call it from the main thread. macOS has
    no such signal.
    """
    return subprocess.Popen(
        [str(word) for word in command],
        stdin=stdin,
        stdout=output,
        stderr=subprocess.STDOUT,
        env=env,
        cwd=cwd,
        start_new_session=True,
        preexec_fn=_die_with_parent(on_our_death),  # noqa: PLW1509 - the call is one system call, prepared before the fork
        **(run_as or {}),
    )


def _die_with_parent(sig: signal.Signals) -> Callable[[], None] | None:
    if LIBC is None:
        return None
    libc, parent = LIBC, os.getpid()

    def before_exec() -> None:
        libc.prctl(PR_SET_PDEATHSIG, int(sig))
        if os.getppid() != parent:  # it died between fork and prctl
            os._exit(1)

    return before_exec


def stop(child: subprocess.Popen[bytes], *steps: tuple[signal.Signals, float]) -> None:
    """Send each signal and wait its seconds for the child to end; after the last step, SIGKILL to its whole group."""
    for sig, seconds in steps:
        if child.poll() is not None:
            return
        child.send_signal(sig)
        try:
            child.wait(seconds)
        except subprocess.TimeoutExpired:
            continue
    if child.poll() is None:
        os.killpg(child.pid, signal.SIGKILL)
        child.wait()


def stop_all(running: Iterable[subprocess.Popen[bytes]], seconds: float) -> None:
    """SIGTERM to all at once, `seconds` for all together, then SIGKILL to the groups of the rest."""
    alive = [child for child in running if child.poll() is None]
    for child in alive:
        child.terminate()
    deadline = time.monotonic() + seconds
    for child in alive:
        with suppress(subprocess.TimeoutExpired):
            child.wait(max(0.0, deadline - time.monotonic()))
        stop(child)


def command_line(pid: int) -> str:
    """The command line of a living process, words joined by blanks; empty if there is none that we may see."""
    try:
        if sys.platform == "linux":
            return Path(f"/proc/{pid}/cmdline").read_text(errors="replace").replace("\0", " ")
        answer = subprocess.run(["ps", "-o", "command=", "-p", str(pid)], capture_output=True, text=True, check=False)
    except FileNotFoundError:
        return ""
    else:
        return answer.stdout
