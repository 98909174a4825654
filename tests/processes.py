"""Scratcher's processes as production starts them, on the test's database and a Valkey of their own.

    with scratcher(simulator, {"worker": 2, "upkeep": 1, "beat": 1}, POLL_INTERVAL_MINUTES="0.05") as running:
        running.kill("worker-1")

They see committed rows only: for tests with `django_db(transaction=True)`.
"""

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import requests
from django.db import connection

from apps.launcher import children, placement
from apps.launcher.processes import PROCESSES
from apps.launcher.valkey import Valkey
from tests.proxies import Wire
from tests.simulators import Simulator
from tests.web import web_process

ROOT = Path(__file__).resolve().parents[1]
SHORTEST_WAIT_SECONDS = 0.05


def wait_until(condition: Callable[[], Any], seconds: float, what: str = "it") -> None:
    """AssertionError with `what` if the condition does not come true in time."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"{what} did not happen within {seconds} s"
        time.sleep(SHORTEST_WAIT_SECONDS)


class Scratcher:
    """Processes by name: the command's, with a number where there are several (worker-1, worker-2)."""

    def __init__(self, folder: Path, valkey: Valkey, environment: Mapping[str, str]) -> None:
        self.folder, self.valkey, self.environment = folder, valkey, environment
        self.processes: dict[str, subprocess.Popen[bytes]] = {}

    def start(self, name: str) -> None:
        """Starts the process, again if it was killed; its output goes to <name>.log."""
        command = PROCESSES[name.partition("-")[0]].replace("@%h", f"-{name}@%h")
        with self.log_of(name).open("ab") as log:
            self.processes[name] = children.start(
                ["/bin/sh", "-c", f"exec {command}"],
                output=log,
                env=self.environment,
                cwd=ROOT,
                on_our_death=signal.SIGKILL,
            )

    def send(self, name: str, number: signal.Signals) -> None:
        os.killpg(self.processes[name].pid, number)

    def kill(self, name: str) -> None:
        """As the kernel does when memory is short: the process gets no chance to clean up."""
        self.send(name, signal.SIGKILL)
        self.processes[name].wait()

    def is_ready(self, name: str) -> bool:
        assert self.processes[name].poll() is None, f"{name} has ended:\n{self.log_of(name).read_text()}"
        sign = " ready." if name.startswith(("worker", "upkeep")) else ""
        return sign in self.log_of(name).read_text()

    def tell(self) -> None:
        """The end of each log, for whoever reads of a failed test."""
        for log in sorted(self.folder.glob("*.log")):
            print(f"--- {log.name}", *log.read_text(errors="replace").splitlines()[-40:], sep="\n")

    def log_of(self, name: str) -> Path:
        return self.folder / f"{name}.log"

    def stop(self) -> None:
        for process in self.processes.values():
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGCONT)
        children.stop_all(self.processes.values(), 10)


@contextmanager
def scratcher(
    simulator: Simulator, counts: Mapping[str, int], *, wire: Wire | None = None, **environment: str
) -> Iterator[Scratcher]:
    """Once all are ready. `wire`: the way to their Valkey leads over it."""
    folder = Path(tempfile.mkdtemp(prefix="scratcher-test-", dir="/tmp"))
    folder.chmod(0o755)  # root's servers run as nobody
    with ExitStack() as stack:
        stack.callback(shutil.rmtree, folder)
        valkey = Valkey(placement.choose(folder), folder)
        valkey.start()
        stack.callback(valkey.stop)
        redis_url = over(wire, valkey.url) if wire else valkey.url
        running = Scratcher(folder, valkey, _environment(folder, simulator, redis_url) | environment)
        stack.callback(running.stop)
        names = [name if count == 1 else f"{name}-{i + 1}" for name, count in counts.items() for i in range(count)]
        for name in names:
            running.start(name)
        wait_until(lambda: all(running.is_ready(name) for name in names), 60, "the start of the processes")
        try:
            yield running
        except BaseException:
            running.tell()
            raise


def over(wire: Wire, url: str) -> str:
    port = urlsplit(url).port or 6379
    wire.lead_to(("127.0.0.1", port))
    return url.replace(f":{port}/", f":{wire.port}/")


@contextmanager
def web(running: Scratcher, key: str) -> Iterator["Api"]:
    with web_process(running.log_of("web"), **running.environment) as url:
        yield Api(url, key)


class Api:
    """The front door, with an API key."""

    def __init__(self, url: str, key: str) -> None:
        self.url = url
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.headers["X-API-Key"] = key

    def ask(self, method: str, path: str, **query: Any) -> requests.Response:
        return self._session.request(method, f"{self.url}{path}", params=query, timeout=30)

    def get(self, path: str, **query: Any) -> dict[str, Any]:
        return self._well(self.ask("GET", path, **query))

    def post(self, path: str) -> dict[str, Any]:
        return self._well(self.ask("POST", path))

    def changes(self, after: int) -> tuple[list[dict[str, Any]], int]:
        """What the feed tells after this position, and the position to go on from."""
        changes: list[dict[str, Any]] = []
        while True:
            page = self.get("/api/changes", after=after, limit=1000)
            changes, after = changes + page["changes"], page["latest"]
            if not page["more"]:
                return changes, after

    def sweep(self, seconds: float) -> None:
        """Asks for a poll of all orgs, and waits until the operation says that it is done."""
        operation = self.post("/api/poll")["operation"]

        def has_ended() -> bool:
            return bool(self.get(f"/api/operations/{operation['id']}")["operation"]["status"] != "running")

        wait_until(has_ended, seconds, "the end of the sweep")

    def _well(self, answer: requests.Response) -> dict[str, Any]:
        assert answer.ok, f"{answer.request.method} {answer.url}: {answer.status_code} {answer.text}"
        found: dict[str, Any] = answer.json()
        return found


def _environment(folder: Path, simulator: Simulator, redis_url: str) -> dict[str, str]:
    connection.ensure_connection()
    server = connection.connection.info
    where = f"{server.dbname}?host={quote(server.host)}&port={server.port}"
    return {
        **os.environ,
        "PATH": os.pathsep.join([str(ROOT / ".venv/bin"), os.environ["PATH"]]),
        "DATABASE_URL": f"postgres://{server.user}:{quote(server.password)}@/{where}",
        "REDIS_URL": redis_url,
        "SALESFORCE_HOSTS": urlsplit(simulator.url).netloc,
        "SALESFORCE_CA_FILE": simulator.ca,
        "SCRATCHER_DATA_DIR": str(folder),
        "LOG_FORMAT": "json",
        "WORKER_THREADS": "16",
    }
