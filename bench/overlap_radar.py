"""Overlaps: how long `GET /api/overlaps` takes over half a million components that were edited in the last 14 days."""

import sys
from statistics import median

from bench.reading import stage
from bench.report import Row, tell

ROUNDS = 15
URL = "/api/overlaps"
TARGET_MILLISECONDS = 300


def run() -> bool:
    with stage() as on:
        first = on.large.get(URL, {"limit": 100})
        following = first.json["next"]
        assert len(first.json["overlaps"]) == 100
        rows = []
        for what, query in (
            ("the first page", {"limit": 100}),
            ("the next page", {"limit": 100, "cursor": following}),
            ("1,000 at once", {"limit": 1000}),
        ):
            times = sorted(on.large.get(URL, query).milliseconds for _ in range(ROUNDS))
            target = TARGET_MILLISECONDS if what != "1,000 at once" else None
            rows.append(Row("overlaps", what, median(times), target, f"slowest {times[-1]:.0f} ms", " ms"))
        from apps.changes.models import TrackedComponent

        edited = TrackedComponent.objects.exclude(edited_at=None).count()
    return tell(f"overlaps  of {edited:,} components edited in the last 14 days, as many are baseline", rows)


if __name__ == "__main__":
    sys.exit(0 if run() else 1)
