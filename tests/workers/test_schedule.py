from collections.abc import Iterator

import pytest
import redis
from django.conf import settings
from django_celery_beat.models import PeriodicTask

from apps.core.queue import Queue, Task, length
from config import celery_app
from workers.schedule import MOST_WAITING, Scheduler, make_missing_rows

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def valkey() -> Iterator[redis.Redis]:
    client = redis.Redis.from_url(settings.REDIS_URL)
    client.delete(*(str(queue) for queue in Queue))
    yield client
    client.delete(*(str(queue) for queue in Queue))


def tick(scheduler: Scheduler) -> None:
    [entry] = [each for each in scheduler.schedule.values() if each.task == Task.FAN_OUT_POLLS]
    scheduler.apply_entry(entry, producer=scheduler.producer)


def test_a_tick_is_one_message(valkey: redis.Redis) -> None:
    tick(Scheduler(celery_app))
    assert length(Queue.UPKEEP) == 1


def test_ticks_that_nobody_takes_do_not_pile_up(valkey: redis.Redis) -> None:
    valkey.lpush(str(Queue.UPKEEP), *["waiting"] * MOST_WAITING)
    tick(Scheduler(celery_app))
    assert length(Queue.UPKEEP) == MOST_WAITING


def test_a_row_that_an_admin_edited_stays_as_it_is() -> None:
    make_missing_rows()
    PeriodicTask.objects.filter(task=str(Task.PRUNE)).update(enabled=False)
    make_missing_rows()
    assert not PeriodicTask.objects.get(task=str(Task.PRUNE)).enabled
