"""What the person at the terminal sees: every line of every process, behind its time and coloured name (by honcho)."""

import sys
import threading
from collections.abc import Iterable
from contextlib import suppress
from datetime import datetime
from typing import IO

from honcho.colour import get_colours
from honcho.printer import Message, Printer

OURSELVES = "scratcher"


class Terminal:
    def __init__(self, names: Iterable[str]) -> None:
        self._colours = dict(zip([OURSELVES, *names], get_colours(), strict=False))
        self._screen = self._log = Printer(sys.stdout, width=max(map(len, self._colours)))
        self._lock = threading.Lock()

    def log_to(self, file: IO[str]) -> None:
        """What the processes write goes there from now on; the screen is kept for `say`."""
        self._log = Printer(file, width=self._screen.width)

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
        with self._lock, suppress(OSError):  # a terminal that was closed must not keep us from stopping the rest
            printer.write(Message("line", data, now, name, self._colours[name]))
