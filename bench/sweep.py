"""P1: a sweep over slow, sick and silent orgs, against the time that its latencies alone would take on all threads.

`python -m bench.sweep`; ORGS=1000 (2 processes of 20 threads) or more (2 of 90). Latency is log-normal with a median
of 1 s (sigma 0.5), 10 s for 5 % of the answers, 503 for 2 %; 1 % of the orgs hang until the 30 s of a request are over.

Two sweeps: the first cannot know which orgs hang, the second begins with those that took longest.
"""

import math
import os
import sys

from bench.report import Row, tell
from bench.stage import stage, sweep, warm_up

ORGS = int(os.environ.get("ORGS", "1000"))
PROCESSES, THREADS = 2, 20 if ORGS <= 2_000 else 90
SLOW, SHARE_SLOW, HANG, SHARE_HANG = 10.0, 0.05, 30.0, 0.01
MEDIAN, SIGMA = 1.0, 0.5


def ideal_seconds(orgs: int, threads: int) -> float:
    """What the latencies alone would take, on so many threads in all."""
    from_distribution = MEDIAN * math.exp(SIGMA**2 / 2)
    mean = (1 - SHARE_HANG) * ((1 - SHARE_SLOW) * from_distribution + SHARE_SLOW * SLOW) + SHARE_HANG * HANG
    return max(orgs * mean / threads, HANG)


def run() -> bool:
    ideal = ideal_seconds(ORGS, PROCESSES * THREADS)
    with stage(ORGS) as on:
        on.start_workers(PROCESSES, THREADS)
        warm_up(on)
        options = {"median": MEDIAN, "sigma": SIGMA, "share_slow": SHARE_SLOW, "slow": SLOW, "share_error": 0.02}
        on.simulator.fault("all", "latency", **options)
        living = [org["org_id"] for org in on.simulator.orgs(alive=True)]
        on.simulator.fault(living[:: round(1 / SHARE_HANG)], "hang")
        first, swept = sweep(on), sweep(on)
        memory = max(megabytes for name, megabytes in on.resident_mb().items() if name.startswith("worker"))
    used = swept.milliseconds_per_org("worker", "upkeep", "beat")
    simulator = swept.cpu_seconds["simulator"] / swept.wall_seconds
    detail = (
        f"{swept.wall_seconds:.0f} s, ideal {ideal:.0f} s; {used:.1f} ms of CPU an org; {swept.connections} connections"
    )
    return tell(
        f"P1  a sweep of {swept.orgs} orgs, {PROCESSES} x {THREADS} threads",
        [
            Row("P1", "first sweep, wall over ideal", first.wall_seconds / ideal, None, f"{first.wall_seconds:.0f} s"),
            Row("P1", "next sweep, wall over ideal", swept.wall_seconds / ideal, 1.25, detail),
            Row("P1", "memory of a worker", memory, 200, f"the simulator used {simulator:.0%} of a core", " MB"),
        ],
    )


if __name__ == "__main__":
    sys.exit(0 if run() else 1)
