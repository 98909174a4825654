"""Whoever writes several orgs at once waits for a sync, and the sync never for it: or the two would deadlock.

The sync is played by a transaction of the test's own that locks the orgs as `reconciling` does, one by one.
"""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection, transaction

from apps.changes import manual, removing
from apps.operations.models import Operation
from apps.orgs import access, devhubs, enrolment
from apps.orgs.models import DevHub, ScratchOrg
from tests.factories import DevHubFactory, OperationFactory, ScratchOrgFactory

pytestmark = pytest.mark.django_db(transaction=True)

PATIENCE_SECONDS = 10


def swap(hub: DevHub) -> None:
    secrets = hub.scratch_orgs.order_by("-pk").values_list("pk", flat=True)
    access.swap(ScratchOrg, "access_token", [(pk, "", "fresh") for pk in secrets])


def remove(hub: DevHub) -> None:
    removing.advance(Operation.objects.get())


WRITERS: dict[str, Callable[[DevHub], object]] = {
    "stop_watching": lambda hub: enrolment.stop_watching(ScratchOrg.objects.filter(dev_hub=hub)),
    "start_watching": lambda hub: enrolment.start_watching(ScratchOrg.objects.filter(dev_hub=hub)),
    "poll_now": lambda hub: enrolment.poll_now(ScratchOrg.objects.filter(dev_hub=hub)),
    "has_new_interval": devhubs.has_new_interval,
    "swap": swap,
    "remove": remove,
    "start_poll": lambda hub: manual.start_poll(hub.team, None, "alice@example.com"),
}


@pytest.mark.parametrize("writer", WRITERS)
def test_a_writer_of_several_orgs_does_not_deadlock_with_a_sync(writer: str) -> None:
    hub = DevHubFactory(poll_interval_minutes=1)
    first, second = sorted(ScratchOrgFactory(dev_hub=hub, watched=writer != "start_watching").pk for _ in range(2))
    ScratchOrg.objects.update(next_poll_at="2100-01-01T00:00Z")
    if writer == "remove":
        OperationFactory(team=hub.team, arguments={"dev_hub": hub.pk})
    # Behind the second one, in the table and in its indexes: a scan finds it last.
    ScratchOrg.objects.filter(pk=first).update(next_poll_at="2100-01-02T00:00Z")
    with ThreadPoolExecutor(1) as threads:
        with transaction.atomic():
            DevHub.objects.filter(pk=hub.pk).update(name=hub.name)
            hold_as_sync(first)
            writing = threads.submit(in_a_connection_of_its_own, WRITERS[writer], hub)
            wait_until_somebody_waits()
            hold_as_sync(second)
        writing.result(PATIENCE_SECONDS)


@pytest.mark.parametrize("writer", [writer for writer in WRITERS if writer != "remove"])
def test_a_writer_of_orgs_does_not_wait_for_their_hub(writer: str) -> None:
    """A sync holds the hub's row before it asks for those of the orgs."""
    hub = DevHubFactory(poll_interval_minutes=1)
    ScratchOrgFactory(dev_hub=hub, watched=writer != "start_watching")
    with ThreadPoolExecutor(1) as threads, transaction.atomic():
        DevHub.objects.filter(pk=hub.pk).update(name=hub.name)
        threads.submit(in_a_connection_of_its_own, WRITERS[writer], hub).result(PATIENCE_SECONDS)


def test_an_org_that_a_sync_adds_at_the_end_is_removed_too() -> None:
    hub = DevHubFactory()
    OperationFactory(team=hub.team, arguments={"dev_hub": hub.pk})
    with ThreadPoolExecutor(1) as threads:
        with transaction.atomic():
            DevHub.objects.filter(pk=hub.pk).update(name=hub.name)
            ScratchOrgFactory(dev_hub=hub)
            removing_it = threads.submit(in_a_connection_of_its_own, remove, hub)
            wait_until_somebody_waits()
        removing_it.result(PATIENCE_SECONDS)
    assert ScratchOrg.objects.filter(dev_hub=hub).exists()
    remove(hub)
    assert not DevHub.objects.exists()


def hold_as_sync(pk: int) -> None:
    ScratchOrg.objects.select_for_update(no_key=True).get(pk=pk)


def in_a_connection_of_its_own(write: Callable[[DevHub], object], hub: DevHub) -> None:
    try:
        write(hub)
    finally:
        connection.close()


def wait_until_somebody_waits() -> None:
    gives_up_at = time.monotonic() + PATIENCE_SECONDS
    with connection.cursor() as cursor:
        while time.monotonic() < gives_up_at:
            cursor.execute(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
            )
            if cursor.fetchone()[0]:
                return
            time.sleep(0.01)
    raise AssertionError("nobody waits for the rows that the sync holds")
