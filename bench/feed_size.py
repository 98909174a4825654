"""Q1: every list with one filter, with dates and without, at 10 million changes against 10 thousand.

The same kind of value is asked of both: an org in the middle of the year, a type of a few percent, a name of many
revisions and one of few, a person of many orgs. Requests go by turns over HTTP to two web processes. The plan of every
statement on the way is looked at for a sequential scan.
"""

import sys
from statistics import median, quantiles
from typing import Any

import psycopg

from bench import dataset
from bench.reading import ROWS, Stage, Web, stage, statements
from bench.report import Row, tell

ROUNDS = 5
REQUESTS = 40
Query = dict[str, Any]

_OF_MIDDLE_ORG = """
    SELECT o.org_id FROM scratch_orgs o JOIN source_changes c ON c.scratch_org_id = o.id
    WHERE c.feed_position = (SELECT feed_position / 2 FROM teams)"""
_OF_MANY = "SELECT name FROM people GROUP BY 1 ORDER BY count(*) DESC, 1 LIMIT 1"
_OF_NAMES = """
    SELECT member_name FROM (SELECT member_name, count(*) AS n FROM source_changes GROUP BY 1) AS c
    ORDER BY abs(n - %s), member_name LIMIT 1"""


def run() -> bool:
    with stage() as on:
        large, small = (_queries(url) for url in (_url(on, "large"), _url(on, "small")))
        rows = [_compare(on, name, large[name], small[name]) for name in large]
        scans = _sequential_scans(large.values())
    slowest = max(rows, key=lambda row: row.slowest)
    told = [Row("Q1", row.name, row.ratio, 2.0, row.detail) for row in rows]
    told.append(Row("Q1", f"p99 of the slowest, {slowest.name}", slowest.slowest, 50, slowest.detail, " ms"))
    told.append(Row("Q1", "sequential scans in any plan", len(scans), 0, "; ".join(scans)))
    return tell(f"Q1  p50 of a GET at {ROWS:,} changes / at {dataset.SMALL.rows:,}", told)


class Compared:
    """Milliseconds of one question, of the large database and of the small."""

    def __init__(self, name: str, large: list[float], small: list[float]) -> None:
        self.name = name
        self.ratio = median(large) / median(small)
        self.slowest, slowest_small = (quantiles(times, n=100)[98] for times in (large, small))
        self.detail = f"{median(large):.1f} / {median(small):.1f} ms, p99 {self.slowest:.0f} / {slowest_small:.0f} ms"


def _compare(on: Stage, name: str, large: Query, small: Query) -> Compared:
    times: dict[str, list[float]] = {"large": [], "small": []}
    for _ in range(10):
        _ask(on.large, large), _ask(on.small, small)
    for _ in range(ROUNDS):
        times["large"] += [_ask(on.large, large) for _ in range(REQUESTS)]
        times["small"] += [_ask(on.small, small) for _ in range(REQUESTS)]
    return Compared(name, times["large"], times["small"])


def _ask(web: Web, query: Query) -> float:
    asked = dict(query)
    answer = web.get(asked.pop("url", "/api/changes"), asked)
    assert answer.status == 200, answer.body
    return answer.milliseconds


def _url(on: Stage, database: str) -> str:
    return dataset.url_of(on.servers.database_url, database)


def _queries(url: str) -> dict[str, Query]:
    with psycopg.connect(url) as connection:

        def one(statement: str, *values: Any) -> Any:
            row = connection.execute(statement, values).fetchone()
            assert row is not None
            return row[0]

        org, person = one(_OF_MIDDLE_ORG), one(_OF_MANY)
        user = one("SELECT changed_by FROM source_changes GROUP BY 1 ORDER BY count(*) DESC, 1 LIMIT 1")
        latest = one("SELECT feed_position FROM teams")
        prefix = one(
            """SELECT prefix FROM (SELECT DISTINCT left(member_name, n) || '*' AS prefix, member_name
                FROM source_changes, generate_series(3, 12) AS n WHERE n < length(member_name)) AS p
            GROUP BY 1 HAVING count(*) <= 200 ORDER BY count(*) DESC, 1 LIMIT 1"""
        )
        many, few = one(_OF_NAMES, 1000), one(_OF_NAMES, 10)
        middle = "SELECT last_modified_date FROM source_changes WHERE feed_position = %s"
        since, until = (one(middle, int(latest * share)).isoformat() for share in (0.3, 0.9))
    filters: dict[str, Query] = {
        "no filter": {},
        "org": {"org": org},
        "member_type": {"member_type": "Flow"},
        "member_name, of many revisions": {"member_name": many},
        "member_name, of few": {"member_name": few},
        "member_name, prefix": {"member_name": prefix},
        "changed_by, a user": {"changed_by": user},
        "changed_by, a person": {"changed_by": person},
        "changed_by, nobody": {"changed_by": "Nobody At All"},
        "change_type": {"change_type": "DELETE"},
    }
    dated = {f"{name}, with dates": query | {"since": since, "until": until} for name, query in filters.items()}
    return {
        **filters,
        **dated,
        "after": {"after": latest - 200},
        "after, with a type": {"after": latest - 200, "member_type": "Flow"},
        "components of an org": {"url": f"/api/orgs/{org}/components"},
        "counts by day and type": {"url": "/api/analytics/changes"},
        "counts of an org": {"url": "/api/analytics/changes", "org": org, "by": "day"},
    }


def _sequential_scans(queries: Any) -> list[str]:
    """Statements of the feed's doors whose plan, as it would be reused, has one."""
    from apps.accounts.models import Team
    from apps.changes import feed
    from apps.changes.api import ChangeList
    from apps.changes.bounded import bounded_reads
    from apps.core.query import Query as Asked

    found = []
    team = Team.objects.get()
    parse = {param.name: param.parse for param in ChangeList.query}
    defaults = {param.name: param.default for param in ChangeList.query}
    for query in queries:
        if "url" in query:
            continue
        with statements() as seen:
            asked = Asked(defaults | {name: parse[name](str(value)) for name, value in query.items()}, {})
            (feed.newest if asked["after"] is None else feed.after)(team, asked)
        for statement, values in seen:
            with bounded_reads() as read:
                plan = "\n".join(line for (line,) in read(f"EXPLAIN {statement}", values))
            if "Seq Scan" in plan:
                found.append(f"{dict(query)}: {plan}")
    return found


if __name__ == "__main__":
    sys.exit(0 if run() else 1)
