"""What the person at the terminal sees: every line of every process, behind its time and coloured name (by honcho)."""

import sys
import threading
from collections.abc import Iterable
from datetime import datetime
from typing import IO

from honcho.colour import get_colours
from honcho.printer import Message, Printer

OURSELVES = "scratcher"


class Terminal:
    """`log` takes what the processes write, if the screen is to be kept for `say`."""

    def __init__(self, names: Iterable[str], log: IO[str] | None = None) -> None:
        self._colours = dict(zip([OURSELVES, *names], get_colours(), strict=False))
        width = max(map(len, self._colours))
        self._screen = Printer(sys.stdout, width=width)
        self._log = self._screen if log is None else Printer(log, width=width)
        self._lock = threading.Lock()

    def say(self, text: str) -> None:
        self._show(self._screen, OURSELVES, text)

    def follow(self, name: str, output: IO[bytes]) -> None:
        """Show what a process writes, until it ends."""
        threading.Thread(target=self._copy, args=(name, output), daemon=True).start()

    def _copy(self, name: str, output: IO[bytes]) -> None:
        with output:
            for line in output:
                self._show(self._log, name, line)

    def _show(self, printer: Printer, name: str, data: str | bytes) -> None:
        now = datetime.now()  # noqa: DTZ005 - the wall clock of the person at this terminal
        with self._lock:
            printer.write(Message("line", data, now, name, self._colours[name]))
