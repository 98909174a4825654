"""Valkey is killed and started again, falls silent, or is cut off, in the middle of sweeps: nobody restarts anything
else, and nothing is lost or told twice."""

import os
import signal
import time
from collections.abc import Callable

import pytest

from tests.conftest import key_for
from tests.journeys.conftest import in_the_middle_of_a_sweep, journalled, leases_run_out, people_edit, stored
from tests.processes import Api, Scratcher, scratcher, wait_until, web
from tests.proxies import Wire
from tests.watching import Watch

pytestmark = pytest.mark.journey

EVERYTHING = {"worker": 1, "upkeep": 1, "beat": 1}
EVERY_3_SECONDS = "0.05"


@pytest.fixture
def slow(watched: Callable[..., Watch]) -> Watch:
    """Its orgs answer slowly, so that a sweep has a middle."""
    begun = watched(orgs=30, clock="running", components=5)
    begun.simulator.fault("all", "latency", median=0.4, sigma=0.3)
    return begun


def test_polls_pause_while_valkey_is_away_and_resume_by_themselves(slow: Watch) -> None:
    with (
        scratcher(slow.simulator, EVERYTHING, POLL_INTERVAL_MINUTES=EVERY_3_SECONDS) as running,
        web(running, key_for(slow.team)) as api,
    ):
        for number in range(3):
            people_edit(slow)
            in_the_middle_of_a_sweep()
            send(running, signal.SIGKILL)
            running.valkey.stop()
            people_edit(slow)
            the_web_serves(api)
            running.valkey.start()
            if number > 0:  # what the lost messages were about waits 30 s for the end of its lease: seen once is enough
                leases_run_out(lease_taken=False)
            polls_resume(slow)
        in_the_middle_of_a_sweep()
        send(running, signal.SIGSTOP)
        people_edit(slow)
        the_web_serves(api)
        time.sleep(7)  # longer than any time limit on the way to it
        send(running, signal.SIGCONT)
        polls_resume(slow)


def test_connections_that_die_silently_are_found_out(slow: Watch) -> None:
    """As a failover or a router leaves them: half open, and nobody says so (celery#10302)."""
    with Wire() as wire, scratcher(slow.simulator, EVERYTHING, wire=wire, POLL_INTERVAL_MINUTES=EVERY_3_SECONDS):
        people_edit(slow)
        in_the_middle_of_a_sweep()
        wire.hang()
        people_edit(slow)
        time.sleep(2)
        wire.forget()
        leases_run_out(lease_taken=False)
        polls_resume(slow)
        people_edit(slow)
        polls_resume(slow)


def the_web_serves(api: Api) -> None:
    for _ in range(3):
        assert api.ask("POST", "/api/poll").status_code == 202
        assert api.ask("GET", "/api/changes").status_code == 200


def polls_resume(watched: Watch) -> None:
    wait_until(lambda: stored(watched) == journalled(watched), 90, "that everything is told")


def send(running: Scratcher, number: signal.Signals) -> None:
    assert running.valkey.pid is not None
    os.kill(running.valkey.pid, number)
