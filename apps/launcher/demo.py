"""`manage.py demo`: a simulated DevHub, watched by all of Scratcher, until Ctrl-C. Each start begins anew."""

import json
import os
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any
from urllib.error import URLError
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

from apps.launcher import children, demo_package, local_env
from apps.launcher.embedded import EmbeddedServers
from apps.launcher.errors import LauncherError
from apps.launcher.processes import PROCESSES
from apps.launcher.signals import stopped_by_signals
from apps.launcher.supervisor import Supervisor
from apps.launcher.terminal import Terminal
from apps.launcher.up import (
    ROOT,
    environment,
    flower_port,
    prepare,
    require_free_ports,
    without_local,
)

ADMIN_EMAIL = "admin@demo.example"
SIMULATOR_START_SECONDS = 120
LOOK_SECONDS = 2
PATIENCE_SECONDS = 170
OWN_SETTINGS = {
    "POLL_INTERVAL_MINUTES": "0.25",
    "SYNC_INTERVAL_MINUTES": "0.25",
    "PLATFORM_EVENTS_PER_MINUTE": "20",
    "SF_CLI": "",
}


def demo(data_dir: Path, port: int, simulator_flags: Sequence[str]) -> None:
    """Runs until SIGINT, SIGTERM or SIGHUP; afterwards no process is left. Raises LauncherError if it cannot start.

    All that it writes is below `data_dir`/demo, apart from `demo.env`. It never touches the database of DATABASE_URL.
    """
    folder = data_dir / "demo"
    env = environment(OWN_SETTINGS | without_local(os.environ, data_dir / "local.env"), folder, port)
    require_free_ports(port, flower_port(env))
    terminal = Terminal(["simulator", *PROCESSES])
    with stopped_by_signals() as check, EmbeddedServers(folder, terminal.say) as servers:
        terminal.log_to(_log_file(folder))
        terminal.say(f"PostgreSQL and Valkey are up; this demo begins anew, what an earlier one left in {folder} goes")
        servers.postgres.recreate_database()
        with simulator(folder, simulator_flags, terminal, check) as (world, process):
            env |= _settle(folder, servers, world)
            prepare(env, folder, terminal, check)
            demo_package.declare(world)
            access = _make_team(env, world, port)
            lines = [f"{name}={value}\n" for name, value in access.items()]
            local_env.write_private(data_dir / "demo.env", "".join(lines))
            with Supervisor(PROCESSES, root=ROOT, env=env, servers=servers, terminal=terminal) as supervisor:
                _wait_for_changes(supervisor, access, terminal, check)
                terminal.say(_block(access, env, data_dir, folder))
                while process.poll() is None:
                    supervisor.turn()
                    check()
                raise LauncherError(f"The simulator has ended. See {folder / 'demo.log'}, and start the demo again.")
    terminal.say("Everything has stopped")


def _log_file(folder: Path) -> IO[str]:
    """The simulator writes the token of its control API there, so nobody else may read it."""
    return open(folder / "demo.log", "w", opener=lambda path, flags: os.open(path, flags, 0o600))


def _settle(folder: Path, servers: EmbeddedServers, world: Mapping[str, Any]) -> dict[str, str]:
    """`local.env` has the demo's secrets and addresses, for commands in a second terminal; returns the addresses."""
    addresses = {
        "DATABASE_URL": servers.database_url,
        "REDIS_URL": servers.redis_url,
        "SALESFORCE_HOSTS": urlsplit(world["url"]).netloc,
        "SALESFORCE_CA_FILE": world["ca"],
    }
    local_env.make_secrets(folder / "local.env")
    local_env.update(folder / "local.env", OWN_SETTINGS | addresses)
    return addresses


@contextmanager
def simulator(
    folder: Path, flags: Sequence[str], terminal: Terminal, check: Callable[[], None]
) -> Iterator[tuple[dict[str, Any], subprocess.Popen[bytes]]]:
    """The simulator serves inside the block; what it says of itself (`simulator.json`), and its process."""
    said = folder / "simulator" / "simulator.json"
    said.unlink(missing_ok=True)
    process = children.start(
        [sys.executable, "-m", "apps.simulator", "--data", said.parent, *flags],
        output=subprocess.PIPE,
        cwd=ROOT,
        on_our_death=signal.SIGKILL,
    )
    try:
        if process.stdout is not None:
            terminal.follow("simulator", process.stdout)
        deadline = time.monotonic() + SIMULATOR_START_SECONDS
        while not said.exists():
            check()
            if process.poll() is not None or time.monotonic() > deadline:
                raise LauncherError(f"The simulator did not start. See {folder / 'demo.log'}")
            time.sleep(0.05)
        world = json.loads(said.read_text())
        terminal.say(f"A simulated DevHub answers at {world['url']}")
        yield world, process
    finally:
        children.stop(process, (signal.SIGTERM, 3))


def _make_team(env: Mapping[str, str], world: Mapping[str, Any], port: int) -> dict[str, str]:
    """What stands in `demo.env`."""
    wanted = {"email": ADMIN_EMAIL, "password": secrets.token_urlsafe(12), "hub": world["hub"]}
    done = subprocess.run(
        [sys.executable, "-m", "apps.launcher.demo_team"],
        input=json.dumps(wanted),
        env={**env, "DJANGO_SETTINGS_MODULE": "config.settings"},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        start_new_session=True,  # Ctrl-C is ours to see
    )
    if done.returncode != 0:
        raise LauncherError(f"The demo's team could not be made:\n{done.stderr}")
    return {
        "SCRATCHER_URL": f"http://localhost:{port}",
        "SCRATCHER_API_KEY": json.loads(done.stdout)["api_key"],
        "SCRATCHER_ADMIN_USER": wanted["email"],
        "SCRATCHER_ADMIN_PASSWORD": wanted["password"],
        "SIMULATOR_URL": world["url"],
        "SIMULATOR_CA": world["ca"],
        "FLOWER_URL": f"http://localhost:{flower_port(env)}",
    }


def _wait_for_changes(
    supervisor: Supervisor, access: Mapping[str, str], terminal: Terminal, check: Callable[[], None]
) -> None:
    """Keep everything running until the API serves a change, and say how far it is."""
    terminal.say(f"Starting {', '.join(PROCESSES)}; the first changes take about a minute")
    began, told, next_look = time.monotonic(), "", 0.0
    while time.monotonic() - began < PATIENCE_SECONDS:
        supervisor.turn()
        check()
        if time.monotonic() < next_look:
            continue
        next_look = time.monotonic() + LOOK_SECONDS
        answer = _get(access, "/api/coverage")
        if answer and answer["coverage"]["summary"] != told:
            told = answer["coverage"]["summary"]
            terminal.say(told)
        if (_get(access, "/api/changes?limit=1") or {}).get("changes"):
            terminal.say(f"The first changes are served, {time.monotonic() - began:.0f} s after the start")
            return
    terminal.say("No change was served yet; the log may tell why")


def _get(access: Mapping[str, str], path: str) -> dict[str, Any] | None:
    """The API's answer; None while it does not answer well."""
    request = Request(access["SCRATCHER_URL"] + path, headers={"X-API-Key": access["SCRATCHER_API_KEY"]})  # noqa: S310
    try:
        with urlopen(request, timeout=5) as answer:  # noqa: S310 - our own address
            found: dict[str, Any] = json.load(answer)
            return found
    except (URLError, TimeoutError, ConnectionError):
        return None


def _block(access: Mapping[str, str], env: Mapping[str, str], data_dir: Path, folder: Path) -> str:
    url = access["SCRATCHER_URL"]
    flower = {**local_env.read(folder / "local.env"), **env}
    return "\n".join(
        [
            "",
            f"  Changes     curl -H 'X-API-Key: {access['SCRATCHER_API_KEY']}' '{url}/api/changes?limit=5'",
            f"  API         {url}/api/docs",
            f"  Admin       {url}/admin/    {access['SCRATCHER_ADMIN_USER']}  {access['SCRATCHER_ADMIN_PASSWORD']}",
            f"  Flower      {access['FLOWER_URL']}    {env.get('FLOWER_USER', 'admin')}  {flower['FLOWER_PASSWORD']}",
            f"  Simulator   {access['SIMULATOR_URL']}",
            "",
            f"  For scripts: {data_dir / 'demo.env'}; what the processes say: {folder / 'demo.log'}",
            f"  In a second terminal: SCRATCHER_DATA_DIR={folder} {sys.executable} manage.py help",
            "  Ctrl-C stops everything",
            "",
        ]
    )
