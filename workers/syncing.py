"""The DevHubs' lists of scratch orgs."""

from celery import shared_task

from apps.core import queue
from apps.core.queue import Queue, Task
from apps.orgs import syncing


@shared_task(name=Task.FAN_OUT_SYNCS)
def fan_out_syncs() -> None:
    queue.send(Task.SYNC_DEV_HUB, Queue.OPERATIONS, syncing.claim_due())


@shared_task(name=Task.SYNC_DEV_HUB)
def sync_dev_hub(hub_id: int, lease_token: str) -> None:
    syncing.sync_dev_hub(hub_id, lease_token)
