"""What the journeys share: each has a simulator of its own, whose hub a new team watches."""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from django.db.models.functions import Now
from pytest_django.fixtures import Settings

from apps.changes.models import SourceChange
from apps.orgs.models import ScratchOrg
from tests.processes import wait_until
from tests.watching import Watch, simulated, watch

Told = tuple[str, str, str, str, int, str]  # org, type, name, kind, revision, user id


@pytest.fixture
def watched(tmp_path: Path, settings: Settings, transactional_db: None) -> Iterator[Callable[..., Watch]]:
    """`watched(orgs=60, clock="running")`: every org that can be read was read once, and is due."""
    with ExitStack() as stack:

        def begin(**flags: Any) -> Watch:
            simulator = stack.enter_context(simulated(tmp_path / "simulator", **flags))
            begun = watch(simulator, settings)
            begun.sweep()
            simulator.step(2)  # past the second of the first reading
            ScratchOrg.objects.update(next_poll_at=Now())
            return begun

        yield begin


numbers = count(1)


def people_edit(watched: Watch) -> None:
    """A new component in each org: each edit must be told, and none can hide another."""
    orgs = ScratchOrg.objects.filter(dev_hub=watched.hub, baselined_at__isnull=False).values_list("org_id", flat=True)
    number = next(numbers)
    watched.simulator.edits(
        [{"org_id": org, "member_type": "ApexClass", "member_name": f"Made{number}", "kind": "NEW"} for org in orgs]
    )


def in_the_middle_of_a_sweep() -> None:
    """Every org becomes due; waits until some are being polled and others still wait."""
    ScratchOrg.objects.update(next_poll_at=Now())

    def some_are_taken() -> bool:
        return 5 <= ScratchOrg.objects.filter(lease_taken=True).count() <= ScratchOrg.objects.count() - 5

    wait_until(some_are_taken, 30, "a sweep")


def leases_run_out(**which: Any) -> None:
    """As if their time had passed."""
    ScratchOrg.objects.filter(lease_until__gt=Now(), **which).update(lease_until=Now())


def journalled(watched: Watch) -> Counter[Told]:
    """What a feed in which each edit is told once would hold."""
    return Counter(
        (
            entry["org_id"],
            entry["member_type"],
            entry["member_name"],
            entry["kind"],
            entry["revision"],
            entry["user_id"],
        )
        for entry in watched.simulator.journal()
        if not entry["baseline"]
    )


def stored(watched: Watch) -> Counter[Told]:
    return Counter(
        SourceChange.objects.filter(team=watched.team).values_list(
            "scratch_org__org_id", "member_type", "member_name", "change_type", "revision_num", "changed_by"
        )
    )
