"""Upkeep: old rows go."""

from celery import shared_task

from apps.changes import pruning
from apps.core.queue import Task
from apps.platform_events import deliveries


@shared_task(name=Task.PRUNE)
def prune() -> None:
    pruning.prune()
    deliveries.prune()
