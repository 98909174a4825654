"""The timetable, as django-celery-beat rows: made when missing, never overwritten, since an admin may edit them."""

from typing import Any

from django_celery_beat.models import IntervalSchedule, PeriodicTask
from django_celery_beat.schedulers import DatabaseScheduler
from kombu.exceptions import OperationalError

from apps.core import queue
from apps.core.queue import Queue, Task

TIMETABLE: list[tuple[Task, Queue, int]] = [  # every so many seconds
    (Task.FAN_OUT_POLLS, Queue.UPKEEP, 1),
    (Task.FAN_OUT_SYNCS, Queue.UPKEEP, 1),
    (Task.FAN_OUT_OPERATIONS, Queue.UPKEEP, 1),
    (Task.DISPATCH_EVENTS, Queue.EVENTS, 1),
    (Task.FAN_OUT_PLATFORM_EVENTS, Queue.UPKEEP, 1),
    (Task.PRUNE, Queue.UPKEEP, 3600),
]
MOST_WAITING = 100  # ticks in a queue; more mean that nobody reads it, and one is as good as many


class Scheduler(DatabaseScheduler):  # type: ignore[misc]
    """Beat's scheduler. The rows are there before it first reads them: it would not notice them afterwards."""

    def setup_schedule(self) -> None:
        make_missing_rows()
        super().setup_schedule()

    def install_default_entries(self, data: Any) -> None:
        """None: Celery's own would clean up results, which we do not keep, in a queue that nobody reads."""

    def apply_entry(self, entry: Any, producer: Any = None) -> None:
        if not _is_crowded(entry.options.get("queue")):
            super().apply_entry(entry, producer=producer)


def make_missing_rows() -> None:
    for task, task_queue, seconds in TIMETABLE:
        if PeriodicTask.objects.filter(task=str(task)).exists():
            continue
        every = IntervalSchedule.objects.filter(every=seconds, period="seconds").first()
        every = every or IntervalSchedule.objects.create(every=seconds, period="seconds")
        PeriodicTask.objects.get_or_create(
            name=str(task), defaults={"task": str(task), "interval": every, "queue": str(task_queue)}
        )


def _is_crowded(name: str | None) -> bool:
    try:
        return name in set(Queue) and queue.length(Queue(name)) >= MOST_WAITING
    except OperationalError:
        return False  # Redis is away: sending says so
