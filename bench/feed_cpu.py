"""A1 and A2: the CPU of `GET /api/changes?limit=100`, against the CPU of its SQL fetch, and of its 304 against a 200.

Ours is all of web process, PostgreSQL and Valkey for a request over HTTP, with authentication, rate limit and log
line. The SQL fetch is that of the same 100 rows as tuples, by Django's cursor on an open connection: one SELECT with
two joins, nothing else. Beside it stands our own statement, which is prepared, and reads gaps and position too.
"""

import sys
import time
from collections.abc import Callable
from statistics import median

from bench.reading import ROWS, Stage, stage, statements
from bench.report import Row, tell

ROUNDS = 5
REQUESTS = 300
URL = "/api/changes"


_PLAIN = """
    SELECT c.id, c.change_id, c.member_type, c.member_name, c.change_type, c.revision_num, c.changed_by,
        c.last_modified_date, c.created_at, c.is_bulk, c.batch_id, o.org_id, o.org_name, o.alias, o.username,
        o.instance_url, p.username, p.name
    FROM source_changes c JOIN scratch_orgs o ON o.id = c.scratch_org_id
    LEFT JOIN people p ON p.scratch_org_id = c.scratch_org_id AND p.user_id = c.changed_by
    WHERE c.team_id = %s ORDER BY c.last_modified_date DESC, c.id DESC LIMIT 100"""


def run() -> bool:
    with stage() as on:
        after = on.large.get(URL, {"limit": 1}).json["latest"] - 200
        follow = {"after": after, "limit": 100}
        tag = on.large.get(URL, follow).headers["ETag"]
        prepared, plain = _fetches()

        def page() -> None:
            assert len(on.large.get(URL, {"limit": 100}).json["changes"]) == 100

        def new() -> None:
            assert len(on.large.get(URL, follow).json["changes"]) == 100

        def unchanged() -> None:
            assert on.large.get(URL, follow, **{"If-None-Match": tag}).status == 304

        used = _milliseconds(on, {"page": page, "prepared": prepared, "plain": plain, "200": new, "304": unchanged})
    return tell(
        f"A1, A2  CPU of a request; {ROWS:,} rows, medians of {ROUNDS} rounds of {REQUESTS}",
        [
            Row("A1", "GET limit=100 / SQL fetch of its rows", *_ratio(used["page"], used["plain"], 2.5)),
            Row("A1", "GET limit=100 / our prepared statement", *_ratio(used["page"], used["prepared"], None)),
            Row("A2", "304 / 200", *_ratio(used["304"], used["200"], 0.25)),
        ],
    )


def _ratio(ours: list[float], theirs: list[float], target: float | None) -> tuple[float, float | None, str]:
    ratio = median(a / b for a, b in zip(ours, theirs, strict=True))
    return ratio, target, f"{median(ours):.2f} ms / {median(theirs):.2f} ms"


def _fetches() -> tuple[Callable[[], None], Callable[[], None]]:
    """The statement of the page, run as the door runs it, and the plainest one for its rows."""
    from django.db import connection

    from apps.accounts.models import Team
    from apps.changes import feed
    from apps.changes.api import ChangeList
    from apps.changes.bounded import bounded_reads
    from apps.core.query import Query

    values = {param.name: param.default for param in ChangeList.query}
    with statements() as seen:
        feed.newest(Team.objects.get(), Query(values, {}))
    [(statement, parameters)] = seen

    def prepared() -> None:
        with bounded_reads() as read:
            assert len(read(statement, parameters)) == 101

    def plain() -> None:
        with connection.cursor() as cursor:
            cursor.execute(_PLAIN, [1])
            assert len(cursor.fetchall()) == 100

    return prepared, plain


def _milliseconds(on: Stage, what: dict[str, Callable[[], None]]) -> dict[str, list[float]]:
    """CPU of each, round by round: of the servers, and of whoever asks PostgreSQL: the web process or this one."""
    used: dict[str, list[float]] = {name: [] for name in what}
    for work in what.values():
        for _ in range(30):
            work()
    for _ in range(ROUNDS):
        for name, work in what.items():
            fetches_itself = name in ("prepared", "plain")
            before = on.cpu_seconds(on.large) + (time.process_time() if fetches_itself else 0)
            for _ in range(REQUESTS):
                work()
            after = on.cpu_seconds(on.large) + (time.process_time() if fetches_itself else 0)
            used[name].append(1000 * (after - before) / REQUESTS)
    return used


if __name__ == "__main__":
    sys.exit(0 if run() else 1)
