"""Several rows are written only by whoever holds them, and held in one order: so writers wait, and never deadlock.

with transaction.atomic():
    ScratchOrg.objects.filter(pk__in=hold(orgs)).update(…)

An UPDATE by itself locks rows in whatever order it finds them; two that meet in opposite orders deadlock.
"""

from typing import Any

from django.db.models import QuerySet


def hold(rows: QuerySet[Any]) -> list[int]:
    """Locks the rows, lowest id first, until the caller's transaction ends; the ids of those that match even then.

    Once in a transaction: a second one could ask for a lower id than the first one holds.
    """
    held = rows.order_by("pk").select_for_update(no_key=True, of=("self",))
    return list(held.values_list("pk", flat=True))
