"""What the DevHub has left, of calls and of deliveries, is left to others in time."""

from typing import Any

import pytest
from django.utils import timezone
from pytest_django.fixtures import Settings

from apps.orgs.models import DevHub
from apps.platform_events import publishing
from apps.platform_events.models import Channel
from apps.salesforce import errors
from apps.salesforce.client import SalesforceClient
from tests.platform_events.conftest import Page, channel, due_in, edit, later, orgs_of, outcomes, tick
from tests.simulators import Simulator
from tests.watching import Watch

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def _one_a_minute(watched: Watch, settings: Settings) -> None:
    settings.PLATFORM_EVENTS_PER_MINUTE = 1


@pytest.mark.usefixtures("_one_a_minute")
@pytest.mark.parametrize("allocation", ["quota", "event_deliveries"])
@pytest.mark.parametrize(("used", "pause"), [(700, 60), (800, 120), (890, 120), (900, 240), (940, 240)])
def test_it_slows_down_where_the_devhubs_calls_or_deliveries_run_short(
    watched: Watch, simulator: Simulator, allocation: str, used: int, pause: int
) -> None:
    simulator.fault("hub", allocation, used=used, max=1000)
    org = orgs_of(watched)[0]
    edit(watched, org)
    tick()
    edit(watched, org)
    tick()
    assert outcomes() == ["sent", "waiting"]
    assert pause - 15 < due_in() <= pause


def test_from_95_percent_of_the_devhubs_calls_on_it_stops(watched: Watch, page: Page, simulator: Simulator) -> None:
    edit(watched, orgs_of(watched)[0])
    DevHub.objects.update(api_used=950, api_max=1000)
    tick()
    assert page.told() == []
    row = channel()
    assert row.last_error_code == "api_calls_run_short"
    assert "95%" in row.last_error
    assert 50 < due_in() <= 60

    simulator.fault("hub", "quota", used=100, max=1000)
    DevHub.objects.update(api_used=900, api_max=1000)
    later(60)
    tick()
    assert len(page.told()) == 1
    hub = DevHub.objects.get(pk=watched.hub.pk)
    assert (hub.api_used, hub.api_max) == (102, 1000), "as the answer told it"


def test_deliveries_are_left_to_others_from_95_percent_on_and_looked_at_again(
    watched: Watch, page: Page, simulator: Simulator
) -> None:
    simulator.fault("hub", "event_deliveries", used=950, max=1000)
    edit(watched, orgs_of(watched)[0])
    tick()
    row = channel()
    assert (row.last_error_code, row.deliveries_used, row.deliveries_max) == ("event_deliveries_run_short", 950, 1000)
    assert 50 < due_in() <= 60

    simulator.fault("hub", "event_deliveries", used=0, max=1000)
    later(60)
    tick()
    assert outcomes() == ["waiting"], "the same is not asked at every tick"

    Channel.objects.update(deliveries_read_at=timezone.now() - publishing.LIMITS_STAY)
    later(60)
    tick()
    assert outcomes() == ["sent"]
    assert len(page.told()) == 1


def test_who_may_not_read_limits_publishes_uncounted(watched: Watch, page: Page, simulator: Simulator) -> None:
    simulator.fault("hub", "event_deliveries", used=950, max=1000)
    simulator.fault("hub", "lost_view_setup")
    edit(watched, orgs_of(watched)[0])
    tick()
    assert len(page.told()) == 1
    assert channel().deliveries_max is None


def test_limits_that_cannot_be_read_keep_nothing_from_being_told(
    watched: Watch, page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    def breaks(*_: Any) -> None:
        raise errors.TimedOut

    monkeypatch.setattr(SalesforceClient, "limits", breaks)  # all else answers: no fault of the simulator is so narrow
    edit(watched, orgs_of(watched)[0])
    tick()
    assert len(page.told()) == 1
    assert channel().last_error_code == ""


def test_deliveries_are_read_again_after_some_events(
    watched: Watch, simulator: Simulator, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(publishing, "LIMITS_STAY_EVENTS", 2)
    simulator.fault("hub", "event_deliveries", used=100, max=1000)
    for org in orgs_of(watched)[:2]:
        edit(watched, org)
        tick()
    assert (channel().deliveries_used, channel().sent_since_read) == (100, 2)

    simulator.fault("hub", "event_deliveries", used=950, max=1000)  # many pages hear each
    edit(watched, orgs_of(watched)[0])
    tick()
    assert (channel().last_error_code, channel().sent_since_read) == ("event_deliveries_run_short", 0)


def test_no_call_left_is_told_on_the_row(watched: Watch, simulator: Simulator) -> None:
    simulator.fault("hub", "quota", used=1000, max=1000)
    edit(watched, orgs_of(watched)[0])
    tick()
    assert channel().last_error_code == "quota_exceeded"
