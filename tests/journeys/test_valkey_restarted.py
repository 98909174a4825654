"""Valkey is killed and started again, or falls silent, in the middle of sweeps: nobody restarts anything else, and
nothing is lost or told twice."""

import os
import signal
import time
from collections.abc import Callable

import pytest
from django.db.models.functions import Now

from apps.accounts.keys import Scope, create_api_key
from apps.orgs.models import ScratchOrg
from tests.journeys.conftest import journalled, stored
from tests.processes import Scratcher, scratcher, wait_until, web
from tests.watching import Watch

pytestmark = pytest.mark.journey

PROCESSES = {"worker": 1, "upkeep": 1, "beat": 1}


def test_polls_pause_and_resume_by_themselves(watched: Callable[..., Watch]) -> None:
    watch = watched(orgs=30, clock="running", components=5)
    watch.simulator.fault("all", "latency", median=0.5, sigma=0.3)
    _, key = create_api_key(team=watch.team, name="journey", scopes=list(Scope))
    with (
        scratcher(watch.simulator, PROCESSES, POLL_INTERVAL_MINUTES="0.05") as running,
        web(running, key) as api,
    ):
        for number in range(3):
            _everybody_makes(watch, f"Killed{number}")
            _in_the_middle_of_a_sweep()
            _send(running, signal.SIGKILL)
            running.valkey.stop()
            _everybody_makes(watch, f"Away{number}")
            assert api.ask("POST", "/api/poll").status_code == 202
            assert api.ask("GET", "/api/changes").status_code == 200
            running.valkey.start()
            wait_until(lambda: stored(watch) == journalled(watch), 90, "that everything is told")
        _send(running, signal.SIGSTOP)
        _everybody_makes(watch, "Silent")
        time.sleep(8)  # longer than any time limit on the way to it
        _send(running, signal.SIGCONT)
        wait_until(lambda: stored(watch) == journalled(watch), 90, "that everything is told")


def _everybody_makes(watch: Watch, name: str) -> None:
    """A new component in each org: each must be told, and none can hide another."""
    orgs = watch.orgs_watched().values_list("org_id", flat=True)
    watch.simulator.edits(
        [{"org_id": org, "member_type": "ApexClass", "member_name": name, "kind": "NEW"} for org in orgs]
    )


def _in_the_middle_of_a_sweep() -> None:
    ScratchOrg.objects.update(next_poll_at=Now())
    wait_until(lambda: ScratchOrg.objects.filter(lease_taken=True).count() >= 5, 30, "a sweep")


def _send(running: Scratcher, number: signal.Signals) -> None:
    assert running.valkey.pid is not None
    os.kill(running.valkey.pid, number)
