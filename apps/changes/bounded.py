"""Reads that must not grow with the table: two seconds at most, and never a sequential scan.

with bounded_reads() as read:
    rows = read("SELECT … WHERE team_id = %(team)s", {"team": "7"})

All reads of one block see the same limits and cost two round trips, whatever their number: BEGIN and the limits travel
with the first one. Statements are prepared on their connection, because planning costs more than running; so their
text must be one of a few, and values go in as text, which fits the column whatever Python type they came from.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import psycopg
from django.db import connection
from django.db.utils import OperationalError

from apps.core.errors import InvalidInput

READ_SECONDS = 2

# A stale statistic, or a table of a few pages, tempts the planner to scan all of people or scratch_orgs for each page.
_LIMITS = f"""
    SELECT set_config('statement_timeout', '{READ_SECONDS}s', true), set_config('enable_seqscan', 'off', true),
        set_config('enable_hashjoin', 'off', true), set_config('enable_mergejoin', 'off', true)"""

Read = Callable[[str, Mapping[str, Any]], list[tuple[Any, ...]]]


class TooBroad(InvalidInput):
    code = "too_broad"

    def __init__(self) -> None:
        super().__init__(
            f"this combination takes more than {READ_SECONDS} seconds: narrow it with since and until",
            details={"fields": ["since", "until"]},
        )


@contextmanager
def bounded_reads() -> Iterator[Read]:
    """A function that runs a statement and returns its rows. Raises TooBroad (400) when one takes too long."""
    connection.ensure_connection()
    raw = connection.connection
    nested = connection.in_atomic_block  # then the limits end with a savepoint
    committed = False
    with _translated_errors():
        try:
            with raw.pipeline():
                _run(raw, "SAVEPOINT bounded" if nested else "BEGIN READ ONLY")
                _run(raw, _LIMITS)
                yield lambda statement, values: _run(raw, statement, values).fetchall()
                if not nested:
                    _run(raw, "COMMIT")
                    committed = True
        finally:
            # Not within the pipeline: psycopg forgets prepared statements at a rollback, and within one too late.
            if not committed and not raw.closed:
                raw.execute("ROLLBACK TO SAVEPOINT bounded" if nested else "ROLLBACK")


@contextmanager
def _translated_errors() -> Iterator[None]:
    try:
        with connection.wrap_database_errors:
            yield
    except OperationalError as error:
        if isinstance(error.__cause__, psycopg.errors.QueryCanceled):
            raise TooBroad from None
        raise


def _run(
    raw: "psycopg.Connection[Any]", statement: str, values: Mapping[str, Any] | None = None
) -> "psycopg.Cursor[Any]":
    return psycopg.Cursor(raw).execute(statement, values, prepare=True, binary=True)
