"""The timetable, as django-celery-beat rows: made when missing, never overwritten, since an admin may edit them."""

from typing import Any

from django_celery_beat.models import IntervalSchedule, PeriodicTask
from django_celery_beat.schedulers import DatabaseScheduler

from apps.core.queue import Queue, Task

TIMETABLE: list[tuple[Task, Queue, int]] = [  # every so many seconds
    (Task.FAN_OUT_POLLS, Queue.UPKEEP, 1),
    (Task.FAN_OUT_SYNCS, Queue.UPKEEP, 1),
    (Task.FAN_OUT_OPERATIONS, Queue.UPKEEP, 1),
    (Task.DISPATCH_EVENTS, Queue.EVENTS, 1),
    (Task.PRUNE, Queue.UPKEEP, 3600),
]


class Scheduler(DatabaseScheduler):  # type: ignore[misc]  # it has no types
    """What beat runs by. Makes the rows before it first reads them: the first change after that it would miss."""

    def setup_schedule(self) -> None:
        for task, queue, seconds in TIMETABLE:
            if not PeriodicTask.objects.filter(task=str(task)).exists():
                _make(task, queue, seconds)
        super().setup_schedule()

    def install_default_entries(self, data: Any) -> None:
        """None: Celery's own would clean up results, which we do not keep, in a queue that nobody reads."""


def _make(task: Task, queue: Queue, seconds: int) -> None:
    every = IntervalSchedule.objects.filter(every=seconds, period="seconds").first()
    every = every or IntervalSchedule.objects.create(every=seconds, period="seconds")
    PeriodicTask.objects.get_or_create(
        name=str(task), defaults={"task": str(task), "interval": every, "queue": str(queue)}
    )
