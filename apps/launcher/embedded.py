"""PostgreSQL and Valkey from wheels: `manage.py up`, `demo`, tests and benchmarks run with nothing installed."""

import fcntl
import sys
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from apps.launcher import placement
from apps.launcher.errors import AlreadyRunning
from apps.launcher.postgres import Postgres
from apps.launcher.valkey import Valkey


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)  # noqa: T201 - a line for the person at the terminal


class EmbeddedServers:
    """Both servers on the data in one folder; `database_url` and `redis_url` stand once they are started.

    One starter at a time: a second one on the same folder gets AlreadyRunning. Start them from the main thread
    (see `children.start`). Used as a context manager, they run inside the block.
    """

    database_url: str
    redis_url: str
    postgres: Postgres
    valkey: Valkey

    def __init__(self, data_dir: Path, say: Callable[[str], None] = _say) -> None:
        self._data_dir = data_dir.resolve()
        self._say = say
        self._lock: IO[str] | None = None
        self._servers: dict[str, Postgres | Valkey] = {}

    def start(self) -> None:
        """Both servers answer. On an error nothing is left running."""
        self._data_dir.mkdir(parents=True, exist_ok=True)
        self._lock = _lock(self._data_dir / "servers.lock")
        try:
            place = placement.choose(self._data_dir)
            for note in place.notes:
                self._say(note)
            self.postgres, self.valkey = Postgres(place, self._data_dir), Valkey(place, self._data_dir)
            self._servers = {"PostgreSQL": self.postgres, "Valkey": self.valkey}
            for server in self._servers.values():
                server.start()
        except BaseException:
            self.stop()
            raise
        self.database_url, self.redis_url = self.postgres.url, self.valkey.url

    def revive(self) -> list[str]:
        """Start again what has died, at the same address; the names of those."""
        dead = [name for name, server in self._servers.items() if server.pid is None]
        for name in dead:
            self._servers[name].start()
        return dead

    @property
    def pids(self) -> dict[str, int | None]:
        """Of PostgreSQL and Valkey; None for one that is dead."""
        return {name: server.pid for name, server in self._servers.items()}

    def stop(self) -> None:
        """No server is left, and another starter may have the folder."""
        for server in reversed(self._servers.values()):
            server.stop()
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def _lock(path: Path) -> IO[str]:
    """The open file that holds the lock; the system frees it when we die, however we die."""
    file = path.open("a")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.close()
        raise AlreadyRunning(
            f"Scratcher already runs on {path.parent}: stop it first, or set SCRATCHER_DATA_DIR to another folder."
        ) from None
    return file
