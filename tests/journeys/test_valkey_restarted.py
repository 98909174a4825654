"""Valkey goes away, or falls silent, in the middle of sweeps: nobody restarts a worker or beat, and nothing is lost."""

import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from tests.conftest import key_for
from tests.journeys.conftest import in_the_middle_of_a_sweep, journalled, leases_run_out, people_edit, stored
from tests.processes import Api, scratcher, wait_until, web
from tests.proxies import Wire
from tests.watching import Watch

pytestmark = pytest.mark.journey

EVERYTHING = {"worker": 1, "upkeep": 1, "beat": 1}
EVERY_3_SECONDS = "0.05"


@pytest.fixture
def slow(watched: Callable[..., Watch]) -> Watch:
    """Its orgs answer slowly, so that a sweep has a middle."""
    begun = watched(orgs=30, clock="running", components=5)
    begun.simulator.fault("all", "latency", median=0.3, sigma=0.3)
    return begun


@contextmanager
def outage(watched: Watch, api: Api, seconds: float) -> Iterator[None]:
    """In the block Valkey leaves; the caller brings it back afterwards."""
    people_edit(watched)
    in_the_middle_of_a_sweep()
    yield
    people_edit(watched)
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        assert api.ask("GET", "/api/changes").status_code == 200
        assert api.ask("POST", "/api/poll").status_code == 202
        time.sleep(0.5)


def polls_resume(watched: Watch) -> None:
    leases_run_out(lease_taken=False)  # of messages that are lost: 30 s, in truth
    wait_until(lambda: stored(watched) == journalled(watched), 60, "that everything is told")


def test_polls_pause_while_valkey_is_away_and_resume_by_themselves(slow: Watch) -> None:
    with (
        scratcher(slow.simulator, EVERYTHING, POLL_INTERVAL_MINUTES=EVERY_3_SECONDS) as running,
        web(running, key_for(slow.team)) as api,
    ):
        for _ in range(2):
            with outage(slow, api, seconds=3):
                running.valkey.stop()
            running.valkey.start()
            polls_resume(slow)
        with outage(slow, api, seconds=8):
            os.kill(running.valkey.pid or 0, signal.SIGSTOP)
        os.kill(running.valkey.pid or 0, signal.SIGCONT)
        polls_resume(slow)


def test_connections_that_die_silently_are_found_out(slow: Watch) -> None:
    """Half-open connections, as a failover or a NAT leaves them (celery#10302)."""
    with (
        Wire() as wire,
        scratcher(slow.simulator, EVERYTHING, wire=wire, POLL_INTERVAL_MINUTES=EVERY_3_SECONDS),
    ):
        people_edit(slow)
        in_the_middle_of_a_sweep()
        wire.hang()
        people_edit(slow)
        time.sleep(2)
        wire.forget()
        polls_resume(slow)
        people_edit(slow)
        polls_resume(slow)
