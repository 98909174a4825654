"""I1: storing what a poll found, against COPY of the same rows into the same indexed table; 50 rows a commit, by turns.

`python -m bench.ingest`. Printed as time over COPY's time: 0.8 and 0.5 of COPY's rate are 1.25 and 2 times as long.
"""

import sys
from collections.abc import Callable
from statistics import median

from bench.report import Row, tell
from bench.stage import database

ROUNDS, COMMITS, ROWS = 5, 300, 50


def run() -> bool:
    with database():
        from bench import ingest_sides as sides

        org, other = sides.make_org(1), sides.make_org(2)
        revision = iter(range(1, 10_000_000, ROWS))
        ways: dict[str, Callable[[int], float]] = {
            "copy": lambda first: sides.copy(other, first, ROWS),
            "changes": lambda first: sides.insert_changes(other, first, ROWS),
            "whole": lambda first: sides.store(org, first, ROWS),
        }
        for way in ways.values():
            way(next(revision))
        seconds: dict[str, list[float]] = {name: [] for name in ways}
        for _ in range(ROUNDS):
            for name, way in ways.items():
                seconds[name].append(sum(way(next(revision)) for _ in range(COMMITS)))
    rates = {name: ROWS * COMMITS / median(times) for name, times in seconds.items()}
    ratio = {name: median(a / b for a, b in zip(seconds[name], seconds["copy"], strict=True)) for name in ways}
    detail = f"{rates['copy']:,.0f} rows/s by COPY"
    return tell(
        "I1  storing new rows, time over COPY's",
        [
            Row("I1", "changes alone", ratio["changes"], 1.25, f"{rates['changes']:,.0f} rows/s; {detail}"),
            Row("I1", "the whole recording", ratio["whole"], 2.0, f"{rates['whole']:,.0f} rows/s; {detail}"),
        ],
    )


if __name__ == "__main__":
    sys.exit(0 if run() else 1)
