"""The timetable, as django-celery-beat rows: made when missing, never overwritten, since an admin may edit them."""

from typing import Any

from celery.signals import beat_init

from apps.core.queue import Queue, Task

TIMETABLE: list[tuple[Task, Queue, int]] = [  # every so many seconds
    (Task.FAN_OUT_POLLS, Queue.UPKEEP, 1),
    (Task.FAN_OUT_SYNCS, Queue.UPKEEP, 1),
    (Task.FAN_OUT_OPERATIONS, Queue.UPKEEP, 1),
    (Task.DISPATCH_EVENTS, Queue.EVENTS, 1),
    (Task.PRUNE, Queue.UPKEEP, 3600),
]


@beat_init.connect
def make_missing_rows(**_: Any) -> None:
    from django_celery_beat.models import IntervalSchedule, PeriodicTask

    for task, queue, seconds in TIMETABLE:
        if PeriodicTask.objects.filter(task=str(task)).exists():
            continue
        every = IntervalSchedule.objects.filter(every=seconds, period="seconds").first()
        every = every or IntervalSchedule.objects.create(every=seconds, period="seconds")
        PeriodicTask.objects.get_or_create(
            name=str(task), defaults={"task": str(task), "interval": every, "queue": str(queue)}
        )
