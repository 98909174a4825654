from datetime import timedelta

import pytest
from django.utils import timezone

from apps.core import claims
from apps.operations.models import Operation
from tests.factories import OperationFactory

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_due_row_is_offered_once_until_its_lease_runs_out() -> None:
    row = OperationFactory()
    [(pk, _)] = claims.claim_due(Operation, limit=10)
    assert pk == row.pk
    assert claims.claim_due(Operation, limit=10) == []
    Operation.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    assert len(claims.claim_due(Operation, limit=10)) == 1


def test_rows_that_are_due_later_or_never_are_not_offered() -> None:
    OperationFactory(due_at=timezone.now() + timedelta(minutes=1))
    OperationFactory(due_at=None)
    assert claims.claim_due(Operation, limit=10) == []


def test_a_message_that_comes_twice_finds_the_row_taken() -> None:
    OperationFactory()
    [(pk, token)] = claims.claim_due(Operation, limit=10)
    assert claims.take(Operation, pk, token, lease_seconds=60) is not None
    assert claims.take(Operation, pk, token, lease_seconds=60) is None


def test_nothing_is_written_under_a_lease_that_was_lost() -> None:
    OperationFactory()
    [(pk, token)] = claims.claim_due(Operation, limit=10)
    mine = claims.take(Operation, pk, token, lease_seconds=60)
    assert mine is not None
    Operation.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    [(_, newer)] = claims.claim_due(Operation, limit=10)
    theirs = claims.take(Operation, pk, newer, lease_seconds=60)
    assert not claims.finish(mine, message="too late")
    assert theirs is not None
    assert claims.finish(theirs, message="in time")
    assert Operation.objects.get().message == "in time"
