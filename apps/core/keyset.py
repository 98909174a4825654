"""Pages by position, never by number: a signed cursor holds the position of the last row of a page.

A cursor is good for one door, one team and one set of filters. It is no secret, but it can't be made or altered.
"""

import base64
import binascii
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from hmac import compare_digest
from typing import Any, TypeVar

import orjson
from django.conf import settings
from django.db.models import Model, QuerySet
from django.utils.crypto import salted_hmac

from apps.core.errors import Gone, InvalidInput
from apps.core.query import Query

SIGNATURE_BYTES = 16

Row = TypeVar("Row", bound=Model)


def cursor(door: str, team_id: int, query: Query, position: Sequence[int | str | datetime]) -> str:
    """`position`: the sort values of a page's last row, as `position()` will give them back (times as ISO texts)."""
    payload = orjson.dumps(list(position))
    signed = _signature(door, team_id, query, payload) + payload
    return base64.urlsafe_b64encode(signed).rstrip(b"=").decode()


def position(door: str, team_id: int, query: Query) -> list[Any] | None:
    """Where `query["cursor"]` says that the page begins; None for the first page. Raises InvalidInput (400)."""
    sent = query["cursor"]
    if sent is None:
        return None
    try:
        signed = base64.b64decode(sent + "=" * (-len(sent) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        signed = b""
    signature, payload = signed[:SIGNATURE_BYTES], signed[SIGNATURE_BYTES:]
    if not compare_digest(signature, _signature(door, team_id, query, payload)):
        raise InvalidInput(
            "this cursor was made for other filters, another list or another team: start without one",
            code="invalid_cursor",
            details={"field": "cursor"},
        )
    values: list[Any] = orjson.loads(payload)
    return values


def refuse_what_was_pruned(at: datetime) -> None:
    """Raises Gone (410) when rows from `at` on may have been deleted by RETENTION_DAYS."""
    days = settings.RETENTION_DAYS
    if days and at < datetime.now(UTC) - timedelta(days=days):
        raise Gone(
            f"changes older than {days} days are not kept: start without a cursor",
            code="cursor_expired",
            details={"retention_days": days},
        )


def page(door: str, team_id: int, query: Query, rows: QuerySet[Row]) -> tuple[list[Row], str | None]:
    """One page of `rows`, newest id first, and the cursor of the next one; None at the end."""
    after = position(door, team_id, query)
    if after is not None:
        rows = rows.filter(pk__lt=after[0])
    found = list(rows.order_by("-pk")[: query["limit"] + 1])
    if len(found) <= query["limit"]:
        return found, None
    found.pop()
    return found, cursor(door, team_id, query, [found[-1].pk])


def _signature(door: str, team_id: int, query: Query, payload: bytes) -> bytes:
    bound_to = orjson.dumps([door, team_id, query.filters])
    return salted_hmac("keyset", bound_to + payload, algorithm="sha256").digest()[:SIGNATURE_BYTES]
