"""What waits to be told, coalesced into few platform events."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from django.contrib.postgres.aggregates import ArrayAgg
from django.db.models import Max, Min, QuerySet, Sum
from django.db.models.functions import Now

from apps.orgs.models import DevHub, ScratchOrg
from apps.platform_events.models import Delivery

OF_USE = timedelta(minutes=10)  # whoever was not told by then has read the feed by itself
KEPT = timedelta(days=1)
BATCH = 2000


@dataclass(frozen=True)
class Nudge:
    """One platform event: so many changes of an org, or of several (org_id None), between these positions of the
    team's feed. `deliveries`: the rows that it stands for."""

    org_id: str | None
    org_name: str | None
    change_count: int
    feed_from: int
    feed_to: int
    deliveries: tuple[int, ...]

    def fields(self, hub: DevHub) -> dict[str, Any]:
        """As Scratcher_Change__e has them: names and numbers, nothing secret."""
        return {
            "Org_Id__c": self.org_id,
            "Org_Name__c": self.org_name,
            "Dev_Hub_Id__c": hub.org_id,
            "Change_Count__c": self.change_count,
            "Feed_From__c": self.feed_from,
            "Feed_To__c": self.feed_to,
        }


def drop_old(hub: DevHub) -> int:
    return _waiting(hub).filter(happened_at__lt=Now() - OF_USE).update(outcome=Delivery.Outcome.DROPPED)


def drop_all(hub: DevHub) -> int:
    return _waiting(hub).update(outcome=Delivery.Outcome.DROPPED)


def waiting(hub: DevHub) -> list[Nudge]:
    """One for each org of which something waits, the one that waits longest first."""
    by_org = (
        _waiting(hub)
        .values("org_id")
        .annotate(
            count=Sum("change_count"),
            first=Min("feed_from"),
            last=Max("feed_to"),
            rows=ArrayAgg("id"),
            oldest=Min("id"),
        )
    )
    orgs = list(by_org.order_by("oldest"))
    names = _names(hub, [each["org_id"] for each in orgs])
    return [
        Nudge(
            org_id=each["org_id"],
            org_name=names.get(each["org_id"]),
            change_count=each["count"],
            feed_from=each["first"],
            feed_to=each["last"],
            deliveries=tuple(each["rows"]),
        )
        for each in orgs
    ]


def within(nudges: Sequence[Nudge], most: int) -> list[Nudge]:
    """The same in at most so many (1 or more): the last one carries whatever would be left over."""
    if len(nudges) <= most:
        return list(nudges)
    alone, rest = nudges[: most - 1], nudges[most - 1 :]
    everything = replace(
        rest[0],
        org_id=None,
        org_name=None,
        change_count=sum(each.change_count for each in rest),
        feed_from=min(each.feed_from for each in rest),
        feed_to=max(each.feed_to for each in rest),
        deliveries=tuple(row for each in rest for row in each.deliveries),
    )
    return [*alone, everything]


def mark_sent(nudges: Sequence[Nudge]) -> None:
    rows = [row for each in nudges for row in each.deliveries]
    Delivery.objects.filter(pk__in=rows).update(outcome=Delivery.Outcome.SENT)


def prune() -> int:
    """Deletes what is older than a day, whatever became of it; how many rows went."""
    gone = 0
    while old := list(Delivery.objects.filter(happened_at__lt=Now() - KEPT).values_list("pk", flat=True)[:BATCH]):
        gone += Delivery.objects.filter(pk__in=old).delete()[0]
    return gone


def _waiting(hub: DevHub) -> QuerySet[Delivery]:
    return Delivery.objects.filter(dev_hub=hub, outcome=Delivery.Outcome.WAITING)


def _names(hub: DevHub, org_ids: list[str]) -> dict[str, str]:
    orgs = ScratchOrg.objects.filter(dev_hub=hub, org_id__in=org_ids)
    return {
        org_id: alias or name or username
        for org_id, alias, name, username in orgs.values_list("org_id", "alias", "org_name", "username")
    }
