"""Polls: the tick that sends one message per due scratch org, and the task that polls one."""

from celery import shared_task

from apps.changes import pacing, polling
from apps.core import queue
from apps.core.queue import Queue, Task


@shared_task(name=Task.FAN_OUT_POLLS)
def fan_out_polls() -> None:
    queue.send(Task.POLL_ORG, Queue.POLLS, pacing.claim_due(waiting=queue.length(Queue.POLLS)))


@shared_task(name=Task.POLL_ORG)
def poll_org(org_id: int, lease_token: str) -> None:
    polling.poll_org(org_id, lease_token)
