"""Workers die, or fall asleep, in the middle of sweeps, while people go on editing."""

import signal
from collections.abc import Callable

import pytest

from apps.orgs.models import ScratchOrg
from tests.journeys.conftest import in_the_middle_of_a_sweep, journalled, leases_run_out, people_edit, stored
from tests.processes import scratcher, wait_until
from tests.watching import Watch

pytestmark = pytest.mark.journey

ORGS = 40


@pytest.fixture
def slow(watched: Callable[..., Watch]) -> Watch:
    """Its orgs answer slowly, so that a sweep has a middle."""
    begun = watched(orgs=ORGS, clock="running", components=5)
    begun.simulator.fault("all", "latency", median=0.7, sigma=0.3)
    return begun


def test_what_a_killed_worker_leaves_is_polled_by_the_next_and_told_once(slow: Watch) -> None:
    with scratcher(slow.simulator, {"worker": 1, "upkeep": 1, "beat": 1}, POLL_INTERVAL_MINUTES="0.05") as running:
        for _ in range(4):
            people_edit(slow)
            in_the_middle_of_a_sweep()
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
        in_the_middle_of_a_sweep()
        running.send("worker-1", signal.SIGSTOP)
        running.start("worker-2")
        leases_run_out()
        people_edit(slow)
        wait_until(lambda: stored(slow) == journalled(slow), 60, "that worker-2 tells everything")
        running.send("worker-1", signal.SIGCONT)
        wait_until(lambda: '"late": true' in running.log_of("worker-1").read_text(), 30, "that worker-1 ends its polls")
        people_edit(slow)
        wait_until(lambda: stored(slow) == journalled(slow), 60, "that everything is told")
