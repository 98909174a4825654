"""What bench.ingest compares; imported once Django stands on the benchmark's database."""

import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, cast
from uuid import uuid4

import orjson
import psycopg
from django.db import connection

from apps.accounts.models import Team
from apps.changes import recording
from apps.changes.cursor import Cursor
from apps.changes.diff import Found
from apps.changes.pacing import Turn
from apps.changes.reading import Reading
from apps.orgs.models import DevHub, ScratchOrg
from apps.salesforce.records import SourceMember

NOW = datetime.now(UTC).replace(microsecond=0)
USER = "005000000000001AAA"
_COLUMNS = """team_id, scratch_org_id, feed_position, tracking_epoch, change_id, member_type, member_name, change_type,
    revision_num, changed_by, last_modified_date, is_bulk"""
_INSERT = f"""
    INSERT INTO source_changes ({_COLUMNS})
    SELECT %(team)s, %(org)s, r, 0, cid, t, n, ct, r, p, at, false FROM jsonb_to_recordset(%(found)s::jsonb) AS x(
        cid text, t text, n text, ct text, r bigint, p text, at timestamptz)
    ON CONFLICT (scratch_org_id, tracking_epoch, change_id, revision_num) DO NOTHING
    RETURNING feed_position"""


def make_org(number: int) -> ScratchOrg:
    """An org in a team of its own."""
    team = Team.objects.create(name=f"Bench {number}", slug=f"bench-{number}")
    hub = DevHub.objects.create(team=team, name="hub", org_id=f"00D00000000000{number}", username="u", client_id="c")
    return ScratchOrg.objects.create(
        team=team, dev_hub=hub, org_id=f"00D00000000001{number}", username=f"o{number}", instance_url="", watched=True
    )


def copy(org: ScratchOrg, first: int, rows: int) -> float:
    """Seconds that COPY takes, its commit included."""
    members = _members(first, rows)

    def run() -> None:
        with _psycopg().cursor() as cursor, cursor.copy(f"COPY source_changes ({_COLUMNS}) FROM STDIN") as into:
            for row in members:
                into.write_row(
                    (org.team_id, org.pk, row.revision_counter, 0, row.id, row.member_type, row.member_name, "CHANGE",
                     row.revision_counter, row.changed_by, row.last_modified_date, False)
                )  # fmt: skip

    return _timed(run)


def insert_changes(org: ScratchOrg, first: int, rows: int) -> float:
    """Seconds for the changes alone, as the recording's statement inserts them."""
    members = _members(first, rows)

    def run() -> None:
        found = [
            {"cid": row.id, "t": row.member_type, "n": row.member_name, "ct": "CHANGE", "r": row.revision_counter,
             "p": row.changed_by, "at": row.last_modified_date}
            for row in members
        ]  # fmt: skip
        values = {"team": org.team_id, "org": org.pk, "found": orjson.dumps(found).decode()}
        psycopg.Cursor(_psycopg()).execute(_INSERT, values, prepare=True).fetchall()

    return _timed(run)


def store(org: ScratchOrg, first: int, rows: int) -> float:
    """Seconds for all that a poll writes: changes, components, counts, cursor, event."""
    found = [Found(row, "CHANGE", is_baseline=False) for row in _members(first, rows)]
    lease = uuid4()
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE scratch_orgs SET lease_token = %s, last_attempted_at = now(), last_polled_at = now() WHERE id = %s",
            [lease, org.pk],
        )
    org.refresh_from_db()
    turn = Turn(org, lease, cast(datetime, org.last_attempted_at), 300.0)
    reading = Reading(Cursor(safe_counter=first, highest_counter=first + rows, baselined_at=NOW), found)
    return _timed(lambda: _must_store(turn, reading, rows))


def _must_store(turn: Turn, reading: Reading, rows: int) -> None:
    stored = recording.store(turn, reading, 0.1)
    assert stored == rows, stored


def _members(first: int, rows: int) -> list[SourceMember]:
    """The same components each time, in a newer revision."""
    return [
        SourceMember(f"0MZ{n:015d}", "ApexClass", f"Bench_{n:03}", first + n, False, False, USER, NOW)
        for n in range(rows)
    ]


def _timed(run: Callable[[], Any]) -> float:
    began = time.perf_counter()
    run()
    return time.perf_counter() - began


def _psycopg() -> "psycopg.Connection[Any]":
    connection.ensure_connection()
    return cast("psycopg.Connection[Any]", connection.connection)
