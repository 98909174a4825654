"""Keeps processes running: one that ends is started again, after a pause that grows while it keeps ending."""

import signal
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from apps.launcher import children
from apps.launcher.embedded import EmbeddedServers
from apps.launcher.errors import LauncherError
from apps.launcher.terminal import Terminal

# Shorter than a poll may last: whatever is cut off is claimed again when its lease runs out.
STOP_SECONDS = 10
FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 1.0, 30.0
STEADY_SECONDS = 60  # a process that lived this long starts with the first pause again
TURN_SECONDS = 0.2


@dataclass(slots=True)
class Pause:
    """How long to wait before the next start."""

    seconds: float = FIRST_PAUSE_SECONDS
    until: float = 0.0

    def begin(self, lived_seconds: float) -> float:
        """A pause starts now, after something that lived so long; returns its seconds."""
        if lived_seconds >= STEADY_SECONDS:
            self.seconds = FIRST_PAUSE_SECONDS
        seconds, self.seconds = self.seconds, min(2 * self.seconds, LONGEST_PAUSE_SECONDS)
        self.until = time.monotonic() + seconds
        return seconds


class Process:
    """One line of the table of processes, and what runs for it now."""

    def __init__(self, name: str, command: str) -> None:
        self.name = name
        self._command = command
        self._pause = Pause()
        self._started_at = 0.0
        self.child: subprocess.Popen[bytes] | None = None

    def turn(self, root: Path, env: Mapping[str, str], terminal: Terminal) -> None:
        """Notice that the process has ended; start it if it does not run and its pause is over."""
        now = time.monotonic()
        if self.child is not None and (code := self.child.poll()) is not None:
            self.child = None
            seconds = self._pause.begin(now - self._started_at)
            terminal.say(f"{self.name} ended ({_how(code)}); it starts again in {seconds:.0f} s")
        if self.child is None and now >= self._pause.until:
            self._started_at = now
            # The shell fills in ${NAME:-default} and gives its place to the command.
            self.child = children.start(
                ["/bin/sh", "-c", f"exec {self._command}"],
                output=subprocess.PIPE,
                env=env,
                cwd=root,
                on_our_death=signal.SIGKILL,
            )
            if self.child.stdout is not None:
                terminal.follow(self.name, self.child.stdout)


class Supervisor:
    """The processes run inside a `with` block, as long as the main thread calls `turn` again and again."""

    def __init__(
        self,
        processes: Mapping[str, str],
        *,
        root: Path,
        env: Mapping[str, str],
        servers: EmbeddedServers | None,
        terminal: Terminal,
    ) -> None:
        self._processes = [Process(name, command) for name, command in processes.items()]
        self._root, self._env = root, env
        self._servers, self._servers_pause = servers, Pause()
        self._terminal = terminal

    def turn(self) -> None:
        """Start what does not run, embedded servers first; takes TURN_SECONDS."""
        if self._servers is not None and time.monotonic() >= self._servers_pause.until:
            self._revive(self._servers)
        for process in self._processes:
            process.turn(self._root, self._env, self._terminal)
        time.sleep(TURN_SECONDS)

    def _revive(self, servers: EmbeddedServers) -> None:
        try:
            for name in servers.revive():
                self._terminal.say(f"{name} had ended and was started again")
        except LauncherError as error:
            self._terminal.say(f"{error} Next attempt in {self._servers_pause.begin(0):.0f} s")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Ask all to stop, wait STOP_SECONDS, kill the rest."""
        self._terminal.say(f"Stopping; what still runs after {STOP_SECONDS} s is killed")
        children.stop_all([process.child for process in self._processes if process.child is not None], STOP_SECONDS)


def _how(code: int) -> str:
    return f"killed by {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"
