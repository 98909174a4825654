"""A DevHub with the package, whose team's changes are told in it; the ticks by hand."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db.models import F
from django.utils import timezone
from pytest_django.fixtures import Settings

from apps.core import events
from apps.launcher import demo_package
from apps.orgs.models import ScratchOrg
from apps.platform_events import publishing
from apps.platform_events.models import Channel, Delivery
from tests.simulator.bayeux import Listener
from tests.simulator.conftest import Api
from tests.simulators import Simulator
from tests.watching import Watch, simulated, watch

CHANNEL = "/event/Scratcher_Change__e"
PACKAGE = demo_package.declaration()


class Page(Listener):
    """What a page in the DevHub hears through empApi."""

    def told(self) -> list[dict[str, Any]]:
        """The fields of every event so far, oldest first, each once."""
        self.api.call("POST", f"/services/data/v67.0/sobjects/{PACKAGE['name']}", json={"Org_Name__c": "no more"})
        heard: list[dict[str, Any]] = []
        while not heard or heard[-1]["Org_Name__c"] != "no more":
            heard += [event["data"]["payload"] for event in self.wait()]
        return [{name: event[name] for name in event if name.endswith("__c")} for event in heard[:-1]]


def page_in(simulator: Simulator) -> Page:
    page = Page(Api(simulator, simulator.login_as(simulator.hub.org_id)["access_token"]))
    page.open()
    assert page.subscribe(channel=CHANNEL)["successful"]
    return page


@pytest.fixture(scope="module")
def simulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulator]:
    with simulated(tmp_path_factory.mktemp("simulator"), orgs=4) as running:
        running.declare("hub", PACKAGE)
        yield running


@pytest.fixture
def watched(simulator: Simulator, settings: Settings, transactional_db: None) -> Iterator[Watch]:
    """Every org was read once; 20 events a minute may go out."""
    settings.PLATFORM_EVENTS_PER_MINUTE = 20
    begun = watch(simulator, settings)
    begun.sweep()
    simulator.step(60)
    yield begun
    simulator.clear_faults()
    simulator.clear_faults("hub")


@pytest.fixture
def page(simulator: Simulator) -> Page:
    return page_in(simulator)


def orgs_of(watched: Watch) -> list[ScratchOrg]:
    return list(watched.orgs_watched().order_by("pk"))


def edit(watched: Watch, *orgs: ScratchOrg, count: int = 1) -> None:
    """So many new components in each org, polled and dispatched."""
    for org in orgs:
        start = watched.simulator.state()["edits"]
        watched.simulator.edits(
            [
                {
                    "org_id": org.org_id,
                    "member_type": "ApexClass",
                    "member_name": f"Made{start + number}",
                    "kind": "NEW",
                }
                for number in range(count)
            ]
        )
        watched.sweep(org)
    events.dispatch()


def tick() -> int:
    """What the tick and its workers do; how many channels were due."""
    claimed = publishing.claim_due()
    for pk, token in claimed:
        publishing.publish(pk, token)
    return len(claimed)


def channel() -> Channel:
    return Channel.objects.select_related("dev_hub").get()


def due_in() -> float:
    """Seconds until the channel is due."""
    due_at = channel().due_at
    assert due_at is not None
    return (due_at - timezone.now()).total_seconds()


def outcomes() -> list[str]:
    return list(Delivery.objects.order_by("id").values_list("outcome", flat=True))


def later(seconds: float) -> None:
    """As if so much time had passed for what is to be published."""
    passed = timedelta(seconds=seconds)
    for each in Channel.objects.all():
        each.attempted_at = [moment - passed for moment in each.attempted_at]
        each.save(update_fields=["attempted_at"])
    Channel.objects.update(due_at=F("due_at") - passed, lease_until=F("lease_until") - passed)
    Delivery.objects.update(happened_at=F("happened_at") - passed)
