"""What the benchmarks of the poll run on: embedded servers on an empty database, a simulator, real worker processes.

A stage lives in one process, because Django reads its settings once: each benchmark is a program of its own.
"""

import base64
import os
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import django
import psutil

from apps.launcher import children
from apps.launcher.embedded import EmbeddedServers
from apps.launcher.processes import PROCESSES, RELEASE
from tests.simulators import ROOT, Simulator, simulator

FOLDER = ROOT / ".data" / "bench" / "poll"
A_WEEK_IN_MINUTES = 10_080  # nothing is due but what the benchmark makes due


@contextmanager
def database() -> Iterator[EmbeddedServers]:
    """An empty, migrated database; Django is set up on it."""
    with EmbeddedServers(FOLDER) as servers:
        servers.postgres.recreate_database()
        os.environ |= {
            "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
            "DATABASE_URL": servers.database_url,
            "REDIS_URL": servers.redis_url,
            "SCRATCHER_DATA_DIR": str(FOLDER),
            "SECRET_KEY": secrets.token_urlsafe(40),
            "ENCRYPTION_KEYS": "k1:" + base64.b64encode(secrets.token_bytes(32)).decode(),
            "DJANGO_SETTINGS_MODULE": "config.settings",
            "LOG_FORMAT": "json",
        }
        subprocess.run(["/bin/sh", "-c", f"exec {RELEASE} -v 0"], cwd=ROOT, check=True)
        django.setup()
        yield servers


@dataclass
class Stage:
    """A DevHub with orgs in the simulator, the workers that poll them, and what each has used of the CPU."""

    servers: EmbeddedServers
    simulator: Simulator
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def start_workers(self, processes: int, threads: int) -> None:
        """Worker processes, upkeep and beat, by the commands of the Procfile; they have begun to tick afterwards."""
        environment = os.environ | {"WORKER_THREADS": str(threads), "POLL_SLOTS": str(2 * processes * threads)}
        commands = {f"worker{n}": PROCESSES["worker"].replace("worker@", f"worker{n}@") for n in range(processes)}
        commands |= {name: PROCESSES[name] for name in ("upkeep", "beat")}
        for name, command in commands.items():
            with (FOLDER / f"{name}.log").open("wb") as log:
                self.processes[name] = children.start(
                    ["/bin/sh", "-c", f"exec {command}"],
                    output=log,
                    env=environment,
                    cwd=ROOT,
                    on_our_death=signal.SIGKILL,
                )

    def stop_workers(self) -> None:
        children.stop_all(self.processes.values(), 10)
        self.processes.clear()

    def cpu(self) -> dict[str, float]:
        """CPU seconds since their start: each of our processes, and beside them the simulator and the servers."""
        pids: Mapping[str, int | None] = {name: child.pid for name, child in self.processes.items()}
        return {name: _cpu_seconds(pid) for name, pid in {**pids, **self._others()}.items() if pid is not None}

    def _others(self) -> dict[str, int | None]:
        return {"simulator": self.simulator.process.pid, **self.servers.pids}

    def resident_mb(self) -> dict[str, float]:
        return {name: psutil.Process(child.pid).memory_info().rss / 1e6 for name, child in self.processes.items()}

    def log_lines(self, name: str) -> list[str]:
        return (FOLDER / f"{name}.log").read_text().splitlines()


@contextmanager
def stage(orgs: int, **simulator_flags: Any) -> Iterator[Stage]:
    """A hub that was added and synced, its orgs known and none of them polled yet; no worker runs yet."""
    flags = {"scenario": "quiet", "orgs": orgs, "components": 20} | simulator_flags
    with simulator(FOLDER / "simulator", **flags) as simulated:
        os.environ |= {
            "SALESFORCE_HOSTS": urlsplit(simulated.url).netloc,
            "SALESFORCE_CA_FILE": simulated.ca,
            "POLL_INTERVAL_MINUTES": str(A_WEEK_IN_MINUTES),
            "SYNC_INTERVAL_MINUTES": str(A_WEEK_IN_MINUTES),
            "LATE_ROWS_SECONDS": "0",  # the cursor follows at the next poll, so that a quiet org answers with one row
        }
        with database() as servers:
            _add_hub(simulated)
            built = Stage(servers, simulated)
            try:
                yield built
            finally:
                built.stop_workers()


def _add_hub(simulated: Simulator) -> None:
    from apps.accounts.models import Team
    from apps.orgs import syncing
    from apps.orgs.devhubs import add_dev_hub

    add_dev_hub(
        team=Team.objects.create(name="Bench", slug="bench"),
        login_url=simulated.hub.login_url,
        client_id=simulated.hub.client_id,
        username=simulated.hub.username,
        private_key=simulated.hub.private_key,
    )
    for hub_id, token in syncing.claim_due():
        syncing.sync_dev_hub(hub_id, token)


@dataclass(frozen=True)
class Sweep:
    """Every watched org was due at once, and polled once."""

    orgs: int
    wall_seconds: float
    cpu_seconds: dict[str, float]
    connections: int  # at most so many to the database at a time

    def milliseconds_per_org(self, *names: str) -> float:
        """CPU of the processes whose names begin so."""
        used = sum(seconds for name, seconds in self.cpu_seconds.items() if name.startswith(names))
        return 1000 * used / self.orgs


def sweep(on: Stage, limit_seconds: float = 600) -> Sweep:
    """Makes every watched org due now, and waits until each was polled, well or not: the end of a poll moves
    `updated_at`. What failed may come due again meanwhile, and is not waited for."""
    from django.db import connection

    before, began = on.cpu(), time.monotonic()
    connections = 0
    with connection.cursor() as cursor:
        cursor.execute("UPDATE scratch_orgs SET next_poll_at = now() WHERE watched RETURNING now()")
        orgs, (asked_at,) = cursor.rowcount, cursor.fetchone()
        left = orgs
        while left:
            time.sleep(0.1)
            cursor.execute(
                """SELECT count(*) FILTER (WHERE watched AND updated_at < %s),
                    (SELECT count(*) FROM pg_stat_activity WHERE datname = current_database())
                FROM scratch_orgs""",
                [asked_at],
            )
            left, seen = cursor.fetchone()
            connections = max(connections, seen - 1)
            if time.monotonic() - began > limit_seconds:
                raise TimeoutError(f"{left} of {orgs} orgs were not polled within {limit_seconds} s")
    wall, after = time.monotonic() - began, on.cpu()
    return Sweep(orgs, wall, {name: after[name] - before[name] for name in before}, connections)


def warm_up(on: Stage) -> Sweep:
    """The first sweep: logs in everywhere and reads the baselines. What cannot be polled is watched no longer."""
    from apps.orgs.models import ScratchOrg

    first = sweep(on)
    ScratchOrg.objects.filter(watched=True, last_polled_at=None).update(watched=False)
    return first


def _cpu_seconds(pid: int) -> float:
    """Of a process, and of the processes below it, ended or not."""
    process = psutil.Process(pid)
    total = 0.0
    for each in [process, *process.children(recursive=True)]:
        try:
            times = each.cpu_times()
        except psutil.NoSuchProcess:
            continue
        total += times.user + times.system + times.children_user + times.children_system
    return total
