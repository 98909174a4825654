"""P2: the CPU that one org costs to poll, against a bare requests call for the same JSON; quiet, and with 50 new rows.

`python -m bench.poll_cpu`. Ours is all of worker, upkeep and beat, from the org's being due to its row being written,
task events for Flower included; the tokens are warm. Both sides call the same simulator over new TLS connections, with
the same number of threads, by turns.
"""

import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from urllib.parse import urlencode

from bench.report import machine
from bench.stage import Stage, Sweep, stage, sweep, warm_up
from tests.simulators import ROOT

ORGS = 300
THREADS = 64
ROUNDS = 5
NEW_ROWS = 50
LATENCY_SECONDS = 0.2
TARGET = 2.0
OURS = ("worker", "upkeep", "beat")

Call = tuple[str, str]  # URL, access token


@dataclass(frozen=True)
class Round:
    """One sweep of ours and the same calls bare."""

    swept: Sweep
    bare_milliseconds: float
    rows: float  # in an answer

    @property
    def ratio(self) -> float:
        return self.swept.milliseconds_per_org(*OURS) / self.bare_milliseconds


def run() -> bool:
    """Prints both ratios; whether they are as good as they should be."""
    with stage(ORGS) as on:
        on.start_workers(1, THREADS)
        warm_up(on)
        on.simulator.fault("all", "latency", median=LATENCY_SECONDS, sigma=0)
        bare = _start_bare(on)
        _edit(on)
        for _ in range(3):  # people's names are known, statements prepared, the cursors at their highest counters
            sweep(on)
        rounds: dict[str, list[Round]] = {"50 new rows": [], "quiet": []}
        for number in range(ROUNDS):
            _edit(on)
            rounds["50 new rows"].append(_round(on, bare, ours_first=number % 2 == 0))
            sweep(on)  # the cursors follow
            rounds["quiet"].append(_round(on, bare, ours_first=number % 2 == 0))
        bare.terminate()
        bare.wait()
    print(f"P2  CPU of a poll / CPU of a bare requests call; {ORGS} orgs, {THREADS} threads; {machine()}")
    results = [_tell(what, measured) for what, measured in rounds.items()]
    return all(results)


def _round(on: Stage, bare: "subprocess.Popen[str]", *, ours_first: bool) -> Round:
    calls = _calls()  # before the sweep, which moves the cursors
    if ours_first:
        swept, (seconds, rows) = sweep(on), _call(bare, calls)
    else:
        (seconds, rows), swept = _call(bare, calls), sweep(on)
    return Round(swept, 1000 * seconds / len(calls), rows / len(calls))


def _calls() -> list[Call]:
    """What the next poll of each org will ask."""
    from apps.orgs import access
    from apps.orgs.models import ScratchOrg
    from apps.salesforce.records import SourceMember

    calls = []
    for org in ScratchOrg.objects.filter(watched=True):
        soql = (
            f"SELECT {SourceMember.FIELDS} FROM SourceMember"
            f" WHERE RevisionCounter >= {org.safe_counter} ORDER BY RevisionCounter"
        )
        url = f"{org.instance_url}/services/data/v67.0/tooling/query/?{urlencode({'q': soql})}"
        calls.append((url, access.unseal(org, "access_token")))
    return calls


def _start_bare(on: Stage) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-m", "bench.bare", on.simulator.ca, str(THREADS)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )


def _call(bare: "subprocess.Popen[str]", calls: Sequence[Call]) -> tuple[float, int]:
    assert bare.stdin is not None
    assert bare.stdout is not None
    bare.stdin.write(json.dumps(calls) + "\n")
    bare.stdin.flush()
    answer = json.loads(bare.stdout.readline())
    return answer["cpu_seconds"], answer["rows"]


def _edit(on: Stage) -> None:
    """Each watched org gets 50 new rows."""
    from apps.orgs.models import ScratchOrg

    for org in ScratchOrg.objects.filter(watched=True):
        on.simulator.edits(
            [
                {"org_id": org.org_id, "member_type": "ApexClass", "member_name": f"Bench_{n:03}", "kind": "CHANGE"}
                for n in range(NEW_ROWS)
            ]
        )


def _tell(what: str, rounds: Sequence[Round]) -> bool:
    ratio = median(each.ratio for each in rounds)
    parts = {
        name: median(each.swept.milliseconds_per_org(name) for each in rounds)
        for name in (*OURS, "PostgreSQL", "Valkey", "simulator")
    }
    bare = median(each.bare_milliseconds for each in rounds)
    spread = f"{min(each.ratio for each in rounds):.2f}-{max(each.ratio for each in rounds):.2f}"
    print(f"    {what}: {ratio:.2f} ({spread}; target {TARGET}); ms: bare {bare:.2f}, ", end="")
    print(", ".join(f"{name} {used:.2f}" for name, used in parts.items()), end="")
    print(f"; {rounds[-1].rows:.0f} rows an answer, {rounds[-1].swept.connections} connections")
    return ratio <= TARGET


if __name__ == "__main__":
    sys.exit(0 if run() else 1)
