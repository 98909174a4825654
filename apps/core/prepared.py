"""Statements that run all the time, prepared on their connection: planning them costs more than running them."""

from collections.abc import Mapping, Sequence
from typing import Any

import psycopg
from django.db import connection


def compact(statement: str) -> str:
    """Without its indentation: what psycopg has parsed it keeps only of statements of up to 4,096 characters."""
    return " ".join(statement.split())


def execute(statement: str, values: Mapping[str, Any] | Sequence[Any]) -> "psycopg.Cursor[Any]":
    """Runs it on Django's connection, in its transaction if there is one; errors are Django's."""
    connection.ensure_connection()
    with connection.wrap_database_errors:
        return psycopg.Cursor(connection.connection).execute(statement, values, prepare=True)
