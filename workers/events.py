"""Events: handed to their listeners, once."""

from celery import shared_task

from apps.core import events
from apps.core.queue import Task


@shared_task(name=Task.DISPATCH_EVENTS)
def dispatch_events() -> None:
    events.dispatch()
