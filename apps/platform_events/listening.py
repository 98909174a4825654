"""Hears that changes were stored, and notes that their DevHub is to be told."""

from django.conf import settings

from apps.core.events import Kind
from apps.core.models import Event
from apps.orgs.models import DevHub
from apps.platform_events.models import Delivery


def listen(event: Event) -> None:
    """One delivery row for the event's DevHub, however often the event is told; none while the setting is 0.

    Takes no lock that a worker could wait for: the tick wakes the DevHub's channel.
    """
    if event.kind != Kind.CHANGES_STORED or not settings.PLATFORM_EVENTS_PER_MINUTE:
        return
    said = event.data
    if not DevHub.objects.filter(pk=said["dev_hub"], team_id=event.team_id, active=True).exists():
        return  # removed, or switched off, meanwhile
    delivery = Delivery(
        event_id=event.pk,
        dev_hub_id=said["dev_hub"],
        org_id=said["org_id"],
        change_count=said["count"],
        feed_from=said["feed_from"],
        feed_to=said["feed_to"],
        happened_at=event.created_at,
    )
    Delivery.objects.bulk_create([delivery], ignore_conflicts=True)
