"""Ctrl-C and `kill` are noted when they come and acted upon where we look: an exception out of a signal handler may
vanish (in a callback of fork, in a finaliser) or leave a child behind that nobody has written down yet."""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType

STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Stopped(Exception):
    """Somebody wants us to stop."""


@contextmanager
def stopped_by_signals() -> Iterator[Callable[[], None]]:
    """Gives a function to be called several times a second: after the first signal it raises Stopped, which ends the
    block without an error."""
    wanted = False

    def note(_number: int, _frame: FrameType | None) -> None:
        nonlocal wanted
        wanted = True

    def check() -> None:
        if wanted:
            raise Stopped

    before = {number: signal.signal(number, note) for number in STOPPING}
    try:
        with suppress(Stopped):
            yield check
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
