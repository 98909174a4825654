"""Two beats and three workers at once: each org is polled once per interval, whoever ticks and whoever polls."""

import time
from collections import Counter
from collections.abc import Callable

import pytest
from django.utils import timezone

from apps.changes import pacing
from apps.orgs.models import ScratchOrg
from tests.processes import scratcher, wait_until
from tests.watching import Watch

pytestmark = pytest.mark.journey

INTERVAL_SECONDS = 5
INTERVALS = 4


def test_each_org_is_polled_once_per_interval(watched: Callable[..., Watch]) -> None:
    watch = watched(orgs=30, clock="running", components=5)
    processes = {"worker": 3, "upkeep": 1, "beat": 2}
    started = timezone.now()
    with scratcher(watch.simulator, processes, POLL_INTERVAL_MINUTES=str(INTERVAL_SECONDS / 60)):
        first = watch.orgs_watched().filter(last_polled_at__lt=started)
        wait_until(lambda: not first.exists(), 30, "a first poll of each org at this interval")
        before, began = _polls(watch), time.time()
        time.sleep(INTERVALS * INTERVAL_SECONDS)
        after, ended = _polls(watch), time.time()
    for org in watch.orgs_watched():
        points = _phase_points(org, began, ended)
        polls = after[org.org_id] - before[org.org_id]
        # The points near both ends may fall on either side: a tick, the queue and the poll take a moment.
        assert points - 1 <= polls <= points + 1, org
    everything = sum((after - before).values())
    expected = sum(_phase_points(org, began, ended) for org in watch.orgs_watched())
    assert everything == pytest.approx(expected, rel=0.1)
    assert not watch.orgs_watched().exclude(last_error_code="").exists()


def _polls(watch: Watch) -> Counter[str]:
    """How many calls each org has had: a quiet poll is one."""
    return Counter({org["org_id"]: org["api_used"] for org in watch.simulator.state()["orgs"] if org["alive"]})


def _phase_points(org: ScratchOrg, began: float, ended: float) -> int:
    phase = pacing.phase(org.pk)
    return int(ended / INTERVAL_SECONDS - phase) - int(began / INTERVAL_SECONDS - phase)
