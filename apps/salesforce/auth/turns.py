"""So many at a time, over all processes of a machine, as there are lock files.

The kernel gives a lock back when the process that holds it ends, however it ends.
"""

import fcntl
import os
import time
from collections.abc import Sequence
from pathlib import Path

LOOK_EVERY_SECONDS = 0.1


def take(files: Sequence[Path], ends_at: float) -> int | None:
    """A descriptor that holds one of the files until it is closed; None if all are held until `ends_at`
    (time.monotonic). Raises OSError where a file cannot be made."""
    while True:
        for file in files:
            descriptor = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                os.close(descriptor)
            else:
                return descriptor
        if time.monotonic() >= ends_at:
            return None
        time.sleep(LOOK_EVERY_SECONDS)
