"""The doorbell: names of tasks, and how the ticks ring for a worker. The only module below `workers` that knows Celery.

Web requests never ring: they write rows, and the next tick, a second later at most, finds what is due. So Redis may
be away without a request noticing (docs/decisions/0002).
"""

from collections.abc import Iterable
from enum import StrEnum
from typing import Any

import structlog
from celery import current_app
from kombu.exceptions import BatchPublishError, OperationalError  # type: ignore[attr-defined]  # older types

log = structlog.get_logger(__name__)


class Queue(StrEnum):
    POLLS = "polls"
    EVENTS = "events"
    OPERATIONS = "operations"
    UPKEEP = "upkeep"


class Task(StrEnum):
    """Every task by the name under which Celery knows it; a test compares both."""

    FAN_OUT_POLLS = "workers.polling.fan_out_polls"
    POLL_ORG = "workers.polling.poll_org"
    FAN_OUT_SYNCS = "workers.syncing.fan_out_syncs"
    SYNC_DEV_HUB = "workers.syncing.sync_dev_hub"
    FAN_OUT_OPERATIONS = "workers.operations.fan_out_operations"
    ADVANCE_OPERATION = "workers.operations.advance_operation"
    DISPATCH_EVENTS = "workers.events.dispatch_events"
    FAN_OUT_PLATFORM_EVENTS = "workers.platform_events.fan_out_platform_events"
    PUBLISH_PLATFORM_EVENTS = "workers.platform_events.publish_platform_events"
    PRUNE = "workers.upkeep.prune"


def send(task: Task, queue: Queue, messages: Iterable[tuple[int, str]]) -> int:
    """One message (id, lease token) per claimed row, all in one round trip; returns how many went out.

    Tried twice: a connection that died silently shows only when it is used. Redis away: what did not go out is logged
    and dropped. Its lease runs out, and a later tick claims it again.
    """
    claimed = list(messages)
    for tries_left in (1, 0):
        try:
            _publish(task, queue, claimed)
        except (OperationalError, BatchPublishError) as error:
            log.warning(
                "queue_unreachable", task=str(task), claimed=len(claimed), tries_left=tries_left, error=str(error)
            )
        else:
            return len(claimed)
    return 0


def _publish(task: Task, queue: Queue, messages: list[tuple[int, str]]) -> None:
    with current_app.producer_pool.acquire(block=True, timeout=1) as producer, producer.batch():  # type: ignore[attr-defined]
        for pk, token in messages:
            current_app.send_task(str(task), args=[pk, token], queue=str(queue), producer=producer, retry=False)


def length(queue: Queue) -> int:
    """How many messages wait in `queue`. Raises kombu's OperationalError while Redis is away."""
    with current_app.connection_for_write() as connection:
        channel: Any = connection.default_channel  # kombu's Redis channel
        return int(channel.client.llen(str(queue)))


def workers_alive(timeout_seconds: float = 2.0) -> list[str]:
    """The names of the workers that answer a ping within the time; none while Redis is away, or hangs."""
    limits = {"socket_timeout": timeout_seconds + 1}
    with current_app.connection_for_write(transport_options=limits) as connection:
        away: tuple[type[BaseException], ...] = (OperationalError, *connection.connection_errors)
        try:
            answers = current_app.control.ping(timeout=timeout_seconds, connection=connection) or []
        except away:
            return []
    return [name for answer in answers for name in answer]
