"""A poll that somebody asked for ends when each org has been attempted since."""

from datetime import timedelta
from typing import Any

import pytest
from django.db.models.functions import Now
from django.utils import timezone

from apps.changes import manual
from apps.operations.models import Operation
from apps.orgs.models import ScratchOrg
from tests.factories import DevHubFactory, ScratchOrgFactory

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def operation() -> Operation:
    """Asked for ten seconds ago, for one org that was polled before."""
    org = ScratchOrgFactory()
    moved(updated_at=-60, last_attempted_at=-61, created_at=-3600, last_poll_seconds=1)
    operation = manual.start_poll(org.team, None, "alice@example.com")
    Operation.objects.update(created_at=Now() - timedelta(seconds=10))
    operation.refresh_from_db()
    return operation


def moved(*, last_poll_seconds: float, **seconds: float) -> None:
    times: dict[str, Any] = {name: timezone.now() + timedelta(seconds=value) for name, value in seconds.items()}
    ScratchOrg.objects.update(last_poll_seconds=last_poll_seconds, **times)


def is_done(operation: Operation) -> bool:
    return manual.advance(operation).done


def test_it_waits_until_the_org_was_attempted(operation: Operation) -> None:
    assert not is_done(operation)
    moved(last_attempted_at=-8, updated_at=-5, last_poll_seconds=3)
    assert is_done(operation)


def test_it_waits_for_the_attempt_that_is_under_way(operation: Operation) -> None:
    ScratchOrg.objects.update(lease_taken=True, lease_until=Now() + timedelta(seconds=60))
    moved(last_attempted_at=-8, updated_at=-60, last_poll_seconds=1)
    assert not is_done(operation)


def test_an_attempt_that_had_begun_before_does_not_count(operation: Operation) -> None:
    """It ended since, and the next one, which was asked for, is under way."""
    ScratchOrg.objects.update(lease_taken=True, lease_until=Now() + timedelta(seconds=60))
    moved(last_attempted_at=-4, updated_at=-5, last_poll_seconds=20)
    assert not is_done(operation)


def test_an_org_that_is_polled_again_already_does_not_hold_it_up(operation: Operation) -> None:
    ScratchOrg.objects.update(lease_taken=True, lease_until=Now() + timedelta(seconds=60))
    moved(last_attempted_at=-1, updated_at=-5, last_poll_seconds=3)
    assert is_done(operation)


def test_orgs_of_a_hub_that_is_switched_off_are_not_waited_for() -> None:
    org = ScratchOrgFactory(dev_hub=DevHubFactory(active=False))
    operation = manual.start_poll(org.team, None, "alice@example.com")
    assert operation.total == 0
    operation.refresh_from_db()
    assert is_done(operation)


def test_an_org_that_has_spent_its_calls_is_left_out_and_counted(operation: Operation) -> None:
    Operation.objects.update(finished_at=Now())
    ScratchOrg.objects.update(api_used=95, api_max=100, next_poll_at="2100-01-01T00:00Z")
    again = manual.start_poll(operation.team, None, "alice@example.com")
    assert (again.total, again.message) == (0, "1 left out: 95 % of the day's API calls are used")
    assert ScratchOrg.objects.get().next_poll_at.year == 2100


def test_an_org_that_is_not_watched_says_why_nothing_happens() -> None:
    org = ScratchOrgFactory(watched=False, unwatched_reason=ScratchOrg.Unwatched.STOPPED)
    operation = manual.start_poll(org.team, org, "alice@example.com")
    assert (operation.total, operation.message) == (0, "left out: Somebody stopped watching it.")
