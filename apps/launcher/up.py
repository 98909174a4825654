"""`manage.py up`: servers, migrations, processes, until Ctrl-C."""

import errno
import os
import signal
import socket
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from tempfile import TemporaryFile

from apps.launcher import children, local_env
from apps.launcher.embedded import EmbeddedServers
from apps.launcher.errors import LauncherError
from apps.launcher.processes import PROCESSES, RELEASE
from apps.launcher.signals import stopped_by_signals
from apps.launcher.supervisor import Supervisor
from apps.launcher.terminal import Terminal

ROOT = Path(__file__).resolve().parents[2]
SERVERS = ("DATABASE_URL", "REDIS_URL")


def up(data_dir: Path, port: int) -> None:
    """Runs until SIGINT, SIGTERM or SIGHUP; afterwards no process is left. Raises LauncherError if it cannot start."""
    terminal = Terminal(PROCESSES)
    file = data_dir / "local.env"
    given = without_local(os.environ, file)
    env = environment(os.environ, data_dir, port)
    require_free_ports(port, flower_port(env))
    with stopped_by_signals() as check, servers_for(given, data_dir, terminal) as servers:
        local_env.make_secrets(file)
        if servers is not None:
            addresses = {"DATABASE_URL": servers.database_url, "REDIS_URL": servers.redis_url}
            local_env.update(file, addresses)
            env |= addresses
        prepare(env, data_dir, terminal, check)
        with Supervisor(PROCESSES, root=ROOT, env=env, servers=servers, terminal=terminal) as supervisor:
            terminal.say(f"Starting {', '.join(PROCESSES)}")
            while not answers(port):
                supervisor.turn()
                check()
            terminal.say(f"Scratcher is at http://localhost:{port}, its admin at http://localhost:{port}/admin/")
            terminal.say(f"Flower is at http://localhost:{flower_port(env)}; FLOWER_PASSWORD stands in {file}")
            terminal.say("Ctrl-C stops everything")
            while True:
                supervisor.turn()
                check()
    terminal.say("Everything has stopped")


def without_local(env: Mapping[str, str], file: Path) -> dict[str, str]:
    """The environment without what the settings have read into it from `file`: what the user has set."""
    local = local_env.read(file)
    return {name: value for name, value in env.items() if local.get(name) != value}


def environment(env: Mapping[str, str], data_dir: Path, port: int) -> dict[str, str]:
    """For every process that we start."""
    return {
        "LOG_FORMAT": "console" if sys.stdout.isatty() else "json",
        "PUBLIC_URL": f"http://localhost:{port}",
        **env,
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), env.get("PATH", os.defpath)]),
        "PYTHONUNBUFFERED": "1",
        "SCRATCHER_DATA_DIR": str(data_dir),
        "PORT": str(port),
    }


@contextmanager
def servers_for(given: Mapping[str, str], data_dir: Path, terminal: Terminal) -> Iterator[EmbeddedServers | None]:
    """The embedded servers; none if both DATABASE_URL and REDIS_URL are given."""
    if all(given.get(name) for name in SERVERS):
        terminal.say("PostgreSQL and Redis: those of DATABASE_URL and REDIS_URL")
        yield None
        return
    if any(given.get(name) for name in SERVERS):
        raise LauncherError("Set both DATABASE_URL and REDIS_URL, or neither.")
    started = time.monotonic()
    with EmbeddedServers(data_dir, terminal.say) as servers:
        terminal.say(f"PostgreSQL and Valkey are up, {time.monotonic() - started:.1f} s")
        try:
            yield servers
        finally:
            local_env.update(data_dir / "local.env", dict.fromkeys(SERVERS))


def prepare(env: Mapping[str, str], data_dir: Path, terminal: Terminal, check: Callable[[], None]) -> None:
    """The database has the newest tables; WhiteNoise, which serves static files from the apps, misses no folder."""
    (data_dir / "static").mkdir(exist_ok=True)
    started = time.monotonic()
    with TemporaryFile() as output:
        migration = children.start(RELEASE.split(), output=output, env=env, cwd=ROOT)
        try:
            while migration.poll() is None:
                check()
                time.sleep(0.05)
        finally:
            children.stop(migration, (signal.SIGTERM, 10))
        if migration.returncode != 0:
            output.seek(0)
            raise LauncherError(f"The database could not be migrated:\n{output.read().decode(errors='replace')}")
    terminal.say(f"The database has the newest tables, {time.monotonic() - started:.1f} s")


def require_free_ports(*ports: int) -> None:
    for port in ports:
        with closing(socket.socket()) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("0.0.0.0", port))  # noqa: S104 - as the processes will
            except OSError as error:
                reason = "taken by another program" if error.errno == errno.EADDRINUSE else error.strerror
                raise LauncherError(f"Port {port} is {reason}: free it, or use --port or FLOWER_PORT.") from None


def flower_port(env: Mapping[str, str]) -> int:
    return int(env.get("FLOWER_PORT", 5555))


def answers(port: int) -> bool:
    with closing(socket.socket()) as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
