"""`make conformance`: real Salesforce clients use a simulator of their own over HTTPS, and a table says what worked.

Each client is a program with a home of its own below .data/conformance/run, two at a time. Exits with 1 if an operation
failed or a process was left behind.
"""

import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from apps.launcher import children
from tests.conformance.operations import MARK
from tests.simulators import ROOT, Simulator, start_simulator

HERE = Path(__file__).parent
DATA = ROOT / ".data/conformance"
RUN = DATA / "run"
PYTHON = DATA / "venv/bin/python"
CLIENTS_AT_A_TIME = 2
OPERATION_SECONDS = 150

# The longest first, since two run at a time.
CLIENTS: dict[str, list[str | Path]] = {
    "scratcher": [sys.executable, "-m", "tests.conformance.scratcher"],
    "sf-project": [sys.executable, "-m", "tests.conformance.sf_project"],
    "sf": [sys.executable, "-m", "tests.conformance.sf"],
    "jsforce": ["node", HERE / "jsforce/operations.mjs"],
    "simple-salesforce": [PYTHON, "-m", "tests.conformance.simple_salesforce"],
    "cumulusci": [PYTHON, "-m", "tests.conformance.cumulusci"],
    "aiosfstream": [PYTHON, "-m", "tests.conformance.aiosfstream"],
}


@dataclass(frozen=True)
class Outcome:
    """How one operation went; `error` is empty if it passed."""

    client: str
    version: str
    operation: str
    error: str
    seconds: float = 0


@dataclass
class Progress:
    """What a client's program has told so far."""

    name: str
    version: str = "?"
    planned: list[str] = field(default_factory=list)
    outcomes: list[Outcome] = field(default_factory=list)

    def hear(self, facts: dict[str, Any]) -> None:
        if "operations" in facts:
            self.name, self.version, self.planned = facts["client"], facts["version"], facts["operations"]
        else:
            outcome = Outcome(self.name, self.version, facts["operation"], facts["error"], facts["seconds"])
            self.outcomes.append(outcome)
            passed = "failed" if outcome.error else "passed"
            print(f"{passed}  {self.name}: {outcome.operation} ({outcome.seconds} s)", flush=True)

    def fail_the_rest(self, why: str) -> None:
        """What was planned and did not run has failed; a program that planned nothing has failed as a whole."""
        rest = self.planned[len(self.outcomes) :] or ([] if self.planned else ["start"])
        self.outcomes += [Outcome(self.name, self.version, operation, why) for operation in rest]


def main() -> int:
    parser = argparse.ArgumentParser(prog="make conformance", description=__doc__.partition("\n")[0] if __doc__ else "")
    parser.add_argument("clients", nargs="*", metavar="CLIENT", help=f"by default all: {', '.join(CLIENTS)}")
    chosen = parser.parse_args().clients or list(CLIENTS)
    if unknown := set(chosen) - set(CLIENTS):
        parser.error(f"no such client: {', '.join(sorted(unknown))}")
    shutil.rmtree(RUN, ignore_errors=True)
    # By name, as Salesforce is reached: some clients keep no cookies of an address.
    running = start_simulator(RUN / "simulator", scenario="quiet", orgs=0, host="localhost")
    try:
        with ThreadPoolExecutor(CLIENTS_AT_A_TIME) as lanes:
            outcomes = [one for found in lanes.map(lambda name: drive(name, running), chosen) for one in found]
    finally:
        running.stop()
    show(outcomes)
    return 1 if any(outcome.error for outcome in outcomes) else 0


def drive(name: str, simulator: Simulator) -> list[Outcome]:
    """Runs one client's program to its end. An operation that takes too long ends the program."""
    progress = Progress(name)
    folder = RUN / name
    (folder / "tmp").mkdir(parents=True)
    with (folder / "client.log").open("w") as log, _program(name, folder, simulator) as child:
        for line in _lines(child):
            if line.startswith(MARK):
                progress.hear(json.loads(line.removeprefix(MARK)))
            else:
                log.write(line)
        code = child.wait()
    progress.fail_the_rest(f"the program ended with {code}; see {folder / 'client.log'}")
    if _left_behind(child):
        progress.outcomes.append(Outcome(progress.name, progress.version, "end", "it left a process behind"))
    return progress.outcomes


@contextmanager
def _program(name: str, folder: Path, simulator: Simulator) -> Iterator[subprocess.Popen[bytes]]:
    child = children.start(
        CLIENTS[name],
        output=subprocess.PIPE,
        env=_environment(folder, simulator),
        cwd=ROOT,
        on_our_death=signal.SIGKILL,
    )
    try:
        yield child
    finally:
        children.stop(child)


def _environment(folder: Path, simulator: Simulator) -> dict[str, str]:
    """Nothing of ours but PATH: a home of the client's own, and the simulator's CA as each kind of client takes it."""
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "TMPDIR": str(folder / "tmp"),
        "LANG": "C.UTF-8",
        "SIMULATOR_DIR": str(simulator.data_dir),
        "NODE_EXTRA_CA_CERTS": simulator.ca,
        "REQUESTS_CA_BUNDLE": simulator.ca,
        "SSL_CERT_FILE": simulator.ca,
        "PYTHONDONTWRITEBYTECODE": "1",
    }


def _lines(child: subprocess.Popen[bytes]) -> Iterator[str]:
    """What the program prints, until it ends or says nothing of a finished operation for OPERATION_SECONDS."""
    assert child.stdout is not None
    killer = _killer(child)
    for line in child.stdout:
        text = line.decode(errors="replace")
        if text.startswith(MARK):
            killer.cancel()
            killer = _killer(child)
        yield text
    killer.cancel()


def _killer(child: subprocess.Popen[bytes]) -> threading.Timer:
    def kill() -> None:
        with suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)

    timer = threading.Timer(OPERATION_SECONDS, kill)
    timer.daemon = True
    timer.start()
    return timer


def _left_behind(child: subprocess.Popen[bytes]) -> bool:
    """Whether the ended program's group has a living process, which is ended too."""
    try:
        os.killpg(child.pid, signal.SIGKILL)
    except ProcessLookupError:
        return False
    return True


def show(outcomes: list[Outcome]) -> None:
    width = max(len(outcome.operation) for outcome in outcomes)
    print(f"\n{'client':<18}{'version':<10}{'operation':<{width + 2}}passed")
    for one in outcomes:
        print(f"{one.client:<18}{one.version:<10}{one.operation:<{width + 2}}{'no' if one.error else 'yes'}")
    for one in outcomes:
        if one.error:
            print(f"\n{one.client} {one.version}: {one.operation}\n{one.error}")
    failed = sum(bool(one.error) for one in outcomes)
    print(f"\n{len(outcomes) - failed} passed, {failed} failed")


if __name__ == "__main__":
    sys.exit(main())
