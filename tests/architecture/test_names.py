"""What one room names and another holds: both sides must agree."""

import io

import pytest
from django.conf import settings
from django.core.management import call_command
from django.utils.module_loading import import_string
from django_celery_beat.models import PeriodicTask

from apps.core.queue import Queue, Task
from config import celery_app
from workers.schedule import TIMETABLE, Scheduler


def test_every_task_has_a_name_and_every_name_a_task() -> None:
    celery_app.loader.import_default_modules()
    registered = {name for name in celery_app.tasks if not name.startswith("celery.")}
    assert registered == {str(task) for task in Task}


def test_tasks_are_corridors_of_at_most_ten_lines() -> None:
    import inspect

    for task in Task:
        body = inspect.getsource(celery_app.tasks[str(task)].run)
        assert len(body.splitlines()) <= 10, task


def test_every_name_in_the_registries_can_be_imported() -> None:
    for name in [*settings.EVENT_LISTENERS, *settings.OPERATION_HANDLERS.values()]:
        assert callable(import_string(name))


def test_the_timetable_uses_queues_that_somebody_reads() -> None:
    from apps.launcher.processes import PROCESSES

    read = {
        name
        for command in PROCESSES.values()
        if " -Q " in command
        for name in command.split(" -Q ")[1].split()[0].split(",")
    }
    assert read == {str(queue) for queue in Queue}
    assert {queue for _, queue, _ in TIMETABLE} <= set(Queue)


@pytest.mark.django_db(transaction=True)
def test_beat_sends_what_the_timetable_says_and_nothing_else() -> None:
    at_first = Scheduler(celery_app).schedule
    assert {entry.task for entry in at_first.values()} == {str(task) for task, *_ in TIMETABLE}
    sent = PeriodicTask.objects.values_list("task", "queue", "interval__every")
    assert sorted(sent) == sorted((str(task), str(queue), seconds) for task, queue, seconds in TIMETABLE)


@pytest.mark.django_db
def test_the_models_and_their_migrations_agree() -> None:
    call_command("makemigrations", check=True, dry_run=True, stdout=io.StringIO())
