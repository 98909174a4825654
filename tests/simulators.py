"""Starts simulators for tests and benchmarks, and commands them: `start_simulator(data_dir, orgs=24,
clock="stepped")`."""

import contextlib
import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests

START_SECONDS = 60
REQUEST_SECONDS = 60
ROOT = Path(__file__).resolve().parents[1]


@dataclass(frozen=True)
class Hub:
    """What is needed to log in to the simulated DevHub; `private_key` is the PEM text."""

    org_id: str
    username: str
    client_id: str
    private_key_file: Path
    login_url: str

    @property
    def private_key(self) -> str:
        return self.private_key_file.read_text()


@dataclass
class Simulator:
    """A running simulator. Its methods are the control API; what they answer is described in
    apps/simulator/control.py."""

    url: str
    ca: str
    control: str
    control_token: str = field(repr=False)
    hub: Hub
    process: subprocess.Popen[str]
    data_dir: Path
    _session: requests.Session = field(default_factory=requests.Session, repr=False)

    def __post_init__(self) -> None:
        self._session.trust_env = False
        self._session.verify = self.ca
        self._session.headers["X-Control-Token"] = self.control_token

    def command(self, method: str, path: str, body: Any = None, **query: Any) -> Any:
        """Any control call; raises AssertionError with the simulator's words where it refuses."""
        answer = self._session.request(
            method, f"{self.control}/{path}", json=body, params=query, timeout=REQUEST_SECONDS
        )
        assert answer.ok, f"{method} {path}: {answer.status_code} {answer.text}"
        return answer.json()

    def state(self) -> dict[str, Any]:
        return self.command("GET", "state")  # type: ignore[no-any-return]

    def orgs(self, **wanted: Any) -> list[dict[str, Any]]:
        """The scratch orgs of the state whose entries equal `wanted`, for instance alive=True."""
        return [org for org in self.state()["orgs"] if all(org[name] == value for name, value in wanted.items())]

    def step(self, seconds: float) -> str:
        """Moves the clock on and applies what falls due; returns the new now (ISO 8601)."""
        return self.command("POST", "clock", {"step_seconds": seconds})["now"]  # type: ignore[no-any-return]

    def set_clock(self, **settings: Any) -> str:
        """mode="stepped" | "running", rate=n"""
        return self.command("POST", "clock", settings)["now"]  # type: ignore[no-any-return]

    def edit(
        self, org_id: str, member_type: str, member_name: str, kind: str = "CHANGE", **more: Any
    ) -> dict[str, Any]:
        """One edit now; returns its journal entry."""
        edit = {"org_id": org_id, "member_type": member_type, "member_name": member_name, "kind": kind, **more}
        return self.edits([edit])[0]

    def edits(self, edits: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Several edits in order, at one moment."""
        return self.command("POST", "edits", {"edits": edits})["applied"]  # type: ignore[no-any-return]

    def reveal(self, org_id: str) -> int:
        """Shows hidden late rows; returns how many."""
        return self.command("POST", "reveal", {"org_id": org_id})["revealed"]  # type: ignore[no-any-return]

    def journal(self, after: int = 0) -> list[dict[str, Any]]:
        """Every entry with a number above `after`."""
        entries: list[dict[str, Any]] = []
        while True:
            page = self.command("GET", "journal", after=after, limit=5_000)
            entries += page["entries"]
            if not page["entries"] or page["entries"][-1]["seq"] >= page["last"]:
                return entries
            after = page["entries"][-1]["seq"]

    def fault(self, orgs: list[str] | str, fault: str, **options: Any) -> None:
        """orgs: org ids, "all" or "hub"; names and options stand in apps/simulator/faults.py."""
        self.command("PUT", "faults", {"orgs": orgs, "fault": fault, "options": options})

    def clear_faults(self, orgs: list[str] | str = "all", fault: str | None = None) -> None:
        self.command("DELETE", "faults", {"orgs": orgs} | ({"fault": fault} if fault else {}))

    def create_orgs(self, **wanted: Any) -> list[dict[str, Any]]:
        """count, person, connected_app, source_tracking, refresh_token, days, components"""
        return self.command("POST", "orgs", wanted)["orgs"]  # type: ignore[no-any-return]

    def declare(self, orgs: list[str] | str, *objects: dict[str, Any]) -> None:
        """Custom objects, platform events and custom fields, as apps/simulator/data/declarations.py describes them."""
        self.command("POST", "objects", {"orgs": orgs, "objects": list(objects)})

    def delete(self, org_id: str) -> None:
        self.command("POST", f"orgs/{org_id}/delete")

    def expire(self, org_id: str) -> None:
        self.command("POST", f"orgs/{org_id}/expire")

    def reset_tracking(self, org_id: str) -> None:
        self.command("POST", f"orgs/{org_id}/reset-tracking")

    def login_as(self, org_id: str) -> dict[str, Any]:
        """A session of the org's first user without a login: access_token, instance_url, org_id, user_id."""
        return self.command("POST", f"orgs/{org_id}/login-as")  # type: ignore[no-any-return]

    def stop(self) -> None:
        """SIGTERM; raises AssertionError if it does not end in time, or not cleanly."""
        self._session.close()
        self.process.terminate()
        try:
            code = self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise AssertionError("the simulator did not stop") from None
        assert code == 0, f"the simulator ended with {code}"


def start_simulator(data_dir: Path, **flags: Any) -> Simulator:
    """Starts `python -m apps.simulator` with these flags (edits_per_minute=0 becomes --edits-per-minute 0) and waits
    until it serves."""
    arguments = [sys.executable, "-m", "apps.simulator", "--data", str(data_dir)]
    for name, value in flags.items():
        flag = f"--{name.replace('_', '-')}"
        arguments += [flag] if value is True else [flag, str(value)]
    data_dir.mkdir(parents=True, exist_ok=True)
    with (data_dir / "simulator.log").open("w") as log:
        process = subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=log, text=True, cwd=ROOT)
    facts = _first_line(process, data_dir)
    hub = facts["hub"] | {"private_key_file": Path(facts["hub"]["private_key_file"])}
    return Simulator(
        url=facts["url"],
        ca=facts["ca"] or "",
        control=facts["control"],
        control_token=facts["control_token"],
        hub=Hub(**hub),
        process=process,
        data_dir=data_dir,
    )


@contextlib.contextmanager
def simulator(data_dir: Path, **flags: Any) -> Iterator[Simulator]:
    """A simulator for the length of a with block."""
    running = start_simulator(data_dir, **flags)
    try:
        yield running
    finally:
        running.stop()


def _first_line(process: subprocess.Popen[str], data_dir: Path) -> dict[str, Any]:
    """The line that a simulator prints once it serves; AssertionError with its log if it does not come."""
    assert process.stdout is not None
    killer = threading.Timer(START_SECONDS, process.kill)
    killer.start()
    line = process.stdout.readline()
    killer.cancel()
    if not line:
        process.kill()
        process.wait()
        raise AssertionError(f"the simulator did not start: {(data_dir / 'simulator.log').read_text()}")
    return json.loads(line)  # type: ignore[no-any-return]
