"""How an operation goes on: a handler is asked for one step at a time until it says that it is done.

A tick offers due operations to the workers (`apps.core.claims`); a step that needs waiting says when to ask again.
So an operation survives a killed worker: its lease runs out, and the next worker asks its handler again.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models.functions import Now
from django.utils.module_loading import import_string

from apps.accounts.models import Team
from apps.core import claims
from apps.core.errors import ScratcherError
from apps.operations.models import Operation, OperationLog

LEASE_SECONDS = 300


@dataclass(frozen=True)
class Step:
    """What one step came to. `done`: the last one; `message` is for people."""

    current: int
    message: str
    phase: str = ""
    done: bool = False
    again_after_seconds: float = 1.0


Handler = Callable[[Operation], Step]


def start(*, team: Team, kind: str, arguments: dict[str, Any], total: int, phase: str, started_by: str) -> Operation:
    """A new operation, or the one of the same kind and arguments that still runs."""
    with transaction.atomic():
        operation, is_new = Operation.objects.get_or_create(
            team=team,
            kind=kind,
            arguments=arguments,
            finished_at=None,
            defaults={"total": total, "phase": phase, "started_by": started_by},
        )
        if is_new:
            OperationLog.objects.create(operation=operation, message=f"started by {started_by}")
    return operation


def advance(operation_id: int, lease_token: str) -> None:
    """Asks the handler for one step and writes what it came to."""
    operation = claims.take(Operation, operation_id, lease_token, LEASE_SECONDS)
    if operation is None or operation.finished_at:
        return
    if operation.cancel_requested:
        _end(operation, Operation.Status.CANCELLED, "cancelled")
        return
    handler: Handler = import_string(settings.OPERATION_HANDLERS[operation.kind])
    try:
        step = handler(operation)
    except ScratcherError as error:
        _end(operation, Operation.Status.FAILED, str(error))
        return
    operation.current, operation.message, operation.phase = step.current, step.message, step.phase
    if step.done:
        _end(operation, Operation.Status.SUCCEEDED, step.message)
    else:
        claims.finish(
            operation,
            current=step.current,
            message=step.message,
            phase=step.phase,
            due_at=Now() + timedelta(seconds=step.again_after_seconds),
        )


def _end(operation: Operation, status: str, message: str) -> None:
    with transaction.atomic():
        ended = claims.finish(
            operation,
            status=status,
            current=operation.current,
            phase=str(status),
            message=message[:500],
            due_at=None,
            finished_at=Now(),
        )
        if ended:
            OperationLog.objects.create(operation=operation, message=message[:1000])
