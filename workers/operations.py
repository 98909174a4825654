"""Operations: the tick that offers due ones, and the task that takes one a step further."""

from celery import shared_task

from apps.core import claims, queue
from apps.core.queue import Queue, Task
from apps.operations import running
from apps.operations.models import Operation


@shared_task(name=Task.FAN_OUT_OPERATIONS)
def fan_out_operations() -> None:
    queue.send(Task.ADVANCE_OPERATION, Queue.OPERATIONS, claims.claim_due(Operation, limit=100))


@shared_task(name=Task.ADVANCE_OPERATION)
def advance_operation(operation_id: int, lease_token: str) -> None:
    running.advance(operation_id, lease_token)
