"""What happened, told once to every registered listener.

`record` writes an Event row in the caller's transaction. The tick calls `dispatch`, which lets each listener of
`EVENT_LISTENERS` (config/registries.py) write its own rows in the transaction that marks the event dispatched.
Listeners write rows and nothing else: what touches a network is a delivery row with its own due time.
"""

from collections.abc import Callable
from enum import StrEnum
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models.functions import Now
from django.utils.module_loading import import_string

from apps.core.models import Event

BATCH = 100

Listener = Callable[[Event], None]


class Kind(StrEnum):
    CHANGES_STORED = "changes.stored"
    TRACKING_RESET = "changes.tracking_reset"
    LOGIN_REFUSED = "orgs.login_refused"
    ORG_FOUND = "orgs.found"
    ORG_ENDED = "orgs.ended"
    SYNC_DOUBTED = "orgs.sync_doubted"


def record(*, team_id: int, kind: Kind, title: str, link: str = "", data: dict[str, Any] | None = None) -> Event:
    return Event.objects.create(team_id=team_id, kind=str(kind), title=title[:255], link=link, data=data or {})


def dispatch() -> int:
    """Hands undispatched events to the listeners, oldest first; returns how many. Two at once share the work."""
    listeners: list[Listener] = [import_string(name) for name in settings.EVENT_LISTENERS]
    with transaction.atomic():
        events = list(
            Event.objects.select_for_update(skip_locked=True).filter(dispatched_at=None).order_by("id")[:BATCH]
        )
        for event in events:
            for listener in listeners:
                listener(event)
        Event.objects.filter(pk__in=[event.pk for event in events]).update(dispatched_at=Now())
    return len(events)
