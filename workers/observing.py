"""What every worker process does for those who watch it: task ids in the log, metrics on WORKER_METRICS_PORT, events
for Flower."""

from typing import Any

import structlog
from celery.signals import task_postrun, task_prerun, worker_init
from celery.worker import consumer
from django.conf import settings
from prometheus_client import start_http_server

log = structlog.get_logger(__name__)


@task_prerun.connect
def bind_task(task_id: str, **_: Any) -> None:
    structlog.contextvars.bind_contextvars(task_id=task_id)


@task_postrun.connect
def unbind_task(**_: Any) -> None:
    structlog.contextvars.unbind_contextvars("task_id")


@worker_init.connect
def serve_metrics(**_: Any) -> None:
    if not settings.WORKER_METRICS_PORT:
        return
    try:
        start_http_server(settings.WORKER_METRICS_PORT)
    except OSError as error:  # on one machine the workers share the port: the first one has it
        log.warning("worker_metrics_not_served", port=settings.WORKER_METRICS_PORT, error=str(error))


class Consumer(consumer.Consumer):
    """Sends task events by the dozen, at most half a second late; Celery's own would publish after every message."""

    def register_with_event_loop(self, hub: Any) -> None:
        super().register_with_event_loop(hub)
        hub.call_repeatedly(0.5, self._flush_events)  # type: ignore[attr-defined]

    def on_send_event_buffered(self) -> None:  # type: ignore[override]
        """The timer sends them, or the dispatcher itself once it holds 24."""
