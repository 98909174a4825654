from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from pytest_django.fixtures import Settings

from apps.core import claims
from apps.core.errors import Conflict
from apps.operations import running
from apps.operations.models import Operation, OperationLog
from apps.operations.running import Step
from tests.factories import TeamFactory

pytestmark = pytest.mark.django_db(transaction=True)


def counts_to_two(operation: Operation) -> Step:
    current = operation.current + 1
    return Step(current, f"step {current}", "counting", done=current == 2, again_after_seconds=0)


def fails(operation: Operation) -> Step:
    raise Conflict("the org was deleted meanwhile; choose another one")


@pytest.fixture(autouse=True)
def handlers(settings: Settings) -> None:
    here = "tests.operations.test_running"
    settings.OPERATION_HANDLERS = {"count": f"{here}.counts_to_two", "fail": f"{here}.fails"}


def start(kind: str = "count", **values: Any) -> Operation:
    given: dict[str, Any] = {
        "team": TeamFactory(), "kind": kind, "arguments": {}, "total": 2, "phase": "counting", "started_by": "alice"
    }  # fmt: skip
    return running.start(**(given | values))


def tick() -> None:
    for pk, token in claims.claim_due(Operation, limit=10):
        running.advance(pk, token)


def test_an_operation_goes_step_by_step_to_its_end() -> None:
    operation = start()
    tick()
    operation.refresh_from_db()
    assert (operation.status, operation.current, operation.message) == ("running", 1, "step 1")
    tick()
    operation.refresh_from_db()
    assert (operation.status, operation.current, operation.due_at) == ("succeeded", 2, None)
    assert operation.finished_at is not None
    assert list(operation.logs.order_by("id").values_list("message", flat=True)) == ["started by alice", "step 2"]


def test_a_second_start_while_one_runs_is_the_same_operation() -> None:
    team = TeamFactory()
    assert start(team=team).pk == start(team=team).pk
    tick()
    tick()
    assert start(team=team).pk != Operation.objects.earliest("id").pk
    assert OperationLog.objects.filter(message="started by alice").count() == 2


def test_a_failure_ends_it_with_the_sentence() -> None:
    start("fail")
    tick()
    operation = Operation.objects.get()
    assert (operation.status, operation.message) == ("failed", "the org was deleted meanwhile; choose another one")


def test_a_cancelled_operation_does_no_further_step() -> None:
    start()
    Operation.objects.update(cancel_requested=True)
    tick()
    operation = Operation.objects.get()
    assert (operation.status, operation.current) == ("cancelled", 0)


def test_an_operation_whose_worker_died_goes_on() -> None:
    start()
    [(pk, token)] = claims.claim_due(Operation, limit=10)
    claims.take(Operation, pk, token, running.LEASE_SECONDS)  # and then the worker is killed
    tick()
    Operation.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    tick()
    assert Operation.objects.get().current == 1
