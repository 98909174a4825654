"""`make conformance`: real Salesforce clients use a simulator of their own over HTTPS, and a table says what worked.

Each client is a program with a home of its own below .data/conformance/run, two at a time. Exits with 1 if an operation
failed or a process was left behind. A signal, or too long a time, ends everything that was started.
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
from contextlib import contextmanager
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
ALL_SECONDS = 20 * 60

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

_programs: list[subprocess.Popen[bytes]] = []


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

    def end(self, code: int, log: Path) -> None:
        """What was planned and did not run has failed; so has a program that ends badly or planned nothing."""
        rest = self.planned[len(self.outcomes) :] or (["end"] if code != 0 or not self.planned else [])
        why = f"took more than {OPERATION_SECONDS} s" if code == -signal.SIGKILL else f"ended with {code}"
        self.outcomes += [
            Outcome(self.name, self.version, operation, f"the program {why}; see {log}") for operation in rest
        ]


def main() -> int:
    parser = argparse.ArgumentParser(prog="make conformance", description=__doc__.partition("\n")[0] if __doc__ else "")
    parser.add_argument("clients", nargs="*", metavar="CLIENT", help=f"by default all: {', '.join(CLIENTS)}")
    chosen = parser.parse_args().clients or list(CLIENTS)
    if unknown := set(chosen) - set(CLIENTS):
        parser.error(f"no such client: {', '.join(sorted(unknown))}")
    for number in (signal.SIGTERM, signal.SIGALRM):
        signal.signal(number, signal.default_int_handler)
    signal.alarm(ALL_SECONDS)
    shutil.rmtree(RUN, ignore_errors=True)
    # By name, as Salesforce is reached: some clients keep no cookies of an address.
    running = start_simulator(RUN / "simulator", scenario="quiet", orgs=0, host="localhost")
    lanes = ThreadPoolExecutor(CLIENTS_AT_A_TIME)
    try:
        outcomes = [one for found in lanes.map(lambda name: drive(name, running), chosen) for one in found]
    finally:
        lanes.shutdown(wait=False, cancel_futures=True)
        for child in list(_programs):
            _kill(child)
        lanes.shutdown()
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
    progress.end(code, folder / "client.log")
    if _kill(child) and code == 0:
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
    _programs.append(child)
    try:
        yield child
    finally:
        children.stop(child)
        _programs.remove(child)


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
    timer = threading.Timer(OPERATION_SECONDS, _kill, [child])
    timer.daemon = True
    timer.start()
    return timer


def _kill(child: subprocess.Popen[bytes]) -> bool:
    """Ends the program and what it started; False if none of them is alive."""
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
