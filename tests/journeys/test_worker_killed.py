"""Workers die, or fall asleep, in the middle of sweeps, while people go on editing."""

import signal
from collections.abc import Callable
from itertools import count

import pytest
from django.db.models.functions import Now

from apps.orgs.models import ScratchOrg
from tests.journeys.conftest import journalled, stored
from tests.processes import scratcher, wait_until
from tests.watching import Watch

pytestmark = pytest.mark.journey

ORGS = 40
numbers = count(1)


@pytest.fixture
def slow(watched: Callable[..., Watch]) -> Watch:
    """Its orgs answer slowly, so that a sweep has a middle."""
    begun = watched(orgs=ORGS, clock="running", components=5)
    begun.simulator.fault("all", "latency", median=0.7, sigma=0.3)
    return begun


def people_edit(watched: Watch) -> None:
    """A new component in each org: each edit must be told, and none can hide another."""
    orgs = ScratchOrg.objects.filter(dev_hub=watched.hub, baselined_at__isnull=False).values_list("org_id", flat=True)
    number = next(numbers)
    watched.simulator.edits(
        [{"org_id": org, "member_type": "ApexClass", "member_name": f"Made{number}", "kind": "NEW"} for org in orgs]
    )


def in_the_middle() -> bool:
    """Some orgs are being polled, and some are waiting."""
    taken = ScratchOrg.objects.filter(lease_taken=True).count()
    return 5 <= taken <= ORGS - 5


def leases_run_out() -> None:
    """As if their time had passed."""
    ScratchOrg.objects.filter(lease_until__gt=Now()).update(lease_until=Now())


def test_what_a_killed_worker_leaves_is_polled_by_the_next_and_told_once(slow: Watch) -> None:
    with scratcher(slow.simulator, {"worker": 1, "upkeep": 1, "beat": 1}, POLL_INTERVAL_MINUTES="0.05") as running:
        for _ in range(4):
            people_edit(slow)
            wait_until(in_the_middle, 30, "a sweep")
            running.kill("worker")
            assert ScratchOrg.objects.filter(lease_taken=True).exists()
            people_edit(slow)
            leases_run_out()
            running.start("worker")
        slow.simulator.clear_faults()
        wait_until(lambda: stored(slow) == journalled(slow), 60, "that everything is told")


def test_a_worker_that_wakes_up_after_its_lease_writes_nothing(slow: Watch) -> None:
    with scratcher(slow.simulator, {"worker-1": 1, "upkeep": 1, "beat": 1}, POLL_INTERVAL_MINUTES="0.05") as running:
        people_edit(slow)
        wait_until(in_the_middle, 30, "a sweep")
        running.send("worker-1", signal.SIGSTOP)
        running.start("worker-2")
        leases_run_out()
        people_edit(slow)
        wait_until(lambda: stored(slow) == journalled(slow), 60, "that worker-2 tells everything")
        running.send("worker-1", signal.SIGCONT)
        wait_until(lambda: '"late": true' in running.log_of("worker-1").read_text(), 30, "that worker-1 ends its polls")
        people_edit(slow)
        wait_until(lambda: stored(slow) == journalled(slow), 60, "that everything is told")
