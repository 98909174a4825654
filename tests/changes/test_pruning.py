"""Old rows go, and nothing else does."""

from datetime import timedelta

import pytest
from django.utils import timezone
from pytest_django.fixtures import Settings

from apps.changes import pruning
from apps.changes.models import SourceChange
from apps.core.models import Event
from apps.operations.models import Operation, OperationLog
from tests.factories import ScratchOrgFactory, SourceChangeFactory, TeamFactory

pytestmark = pytest.mark.django_db


def days_ago(days: int) -> dict[str, object]:
    return {"last_modified_date": timezone.now() - timedelta(days=days)}


def test_changes_older_than_the_retention_go_in_batches(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pruning, "BATCH", 2)
    ours, theirs = ScratchOrgFactory(), ScratchOrgFactory()
    for org in (ours, theirs):
        SourceChangeFactory.create_batch(5, scratch_org=org, **days_ago(31))
        SourceChangeFactory(scratch_org=org, member_name="Kept", **days_ago(29))

    settings.RETENTION_DAYS = 0
    assert pruning.prune() == 0
    settings.RETENTION_DAYS = 30
    assert pruning.prune() == 10

    assert set(SourceChange.objects.values_list("member_name", flat=True)) == {"Kept"}


def test_operations_go_a_month_after_their_end_with_their_logs() -> None:
    team = TeamFactory()
    for kind, ended in (("old", timedelta(days=31)), ("recent", timedelta(days=29)), ("running", None)):
        operation = Operation.objects.create(
            team=team, kind=kind, started_by="alice", finished_at=timezone.now() - ended if ended else None
        )
        OperationLog.objects.create(operation=operation, message="started by alice")

    assert pruning.prune() == 1

    assert set(Operation.objects.values_list("kind", flat=True)) == {"recent", "running"}
    assert OperationLog.objects.count() == 2


def test_events_go_after_a_week_once_they_were_dispatched() -> None:
    team = TeamFactory()
    for title, days, dispatched in (("old", 8, True), ("recent", 6, True), ("undispatched", 8, False)):
        at = timezone.now() - timedelta(days=days)
        Event.objects.create(
            team_id=team.pk, kind="org.found", title=title, created_at=at, dispatched_at=at if dispatched else None
        )

    pruning.prune()

    assert set(Event.objects.values_list("title", flat=True)) == {"recent", "undispatched"}
