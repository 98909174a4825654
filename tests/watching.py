"""A DevHub that is watched: a simulator, its hub added to a team, and the ticks by hand.

`sweep()` does what the workers do, through the same claims and verbs, without Celery between: for tests of rules.
Tests of whole flows (tests/journeys) start the processes.
"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.db import connection
from django.db.models import QuerySet
from django.utils import timezone
from pytest_django.fixtures import Settings

from apps.accounts.models import Team
from apps.changes import pacing, polling
from apps.changes.models import SourceChange
from apps.orgs import access, devhubs, syncing
from apps.orgs.models import DevHub, ScratchOrg
from tests.factories import TeamFactory
from tests.simulators import Simulator, start_simulator


@dataclass
class Watch:
    """A simulator and the team that watches its hub."""

    simulator: Simulator
    team: Team
    hub: DevHub

    def sync(self) -> None:
        DevHub.objects.filter(pk=self.hub.pk).update(due_at=timezone.now() - timedelta(seconds=1))
        for hub_id, token in syncing.claim_due():
            syncing.sync_dev_hub(hub_id, token)

    def sweep(self, org: ScratchOrg | None = None, threads: int = 8) -> None:
        """Polls every watched org once, or one."""
        orgs = ScratchOrg.objects.filter(dev_hub=self.hub, watched=True)
        orgs = orgs.filter(pk=org.pk) if org else orgs
        orgs.update(next_poll_at=timezone.now() - timedelta(seconds=1))
        with ThreadPoolExecutor(threads) as pool:
            while claimed := pacing.claim_due():
                list(pool.map(_poll, claimed))
            list(pool.map(lambda _: connection.close(), range(threads)))

    def orgs_watched(self) -> QuerySet[ScratchOrg]:
        return ScratchOrg.objects.filter(dev_hub=self.hub, watched=True).exclude(last_polled_at=None)

    def org(self, org_id: str) -> ScratchOrg:
        return ScratchOrg.objects.get(org_id=org_id)

    def feed(self, org_id: str | None = None) -> list[tuple[str, str, str]]:
        """(member type, member name, change type) in the order of the feed."""
        changes = SourceChange.objects.filter(team=self.team).order_by("feed_position")
        changes = changes.filter(scratch_org__org_id=org_id) if org_id else changes
        return list(changes.values_list("member_type", "member_name", "change_type"))


@contextmanager
def simulated(data_dir: Path, **flags: Any) -> Iterator[Simulator]:
    simulator = start_simulator(data_dir, **({"scenario": "quiet", "clock": "stepped"} | flags))
    try:
        yield simulator
    finally:
        simulator.stop()


def watch(simulator: Simulator, settings: Settings) -> Watch:
    """A new team that watches the simulator's hub; its orgs are known, none is polled yet."""
    allow(simulator, settings)
    team = TeamFactory()
    hub = add_hub(team, simulator)
    watched = Watch(simulator, team, hub)
    watched.sync()
    return watched


def add_hub(team: Team, simulator: Simulator) -> DevHub:
    """The simulator's hub, not synced yet."""
    return devhubs.add_dev_hub(
        team=team,
        login_url=simulator.hub.login_url,
        client_id=simulator.hub.client_id,
        username=simulator.hub.username,
        private_key=simulator.hub.private_key,
    )


def allow(simulator: Simulator, settings: Settings) -> None:
    """Lets tokens be sent to the simulator. The transport is made once a process, so it is made anew."""
    settings.SALESFORCE_HOSTS = (simulator.url.removeprefix("https://"),)
    settings.SALESFORCE_CA_FILE = simulator.ca
    access.transport.cache_clear()


def _poll(claimed: tuple[int, str]) -> None:
    polling.poll_org(*claimed)
    connection.close()
