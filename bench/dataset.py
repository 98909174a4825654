"""Rows to read: a year of one team's changes, as its polls would have stored them.

Scratch orgs come and go (each lives about a month), people own orgs and visit others', components are edited as
unequally as in life, and revisions of one org lie scattered over the table. Made in the database itself, without
indexes, which are built afterwards: 10 million rows take a few minutes and are kept for the next run.
"""

import hashlib
import os
import subprocess
import sys
from dataclasses import astuple, dataclass, replace
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import psycopg
from psycopg import sql

FORM = 6  # raise it when the rows are made differently
API_KEY = "scr_benchkey_" + "b" * 43
TYPES = [
    "ApexClass",
    "Layout",
    "CustomField",
    "Flow",
    "LightningComponentBundle",
    "PermissionSet",
    "CustomObject",
    "Profile",
    "ApexTrigger",
    "FlexiPage",
    "CustomLabel",
    "ValidationRule",
    "RecordType",
    "QuickAction",
    "CustomTab",
    "StaticResource",
    "EmailTemplate",
    "Report",
    "Dashboard",
    "CustomMetadata",
    "ListView",
    "CompactLayout",
    "WebLink",
    "GlobalValueSet",
    "AuraDefinitionBundle",
]
WORDS = [
    "Account",
    "Billing",
    "Contact",
    "Device",
    "Entry",
    "Forecast",
    "Goal",
    "Household",
    "Invoice",
    "Journey",
    "Knowledge",
    "Lead",
]


@dataclass(frozen=True)
class Size:
    """Of one dataset. `overlap_rows`: components that somebody edited in the last 14 days; as many are baseline."""

    rows: int
    orgs: int
    components: int
    people: int
    overlap_rows: int

    @classmethod
    def of(cls, rows: int, orgs: int) -> "Size":
        return cls(rows, orgs, max(400, rows // 500), max(6, orgs // 20), min(500_000, rows // 2))


SMALL = replace(Size.of(10_000, 24), overlap_rows=500)


def url_of(server_url: str, database: str, user: str = "scratcher") -> str:
    """The URL of one database of an embedded server."""
    parts = urlsplit(server_url)
    return urlunsplit(parts._replace(netloc=f"{user}@", path=f"/{database}"))


def provide(server_url: str, database: str, size: Size) -> str:
    """The URL of a database that holds a dataset of this size: the one of the last run if it is the same."""
    url = url_of(server_url, database)
    with psycopg.connect(url_of(server_url, "postgres", "postgres"), autocommit=True) as server:
        if server.execute("SELECT 1 FROM pg_database WHERE datname = %s", [database]).fetchone():
            if _holds(url, size):
                return url
            server.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(database)))
        server.execute(sql.SQL("CREATE DATABASE {} OWNER scratcher").format(sql.Identifier(database)))
    environment = os.environ | {"DATABASE_URL": url}
    subprocess.run([sys.executable, "manage.py", "migrate", "--no-input", "-v", "0"], env=environment, check=True)
    # Foreign keys are not checked row by row while the rows are made, which takes a superuser.
    with psycopg.connect(url_of(server_url, database, "postgres"), autocommit=True) as connection:
        _fill(connection, size)
    return url


def _holds(url: str, size: Size) -> bool:
    with psycopg.connect(url) as connection:
        if connection.execute("SELECT to_regclass('bench_dataset')").fetchone() == (None,):
            return False
        return connection.execute("SELECT * FROM bench_dataset").fetchone() == (FORM, *astuple(size))


def _fill(connection: psycopg.Connection, size: Size) -> None:
    connection.execute("SET session_replication_role = replica")
    connection.execute("SET maintenance_work_mem = '512MB'")
    connection.execute("SET max_parallel_maintenance_workers = 2")
    connection.execute("SELECT setseed(0.42)")
    values = {**vars(size), "types": TYPES, "words": WORDS}
    for statement in (_TEAM, _ORGS, _PEOPLE, _COMPONENT_NAMES):
        _run(connection, statement, values)
    _without_indexes(connection, "source_changes", _CHANGES, values)
    _without_indexes(connection, "tracked_components", _COMPONENTS, values)
    for statement in (_COUNTS, _POSITION, _GAPS):
        _run(connection, statement, values)
    digest = hashlib.sha256(API_KEY.encode()).digest()
    connection.execute(
        "INSERT INTO api_keys (team_id, name, prefix, digest, scopes) VALUES (1, 'bench', %s, %s, %s)",
        [API_KEY[:12], digest, ["read"]],
    )
    connection.execute("VACUUM (ANALYZE)")
    connection.execute("CREATE TABLE bench_dataset (form int, rows int, orgs int, c int, p int, o int)")
    connection.execute("INSERT INTO bench_dataset VALUES (%s, %s, %s, %s, %s, %s)", [FORM, *astuple(size)])
    connection.execute("GRANT SELECT ON bench_dataset TO scratcher")
    connection.execute("CHECKPOINT")


def _run(connection: psycopg.Connection, statement: str, values: dict[str, Any]) -> None:
    psycopg.ClientCursor(connection).execute(statement, values)


def _without_indexes(connection: psycopg.Connection, table: str, fill: str, values: dict[str, Any]) -> None:
    """Fills the table without indexes, then builds again what it had."""
    constraints = connection.execute(
        """SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint
        WHERE conrelid = %s::regclass AND contype IN ('p', 'u')""",
        [table],
    ).fetchall()
    named = [name for name, _definition in constraints]
    indexes = connection.execute(
        "SELECT indexname, indexdef FROM pg_indexes WHERE tablename = %s AND indexname <> ALL(%s)", [table, named]
    ).fetchall()
    for name in named:
        connection.execute(f'ALTER TABLE {table} DROP CONSTRAINT "{name}"')
    for name, _definition in indexes:
        connection.execute(f'DROP INDEX "{name}"')
    _run(connection, fill, values)
    for name, definition in constraints:
        connection.execute(f'ALTER TABLE {table} ADD CONSTRAINT "{name}" {definition}')
    for _name, definition in indexes:
        connection.execute(definition)


_TEAM = """
    INSERT INTO teams (id, name, slug, noise_rules) OVERRIDING SYSTEM VALUE
    VALUES (1, 'Bench', 'bench', 'Profile:Admin');
    INSERT INTO dev_hubs (id, team_id, name, org_id, username, login_url, instance_url, client_id, private_key,
        access_token, active, last_error_code, last_error, consecutive_failures, doubted_endings, updated_at)
    OVERRIDING SYSTEM VALUE VALUES (1, 1, 'Bench hub', '00DHBENCH0000001AA', 'hub@bench.example', '', '', '', '', '',
        true, '', '', 0, '[]', now())"""

_ORGS = """
    INSERT INTO scratch_orgs (id, team_id, dev_hub_id, org_id, org_name, username, alias, description, instance_url,
        status, edition, features, connected_app, signup_email, owner_name, owner_username, visible_to_hub,
        credential, access_token, refresh_token, refresh_client_id, refresh_client_secret, refresh_login_url,
        watched, unwatched_reason)
    OVERRIDING SYSTEM VALUE
    SELECT o, 1, 1, '00D' || lpad(o::text, 12, '0') || 'EAA', 'Scratch ' || o, 'test-' || o || '@bench.example',
        'feature-' || o, '', 'https://scratch-' || o || '.scratch.my.salesforce.com', 'Active', 'Developer', '', '',
        '', '', '', true, 'jwt', '', '', '', '', '', true, ''
    FROM generate_series(1, %(orgs)s) AS o"""

# Each org has its owner (user 1) and a visitor (user 2); both have orgs of their own.
_PEOPLE = """
    INSERT INTO people (scratch_org_id, user_id, username, name)
    SELECT o, '005' || lpad(o::text, 11, '0') || u || 'AAA', 'person' || p || '@org' || o || '.example', 'Person ' || p
    FROM generate_series(1, %(orgs)s) AS o, generate_series(1, 2) AS u,
        LATERAL (SELECT (o * 7 + (u - 1) * (1 + o %% 3)) %% %(people)s AS p) AS person"""

_COMPONENT_NAMES = """
    CREATE UNLOGGED TABLE bench_components AS
    SELECT c, (%(types)s::text[])[1 + floor(power(((c * 2654435761) %% 1000003) / 1000003.0, 2)
            * cardinality(%(types)s::text[]))::int] AS t,
        (%(words)s::text[])[1 + c %% cardinality(%(words)s::text[])] || '_' || c AS n
    FROM generate_series(0, %(components)s - 1) AS c;
    ALTER TABLE bench_components ADD PRIMARY KEY (c);
    INSERT INTO bench_components SELECT -1, 'Profile', 'Admin';
    ANALYZE bench_components"""

_CHANGES = """
    INSERT INTO source_changes (team_id, scratch_org_id, feed_position, tracking_epoch, change_id, member_type,
        member_name, change_type, revision_num, changed_by, last_modified_date, created_at, batch_id, is_bulk)
    SELECT 1, org, i, 0, '0MZ' || lpad(to_hex(i), 12, '0') || 'AAA', t, n,
        CASE WHEN kind < 0.08 THEN 'DELETE' WHEN kind < 0.3 THEN 'NEW' ELSE 'CHANGE' END, i,
        '005' || lpad(org::text, 11, '0') || CASE WHEN who < 0.8 THEN 1 ELSE 2 END || 'AAA', at,
        at + interval '3 minutes', NULL, false
    FROM (
        SELECT i, 1 + least(%(orgs)s - 1, floor(i::float8 / %(rows)s * 0.92 * %(orgs)s
                + random() * 0.08 * %(orgs)s))::int AS org,
            CASE WHEN random() < 0.02 THEN -1 ELSE floor(power(random(), 3) * %(components)s)::int END AS c,
            random() AS kind, random() AS who,
            date_trunc('second', now()) - interval '365 days' * (1 - i::float8 / %(rows)s)
                - random() * interval '5 minutes' AS at
        FROM generate_series(1, %(rows)s) AS i
    ) AS made JOIN bench_components USING (c) ORDER BY i"""

_COMPONENTS = """
    INSERT INTO tracked_components (team_id, dev_hub_id, scratch_org_id, tracking_epoch, change_id, member_type,
        member_name, revision_num, changed_by, last_modified_date, is_deleted, is_baseline, edited_at, edited_by,
        edit_type)
    SELECT 1, 1, org, 0, '0MZ' || lpad(to_hex(i), 12, '0') || 'AAA', (%(types)s::text[])[1 + round],
        (%(words)s::text[])[1 + c %% cardinality(%(words)s::text[])] || '_' || c, i, who, at, false, is_baseline,
        CASE WHEN NOT is_baseline THEN at END, CASE WHEN is_baseline THEN '' ELSE who END,
        CASE WHEN is_baseline THEN '' ELSE 'CHANGE' END
    FROM (
        -- Each org has its own stretch of a common list of components, so that most are edited in two or three orgs.
        SELECT i, org, round, is_baseline, now() - random() * interval '14 days' AS at,
            (org * each * 2 / 5 + (i - 1) %% each) AS c,
            '005' || lpad(org::text, 11, '0') || CASE WHEN random() < 0.8 THEN 1 ELSE 2 END || 'AAA' AS who
        FROM (
            SELECT i, 1 + ((i - 1) / each) %% %(orgs)s AS org, (i - 1) / each / %(orgs)s AS round,
                i > %(overlap_rows)s AS is_baseline, each
            FROM generate_series(1, 2 * %(overlap_rows)s) AS i,
                (SELECT greatest(1, %(overlap_rows)s / %(orgs)s)) AS stretch(each)
        ) AS numbered
    ) AS made"""

_COUNTS = """
    INSERT INTO daily_change_counts (team_id, day, member_type, change_type, count)
    SELECT 1, (last_modified_date AT TIME ZONE 'UTC')::date, member_type, change_type, count(*)
    FROM source_changes GROUP BY 2, 3, 4"""

_POSITION = "UPDATE teams SET feed_position = %(rows)s"

_GAPS = """
    INSERT INTO gap_marks (team_id, scratch_org_id, reason, from_at, to_at)
    SELECT 1, o, 'not_watched', at, at + interval '20 minutes' FROM (
        SELECT o, now() - random() * interval '365 days' AS at FROM generate_series(1, %(orgs)s) AS o) AS made"""
