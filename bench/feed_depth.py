"""Q2: the deepest page of the feed against the first, without a filter and with one."""

import sys
from statistics import median
from typing import Any

from bench.reading import ROWS, Stage, stage
from bench.report import Row, tell

ROUNDS = 5
REQUESTS = 60
LIMIT = 100
URL = "/api/changes"


def run() -> bool:
    with stage() as on:
        org = on.large.get(URL, {"limit": 1, "member_type": "Layout"}).json["changes"][0]["org"]["org_id"]
        rows = [
            _row(on, "no filter", {}),
            _row(on, "one type", {"member_type": "Flow"}),
            _row(on, "one org", {"org": org}),
        ]
    return tell(f"Q2  p50 of the deepest page / of the first; {ROWS:,} changes", rows)


def _row(on: Stage, name: str, filters: dict[str, str]) -> Row:
    first: dict[str, Any] = {**filters, "limit": LIMIT}
    deepest = first | {"cursor": _deepest(filters)}
    page = on.large.get(URL, deepest).json
    assert len(page["changes"]) == LIMIT
    assert page["next"] is None
    times: dict[str, list[float]] = {"deepest": [], "first": []}
    for _ in range(ROUNDS):
        times["deepest"] += [on.large.get(URL, deepest).milliseconds for _ in range(REQUESTS)]
        times["first"] += [on.large.get(URL, first).milliseconds for _ in range(REQUESTS)]
    a, b = median(times["deepest"]), median(times["first"])
    return Row("Q2", name, a / b, 1.3, f"{a:.1f} ms / {b:.1f} ms")


def _deepest(filters: dict[str, str]) -> str:
    """The cursor below which exactly a page is left."""
    from apps.accounts.models import Team
    from apps.changes.feed import DOOR
    from apps.changes.models import SourceChange
    from apps.core import keyset
    from apps.core.query import Query

    names = {"org": "scratch_org__org_id"}
    changes = SourceChange.objects.filter(team=Team.objects.get(), **{names.get(k, k): v for k, v in filters.items()})
    changes = changes.exclude(member_type="Profile", member_name="Admin").order_by("last_modified_date", "id")
    at, pk = changes.values_list("last_modified_date", "id")[LIMIT]
    return keyset.cursor(DOOR, 1, Query({}, filters), [at, pk])


if __name__ == "__main__":
    sys.exit(0 if run() else 1)
