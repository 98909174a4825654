"""One PostgreSQL cluster on a unix socket, as a child process of ours."""

import os
import shutil
import signal
import subprocess
import time
from contextlib import suppress
from pathlib import Path
from urllib.parse import quote

import psycopg

from apps.launcher import children
from apps.launcher.errors import LauncherError
from apps.launcher.placement import Placement

START_SECONDS = 60  # recovery after a crash included
SETTINGS = {
    "listen_addresses": "",
    "port": "5432",  # names the socket; PGPORT in the environment must not
    "unix_socket_permissions": "0700",
    "max_connections": "200",
    "shared_buffers": "128MB",
    "timezone": "UTC",
    "log_timezone": "UTC",
}
MINIMAL_ENVIRONMENT = {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"}


class Postgres:
    """`start()` may be called again after the server died; the data and the URL stay."""

    def __init__(self, place: Placement, data_dir: Path) -> None:
        self._place = place
        self._log = data_dir / "postgres.log"
        self._cluster = place.home / "postgres"
        self._child: subprocess.Popen[bytes] | None = None
        self.url = f"postgres://scratcher@/scratcher?host={quote(str(place.sockets))}"

    def start(self) -> None:
        """The server answers and has the database `scratcher`, owned by the role of that name."""
        self._log.touch(mode=0o600)  # failed statements stand in it
        self._place.private_folder(self._place.sockets)
        if not self._cluster.exists():
            self._initialise()
        self._stop_orphan()
        self._start_and_wait()
        self._create_database()

    @property
    def pid(self) -> int | None:
        """Of the living server, else None."""
        return self._child.pid if self._child is not None and self._child.poll() is None else None

    def stop(self) -> None:
        """Fast shutdown (open transactions roll back), at worst an immediate one; neither loses what was committed."""
        if self._child is not None:
            children.stop(self._child, (signal.SIGINT, 20), (signal.SIGQUIT, 5))
            self._child = None

    def recreate_database(self) -> None:
        """The database is empty, whoever was connected to it."""
        with self._connect() as connection:
            connection.execute("DROP DATABASE scratcher WITH (FORCE)")
        self._create_database()

    def _initialise(self) -> None:
        """Make the cluster beside its place and rename it, so that a start cut short leaves none that is half made."""
        fresh = self._cluster.with_name("postgres.new")
        shutil.rmtree(fresh, ignore_errors=True)
        self._place.private_folder(fresh)
        initdb: list[str | Path] = [
            self._place.postgres_bin / "initdb",
            "-D",
            fresh,
            "--username=postgres",
            "--auth=trust",
            "--encoding=UTF8",
        ]
        locale = [
            "--locale-provider=builtin",
            "--builtin-locale=C.UTF-8",
            "--locale=C",
            "--no-sync",
            "--no-instructions",
        ]
        with self._log.open("ab") as log:
            child = children.start([*initdb, *locale], output=log, env=MINIMAL_ENVIRONMENT, run_as=self._place.run_as)
            if child.wait() != 0:
                raise LauncherError(f"PostgreSQL could not make its data folder. {self._last_words()}")
        fresh.rename(self._cluster)

    def _start_and_wait(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        settings = SETTINGS | {"unix_socket_directories": str(self._place.sockets)}
        options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        while True:
            with self._log.open("ab") as log:
                self._child = children.start(
                    [self._place.postgres_bin / "postgres", "-D", self._cluster, *options],
                    output=log,
                    env=MINIMAL_ENVIRONMENT,
                    run_as=self._place.run_as,
                    on_our_death=signal.SIGINT,
                )
            if self._answers_before(deadline):
                return
            # After a kill -9 of the server its backends need a moment to notice, and hold the shared memory until then.
            if self.pid is not None or "pre-existing shared memory" not in self._last_words():
                self.stop()
                raise LauncherError(f"PostgreSQL did not start. {self._last_words()}")
            time.sleep(0.2)

    def _answers_before(self, deadline: float) -> bool:
        while self.pid is not None and time.monotonic() < deadline:
            with suppress(psycopg.OperationalError), self._connect():
                return True
            time.sleep(0.02)
        return False

    def _connect(self) -> psycopg.Connection:
        return psycopg.connect(
            host=str(self._place.sockets),
            port=5432,
            user="postgres",
            dbname="postgres",
            autocommit=True,
            connect_timeout=5,
        )

    def _create_database(self) -> None:
        with self._connect() as connection:
            if not connection.execute("SELECT 1 FROM pg_roles WHERE rolname = 'scratcher'").fetchone():
                connection.execute("CREATE ROLE scratcher LOGIN CREATEDB")
            if not connection.execute("SELECT 1 FROM pg_database WHERE datname = 'scratcher'").fetchone():
                connection.execute("CREATE DATABASE scratcher OWNER scratcher")

    def _stop_orphan(self) -> None:
        """Stop a server that outlived a killed parent; we hold the lock on the data, so nobody else wants it."""
        pid_file = self._cluster / "postmaster.pid"
        try:
            pid = int(pid_file.read_text().split("\n", 1)[0])
        except (FileNotFoundError, ValueError):
            return
        deadline = time.monotonic() + 20
        with suppress(ProcessLookupError):
            while f"-D {self._cluster}" in children.command_line(pid):
                os.kill(pid, signal.SIGINT if time.monotonic() < deadline else signal.SIGQUIT)
                time.sleep(0.1)
            # After a crash the number may be a zombie's or another program's, and PostgreSQL would refuse to start.
            os.kill(pid, 0)
            pid_file.unlink(missing_ok=True)

    def _last_words(self) -> str:
        lines = self._log.read_text(errors="replace").splitlines()[-5:]
        return " · ".join([f"See {self._log}", *lines])
