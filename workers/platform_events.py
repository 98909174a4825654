"""Platform events: the tick that offers the DevHubs that something is to be told, and the task that tells one."""

from celery import shared_task

from apps.core import queue
from apps.core.queue import Queue, Task
from apps.platform_events import publishing


@shared_task(name=Task.FAN_OUT_PLATFORM_EVENTS)
def fan_out_platform_events() -> None:
    queue.send(Task.PUBLISH_PLATFORM_EVENTS, Queue.OPERATIONS, publishing.claim_due())


@shared_task(name=Task.PUBLISH_PLATFORM_EVENTS)
def publish_platform_events(channel_id: int, lease_token: str) -> None:
    publishing.publish(channel_id, lease_token)
